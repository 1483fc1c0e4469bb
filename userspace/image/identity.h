/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a disk is called: its type, and the WWN a guest sees.
 */
#ifndef VHDX_IMAGE_IDENTITY_H
#define VHDX_IMAGE_IDENTITY_H

#include "format/geometry.h"
#include "format/guid.h"

/* "0x60022480" and 24 digits */
#define IDENTITY_WWN_SIZE 40

const char *identity_type_name(const struct vhdx_geometry *geometry);
const char *identity_wwn(char wwn[IDENTITY_WWN_SIZE], const struct vhdx_guid *disk_id);

#endif /* VHDX_IMAGE_IDENTITY_H */
