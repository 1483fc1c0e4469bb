// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: which part of the log is replayed (2.3.2)
 *
 * A ring has entries of many ages. Entries of other sessions have another LogGuid. Of the entries
 * of this session, those of the active sequence are replayed:
 *
 *	1. An entry is valid if each of its sectors is (log_entry.c).
 *	2. Valid entries form a run if each starts where the one before ends and has the next
 *	   sequence number.
 *	3. A run is complete if the Tail of its last entry is the start of an entry in it.
 *	4. The active sequence is the complete run whose last sequence number is highest, from that
 *	   Tail on. Entries before the Tail have been applied, and the places that they name may be
 *	   in use for other data by now.
 *
 * Because of item 3 a torn entry does no harm: without it, the run ends with the entry before,
 * which makes the run complete by its own Tail, and has the state before the torn entry. That holds
 * if the torn entry overwrote nothing behind the Tail before it (meta/log_ring.c).
 *
 * Two valid entries never share a sector, because each sector inside an entry begins with a
 * descriptor or with "data". So it is enough to try each sector once as the start of an entry. The
 * search takes time linear in the length of the ring, even if the ring was crafted to make it slow.
 *
 * What an entry may change is checked after the active sequence is chosen. If a bad target made an
 * entry invalid, an older state would be replayed without an error.
 */
#include "log_scan.h"
#include "checksum.h"

/*
 * Does a valid entry continue that of slot @i, by its start and its sequence number? @next is set
 * to the slot in which it must start.
 */
static bool vhdx_log_continues(const struct vhdx_log *log, const struct vhdx_log_slot *slots,
			       u32 i, u32 *next)
{
	*next = vhdx_log_after(log, i * VHDX_LOG_SECTOR_SIZE, slots[i].length) /
		VHDX_LOG_SECTOR_SIZE;
	return slots[*next].sequence && slots[*next].sequence == slots[i].sequence + 1;
}

/* Fill @slots: which valid entries are there, and which of them continue another? */
static enum vhdx_reason vhdx_log_scan(const struct vhdx_log *log, struct vhdx_log_slot *slots,
				      void *sector, struct vhdx_fault *fault)
{
	struct vhdx_log_entry entry;
	enum vhdx_reason reason;
	bool valid;
	u32 i, next;

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
	for (i = 0; i < vhdx_log_sectors(log); i++)
		if (slots[i].sequence && vhdx_log_continues(log, slots, i, &next))
			slots[next].follows = 1;
	return VHDX_OK;
}

/*
 * Follow the run that starts in slot @i to its last slot. Return: true if the run is complete; then
 * @entries is set to its number of entries from the Tail on. A run ends because sequence numbers
 * rise.
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

/*
 * Choose the active sequence: @head is set to the slot of its last entry, @entries to their number.
 * Return: false if there is no complete run
 */
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

/* Check the sizes in the newest entry: rules 10 and 12, and a limit on the size after replay */
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
	/* a page may extend beyond the end of a file whose size is not a multiple of pages */
	sequence->limit = (sequence->limit + VHDX_ALIGNMENT - 1) & ~(VHDX_ALIGNMENT - 1);
	return VHDX_OK;
}

/**
 * vhdx_log_find() - find the active sequence of a log (2.3.2, rules 9 and 10)
 * @log:	the log
 * @sequence:	filled on success
 * @slots:	vhdx_log_sectors() elements to work in
 * @sector:	VHDX_LOG_SECTOR_SIZE bytes to work in, aligned to 8
 * @fault:	filled on failure
 *
 * Reads each sector of the ring at most twice, and those of the newest entry once more.
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
	if (!vhdx_log_choose(log, slots, &head, &sequence->entries))
		return vhdx_fault_set(fault, VHDX_REASON_log_no_sequence, log->offset, 0);
	sequence->first = slots[head].tail;
	reason = vhdx_log_read_entry(log, head * VHDX_LOG_SECTOR_SIZE, &sequence->head, sector,
				     &valid, fault);
	if (!reason && !valid)
		reason = vhdx_fault_set(fault, VHDX_REASON_read_failed, log->offset, head);
	return reason ? reason : vhdx_log_check_sizes(log, sequence, fault);
}

/* Rule 11: a change must not touch headers or log, and must lie inside the file */
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

/* Visit the changes whose descriptors are in the @index-th sector of an entry. */
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
		const struct vhdx_disk_log_zero *zero = (const void *)(sector + at);
		const struct vhdx_disk_log_data *data = (const void *)(sector + at);

		change->zero = !memcmp(sector + at, "zero", 4);
		change->offset = le64_to_cpu(zero->file_offset);
		change->length = change->zero ? le64_to_cpu(zero->length) : VHDX_PAGE_SIZE;
		memcpy(change->leading, data->leading, sizeof(change->leading));
		memcpy(change->trailing, data->trailing, sizeof(change->trailing));
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

/* Visit the changes of one entry, in the order of their descriptors. */
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
 * vhdx_log_walk() - visit each change that replay makes, the oldest first (2.3.3)
 * @log:	the log
 * @sequence:	as vhdx_log_find() left it
 * @sector:	VHDX_LOG_SECTOR_SIZE bytes to work in, aligned to 8
 * @visit:	called for each change; any reason but VHDX_OK ends the walk. Of changes of the same
 *		place the last one counts
 * @context:	for @visit
 * @fault:	filled on failure
 *
 * Each change is checked before it is visited: it lies inside the file as it will be, and touches
 * neither the log nor anything before the region tables. A caller that must know that a log is good
 * before it writes anything walks the log once without writing.
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
		/* it was valid for vhdx_log_find(): the file has changed since, or decays */
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
 * vhdx_log_read_page() - read the new contents of a page from the log
 * @log:	the log
 * @change:	passed by vhdx_log_walk(); not a zeroed range
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
