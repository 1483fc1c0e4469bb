#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tree cites is defined, and what Documentation/ names exists: see docs.py.
exec python3 "$(dirname "${BASH_SOURCE[0]}")/docs.py"
