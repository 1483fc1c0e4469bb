/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Chains: which file is the parent of a differencing image (2.6.2.6.3)
 */
#ifndef VHDX_FORMAT_CHAIN_H
#define VHDX_FORMAT_CHAIN_H

#include "locator.h"
#include "open.h"

/*
 * Most files of a chain, for attach and for live snapshots. A read may need each of them, and all
 * are open: that costs descriptors of the tool and memory of the module.
 */
#define VHDX_CHAIN_MAX_FILES	256U

bool vhdx_chain_links(const struct vhdx_locator *locator, const struct vhdx_guid *data_guid);
enum vhdx_reason vhdx_chain_check(const struct vhdx_super *child,
				  const struct vhdx_locator *locator,
				  const struct vhdx_super *parent, struct vhdx_fault *fault);

#endif /* VHDX_FORMAT_CHAIN_H */
