/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A small log in a small file, for tests to put entries into.
 */
#ifndef VHDX_TEST_SMALLRING_H
#define VHDX_TEST_SMALLRING_H

#include "make.h"
#include "makelog.h"

#define SECTOR 4096U
#define SECTORS 16U
#define RING (SECTORS * SECTOR)
#define LOG_OFFSET MIB
#define RING_END (LOG_OFFSET + RING)
#define FILE_SIZE (8 * MIB)
#define GUID 7
#define TOP 0xffffffffffffffffULL

extern struct ring_file file;
extern struct vhdx_log ring;
extern struct vhdx_log_sequence sequence;
extern struct vhdx_log_slot slots[512];
extern struct vhdx_fault fault;
extern u64 sector[SECTOR / sizeof(u64)];
extern u8 page_a[SECTOR], page_b[SECTOR], encoded[64 * SECTOR];

/* The contents of the two pages */
void ring_pages(void);

/* A ring of any number of sectors, all zero, in a file of any size */
void ring_start(u32 sectors, u64 size);

/* Is what stands at an offset of the ring a valid entry? */
bool ring_entry_valid(u32 offset, struct vhdx_log_entry *entry);

/* The active sequence, into @sequence */
enum vhdx_reason ring_find(void);

#endif /* VHDX_TEST_SMALLRING_H */
