/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Replaying a log into its file.
 */
#ifndef VHDX_IMAGE_REPLAY_FILE_H
#define VHDX_IMAGE_REPLAY_FILE_H

struct vhdx_backing;
struct vhdx_fault;
struct vhdx_replay;
struct vhdx_super;

int vhdx_replay_file(struct vhdx_backing *backing, const struct vhdx_replay *replay,
		     const struct vhdx_super *super, struct vhdx_fault *fault);

#endif /* VHDX_IMAGE_REPLAY_FILE_H */
