"""CRC-32C of large buffers with NumPy: many stripes at a time, put together at the end.

The register of a CRC is linear over GF(2): the raw value (started at 0) of A followed by B is that of A moved on by as many
zero bytes as B has, exclusive-or that of B. Zeros in front change nothing, so that any buffer can be filled up to equal
stripes.
"""

from __future__ import annotations

import numpy as np

_POLYNOMIAL = np.uint32(0x82F63B78)
_STRIPES = 1024


def _table(rounds: int) -> np.ndarray:
    """What 16 bits, as the register's lowest, become after `rounds` bits."""
    values = np.arange(1 << 16, dtype=np.uint32)
    for _ in range(rounds):
        values = (values >> np.uint32(1)) ^ np.where(values & np.uint32(1), _POLYNOMIAL, np.uint32(0))
    return values


# 32 bits of the register at a time: its low half moves on by 32 bits, its high half by 16.
_LOW = _table(32)
_HIGH = _table(16)


def _advance(register: np.ndarray) -> np.ndarray:
    return _LOW[register & np.uint32(0xFFFF)] ^ _HIGH[register >> np.uint32(16)]


def _apply(operator: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The linear map whose column `i` is what bit `i` becomes."""
    result = np.zeros_like(values)
    for bit in range(32):
        result ^= operator[bit] * ((values >> np.uint32(bit)) & np.uint32(1))
    return result


_ONE_BYTE = np.array([1 << bit for bit in range(32)], dtype=np.uint32)
for _ in range(8):
    _ONE_BYTE = (_ONE_BYTE >> np.uint32(1)) ^ np.where(_ONE_BYTE & np.uint32(1), _POLYNOMIAL, np.uint32(0))


def _moved_on(count: int) -> np.ndarray:
    """The map that moves a register on by `count` zero bytes."""
    result = np.array([1 << bit for bit in range(32)], dtype=np.uint32)
    power = _ONE_BYTE
    while count:
        if count & 1:
            result = _apply(power, result)
        power = _apply(power, power)
        count >>= 1
    return result


def crc32c(data: bytes | bytearray | memoryview) -> int:
    """The CRC-32C (Castagnoli) of `data`."""
    count = len(data)
    if count == 0:
        return 0
    stripes = _STRIPES if count >= 1 << 16 else 1 << max(0, min(10, count.bit_length() - 6))
    length = -(-count // (4 * stripes)) * 4
    padded = np.zeros(stripes * length, dtype=np.uint8)
    padded[stripes * length - count :] = np.frombuffer(data, dtype=np.uint8)
    words = np.ascontiguousarray(padded.view("<u4").reshape(stripes, length // 4).T)
    registers = np.zeros(stripes, dtype=np.uint32)
    for word in words:
        registers = _advance(registers ^ word)
    while len(registers) > 1:
        registers = _apply(_moved_on(length), registers[0::2]) ^ registers[1::2]
        length *= 2
    start = _apply(_moved_on(count), np.array([0xFFFFFFFF], dtype=np.uint32))
    return int(registers[0] ^ start[0]) ^ 0xFFFFFFFF
