// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "recording.h"

#include <inttypes.h>
#include <stdlib.h>

#include "format/range.h"
#include "journal.h"
#include "map.h"

#define MAGIC 0x6a736677736872ULL
#define VERSION 1

#define FLAG_FLUSH	0x1
#define FLAG_FUA	0x2
#define FLAG_DISCARD	0x4
#define FLAG_MARK	0x8

struct disk_super {
	__le64 magic;
	__le64 version;
	__le64 nr_entries;
	__le32 sector;
} __packed;

struct disk_entry {
	__le64 first;
	__le64 sectors;
	__le64 flags;
	__le64 text_length;
} __packed;

static const void *look(const struct recording *r, u64 offset, u64 length)
{
	if (!vhdx_range_inside(offset, length, r->size))
		die("the recording ends in the middle");
	return r->bytes + offset;
}

/* Marks of others have no number. */
static u32 mark_number(const char *text, u64 length)
{
	const u64 prefix = strlen(MARK_PREFIX);
	char digits[20] = "";

	if (length <= prefix || length - prefix >= sizeof(digits) ||
	    memcmp(text, MARK_PREFIX, prefix))
		return 0;
	memcpy(digits, text + prefix, length - prefix);
	return (u32)strtoul(digits, NULL, 10);
}

/* Returns where the next entry is. */
static u64 read_entry(const struct recording *r, u64 offset, struct entry *entry)
{
	const struct disk_entry *disk = look(r, offset, sizeof(*disk));
	u64 flags = le64_to_cpu(disk->flags), sectors = le64_to_cpu(disk->sectors);

	memset(entry, 0, sizeof(*entry));
	entry->flush = flags & FLAG_FLUSH;
	entry->synced = flags & FLAG_FUA;
	offset += r->sector;
	if (flags & FLAG_MARK) {
		entry->text_length = le64_to_cpu(disk->text_length);
		entry->text = look(r, offset - r->sector + sizeof(*disk), entry->text_length);
		entry->mark = mark_number(entry->text, entry->text_length);
		return offset;
	}
	if (sectors > r->size / r->sector && !(flags & FLAG_DISCARD))
		die("the recording ends in the middle");
	entry->offset = le64_to_cpu(disk->first) * r->sector;
	entry->length = sectors * r->sector;
	if (flags & FLAG_DISCARD)
		return offset;
	entry->data = look(r, offset, entry->length);
	return offset + entry->length;
}

static bool overlap(const struct entry *a, const struct entry *b)
{
	return a->length && b->length && vhdx_ranges_overlap(a->offset, a->length, b->offset,
							     b->length);
}

/*
 * What is not synced stands behind all that is synced since the last flush, even if it was
 * complete before that was issued. If both went to one place, it is unknown which is newer.
 */
static void check_order(const struct recording *r)
{
	u64 i, later;

	for (i = 0; i < r->nr_entries; i++) {
		if (!r->entries[i].synced)
			continue;
		for (later = i + 1; later < r->nr_entries && !r->entries[later].flush; later++)
			if (!r->entries[later].synced &&
			    overlap(&r->entries[i], &r->entries[later]))
				die("entries %" PRIu64 " and %" PRIu64 ": it is not recorded which "
				    "came first; record under a device that turns synced writes "
				    "into flushes, as loop does", i, later);
	}
}

/**
 * recording_read() - read a recording or die
 * @recording:	filled
 * @path:	a file, or the device that was recorded to
 */
void recording_read(struct recording *recording, const char *path)
{
	struct recording *r = recording;
	const struct disk_super *super;
	u64 i, offset;

	memset(r, 0, sizeof(*r));
	r->bytes = map_file(path, &r->size);
	super = look(r, 0, sizeof(*super));
	r->sector = le32_to_cpu(super->sector);
	r->nr_entries = le64_to_cpu(super->nr_entries);
	if (le64_to_cpu(super->magic) != MAGIC || le64_to_cpu(super->version) != VERSION ||
	    r->sector < ATOM || r->sector > 65536 || r->nr_entries > r->size / r->sector)
		die("%s is no recording", path);
	r->entries = calloc(r->nr_entries + 1, sizeof(*r->entries));
	if (!r->entries)
		die("no memory");
	for (i = 0, offset = r->sector; i < r->nr_entries; i++)
		offset = read_entry(r, offset, &r->entries[i]);
	check_order(r);
}

static void unflush(struct entry *entry)
{
	entry->flush = false;
	entry->synced = false;
}

static struct entry *entry_named(struct recording *r, u64 number)
{
	if (number >= r->nr_entries)
		die("there is no entry %" PRIu64, number);
	return &r->entries[number];
}

/**
 * recording_tamper() - what if the device had done something else?
 * @recording:	read
 * @how:	"drop:N", entry N never arrives; "unflush:N", it is no flush, nor synced, or
 *		"unflush:all"; "swap:N:M", each goes where the other belongs
 */
void recording_tamper(struct recording *recording, const char *how)
{
	struct entry *a, *b;
	u64 n, m, offset;

	if (sscanf(how, "drop:%" SCNu64, &n) == 1) {
		entry_named(recording, n)->dropped = true;
	} else if (sscanf(how, "unflush:%" SCNu64, &n) == 1) {
		unflush(entry_named(recording, n));
	} else if (!strcmp(how, "unflush:all")) {
		for (n = 0; n < recording->nr_entries; n++)
			unflush(&recording->entries[n]);
	} else if (sscanf(how, "swap:%" SCNu64 ":%" SCNu64, &n, &m) == 2) {
		a = entry_named(recording, n);
		b = entry_named(recording, m);
		offset = a->offset;
		a->offset = b->offset;
		b->offset = offset;
	} else {
		die("%s: neither drop:N, unflush:N nor swap:N:M", how);
	}
}
