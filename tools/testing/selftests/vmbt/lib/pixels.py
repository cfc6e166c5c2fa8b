# SPDX-License-Identifier: GPL-2.0
"""Pictures of screens: PNG, PPM and BMP to (width, height, RGB bytes)."""
import struct
import zlib


def _filtered(kind, line, above):
    """Undo a PNG filter on a row of three bytes a pixel."""
    if kind == 2:
        return bytearray((a + b) & 255 for a, b in zip(line, above))
    out = bytearray(line)
    for i, val in enumerate(line):
        left = out[i - 3] if i >= 3 else 0
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + above[i]) >> 1
        elif kind == 4:
            corner = above[i - 3] if i >= 3 else 0
            p = left + above[i] - corner
            guess = min((abs(p - left), 0, left), (abs(p - above[i]), 1, above[i]),
                        (abs(p - corner), 2, corner))[2]
        else:
            raise ValueError(f"PNG filter {kind}")
        out[i] = (val + guess) & 255
    return out


def png(data):
    """A PNG of 8 bits RGB, as vmbt-run's screendump writes it."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("not a PNG")
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    if (depth, kind) != (8, 2):
        raise ValueError(f"PNG of {depth} bits, type {kind}")
    at, packed = 8, b""
    while at < len(data):
        n = struct.unpack(">I", data[at:at + 4])[0]
        if data[at + 4:at + 8] == b"IDAT":
            packed += data[at + 8:at + 8 + n]
        at += 12 + n
    raw = zlib.decompress(packed)
    size = 3 * width
    line, out = bytes(size), bytearray()
    for y in range(height):
        row = raw[y * (size + 1):(y + 1) * (size + 1)]
        line = row[1:] if not row[0] else _filtered(row[0], row[1:], line)
        out += line
    return width, height, bytes(out)


def ppm(data):
    """A PPM of 8 bits, as QEMU's screendump writes it."""
    head = data.split(maxsplit=4)
    if head[0] != b"P6" or head[3] != b"255":
        raise ValueError("not a PPM of 8 bits")
    width, height = int(head[1]), int(head[2])
    return width, height, data[-3 * width * height:]


def bmp(data):
    """A BMP of 24 or 32 bits, as SDL writes it: its size comes last."""
    if len(data) < 54 or struct.unpack("<I", data[2:6])[0] != len(data):
        raise ValueError("BMP that is not whole")
    start, = struct.unpack("<I", data[10:14])
    width, height, _, bits = struct.unpack("<iiHH", data[18:30])
    if data[:2] != b"BM" or bits not in (24, 32):
        raise ValueError(f"BMP of {bits} bits")
    n = bits // 8
    pitch = (width * n + 3) & ~3
    out = bytearray()
    for y in range(abs(height)):
        row = data[start + (height - 1 - y if height > 0 else y) * pitch:][:width * n]
        line = bytearray(3 * width)
        line[0::3], line[1::3], line[2::3] = row[2::n], row[1::n], row[0::n]
        out += line
    return width, abs(height), bytes(out)
