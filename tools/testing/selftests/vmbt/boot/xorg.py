#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A Debian i386 guest's X server, window manager and terminal, used by hand.

  xorg.py PROGRAM DISK PICTURES [QEMU'S PICTURES]

Boots the disk (scripts/guest-disk xorg-disk) on PROGRAM, a vmbt-run or a QEMU, types with
its machine protocol, moves and clicks the mouse with its VNC server, and keeps a picture
of each step. What was typed and clicked must be answered on the guest's serial port; with
the other one's pictures 98 of 100 pixels of each step must be the same. The guest's half
is xorg_guest.sh. Limits count from the last sign of life, since a test host is slow.
Environment: SHOW, to see the serial port.
"""
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

from console import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../lib")
import pixels  # noqa: E402
import rfb  # noqa: E402
from qmp import QMP  # noqa: E402

WIDTH, HEIGHT = 1024, 768
SAME = 0.98
SHOW = os.environ.get("SHOW")
# Without a byte from the guest or a pixel that changes.
SILENCE = 900


class Desktop:
    """A running guest, its serial port, keyboard, mouse and screen."""

    def __init__(self, program, disk, pictures):
        self.work = tempfile.mkdtemp()
        self.pictures = pictures
        self.text, self.at = "", 0
        self.x = self.y = 0
        self.start = time.time()
        session = self.work + "/session"
        shutil.copy(HERE + "/xorg_guest.sh", session)
        os.truncate(session, 1 << 16)
        qemu = "qemu" in os.path.basename(program)
        self.proc = subprocess.Popen(
            [program, "-m", "192", *(["-nodefaults", "-vga", "std"] if qemu else []), "-display",
             "none", "-vnc", f"unix:{self.work}/vnc", "-serial", "stdio", "-nic", "none",
             "-no-reboot", "-qmp", f"unix:{self.work}/qmp,server=on,wait=off",
             "-drive", f"file={disk},format=raw,snapshot=on", "-drive",
             f"file={session},format=raw,snapshot=on"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.qmp = QMP(self.work + "/qmp", seconds=300, alive=lambda: self.proc.poll() is None)
        self.vnc = rfb.Rfb(self.work + "/vnc", timeout=300)

    def end(self):
        """Whatever it does."""
        self.proc.kill()
        self.proc.wait()
        self.proc.stdin.close()
        self.proc.stdout.close()
        shutil.rmtree(self.work)

    def says(self, line):
        """Wait for a line of the guest's."""
        last = time.time()
        while f"{line}\n" not in self.text[self.at:]:
            if "X has ended" in self.text and self.text.endswith("\n\n"):
                raise Failure(self.text[-6000:])
            if select.select([self.proc.stdout], [], [], 5)[0]:
                part = os.read(self.proc.stdout.fileno(), 65536)
                if not part:
                    raise Failure(f"it ended without '{line}':\n{self.text[-3000:]}")
                self.text += part.decode("latin1").replace("\r", "")
                if SHOW:
                    sys.stdout.write(part.decode("latin1"))
                    sys.stdout.flush()
                last = time.time()
            elif time.time() > last + SILENCE:
                raise Failure(f"no '{line}', and nothing for {SILENCE} s behind:\n"
                              f"{self.text[-6000:]}")
        self.at = self.text.index(f"{line}\n", self.at) + len(line) + 1
        print(f"   {time.time() - self.start:.0f} s: {line}", flush=True)

    def dump(self, name):
        """The screen."""
        path = f"{self.pictures}/{name}.ppm"
        self.qmp.command("screendump", filename=path)
        with open(path, "rb") as f:
            return f.read()

    def picture(self, name):
        """The screen, when nothing moves any more."""
        last, still = self.dump(name), 0
        while still < 3:
            time.sleep(2)
            now = self.dump(name)
            still = still + 1 if now == last else 0
            last = now
            if time.time() > self.start + 24 * SILENCE:
                raise Failure(f"{name}: the screen does not come to rest")

    def point(self, x, y, buttons=0):
        """Move the mouse there, as fast as a hand."""
        while (self.x, self.y) != (x, y):
            self.x += max(-50, min(50, x - self.x))
            self.y += max(-50, min(50, y - self.y))
            self.vnc.pointer(self.x, self.y, buttons)
            time.sleep(0.1)
        time.sleep(1)

    def press(self, buttons):
        """Press and release buttons where it is."""
        self.vnc.pointer(self.x, self.y, buttons)
        time.sleep(1)

    def home(self):
        """Into the corner, from wherever the guest's pointer is."""
        self.x, self.y = WIDTH - 1, HEIGHT - 1
        self.vnc.pointer(self.x, self.y)
        self.point(0, 0)

    def use(self):
        """What somebody does at a desktop."""
        for line in ("vmbt-guest: ready", "shown: terminal", f"screen: {WIDTH}x{HEIGHT}",
                     f"vesa: {WIDTH}x{HEIGHT}"):
            self.says(line)
        self.picture("1-desktop")
        self.home()
        self.point(300, 200)
        self.qmp.type("say Hello, world; say 42\n", 0.2)
        self.says("said: Hello, world")
        self.says("said: 42")
        self.picture("2-typed")
        # A menu stays while the button is held.
        self.point(620, 330)
        self.press(1)
        self.picture("3-menu")
        self.point(630, 352, 1)
        self.press(0)
        self.says("shown: xeyes")
        self.point(560, 400)
        self.picture("4-eyes")
        # A window is dragged by its title, and gets keys where it is then.
        self.point(200, 68)
        self.press(1)
        self.point(420, 318, 1)
        self.press(0)
        self.point(600, 450)
        self.qmp.type("say moved\n", 0.2)
        self.says("said: moved")
        self.picture("5-moved")


def compare(ours, theirs):
    """Test lines; whether all are good."""
    good = True
    for name in sorted(os.listdir(theirs)):
        test = "xorg-" + name[2:-4]
        with open(f"{ours}/{name}", "rb") as f, open(f"{theirs}/{name}", "rb") as g:
            a, b = pixels.ppm(f.read()), pixels.ppm(g.read())
        if a[:2] != (WIDTH, HEIGHT) or b[:2] != a[:2]:
            why = f"sizes are {a[:2]} and {b[:2]}"
        elif len({a[2][i:i + 3] for i in range(0, len(a[2]), 3)}) < 2:
            why = "it shows nothing"
        else:
            same = sum(a[2][i:i + 3] == b[2][i:i + 3] for i in range(0, len(a[2]), 3))
            share = same / (WIDTH * HEIGHT)
            why = "" if share >= SAME else f"only {100 * share:.3f} % of the pixels are QEMU's"
            print(f"   {test}: {WIDTH * HEIGHT - same} pixels differ")
        print(f"not ok {test}: {why}" if why else f"ok {test}", flush=True)
        good = good and not why
    return good


def main():
    """See above."""
    program, disk, ours = sys.argv[1:4]
    os.makedirs(ours, exist_ok=True)
    name = os.path.basename(program)
    desktop = Desktop(program, disk, ours)
    try:
        desktop.use()
    finally:
        desktop.end()
    print(f"ok xorg-used-on-{name}")
    return compare(ours, sys.argv[4]) if len(sys.argv) > 4 else True


try:
    sys.exit(not main())
except (Failure, OSError, EOFError) as e:
    text = str(e).replace("\n", "\n    ")
    print(f"not ok xorg: {text}")
    sys.exit(1)
