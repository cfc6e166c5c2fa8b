#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A bzImage that need not unpack itself: the same kernel, copied to its place by seven
instructions instead of decompressed there, which is half of a boot. For tests that boot
many guests; an xz payload is what Debian's kernels have.

unpacked.py BZIMAGE OUT
"""
import lzma
import struct
import sys

SECTOR = 512
LOADED_AT = 0x100000
STUB = 64


def flat(elf):
    """An ELF file's segments as they lie in memory, and the physical address of the first."""
    at, = struct.unpack_from("<I", elf, 28)
    size, count = struct.unpack_from("<HH", elf, 42)
    parts = []
    for i in range(count):
        kind, offset, _, address, length = struct.unpack_from("<5I", elf, at + i * size)
        if kind == 1:
            parts.append((address, elf[offset:offset + length]))
    start = min(address for address, _ in parts)
    image = bytearray(max(address + len(part) for address, part in parts) - start)
    for address, part in parts:
        image[address - start:address - start + len(part)] = part
    return image, start


def stub(start, length):
    """Copies dwords up to where the kernel wants to be, with ESI as it was, and goes there."""
    code = (b"\x89\xf5\xfc" + b"\xbe" + struct.pack("<I", LOADED_AT + STUB) +
            b"\xbf" + struct.pack("<I", start) + b"\xb9" + struct.pack("<I", length // 4) +
            b"\xf3\xa5\x89\xee" + b"\xb8" + struct.pack("<I", start) + b"\xff\xe0")
    return code.ljust(STUB, b"\x90")


def main():
    """From one file to the other."""
    with open(sys.argv[1], "rb") as f:
        image = f.read()
    setup = (image[0x1f1] + 1) * SECTOR
    offset, length = struct.unpack_from("<II", image, 0x248)
    payload = image[setup + offset:setup + offset + length]
    kernel, start = flat(lzma.LZMADecompressor().decompress(payload))
    kernel += bytes(-len(kernel) % 16)
    if LOADED_AT + STUB + len(kernel) > start:
        sys.exit("unpacked: the kernel would be copied over itself")
    with open(sys.argv[2], "wb") as f:
        header = bytearray(image[:setup])
        struct.pack_into("<I", header, 0x1f4, (STUB + len(kernel)) // 16)
        f.write(header + stub(start, len(kernel)) + kernel)


main()
