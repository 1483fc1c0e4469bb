#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# No include and no call goes up a layer of kmod/ or userspace/, or in a circle. See layers.py.
exec python3 "$(dirname "${BASH_SOURCE[0]}")/layers.py"
