// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: what is in the log, and which part of it counts (2.3)
 *
 * The log is a ring of sectors of 4 KiB. An entry is a header, descriptors behind it (126
 * in the first sector, 128 in each further one), then one data sector for each data
 * descriptor; it may wrap around the end of the ring at any sector.
 *
 *	| loge desc zero desc ... | desc ... | data | data | data |
 *	+------- descriptor sectors ---------+---- data sectors --+
 *
 * A data sector is a page whose first 8 and last 4 bytes moved into its descriptor, to
 * make room for a signature and, at both ends, the sequence number: a sector that was
 * written half, or to the wrong place, or not at all, shows.
 *
 * A ring holds entries of many ages. Those of other sessions have another GUID. Of this
 * session's, what counts is the active sequence:
 *
 *	1. An entry is valid if every one of its sectors is as it should be.
 *	2. Valid entries form a run if each starts where the one before ends and has the
 *	   next sequence number.
 *	3. A run is complete if the Tail of its last entry is the start of an entry in it.
 *	4. The active sequence is the complete run whose last sequence number is highest,
 *	   from that Tail on. What is before the Tail has been applied, and the places
 *	   it names may belong to somebody else by now.
 *
 * Item 3 is what makes a torn entry harmless: without its last entry the run is the
 * state before, complete by the Tail of its new last entry.
 *
 * Two valid entries never share a sector, for inside an entry every sector begins with
 * a descriptor or with "data". So it is enough to try every sector once, and the search
 * is linear in the ring's length even if the ring was made to hurt.
 *
 * What an entry may change is judged only after the sequence is found. To call an entry
 * invalid for its target would let an older state win, silently.
 */
#include "log_scan.h"
#include "checksum.h"
#include "guid.h"
#include "log_encode.h"

/* Where an entry's parts are while it is checked. */
struct vhdx_log_cursor {
	u32 crc;
	u32 data_sectors;
};

static u32 vhdx_log_wrap(const struct vhdx_log *log, u64 offset)
{
	return offset >= log->length ? offset - log->length : offset;
}

static u32 vhdx_log_after(const struct vhdx_log *log, u32 offset, u32 length)
{
	return vhdx_log_wrap(log, (u64)offset + length);
}

static enum vhdx_reason vhdx_log_read_sector(const struct vhdx_log *log, u32 offset,
					     void *sector, struct vhdx_fault *fault)
{
	return vhdx_read(log->reader, log->offset + offset, sector, VHDX_LOG_SECTOR_SIZE, fault);
}

/* Bytes of the descriptor sectors of an entry with @count descriptors. */
static u64 vhdx_log_descriptor_area(u32 count)
{
	return (u64)vhdx_log_entry_descriptor_sectors(count) * VHDX_LOG_SECTOR_SIZE;
}

/**
 * vhdx_log_init() - get hold of a log that must be replayed
 * @log:	filled
 * @reader:	the file; must outlive @log
 * @header:	the current header, checked, with a LogGuid
 * @fault:	filled on failure
 *
 * Return: VHDX_OK or log_too_large
 */
enum vhdx_reason vhdx_log_init(struct vhdx_log *log, const struct vhdx_reader *reader,
			       const struct vhdx_header *header, struct vhdx_fault *fault)
{
	if (header->log_length > VHDX_LOG_MAX_LENGTH)
		return vhdx_fault_set(fault, VHDX_REASON_log_too_large, header->log_offset,
				      header->log_length);
	log->reader = reader;
	log->offset = header->log_offset;
	log->length = header->log_length;
	log->guid = header->log_guid;
	return VHDX_OK;
}

/* Is this sector the start of an entry of ours, as far as one sector can tell? */
static bool vhdx_log_decode_header(const struct vhdx_log *log, u32 offset,
				   struct vhdx_log_entry *entry, const void *sector)
{
	const struct vhdx_disk_log_entry *raw = sector;

	if (memcmp(raw->signature, "loge", sizeof(raw->signature)) ||
	    !vhdx_guid_equal(&raw->log_guid, &log->guid))
		return false;
	entry->offset = offset;
	entry->length = le32_to_cpu(raw->entry_length);
	entry->tail = le32_to_cpu(raw->tail);
	entry->descriptors = le32_to_cpu(raw->descriptor_count);
	entry->sequence = le64_to_cpu(raw->sequence_number);
	entry->flushed_size = le64_to_cpu(raw->flushed_file_offset);
	entry->last_size = le64_to_cpu(raw->last_file_offset);
	return entry->sequence && entry->length && entry->length <= log->length &&
	       entry->tail < log->length &&
	       vhdx_is_aligned(entry->length, VHDX_LOG_SECTOR_SIZE) &&
	       vhdx_is_aligned(entry->tail, VHDX_LOG_SECTOR_SIZE) &&
	       vhdx_log_descriptor_area(entry->descriptors) <= entry->length;
}

