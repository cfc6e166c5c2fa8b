#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A pattern in every mode of the VGA BIOS, by screendump.

  modes.py show PROGRAM IMAGE DIRECTORY	boots modes_guest.S on PROGRAM (a vmbt-run or
		a QEMU) and keeps a picture of each mode: DIRECTORY/N.NAME; `-`: to
		standard output, packed
  modes.py unpack DIRECTORY	makes files of that
  modes.py compare OURS QEMU'S	compares, with test lines

In a mode with a palette the DAC's six bits a colour must be the same: how they become
eight is nobody's rule (we repeat the highest bits, QEMU the lowest). The table DIFFERENT
has what else differs and why.
"""
import base64
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../lib")
import pixels  # noqa: E402


class Failure(Exception):
    """Why a test failed."""


class Monitor:
    """Of vmbt-run or QEMU."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        for _ in range(100):
            try:
                self.sock.connect(path)
                break
            except ConnectionRefusedError:	# it is there, but nobody listens yet
                time.sleep(0.1)
        self.answer()

    def answer(self):
        """Up to the prompt."""
        got = b""
        while not re.search(rb"\((vmbt|qemu)\) $", got):
            part = self.sock.recv(65536)
            if not part:
                raise Failure("the monitor hung up")
            got += part
        return got

    def command(self, text):
        """Give a command."""
        self.sock.sendall(text.encode() + b"\n")
        return self.answer()


def names(serial):
    """The modes that the guest has shown."""
    with open(serial, "rb") as f:
        text = f.read().decode("ascii", "replace")
    return text.split("\n")[:-1]


def show(program, image, where, seconds=1200):
    """Boot it and take pictures; how long it took."""
    work = tempfile.mkdtemp()
    serial, path = work + "/serial", work + "/monitor"
    qemu = "qemu" in os.path.basename(program)
    args = [program, "-m", "32", "-display", "none", "-serial", "file:" + serial, "-boot", "c",
            "-nic", "none", "-monitor",
            f"unix:{path},server=on,wait=off" if qemu else "unix:" + path, "-drive",
            f"file={image},format=raw,snapshot=on"]
    if qemu:
        args += ["-nodefaults", "-vga", "std", "-accel", "tcg"]
    start, shown = time.time(), 0
    with subprocess.Popen(args, stdin=subprocess.DEVNULL) as p:
        try:
            while not os.path.exists(path) or not os.path.exists(serial):
                if p.poll() is not None:
                    raise Failure(f"{program} ended")
                time.sleep(0.05)
            mon = Monitor(path)
            while True:
                while len(names(serial)) <= shown:
                    if time.time() > start + seconds or p.poll() is not None:
                        raise Failure(f"nothing after {names(serial)[-1:]}")
                    time.sleep(0.02)
                name = names(serial)[shown]
                if name == "end":
                    break
                keep(mon, name, where, shown, work)
                shown += 1
                mon.command("sendkey ret")
            mon.sock.sendall(b"quit\n")
            p.wait(30)
        finally:
            p.kill()
    return time.time() - start


def keep(mon, name, where, number, work):
    """A picture, to a file or packed to standard output."""
    label, to = f"{number:02d}.{name.replace(' ', '_')}.ppm", work + "/picture.ppm"
    mon.command("screendump " + to)
    with open(to, "rb") as f:
        data = f.read()
    if where == "-":
        print(label, base64.b64encode(zlib.compress(data, 1)).decode(), flush=True)
        return
    with open(f"{where}/{label}", "wb") as f:
        f.write(data)


def unpack(where):
    """Standard input to files; what is none goes through."""
    for line in sys.stdin:
        label, _, packed = line.strip().partition(" ")
        if re.fullmatch(r"\d\d\.\S+\.ppm", label):
            with open(f"{where}/{label}", "wb") as f:
                f.write(zlib.decompress(base64.b64decode(packed)))
        else:
            print(line, end="", flush=True)


def bits(n):
    """A table for bytes: their highest bits."""
    return bytes(i >> (8 - n) for i in range(256))


def without(picture, hole):
    """Columns and rows that fit, black where two pictures may differ."""
    width, height, data = picture
    out = bytearray(data)
    for y in range(height):
        for x in range(width):
            if hole(x, y):
                out[(y * width + x) * 3:(y * width + x) * 3 + 3] = bytes(3)
    return width, height, bytes(out)


def crop(picture, height):
    """The rows at the top."""
    return picture[0], height, picture[2][:3 * picture[0] * height]


def narrow(picture):
    """Of 18 dots a character the first 16."""
    width, height, data = picture
    out = b"".join(data[(y * width + x) * 3:(y * width + x + 16) * 3]
                   for y in range(height) for x in range(0, width, 18))
    return width // 18 * 16, height, out


