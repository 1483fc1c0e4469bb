/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Where requests of the block layer come in.
 */
#ifndef VHDX_REQUEST_SUBMIT_H
#define VHDX_REQUEST_SUBMIT_H

struct blk_mq_ops;

extern const struct blk_mq_ops vhdx_submit_ops;

#endif /* VHDX_REQUEST_SUBMIT_H */
