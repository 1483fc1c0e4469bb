# SPDX-License-Identifier: GPL-2.0-or-later
"""VHDX images for the tests, made without a line of the code they test."""
