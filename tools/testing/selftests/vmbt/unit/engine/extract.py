#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Write the ELF kernel inside of an xz-compressed bzImage to a file.

usage: extract.py BZIMAGE OUT
"""
import lzma
import sys

data = open(sys.argv[1], "rb").read()
at = data.find(b"\xfd7zXZ\0")
if at < 0:
    sys.exit("%s: no xz stream inside" % sys.argv[1])
with open(sys.argv[2], "wb") as out:
    out.write(lzma.LZMADecompressor().decompress(data[at:]))
