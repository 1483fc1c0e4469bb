#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# The interfaces of the module are those that Documentation/ABI describes. See abi.py.
exec python3 "$(dirname "${BASH_SOURCE[0]}")/abi.py"