def ninth_dot(rows):
    """The ninth dots of the characters B0h to BFh, in text of 80 columns."""
    def hole(x, y):
        return x % 9 == 8 and (y // rows * 80 + x // 9) & 0xf0 == 0xb0
    return hole


def sequence(count):
    """The guest's numbers, as bytes."""
    seed, out = 12345, bytearray()
    for _ in range(count):
        seed = (seed * 1664525 + 1013904223) & 0xffffffff
        out += seed.to_bytes(4, "little")
    return bytes(out)


def four_planes():
    """What mode 102h has to show: 60 rows of four planes, each behind the other."""
    data, parts = sequence(6000), (0, 0xaa, 0x55, 0xff)
    out = bytearray()
    for i in range(60 * 800):
        c = sum((data[p * 6000 + i // 8] >> (7 - i % 8) & 1) << p for p in range(4))
        bright = c >> 3
        rgb = [parts[(c >> n & 1) + 2 * bright] for n in (2, 1, 0)]
        # Colour 6 is brown in the BIOS's palette.
        out += bytes((0xaa, 0x55, 0)) if c == 6 else bytes(rgb)
    return 800, 600, bytes(out) + bytes(540 * 800 * 3)


# What QEMU 7.2 does otherwise, and what is left to compare.
TEXT = "QEMU draws the ninth dot of B0h to BFh like the eighth, the manual that of C0h to DFh"
DIFFERENT = {
    "40x25": "QEMU has no characters of 18 dots: the first 16 of them",
    "28_lines": TEXT + "; it leaves out the lines that are no whole row of text",
    "43_lines": TEXT + "; it leaves out the lines that are no whole row of text",
    "50_lines": TEXT, "80x25": TEXT, "bright": TEXT, "two_fonts": TEXT, "03_colours": TEXT,
    "03_again": TEXT,
    "640x480x15": "QEMU fills the lowest three bits with zeros: the highest five",
    "800x600x4": "QEMU takes stores there for bytes of a chained mode: against the pattern",
}


def fitted(name, ours, theirs):
    """Both as far as they are to be the same, and how many bits of a byte are."""
    why = next((k for k in DIFFERENT if k in name), "")
    depth = 8 if re.search(r"x(16|24|32)|8-bit_DAC", name) else 6
    if why == "40x25":
        return narrow(ours), theirs, depth
    if why == "800x600x4":
        return ours, four_planes(), 8
    if why == "640x480x15":
        return ours, theirs, 5
    if why:
        rows = {"28": 14, "43": 8, "50": 8}.get(why[:2], 16)
        hole = ninth_dot(rows)
        return without(crop(ours, theirs[1]), hole), without(theirs, hole), depth
    return ours, theirs, depth


def differ(name, ours, theirs):
    """How two pictures differ, or nothing."""
    ours, theirs, depth = fitted(name, ours, theirs)
    if ours[:2] != theirs[:2]:
        return f"{ours[0]}x{ours[1]} is not QEMU's {theirs[0]}x{theirs[1]}"
    a, b = (p[2].translate(bits(depth)) for p in (ours, theirs))
    if a == b:
        # A picture of nothing would be the same, too.
        return "" if len(set(a)) > 1 else "it shows nothing"
    wrong = [i // 3 for i in range(0, len(a), 3) if a[i:i + 3] != b[i:i + 3]]
    return f"{len(wrong)} of {len(a) // 3} pixels, the first at " \
           f"{wrong[0] % ours[0]},{wrong[0] // ours[0]}"


def compare(ours, theirs):
    """Test lines; whether all are good."""
    good = True
    for name in sorted(os.listdir(theirs)):
        test = "mode-" + name[3:-4]
        if not os.path.exists(f"{ours}/{name}"):
            why = "no picture of it"
        else:
            with open(f"{ours}/{name}", "rb") as f, open(f"{theirs}/{name}", "rb") as g:
                why = differ(name, pixels.ppm(f.read()), pixels.ppm(g.read()))
        print(f"not ok {test}: {why}" if why else f"ok {test}")
        good = good and not why
    return good


def main():
    """See above."""
    if sys.argv[1] == "show":
        took = show(*sys.argv[2:5])
        print(f"   {took:.0f} s on {os.path.basename(sys.argv[2])}", file=sys.stderr)
    elif sys.argv[1] == "unpack":
        unpack(sys.argv[2])
    elif not compare(sys.argv[2], sys.argv[3]):
        sys.exit(1)


try:
    main()
except (Failure, OSError) as e:
    print(f"not ok modes: {e}")
    sys.exit(1)
