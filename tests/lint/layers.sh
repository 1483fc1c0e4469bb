#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The layers of kmod/ and userspace/, by includes and by calls: see layers.py.
exec python3 "$(dirname "${BASH_SOURCE[0]}")/layers.py"
