// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "overlay.h"

/* Add a change to the overlay; changes come in the order of replay. */
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

		/* each page has its own sector of the ring, unless the log changes meanwhile */
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

/* Heap sort: in place, and not slower for a crafted log than for any other. */
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

/**
 * vhdx_overlay_build() - replay a log in memory (2.3.3)
 * @overlay:	@log, @pages and @zeros set; the rest is filled
 * @sequence:	what vhdx_log_find() found in that log
 * @sector:	VHDX_LOG_SECTOR_SIZE bytes to work in, aligned to 8
 * @fault:	filled on failure
 *
 * Reads only descriptors. The largest log needs 8 MiB for its pages, and 96 KiB for zeroed ranges.
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_overlay_build(struct vhdx_overlay *overlay,
				    const struct vhdx_log_sequence *sequence, void *sector,
				    struct vhdx_fault *fault)
{
	u64 size = overlay->log.reader->size;
	struct vhdx_overlay_page *pages = overlay->pages;
	enum vhdx_reason reason;
	u32 i, kept = 0;

	overlay->nr_pages = 0;
	overlay->nr_zeros = 0;
	overlay->entries = sequence->entries;
	reason = vhdx_log_walk(&overlay->log, sequence, sector, vhdx_overlay_add, overlay,
			       fault);
	if (reason)
		return reason;
	overlay->file_size = size > sequence->head.last_size ? size : sequence->head.last_size;
	vhdx_overlay_sort(pages, overlay->nr_pages);
	/* of several changes of one page only the last one is kept */
	for (i = 0; i < overlay->nr_pages; i++)
		if (i + 1 == overlay->nr_pages || pages[i + 1].offset != pages[i].offset)
			pages[kept++] = pages[i];
	overlay->nr_pages = kept;
	return VHDX_OK;
}

/* Index of the first page at @offset or behind it; nr_pages if there is none */
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

/* Is any byte of a range zeroed by the change number @after or a later one? */
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
 * vhdx_overlay_find() - find the contents of a page of the file after replay
 * @overlay:	built
 * @offset:	in the file, a multiple of VHDX_PAGE_SIZE
 * @page:	set if this returns VHDX_OVERLAY_LOG
 *
 * A page beyond the present end of the file, which replay adds, is VHDX_OVERLAY_ZERO.
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

/* Read a page from its data sector in the log. */
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

/* Read a page of the file after replay. */
static int vhdx_overlay_read_page(const struct vhdx_overlay *overlay, u64 offset, u8 *page)
{
	const struct vhdx_reader *reader = overlay->log.reader;
	const struct vhdx_overlay_page *logged;
	u32 length = VHDX_PAGE_SIZE;

	switch (vhdx_overlay_find(overlay, offset, &logged)) {
	case VHDX_OVERLAY_ZERO:
		memset(page, 0, VHDX_PAGE_SIZE);
		return 0;
	case VHDX_OVERLAY_LOG:
		return vhdx_overlay_read_logged(overlay, logged, page);
	default:
		/* the file may end in the page */
		if (reader->size - offset < VHDX_PAGE_SIZE)
			length = (u32)(reader->size - offset);
		memset(page + length, 0, VHDX_PAGE_SIZE - length);
		return reader->read(reader->context, offset, page, length);
	}
}

/**
 * vhdx_overlay_read() - vhdx_reader.read for the file after replay
 * @context:	a struct vhdx_overlay_reader
 * @offset:	bytes
 * @buffer:	filled
 * @length:	bytes; the range must lie inside overlay->file_size
 *
 * Return: 0, or what the reader of the file returned
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

/**
 * vhdx_overlay_apply() - write the changes of replay to the file (2.3.3)
 * @overlay:	built
 * @writer:	writes to the file, which has overlay->file_size bytes already
 *
 * The overlay has the last change of each page. So the writes may be in any order, except that
 * ranges of zeros are written before pages. A page that a later change zeroes is not written.
 *
 * Return: 0, or what @writer or the reader of the log returned; then the log is to be replayed
 * again, from its beginning
 */
int vhdx_overlay_apply(const struct vhdx_overlay *overlay,
		       const struct vhdx_overlay_writer *writer)
{
	const struct vhdx_overlay_page *page;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < overlay->nr_zeros; i++)
		ret = writer->zero(writer->context, overlay->zeros[i].offset,
				   overlay->zeros[i].length);
	for (i = 0; !ret && i < overlay->nr_pages; i++) {
		if (vhdx_overlay_find(overlay, overlay->pages[i].offset, &page) != VHDX_OVERLAY_LOG)
			continue;
		ret = vhdx_overlay_read_logged(overlay, page, writer->page);
		if (!ret)
			ret = writer->write(writer->context, page->offset, writer->page);
	}
	return ret;
}
