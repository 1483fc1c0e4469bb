// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * writer: many writes at a time, each sector of which names its write; and a journal of them.
 *
 * Writes, synced writes, discards, zeroes and flushes, as chance has it, by as many threads
 * as are to be under way at a time. They may meet in a block, but never in a sector: the
 * second waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "journal.h"
#include "stamp.h"

#define MAX_THREADS 64

enum places {
	RANDOM,			/* anywhere */
	FIRST,			/* one write in each block, in no order */
	HOT,			/* all in four blocks at a time */
};

/* struct range - bytes of the disk */
struct range {
	u64 start;
	u64 length;
};

static u64 seed = 1, operations = 1000, nr_threads = 4, max_bytes = 256 * KIB;
static u64 block_size = MIB, nr_marks = 400, granule;
static struct {
	u64 flush, sync, discard, zero, unmap;
} percent = { 4, 4, 3, 3, 50 };
static struct range area;
static enum places places = RANDOM;
static int disk;
static bool is_device;
static u64 next_operation, counts[128], errors, refusals;

/* -- no two in one sector -- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
static struct range held[MAX_THREADS];

static bool is_held(const struct range *range)
{
	u64 i;

	for (i = 0; i < nr_threads; i++)
		if (held[i].length && held[i].start < range->start + range->length &&
		    range->start < held[i].start + held[i].length)
			return true;
	return false;
}

static void hold(u64 thread, const struct range *range)
{
	pthread_mutex_lock(&lock);
	while (is_held(range))
		pthread_cond_wait(&freed, &lock);
	held[thread] = *range;
	pthread_mutex_unlock(&lock);
}

static void let_go(u64 thread)
{
	pthread_mutex_lock(&lock);
	held[thread].length = 0;
	pthread_cond_broadcast(&freed);
	pthread_mutex_unlock(&lock);
}

/* -- what and where -- */

static enum op_kind choose_kind(u64 *chance)
{
	u64 die100 = random_below(chance, 100);

	if (die100 < percent.flush)
		return OP_FLUSH;
	if ((die100 -= percent.flush) < percent.sync)
		return OP_SYNC_WRITE;
	if ((die100 -= percent.sync) < percent.discard)
		return OP_DISCARD;
	if ((die100 -= percent.discard) < percent.zero)
		return OP_ZERO;
	return OP_WRITE;
}

/* All magnitudes alike */
static u64 choose_length(u64 *chance, u64 limit)
{
	u64 magnitudes = 1, length;

	while (granule << magnitudes <= limit)
		magnitudes++;
	length = granule << random_below(chance, magnitudes);
	length += random_below(chance, length);
	return max_u64(round_down_u64(min_u64(length, limit), granule), granule);
}

static u64 blocks(void)
{
	return (area.length + block_size - 1) / block_size;
}

/* Every block once before any a second time: a prime larger than any count visits all. */
static u64 block_of(u64 serial, u64 *chance)
{
	if (places == FIRST)
		return (serial % blocks() * 2147483647 + seed % blocks()) % blocks();
	if (places == HOT)
		return (serial / 256 * 7 + random_below(chance, 4)) % blocks();
	return random_below(chance, blocks());
}

static struct range inside_area(u64 start, u64 length)
{
	start = min_u64(start, area.length - granule);
	return (struct range){ area.start + start, min_u64(length, area.length - start) };
}

/* Blocks as a whole, half of the time: that is what changes their state. */
static struct range choose_cleared(u64 serial, u64 *chance)
{
	u64 start = block_of(serial, chance) * block_size;

	if (random_below(chance, 2))
		return inside_area(start, (1 + random_below(chance, 3)) * block_size);
	start += round_down_u64(random_below(chance, block_size), granule);
	return inside_area(start, choose_length(chance, 2 * block_size));
}

static struct range choose_written(u64 serial, u64 *chance)
{
	u64 length = choose_length(chance, max_bytes);
	u64 start = block_of(serial, chance) * block_size;