/* A descriptor's target must be whole pages; whether it is allowed is another question. */
static bool vhdx_log_descriptor_valid(const struct vhdx_log_entry *entry, const u8 *bytes,
				      bool *data)
{
	const struct vhdx_disk_log_zero *zero = (const void *)bytes;
	bool is_zero = !memcmp(bytes, "zero", 4);

	*data = !memcmp(bytes, "desc", 4);
	if (!*data && !is_zero)
		return false;
	if (le64_to_cpu(zero->sequence_number) != entry->sequence ||
	    !vhdx_is_aligned(le64_to_cpu(zero->file_offset), VHDX_PAGE_SIZE))
		return false;
	return *data || vhdx_is_aligned(le64_to_cpu(zero->length), VHDX_PAGE_SIZE);
}

/* The descriptors in the @index-th sector of an entry; @first and @last of their bytes. */
static void vhdx_log_descriptor_span(const struct vhdx_log_entry *entry, u32 index,
				     u32 *first, u32 *last)
{
	u64 end = sizeof(struct vhdx_disk_log_entry) +
		  (u64)entry->descriptors * VHDX_LOG_DESCRIPTOR_SIZE -
		  (u64)index * VHDX_LOG_SECTOR_SIZE;

	*first = index ? 0 : sizeof(struct vhdx_disk_log_entry);
	*last = end < VHDX_LOG_SECTOR_SIZE ? end : VHDX_LOG_SECTOR_SIZE;
}

static bool vhdx_log_check_descriptors(const struct vhdx_log_entry *entry, u32 index,
				       const u8 *sector, struct vhdx_log_cursor *cursor)
{
	u32 at, last;
	bool data;

	vhdx_log_descriptor_span(entry, index, &at, &last);
	for (; at < last; at += VHDX_LOG_DESCRIPTOR_SIZE) {
		if (!vhdx_log_descriptor_valid(entry, sector + at, &data))
			return false;
		cursor->data_sectors += data;
	}
	return true;
}

static bool vhdx_log_check_data(const struct vhdx_log_entry *entry, const void *sector)
{
	const struct vhdx_disk_log_sector *raw = sector;

	return !memcmp(raw->signature, "data", sizeof(raw->signature)) &&
	       le32_to_cpu(raw->sequence_high) == (u32)(entry->sequence >> 32) &&
	       le32_to_cpu(raw->sequence_low) == (u32)entry->sequence;
}

/* The checksum goes over the whole entry as it lies in the ring, sector by sector. */
static void vhdx_log_checksum_sector(struct vhdx_log_cursor *cursor, u32 index,
				     const u8 *sector)
{
	static const u8 zero[4];
	u32 skip = 0;

	if (!index) {
		skip = VHDX_CHECKSUM_OFFSET + sizeof(zero);
		cursor->crc = crc32c(~0U, sector, VHDX_CHECKSUM_OFFSET);
		cursor->crc = crc32c(cursor->crc, zero, sizeof(zero));
	}
	cursor->crc = crc32c(cursor->crc, sector + skip, VHDX_LOG_SECTOR_SIZE - skip);
}

/* Check the @index-th sector of an entry, of which the first @area are descriptors'. */
static bool vhdx_log_check_sector(const struct vhdx_log_entry *entry, u32 index, u32 area,
				  const void *sector, struct vhdx_log_cursor *cursor)
{
	vhdx_log_checksum_sector(cursor, index, sector);
	if (index < area)
		return vhdx_log_check_descriptors(entry, index, sector, cursor);
	return vhdx_log_check_data(entry, sector);
}

