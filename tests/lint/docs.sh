#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Each citation is defined, and Documentation/ names what exists. See docs.py.
exec python3 "$(dirname "${BASH_SOURCE[0]}")/docs.py"
