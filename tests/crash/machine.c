// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include <stdio.h>
#include <stdlib.h>

#include "machine.h"

#define TRACE(m, ...)				\
	do {					\
		if ((m)->trace)			\
			printf("# " __VA_ARGS__); \
	} while (0)

/* Every 8 bytes are different from all others, so that torn pages show. */
void fill(u8 page[SECTOR], u32 contents)
{
	u64 seed = contents;
	u32 i;

	memset(page, 0, SECTOR);
	if (!contents)
		return;
	for (i = 0; i < SECTOR; i += 8) {
		u64 word = chance(&seed);

		memcpy(page + i, &word, 8);
	}
}

static void write_later(struct machine *m, bool to_ring, u32 at, const u8 *bytes)
{
	struct pending *p = &m->pending[m->nr_pending++];

	if (m->nr_pending == MAX_PENDING)
		abort();
	p->to_ring = to_ring;
	p->at = at;
	memcpy(p->bytes, bytes, SECTOR);
}

static u8 *place_of(struct machine *m, const struct pending *p)
{
	return p->to_ring ? m->disk.ring + p->at * SECTOR : m->disk.page[p->at];
}

/* -- what the writer does -- */

static void flush(struct machine *m)
{
	u32 i;

	for (i = 0; i < m->nr_pending; i++)
		memcpy(place_of(m, &m->pending[i]), m->pending[i].bytes, SECTOR);
	m->nr_pending = 0;
	m->disk.size = m->pending_size;
	for (i = m->first; i < m->end; i++) {
		m->entries[i].durable = true;
		m->entries[i].stable |= m->entries[i].applied;
	}
	m->durable_sequence = m->sequence;
	/* the Tail that counts is that of the newest entry on the disk */
	if (m->end)
		m->durable_tail = m->entries[m->end - 1].tail;
	TRACE(m, "flush: entry %llu, Tail %u\n", (unsigned long long)m->sequence,
	      m->durable_tail / SECTOR);
}

/* Bytes from the head to where the space ends that may be written to */
static u32 room(const struct machine *m)
{
	u32 ring = m->sectors * SECTOR;
	u32 end = m->writer->reuses_early ? m->tail : m->durable_tail;

	return (end + ring - m->head) % ring;
}

static void change_page(struct machine *m, struct live_entry *entry, u32 page)
{
	u32 i = entry->count++;

	entry->page[i] = page;
	entry->contents[i] = chance_below(&m->seed, 5) ? ++m->next_contents : 0;
	m->now.page[page] = entry->contents[i];
	if (m->now.size < PAGE_NEEDS(page))
		m->now.size = PAGE_NEEDS(page);
}

/* Encode an entry and send its sectors to the disk. */
static void send(struct machine *m, struct live_entry *entry)
{
	static u8 pages[4][SECTOR], bytes[8 * SECTOR];
	struct log_change changes[4];
	struct log_entry raw = { .guid = m->guid, .sequence = entry->sequence, .tail = entry->tail,
		.flushed_size = m->disk.size, .last_size = entry->size, .changes = changes,
		.count = entry->count };
	u32 i;

	for (i = 0; i < entry->count; i++) {
		changes[i] = (struct log_change){ PAGE_OFFSET(entry->page[i]), NULL, SECTOR };
		if (!entry->contents[i])
			continue;
		fill(pages[i], entry->contents[i]);
		changes[i].page = pages[i];
	}
	entry->length = log_entry_length(&raw);
	log_entry_encode(bytes, &raw);
	for (i = 0; i < entry->length; i += SECTOR)
		write_later(m, true, (entry->offset + i) / SECTOR % m->sectors, bytes + i);
}

static void append(struct machine *m, u32 count)
{
	struct live_entry *entry = &m->entries[m->end];
	u32 i;

	if ((count + 1) * SECTOR + SECTOR > room(m) || m->end + 1 == MAX_ENTRIES)
		return;
	memset(entry, 0, sizeof(*entry));
	entry->offset = m->head;
	entry->tail = m->tail;
	entry->sequence = ++m->sequence;
	for (i = 0; i < count; i++)
		change_page(m, entry, chance_below(&m->seed, PAGES));
	if (!chance_below(&m->seed, 8))
		m->now.size += VHDX_MIB;
	entry->size = m->now.size;
	send(m, entry);
	TRACE(m, "entry %llu at sector %u, %u sectors, Tail %u, %u changes\n",
	      (unsigned long long)entry->sequence, entry->offset / SECTOR, entry->length / SECTOR,
	      m->tail / SECTOR, count);
	m->head = (m->head + entry->length) % (m->sectors * SECTOR);
	m->after[m->end++] = m->now;
}