/* After its first sector has been read into @sector: is the entry whole? */
static enum vhdx_reason vhdx_log_check_entry(const struct vhdx_log *log,
					     const struct vhdx_log_entry *entry, void *sector,
					     bool *valid, struct vhdx_fault *fault)
{
	u32 checksum = le32_to_cpu(((struct vhdx_disk_log_entry *)sector)->checksum);
	u32 area = vhdx_log_descriptor_area(entry->descriptors) / VHDX_LOG_SECTOR_SIZE;
	u32 sectors = entry->length / VHDX_LOG_SECTOR_SIZE;
	struct vhdx_log_cursor cursor = { .crc = 0 };
	enum vhdx_reason reason;
	u32 i;

	for (i = 0; i < sectors; i++) {
		u32 offset = vhdx_log_after(log, entry->offset, i * VHDX_LOG_SECTOR_SIZE);

		reason = i ? vhdx_log_read_sector(log, offset, sector, fault) : VHDX_OK;
		if (reason)
			return reason;
		if (!vhdx_log_check_sector(entry, i, area, sector, &cursor))
			return VHDX_OK;
	}
	*valid = area + cursor.data_sectors == sectors && ~cursor.crc == checksum;
	return VHDX_OK;
}

/**
 * vhdx_log_read_entry() - is there a valid entry at a place in the ring? (2.3.1)
 * @log:	the log
 * @offset:	in the ring, a multiple of VHDX_LOG_SECTOR_SIZE, less than its length
 * @entry:	filled if there is
 * @sector:	VHDX_LOG_SECTOR_SIZE bytes to work in, aligned to 8
 * @valid:	whether there is
 * @fault:	filled on failure
 *
 * Return: VHDX_OK, or a reason why the ring could not be read. An invalid entry is no
 * failure: rings are full of them.
 */
enum vhdx_reason vhdx_log_read_entry(const struct vhdx_log *log, u32 offset,
				     struct vhdx_log_entry *entry, void *sector, bool *valid,
				     struct vhdx_fault *fault)
{
	enum vhdx_reason reason = vhdx_log_read_sector(log, offset, sector, fault);

	*valid = false;
	if (reason || !vhdx_log_decode_header(log, offset, entry, sector))
		return reason;
	return vhdx_log_check_entry(log, entry, sector, valid, fault);
}

/* Fill @slots: which entries are there? */
static enum vhdx_reason vhdx_log_scan(const struct vhdx_log *log, struct vhdx_log_slot *slots,
				      void *sector, struct vhdx_fault *fault)
{
	struct vhdx_log_entry entry;
	enum vhdx_reason reason;
	bool valid;
	u32 i;

	memset(slots, 0, vhdx_log_sectors(log) * sizeof(*slots));
	for (i = 0; i < vhdx_log_sectors(log); i++) {
		reason = vhdx_log_read_entry(log, i * VHDX_LOG_SECTOR_SIZE, &entry, sector,
					     &valid, fault);
		if (reason)
			return reason;
		if (!valid)
			continue;
		slots[i].sequence = entry.sequence;
		slots[i].length = entry.length;
		slots[i].tail = entry.tail;
	}
	return VHDX_OK;
}

/* The slot in which the entry after that of slot @i must start. */
static u32 vhdx_log_next_slot(const struct vhdx_log *log, const struct vhdx_log_slot *slots,
			      u32 i)
{
	return vhdx_log_after(log, i * VHDX_LOG_SECTOR_SIZE, slots[i].length) /
	       VHDX_LOG_SECTOR_SIZE;
}

static bool vhdx_log_continues(const struct vhdx_log *log, const struct vhdx_log_slot *slots,
			       u32 i, u32 *next)
{
	*next = vhdx_log_next_slot(log, slots, i);
	return slots[*next].sequence && slots[*next].sequence == slots[i].sequence + 1;
}

static void vhdx_log_link(const struct vhdx_log *log, struct vhdx_log_slot *slots)
{
	u32 i, next;

	for (i = 0; i < vhdx_log_sectors(log); i++)
		if (slots[i].sequence && vhdx_log_continues(log, slots, i, &next))
			slots[next].follows = 1;
}

/*
 * The run that starts in slot @i: its last slot, and if it is complete how many entries it
 * has from the Tail on. Runs end, as sequence numbers only rise.
 */
static bool vhdx_log_run(const struct vhdx_log *log, const struct vhdx_log_slot *slots, u32 i,
			 u32 *last, u32 *entries)
{
	u32 start = i, tail;

	while (vhdx_log_continues(log, slots, i, last))
		i = *last;
	*last = i;
	tail = slots[i].tail / VHDX_LOG_SECTOR_SIZE;
	for (i = start; i != tail && i != *last; )
		vhdx_log_continues(log, slots, i, &i);
	*entries = slots[*last].sequence - slots[i].sequence + 1;
	return i == tail;
}