	if (places == FIRST)
		start += random_below(chance, block_size - min_u64(length, block_size) + 1);
	else if (random_below(chance, 4))
		start += random_below(chance, block_size);
	else	/* across the border of two blocks */
		start -= min_u64(start, random_below(chance, length));
	return inside_area(round_down_u64(start, granule), length);
}

/* -- doing it -- */

static int do_write(const struct range *range, u8 *buffer, u64 generation, int flags)
{
	struct iovec vector = { buffer, range->length };
	struct stamp stamp = { seed, range->start / STAMP_SIZE, generation };
	ssize_t done;

	stamp_make_range(buffer, stamp, range->length / STAMP_SIZE);
	done = pwritev2(disk, &vector, 1, (off_t)range->start, flags);
	if (done < 0)
		return errno;
	return (u64)done == range->length ? 0 : EIO;
}

static int do_fallocate(const struct range *range, int mode)
{
	return fallocate(disk, FALLOC_FL_KEEP_SIZE | mode, (off_t)range->start,
			 (off_t)range->length);
}

/* Zeros, of a device or in a file; of a device, some may not take its space away */
static int do_clear(enum op_kind kind, const struct range *range, u64 generation)
{
	u64 both[2] = { range->start, range->length }, chance = seed + generation;
	int ret;

	if (!is_device)
		ret = do_fallocate(range, kind == OP_DISCARD ? FALLOC_FL_PUNCH_HOLE :
				   FALLOC_FL_ZERO_RANGE);
	else if (kind == OP_DISCARD)
		ret = ioctl(disk, BLKDISCARD, both);
	else if (random_below(&chance, 100) < percent.unmap)
		ret = do_fallocate(range, FALLOC_FL_PUNCH_HOLE);
	else
		ret = ioctl(disk, BLKZEROOUT, both);
	return ret ? errno : 0;
}

static int do_operation(enum op_kind kind, const struct range *range, u8 *buffer, u64 generation)
{
	switch (kind) {
	case OP_FLUSH:
		return fdatasync(disk) ? errno : 0;
	case OP_SYNC_WRITE:
		return do_write(range, buffer, generation, RWF_DSYNC);
	case OP_WRITE:
		return do_write(range, buffer, generation, 0);
	default:
		return do_clear(kind, range, generation);
	}
}

static void count_result(enum op_kind kind, const struct range *range, int error)
{
	__atomic_fetch_add(&counts[kind], 1, __ATOMIC_RELAXED);
	if (!error)
		return;
	if (error == EOPNOTSUPP && (kind == OP_DISCARD || kind == OP_ZERO)) {
		__atomic_fetch_add(&refusals, 1, __ATOMIC_RELAXED);
		return;
	}
	if (__atomic_fetch_add(&errors, 1, __ATOMIC_RELAXED) < 10)
		fprintf(stderr, "writer: %c of %" PRIu64 " bytes at %" PRIu64 ": %s\n", kind,
			range->length, range->start, strerror(error));
}

static void operate(u64 thread, enum op_kind kind, const struct range *range, u8 *buffer)
{
	u64 generation, distance = operations / max_u64(nr_marks, 1);
	int error;

	hold(thread, range);
	generation = journal_issue(kind, range->start / STAMP_SIZE, range->length / STAMP_SIZE);
	error = do_operation(kind, range, buffer, generation);
	journal_complete(generation, error);
	let_go(thread);
	count_result(kind, range, error);
	/* a mark behind a flush is worth most */
	journal_mark_if_due(kind == OP_FLUSH || kind == OP_SYNC_WRITE ?
			    distance : 2 * distance + 1);
}

static void one_operation(u64 thread, u64 serial, u8 *buffer)
{
	u64 chance = seed * 1000003 + serial;
	enum op_kind kind = choose_kind(&chance);
	struct range range = { 0 };

	if (kind == OP_WRITE || kind == OP_SYNC_WRITE)
		range = choose_written(serial, &chance);
	else if (kind != OP_FLUSH)
		range = choose_cleared(serial, &chance);
	operate(thread, kind, &range, buffer);
}