static bool apply(struct machine *m)
{
	u8 page[SECTOR];
	u32 i, n = m->first;

	while (n < m->end && m->entries[n].applied)
		n++;
	if (n == m->end || !(m->entries[n].durable || m->writer->applies_early))
		return false;
	for (i = 0; i < m->entries[n].count; i++) {
		fill(page, m->entries[n].contents[i]);
		write_later(m, false, m->entries[n].page[i], page);
	}
	if (m->pending_size < m->entries[n].size)
		m->pending_size = m->entries[n].size;
	m->entries[n].applied = true;
	m->entries[n].stable = m->writer->forgets_early;
	TRACE(m, "apply %llu\n", (unsigned long long)m->entries[n].sequence);
	return true;
}

static void move_tail(struct machine *m)
{
	while (m->end - m->first > 1 && m->entries[m->first].stable)
		m->first++;
	m->tail = m->entries[m->first].offset;
}

/*
 * A new log, while the header still says that there is none: an empty entry at the ring's
 * start, flushed before the header names it. What else is in the ring stays there.
 */
static void start_log(struct machine *m)
{
	struct live_entry *entry = &m->entries[0];
	u32 number = chance_below(&m->seed, 1000000);

	memcpy(m->guid.bytes, &number, sizeof(number));
	m->guid.bytes[15] = 1;
	/* numbers of 63 bits, or ones that soon need more than 32 */
	m->sequence = chance_below(&m->seed, 3) ? chance(&m->seed) >> 1 | 1 :
		      0xffffffffULL - chance_below(&m->seed, 20);
	m->first_sequence = m->sequence;
	memset(entry, 0, sizeof(*entry));
	entry->sequence = m->sequence;
	entry->size = m->now.size;
	entry->applied = true;
	send(m, entry);
	m->first = 0;
	m->end = 1;
	m->head = entry->length;
	m->tail = 0;
	m->after[0] = m->now;
	TRACE(m, "a new log, entry %llu\n", (unsigned long long)m->sequence);
	flush(m);
}

static void retire_log(struct machine *m)
{
	flush(m);
	while (apply(m))
		;
	flush(m);
}

static void init(struct machine *m, const struct writer *writer, u64 seed, bool trace)
{
	memset(m, 0, offsetof(struct machine, pending));
	m->seed = seed;
	m->writer = writer;
	m->trace = trace;
	m->sectors = 7 + chance_below(&m->seed, MAX_SECTORS - 6);
	m->now.size = m->disk.size = m->pending_size = PAGE_NEEDS(1);
	TRACE(m, "a ring of %u sectors\n", m->sectors);
	start_log(m);
}

static void step(struct machine *m)
{
	u32 what = chance_below(&m->seed, 400);

	if (what < 220) {
		append(m, chance_below(&m->seed, 5));
	} else if (what < 300) {
		flush(m);
	} else if (what < 397) {
		apply(m);
	} else {
		retire_log(m);
		start_log(m);
	}
	move_tail(m);
}

void machine_run(struct machine *m, const struct writer *writer, u64 seed, bool trace)
{
	u32 steps;

	init(m, writer, seed, trace);
	steps = 3 + chance_below(&m->seed, chance_below(&m->seed, 8) ? 80 : 400);
	while (steps--)
		step(m);
}

/* Later writes may arrive before earlier ones, also those to the same place. */
static void shuffle(struct machine *m)
{
	static struct pending tmp;
	u32 i, other;

	for (i = m->nr_pending; i > 1; i--) {
		other = chance_below(&m->seed, i);
		tmp = m->pending[i - 1];
		m->pending[i - 1] = m->pending[other];
		m->pending[other] = tmp;
	}
}

void machine_crash(struct machine *m)
{
	u32 i;

	TRACE(m, "crash: %u writes are not flushed\n", m->nr_pending);
	if (chance_below(&m->seed, 4))
		shuffle(m);
	for (i = 0; i < m->nr_pending; i++)
		write_or_not(&m->seed, place_of(m, &m->pending[i]), m->pending[i].bytes);
	if (chance_below(&m->seed, 2))
		m->disk.size = m->pending_size;
}

void write_or_not(u64 *seed, u8 *to, const u8 *from)
{
	u32 how = chance_below(seed, 10), i;

	if (how < 5)
		memcpy(to, from, SECTOR);
	else if (how < 8)
		for (i = 0; i < SECTOR; i += 512)
			if (chance_below(seed, 2))
				memcpy(to + i, from + i, 512);
}
