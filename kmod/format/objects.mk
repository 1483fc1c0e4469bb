# SPDX-License-Identifier: GPL-2.0
# What the format core consists of, in reading order; for every Makefile that builds it.
VHDX_FORMAT_CORE := reason guid checksum header region metadata geometry bat bitmap locator locatorwrite metadataedit open chain logentry log overlay
