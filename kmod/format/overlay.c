// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "overlay.h"

/* Add one change, in the order of replay. */
static enum vhdx_reason vhdx_overlay_add(void *context, const struct vhdx_log_change *change,
					 struct vhdx_fault *fault)
{
	struct vhdx_overlay *overlay = context;
	u32 order = overlay->nr_pages + overlay->nr_zeros;

	if (change->zero) {
		struct vhdx_overlay_zero *zero = &overlay->zeros[overlay->nr_zeros];

		if (overlay->nr_zeros == VHDX_OVERLAY_MAX_ZEROS)
			return vhdx_fault_set(fault, VHDX_REASON_log_too_many_changes,
					      overlay->log.offset + change->entry->offset,
					      overlay->nr_zeros);
		zero->offset = change->offset;
		zero->length = change->length;
		zero->order = order;
		overlay->nr_zeros++;
	} else {
		struct vhdx_overlay_page *page = &overlay->pages[overlay->nr_pages];

		/* each has a sector of the ring of its own, unless the log changes meanwhile */
		if (overlay->nr_pages == vhdx_overlay_max_pages(&overlay->log))
			return vhdx_fault_set(fault, VHDX_REASON_read_failed,
					      overlay->log.offset + change->entry->offset,
					      overlay->nr_pages);
		page->offset = change->offset;
		page->order = order;
		page->sector = change->sector;
		memcpy(page->leading, change->leading, sizeof(page->leading));
		memcpy(page->trailing, change->trailing, sizeof(page->trailing));
		overlay->nr_pages++;
	}
	return VHDX_OK;
}

static bool vhdx_overlay_less(const struct vhdx_overlay_page *a,
			      const struct vhdx_overlay_page *b)
{
	return a->offset != b->offset ? a->offset < b->offset : a->order < b->order;
}

static void vhdx_overlay_swap(struct vhdx_overlay_page *a, struct vhdx_overlay_page *b)
{
	struct vhdx_overlay_page tmp = *a;

	*a = *b;
	*b = tmp;
}

/* Heap sort: in place, and as fast for a log that was made to hurt as for any other. */
static void vhdx_overlay_sift(struct vhdx_overlay_page *pages, u32 root, u32 count)
{
	u32 child;

	while ((child = 2 * root + 1) < count) {
		if (child + 1 < count && vhdx_overlay_less(&pages[child], &pages[child + 1]))
			child++;
		if (!vhdx_overlay_less(&pages[root], &pages[child]))
			return;
		vhdx_overlay_swap(&pages[root], &pages[child]);
		root = child;
	}
}

static void vhdx_overlay_sort(struct vhdx_overlay_page *pages, u32 count)
{
	u32 i;

	for (i = count / 2; i--; )
		vhdx_overlay_sift(pages, i, count);
	for (i = count; i > 1; ) {
		i--;
		vhdx_overlay_swap(&pages[0], &pages[i]);
		vhdx_overlay_sift(pages, 0, i);
	}
}

/* Of several changes of one page only the last is of interest. */
static u32 vhdx_overlay_unique(struct vhdx_overlay_page *pages, u32 count)
{
	u32 i, kept = 0;

	for (i = 0; i < count; i++) {
		if (i + 1 < count && pages[i + 1].offset == pages[i].offset)
			continue;
		pages[kept++] = pages[i];
	}
	return kept;
}

