#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# The interfaces of the module and what Documentation/ says of them: see abi.py.
exec python3 "$(dirname "${BASH_SOURCE[0]}")/abi.py"