/* The slot of the active sequence's last entry; false if there is no complete run. */
static bool vhdx_log_choose(const struct vhdx_log *log, const struct vhdx_log_slot *slots,
			    u32 *head, u32 *entries)
{
	u32 i, last, count;
	bool found = false;

	for (i = 0; i < vhdx_log_sectors(log); i++) {
		if (!slots[i].sequence || slots[i].follows ||
		    !vhdx_log_run(log, slots, i, &last, &count))
			continue;
		if (found && slots[last].sequence <= slots[*head].sequence)
			continue;
		*head = last;
		*entries = count;
		found = true;
	}
	return found;
}

/* Rules 10 and 12, and a bound on what replay can do to the size of a file */
static enum vhdx_reason vhdx_log_check_sizes(const struct vhdx_log *log,
					     struct vhdx_log_sequence *sequence,
					     struct vhdx_fault *fault)
{
	const struct vhdx_log_entry *head = &sequence->head;
	u64 at = log->offset + head->offset;
	u64 size = log->reader->size;

	if (size < head->flushed_size)
		return vhdx_fault_set(fault, VHDX_REASON_log_file_truncated, at,
				      head->flushed_size);
	if (head->last_size > VHDX_LOG_MAX_FILE_SIZE)
		return vhdx_fault_set(fault, VHDX_REASON_log_file_size, at, head->last_size);
	sequence->limit = size > head->last_size ? size : head->last_size;
	/* a page may straddle the end of a file that is no multiple of it */
	sequence->limit = (sequence->limit + VHDX_ALIGNMENT - 1) & ~(VHDX_ALIGNMENT - 1);
	return VHDX_OK;
}

/**
 * vhdx_log_find() - search the log for what must be replayed (2.3.2, rules 9 and 10)
 * @log:	the log
 * @sequence:	filled on success
 * @slots:	vhdx_log_sectors() of them to work in
 * @sector:	VHDX_LOG_SECTOR_SIZE bytes to work in, aligned to 8
 * @fault:	filled on failure
 *
 * Reads every sector of the ring at most twice, and those of the newest entry once more.
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_log_find(const struct vhdx_log *log, struct vhdx_log_sequence *sequence,
			       struct vhdx_log_slot *slots, void *sector,
			       struct vhdx_fault *fault)
{
	enum vhdx_reason reason = vhdx_log_scan(log, slots, sector, fault);
	u32 head = 0;
	bool valid;

	if (reason)
		return reason;
	vhdx_log_link(log, slots);
	if (!vhdx_log_choose(log, slots, &head, &sequence->entries))
		return vhdx_fault_set(fault, VHDX_REASON_log_no_sequence, log->offset, 0);
	sequence->first = slots[head].tail;
	reason = vhdx_log_read_entry(log, head * VHDX_LOG_SECTOR_SIZE, &sequence->head, sector,
				     &valid, fault);
	if (!reason && !valid)
		reason = vhdx_fault_set(fault, VHDX_REASON_read_failed, log->offset, head);
	return reason ? reason : vhdx_log_check_sizes(log, sequence, fault);
}

/* Rule 11: what no log may touch, whoever wrote it */
static enum vhdx_reason vhdx_log_check_target(const struct vhdx_log *log,
					      const struct vhdx_log_sequence *sequence,
					      const struct vhdx_log_change *change,
					      struct vhdx_fault *fault)
{
	u64 at = log->offset + change->entry->offset;

	if (!vhdx_range_inside(change->offset, change->length, sequence->limit))
		return vhdx_fault_set(fault, VHDX_REASON_log_target_range, at, change->offset);
	if (change->offset < VHDX_REGION_TABLE_1_OFFSET ||
	    vhdx_ranges_overlap(change->offset, change->length, log->offset, log->length))
		return vhdx_fault_set(fault, VHDX_REASON_log_target_protected, at,
				      change->offset);
	return VHDX_OK;
}

static void vhdx_log_decode_change(struct vhdx_log_change *change, const u8 *bytes)
{
	const struct vhdx_disk_log_zero *zero = (const void *)bytes;
	const struct vhdx_disk_log_data *data = (const void *)bytes;

	change->zero = !memcmp(bytes, "zero", 4);
	change->offset = le64_to_cpu(zero->file_offset);
	change->length = change->zero ? le64_to_cpu(zero->length) : VHDX_PAGE_SIZE;
	memcpy(change->leading, data->leading, sizeof(change->leading));
	memcpy(change->trailing, data->trailing, sizeof(change->trailing));
}

