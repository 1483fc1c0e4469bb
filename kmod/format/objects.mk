# SPDX-License-Identifier: GPL-2.0-only
# SPDX-FileCopyrightText: 2026 The vhdx authors
# What the format core consists of, in reading order; for every Makefile that builds it.
VHDX_FORMAT_CORE := reason guid checksum header region metadata geometry bat bitmap locator locator_encode metadata_edit open chain log_encode log_entry log_scan overlay
