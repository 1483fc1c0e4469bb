# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""CRC-32C that is fast on what VHDX structures mostly consist of: zeros."""

import re

POLYNOMIAL = 0x82F63B78


def _make_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = _make_table()


def _apply(matrix, register):
    """Multiply a matrix over GF(2), 32 columns, with a register."""
    result = 0
    for bit in range(32):
        if register >> bit & 1:
            result ^= matrix[bit]
    return result


def _make_zero_powers():
    """Matrix k advances a register over 2**k bytes of zero."""
    one = [TABLE[1 << bit & 0xFF] ^ (1 << bit) >> 8 for bit in range(32)]
    powers = [one]
    for _ in range(40):
        last = powers[-1]
        powers.append([_apply(last, last[bit]) for bit in range(32)])
    return powers


ZERO_POWERS = _make_zero_powers()


# Shorter runs of zeros are not worth a matrix.
ZEROS = re.compile(rb"\0{512,}")


def _skip_zeros(register, count):
    for power, matrix in enumerate(ZERO_POWERS):
        if count >> power & 1:
            register = _apply(matrix, register)
    return register


def _feed(register, data):
    for byte in data:
        register = TABLE[(register ^ byte) & 0xFF] ^ register >> 8
    return register


def crc32c(data):
    register, at = 0xFFFFFFFF, 0
    for zeros in ZEROS.finditer(data):
        register = _feed(register, data[at:zeros.start()])
        register = _skip_zeros(register, zeros.end() - zeros.start())
        at = zeros.end()
    return _feed(register, data[at:]) ^ 0xFFFFFFFF


def stamp(data, damage=False):
    """The structure with its checksum, at byte 4, put in (or made wrong)."""
    data = bytearray(data)
    data[4:8] = bytes(4)
    crc = crc32c(data) ^ (1 if damage else 0)
    data[4:8] = crc.to_bytes(4, "little")
    return bytes(data)
