/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * What every program here needs: dying with a message, and reproducible chance.
 */
#ifndef VHDX_TESTS_UTIL_H
#define VHDX_TESTS_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

static inline u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

static inline u64 round_down_u64(u64 value, u64 to)
{
	return value - value % to;
}

static inline u64 round_up_u64(u64 value, u64 to)
{
	return round_down_u64(value + to - 1, to);
}

__attribute__((noreturn, format(printf, 1, 2)))
void die(const char *format, ...);

/* As die(), with what errno says. */
__attribute__((noreturn, format(printf, 1, 2)))
void die_errno(const char *format, ...);

u64 number(const char *text);
void *aligned_memory(size_t length);
u64 file_size(int fd);
u32 sector_size(int fd);
u64 random_u64(u64 *state);
u64 random_below(u64 *state, u64 limit);

/* struct fault - the kernel's allocation of number @left, of those of this thread, fails */
struct fault {
	u64 left;
	int file;
};

void fault_open(struct fault *fault, u64 nth);
void fault_begin(struct fault *fault);
void fault_end(struct fault *fault);
void fault_close(struct fault *fault);

#endif /* VHDX_TESTS_UTIL_H */