/**
 * vhdx_overlay_build() - replay a log in memory (2.3.3)
 * @overlay:	@log, @pages and @zeros set; the rest is filled
 * @sequence:	what vhdx_log_find() found in that log
 * @sector:	VHDX_LOG_SECTOR_SIZE bytes to work in, aligned to 8
 * @fault:	filled on failure
 *
 * Nothing is read but descriptors. At most 8 MiB for the pages of the largest log, plus
 * 96 KiB for zeroed ranges.
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_overlay_build(struct vhdx_overlay *overlay,
				    const struct vhdx_log_sequence *sequence, void *sector,
				    struct vhdx_fault *fault)
{
	u64 size = overlay->log.reader->size;
	enum vhdx_reason reason;

	overlay->nr_pages = 0;
	overlay->nr_zeros = 0;
	overlay->entries = sequence->entries;
	reason = vhdx_log_walk(&overlay->log, sequence, sector, vhdx_overlay_add, overlay,
			       fault);
	if (reason)
		return reason;
	overlay->file_size = size > sequence->head.last_size ? size : sequence->head.last_size;
	vhdx_overlay_sort(overlay->pages, overlay->nr_pages);
	overlay->nr_pages = vhdx_overlay_unique(overlay->pages, overlay->nr_pages);
	return VHDX_OK;
}

/* The first page at @offset or behind it; nr_pages if there is none. */
static u32 vhdx_overlay_search(const struct vhdx_overlay *overlay, u64 offset)
{
	u32 low = 0, high = overlay->nr_pages;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (overlay->pages[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool vhdx_overlay_zeroed(const struct vhdx_overlay *overlay, u64 offset, u64 length,
				u32 after)
{
	u32 i;

	for (i = 0; i < overlay->nr_zeros; i++)
		if (overlay->zeros[i].order >= after &&
		    vhdx_ranges_overlap(overlay->zeros[i].offset, overlay->zeros[i].length,
					offset, length))
			return true;
	return false;
}

/**
 * vhdx_overlay_find() - what is in a page of the file after replay?
 * @overlay:	built
 * @offset:	in the file, a multiple of VHDX_PAGE_SIZE
 * @page:	set if the answer is VHDX_OVERLAY_LOG
 *
 * A page beyond the file as it is, which replay adds, is VHDX_OVERLAY_ZERO.
 *
 * Return: the page is that of the file, zero, or *@page of the log
 */
enum vhdx_overlay_kind vhdx_overlay_find(const struct vhdx_overlay *overlay, u64 offset,
					 const struct vhdx_overlay_page **page)
{
	u32 i = vhdx_overlay_search(overlay, offset);
	bool logged = i < overlay->nr_pages && overlay->pages[i].offset == offset;

	if (vhdx_overlay_zeroed(overlay, offset, VHDX_PAGE_SIZE,
				logged ? overlay->pages[i].order : 0))
		return VHDX_OVERLAY_ZERO;
	if (logged) {
		*page = &overlay->pages[i];
		return VHDX_OVERLAY_LOG;
	}
	return offset < overlay->log.reader->size ? VHDX_OVERLAY_FILE : VHDX_OVERLAY_ZERO;
}

/**
 * vhdx_overlay_touches() - does replay change anything in a range of the file?
 * @overlay:	built
 * @offset:	bytes
 * @length:	bytes
 *
 * Return: true if a byte of the range is logged or zeroed
 */
bool vhdx_overlay_touches(const struct vhdx_overlay *overlay, u64 offset, u64 length)
{
	u32 i = vhdx_overlay_search(overlay, offset & ~(u64)(VHDX_PAGE_SIZE - 1));

	return (i < overlay->nr_pages && overlay->pages[i].offset < offset + length) ||
	       vhdx_overlay_zeroed(overlay, offset, length, 0);
}

/* Fill @page with a page of the file; the file may end in it. */
static int vhdx_overlay_read_file(const struct vhdx_reader *reader, u64 offset, u8 *page)
{
	u64 left = reader->size - offset;
	u32 length = left < VHDX_PAGE_SIZE ? (u32)left : VHDX_PAGE_SIZE;

	memset(page + length, 0, VHDX_PAGE_SIZE - length);
	return reader->read(reader->context, offset, page, length);
}

static int vhdx_overlay_read_logged(const struct vhdx_overlay *overlay,
				    const struct vhdx_overlay_page *logged, u8 *page)
{
	const struct vhdx_reader *reader = overlay->log.reader;
	int ret = reader->read(reader->context, overlay->log.offset + logged->sector, page,
			       VHDX_PAGE_SIZE);

	if (!ret)
		vhdx_log_restore_page(page, logged->leading, logged->trailing);
	return ret;
}

static int vhdx_overlay_read_page(const struct vhdx_overlay *overlay, u64 offset, u8 *page)
{
	const struct vhdx_overlay_page *logged;

	switch (vhdx_overlay_find(overlay, offset, &logged)) {
	case VHDX_OVERLAY_ZERO:
		memset(page, 0, VHDX_PAGE_SIZE);
		return 0;
	case VHDX_OVERLAY_LOG:
		return vhdx_overlay_read_logged(overlay, logged, page);
	default:
		return vhdx_overlay_read_file(overlay->log.reader, offset, page);
	}
}

/**
 * vhdx_overlay_read() - a struct vhdx_reader's read, of the file after replay
 * @context:	a struct vhdx_overlay_reader
 * @offset:	bytes
 * @buffer:	filled
 * @length:	bytes; the range must lie inside overlay->file_size
 *
 * Return: 0 or what the reader below said
 */
int vhdx_overlay_read(void *context, u64 offset, void *buffer, u32 length)
{
	struct vhdx_overlay_reader *reader = context;
	u8 *to = buffer;

	while (length) {
		u32 skip = offset & (VHDX_PAGE_SIZE - 1);
		u32 part = VHDX_PAGE_SIZE - skip < length ? VHDX_PAGE_SIZE - skip : length;
		int ret = vhdx_overlay_read_page(reader->overlay, offset - skip, reader->page);

		if (ret)
			return ret;
		memcpy(to, (u8 *)reader->page + skip, part);
		to += part;
		offset += part;
		length -= part;
	}
	return 0;
}

/* Zeros that come later in the log win, and are written already. */
static int vhdx_overlay_apply_page(const struct vhdx_overlay *overlay,
				   const struct vhdx_overlay_writer *writer,
				   const struct vhdx_overlay_page *page)
{
	int ret;

	if (vhdx_overlay_find(overlay, page->offset, &page) != VHDX_OVERLAY_LOG)
		return 0;
	ret = vhdx_overlay_read_logged(overlay, page, writer->page);
	return ret ? ret : writer->write(writer->context, page->offset, writer->page);
}

/**
 * vhdx_overlay_apply() - write to the file what replay changes in it (2.3.3)
 * @overlay:	built
 * @writer:	writes
 *
 * The overlay holds the last change of each page: the order of the writes is free, but for
 * ranges of zeros, which are written before pages. The file must have overlay->file_size bytes.
 *
 * Return: 0, or what @writer or the reader of the log returned; then the log is to be replayed
 * again, from its beginning
 */
int vhdx_overlay_apply(const struct vhdx_overlay *overlay,
		       const struct vhdx_overlay_writer *writer)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < overlay->nr_zeros; i++)
		ret = writer->zero(writer->context, overlay->zeros[i].offset,
				   overlay->zeros[i].length);
	for (i = 0; !ret && i < overlay->nr_pages; i++)
		ret = vhdx_overlay_apply_page(overlay, writer, &overlay->pages[i]);
	return ret;
}