/* The changes whose descriptors are in one sector, which is in memory. */
static enum vhdx_reason vhdx_log_walk_sector(const struct vhdx_log *log,
					     const struct vhdx_log_sequence *sequence,
					     struct vhdx_log_change *change, u32 index,
					     const u8 *sector, vhdx_log_visit visit,
					     void *context, struct vhdx_fault *fault)
{
	enum vhdx_reason reason;
	u32 at, last;

	vhdx_log_descriptor_span(change->entry, index, &at, &last);
	for (; at < last; at += VHDX_LOG_DESCRIPTOR_SIZE) {
		vhdx_log_decode_change(change, sector + at);
		if (!change->length)
			continue;
		reason = vhdx_log_check_target(log, sequence, change, fault);
		if (!reason)
			reason = visit(context, change, fault);
		if (reason)
			return reason;
		if (!change->zero)
			change->sector = vhdx_log_after(log, change->sector,
							VHDX_LOG_SECTOR_SIZE);
	}
	return VHDX_OK;
}

static enum vhdx_reason vhdx_log_walk_entry(const struct vhdx_log *log,
					    const struct vhdx_log_sequence *sequence,
					    const struct vhdx_log_entry *entry, void *sector,
					    vhdx_log_visit visit, void *context,
					    struct vhdx_fault *fault)
{
	u32 area = vhdx_log_descriptor_area(entry->descriptors);
	struct vhdx_log_change change = {
		.entry = entry,
		.sector = vhdx_log_after(log, entry->offset, area),
	};
	enum vhdx_reason reason;
	u32 i;

	for (i = 0; i < area / VHDX_LOG_SECTOR_SIZE; i++) {
		u32 offset = vhdx_log_after(log, entry->offset, i * VHDX_LOG_SECTOR_SIZE);

		reason = vhdx_log_read_sector(log, offset, sector, fault);
		if (!reason)
			reason = vhdx_log_walk_sector(log, sequence, &change, i, sector, visit,
						      context, fault);
		if (reason)
			return reason;
	}
	return VHDX_OK;
}

/**
 * vhdx_log_walk() - visit every change that replay makes, oldest first (2.3.3)
 * @log:	the log
 * @sequence:	as vhdx_log_find() left it
 * @sector:	VHDX_LOG_SECTOR_SIZE bytes to work in, aligned to 8
 * @visit:	called for each; a reason other than VHDX_OK ends the walk. Later changes
 *		of the same place win.
 * @context:	for @visit
 * @fault:	filled on failure
 *
 * Every change is checked before it is shown: it lies inside the file as it will be, and
 * touches neither what precedes the region tables nor the log. To be sure that a log is
 * good before anything is written, walk it once without writing.
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_log_walk(const struct vhdx_log *log,
			       const struct vhdx_log_sequence *sequence, void *sector,
			       vhdx_log_visit visit, void *context, struct vhdx_fault *fault)
{
	u32 offset = sequence->first, i;

	for (i = 0; i < sequence->entries; i++) {
		struct vhdx_log_entry entry;
		enum vhdx_reason reason;
		bool valid;

		reason = vhdx_log_read_entry(log, offset, &entry, sector, &valid, fault);
		/* it was valid a moment ago: somebody writes to the file, or it rots */
		if (!reason && !valid)
			reason = vhdx_fault_set(fault, VHDX_REASON_read_failed,
						log->offset + offset, 0);
		if (!reason)
			reason = vhdx_log_walk_entry(log, sequence, &entry, sector, visit,
						     context, fault);
		if (reason)
			return reason;
		offset = vhdx_log_after(log, offset, entry.length);
	}
	return VHDX_OK;
}

/**
 * vhdx_log_restore_page() - turn a data sector into the page it stands for (2.3.1.4)
 * @page:	the data sector as read; changed in place
 * @leading:	from its descriptor
 * @trailing:	from its descriptor
 */
void vhdx_log_restore_page(void *page, const u8 leading[8], const u8 trailing[4])
{
	memcpy(page, leading, 8);
	memcpy((u8 *)page + VHDX_PAGE_SIZE - 4, trailing, 4);
}

/**
 * vhdx_log_read_page() - read the new contents of a page
 * @log:	the log
 * @change:	shown by vhdx_log_walk(), not a zeroed range
 * @page:	VHDX_PAGE_SIZE bytes, filled
 * @fault:	filled on failure
 *
 * Return: VHDX_OK or the reason
 */
enum vhdx_reason vhdx_log_read_page(const struct vhdx_log *log,
				    const struct vhdx_log_change *change, void *page,
				    struct vhdx_fault *fault)
{
	enum vhdx_reason reason = vhdx_log_read_sector(log, change->sector, page, fault);

	if (!reason)
		vhdx_log_restore_page(page, change->leading, change->trailing);
	return reason;
}
