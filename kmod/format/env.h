/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * What the format core needs from its environment, in the kernel and in user space.
 *
 * It needs u8 .. u64, s32, bool, __le16/32/64 and le*_to_cpu()/cpu_to_le*(),
 * memcpy/memcmp/memset, snprintf, static_assert, ARRAY_SIZE, and crc32c() (without
 * the initial value and the final inversion, which the caller does).
 *
 * The core does not allocate, sleep, lock, log or do I/O, and has no global state. This is the only
 * file of the core that depends on __KERNEL__.
 */
#ifndef VHDX_FORMAT_ENV_H
#define VHDX_FORMAT_ENV_H

#ifdef __KERNEL__

#include <linux/build_bug.h>
#include <linux/crc32c.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>

#else /* user space: vhdxctl, the unit tests, the fuzzers */

#include <assert.h>
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;

#ifdef __CHECKER__
#define VHDX_FORCE __attribute__((force))
#else
#define VHDX_FORCE
#endif

#ifndef __packed
#define __packed __attribute__((packed))
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline u16 le16_to_cpu(__le16 x) { return le16toh((VHDX_FORCE u16)x); }
static inline u32 le32_to_cpu(__le32 x) { return le32toh((VHDX_FORCE u32)x); }
static inline u64 le64_to_cpu(__le64 x) { return le64toh((VHDX_FORCE u64)x); }
static inline __le16 cpu_to_le16(u16 x) { return (VHDX_FORCE __le16)htole16(x); }
static inline __le32 cpu_to_le32(u32 x) { return (VHDX_FORCE __le32)htole32(x); }
static inline __le64 cpu_to_le64(u64 x) { return (VHDX_FORCE __le64)htole64(x); }

u32 crc32c(u32 crc, const void *buf, unsigned int len);

#endif /* __KERNEL__ */
#endif /* VHDX_FORMAT_ENV_H */