static void *work(void *number_of_thread)
{
	u8 *buffer = aligned_memory(max_bytes);
	u64 serial;

	while ((serial = __atomic_fetch_add(&next_operation, 1, __ATOMIC_RELAXED)) < operations)
		one_operation((u64)(uintptr_t)number_of_thread, serial, buffer);
	free(buffer);
	return NULL;
}

/* -- the whole -- */

static void run(void)
{
	pthread_t threads[MAX_THREADS];
	u64 i;

	journal_mark();
	for (i = 0; i < nr_threads; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i))
			die("no thread");
	for (i = 0; i < nr_threads; i++)
		pthread_join(threads[i], NULL);
	operate(0, OP_FLUSH, &(struct range){ 0 }, NULL);
	journal_mark();
}

static void print_summary(u64 marks)
{
	fprintf(stderr, "writer: %" PRIu64 " writes, %" PRIu64 " synced, %" PRIu64 " discards, %"
		PRIu64 " zeroes (%" PRIu64 " refused), %" PRIu64 " flushes, %" PRIu64
		" marks, seed %" PRIu64 ", %" PRIu64 " errors\n", counts[OP_WRITE],
		counts[OP_SYNC_WRITE], counts[OP_DISCARD], counts[OP_ZERO], refusals,
		counts[OP_FLUSH], marks, seed, errors);
}

static void open_disk(const char *path)
{
	struct stat stat;
	u64 size;

	disk = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (disk < 0 || fstat(disk, &stat))
		die_errno("%s", path);
	is_device = S_ISBLK(stat.st_mode);
	granule = sector_size(disk);
	size = file_size(disk);
	if (area.start % granule || area.start >= size)
		die("the area does not begin at a sector of the disk");
	area.length = round_down_u64(min_u64(area.length ? area.length : size, size - area.start),
				     granule);
	max_bytes = max_u64(round_down_u64(max_bytes, granule), granule);
}

static void parse_area(char *text)
{
	char *length = strchr(text, ':');

	if (!length)
		die("an area is START:LENGTH");
	*length++ = 0;
	area = (struct range){ number(text), number(length) };
}

static enum places parse_places(const char *name)
{
	static const char *const names[] = { "random", "first", "hot" };
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (!strcmp(name, names[i]))
			return i;
	die("no such distribution: %s", name);
}

static bool parse_number(int o, u64 value)
{
	switch (o) {
	case 's': seed = value; break;
	case 'n': operations = value; break;
	case 't': nr_threads = value; break;
	case 'b': max_bytes = value; break;
	case 'B': block_size = value; break;
	case 'f': percent.flush = value; break;
	case 'F': percent.sync = value; break;
	case 'd': percent.discard = value; break;
	case 'z': percent.zero = value; break;
	case 'u': percent.unmap = value; break;
	case 'M': nr_marks = value; break;
	default: return false;
	}
	return true;
}

static const char usage[] =
	"usage: writer [OPTION...] -j JOURNAL DISK\n"
	"  -s SEED  -n OPERATIONS  -t THREADS  -b MAX-BYTES  -B BLOCK-SIZE\n"
	"  -f -F -d -z PERCENT of flushes, synced writes, discards, zeroes; -u of zeroes that unmap\n"
	"  -a START:LENGTH in bytes  -D random|first|hot\n"
	"  -m dm:NAME|log:FILE the recorder  -M MARKS, about how many";

int main(int argc, char **argv)
{
	const char *journal = NULL;
	int o;

	while ((o = getopt(argc, argv, "s:n:t:b:B:f:F:d:z:u:M:a:D:j:m:")) != -1) {
		if (o == 'a')
			parse_area(optarg);
		else if (o == 'D')
			places = parse_places(optarg);
		else if (o == 'j')
			journal = optarg;
		else if (o == 'm')
			journal_record_to(optarg);
		else if (o == '?' || !parse_number(o, number(optarg)))
			die("%s", usage);
	}
	if (argc - optind != 1 || !journal || !nr_threads || nr_threads > MAX_THREADS)
		die("%s", usage);
	open_disk(argv[optind]);
	journal_open(journal, seed, file_size(disk));
	run();
	print_summary(journal_close());
	return errors ? 1 : 0;
}
