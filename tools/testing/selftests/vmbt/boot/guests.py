#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Guests that boot through firmware, driven and judged as a user would.

Runs in the test host (guests.sh): starts vmbt-run with a disk, a CD or a
floppy, types through its monitor and reads the screen as text.
Usage: guests.py [NAME...]
"""
import hashlib
import os
import re
import socket
import subprocess
import sys
import time
import zlib

GRUB = "/usr/lib/grub-rescue/"
MEMTEST = "/usr/lib/memtest86+/memtest86+ia32.iso"
DATA = os.environ.get("DATA", "../shared")
WORK = "/tmp/guests"
PROMPT = b"(vmbt) "
KEYS = {" ": "spc", "-": "minus", "/": "slash", "\\": "backslash", ".": "dot", ",": "comma",
        "\n": "ret", "=": "equal", ":": "shift-semicolon", ">": "shift-dot", ";": "semicolon",
        "(": "shift-9", ")": "shift-0", "_": "shift-minus", "'": "apostrophe"}


class Failure(Exception):
    """Why a test failed."""


class Skip(Exception):
    """Why a test did not run."""


class Guest:
    """A running vmbt-run with a monitor."""

    def __init__(self, *args, memory=32):
        self.path = os.path.join(WORK, "monitor")
        self.text = ""
        with open(os.path.join(WORK, "log"), "wb") as log:
            self.proc = subprocess.Popen(
                ["vmbt-run", "-m", str(memory), "-display", "none", "-serial", "null",
                 "-debugcon", "file:" + os.path.join(WORK, "debug"), "-monitor", "unix:" + self.path,
                 *args], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        for _ in range(100):
            try:
                self.sock.connect(self.path)
                break
            except OSError:
                if self.proc.poll() is not None:
                    raise Failure(self.log()) from None
                time.sleep(0.1)
        self.answer()

    def log(self):
        """What vmbt-run said."""
        with open(os.path.join(WORK, "log"), encoding="latin1") as f:
            return f.read().strip()

    def answer(self):
        """What the monitor says up to its prompt."""
        got = b""
        while not got.endswith(PROMPT):
            part = self.sock.recv(65536)
            if not part:
                raise Failure("vmbt-run ended: " + self.log())
            got += part
        return got[:-len(PROMPT)].decode("utf-8", "replace")

    def command(self, text):
        """Give a command to the monitor."""
        try:
            self.sock.sendall(text.encode() + b"\n")
            return self.answer()
        except OSError as e:
            raise Failure(f"{text}: {e}; {self.log()}") from e

    def screen(self):
        """The screen as text."""
        self.text = self.command("info screen")
        return self.text

    def wait(self, pattern, seconds):
        """Wait until the screen shows a pattern."""
        end = time.time() + seconds
        while not re.search(pattern, self.screen()):
            if time.time() > end:
                raise Failure(f"no '{pattern}' after {seconds} s on:\n{self.text.rstrip()}")
            time.sleep(0.2)

    def key(self, name):
        """Press a key."""
        out = self.command("sendkey " + name)
        if out:
            raise Failure(out)
        time.sleep(0.1)

    def type(self, text):
        """Type a text."""
        for c in text:
            self.key(KEYS.get(c) or ("shift-" + c.lower() if c.isupper() else c))

    def end(self, status=0):
        """Quit; the status must be what is expected."""
        if self.proc.poll() is None:
            try:
                self.sock.sendall(b"quit\n")
            except OSError:
                pass
        self.sock.close()
        rc = self.proc.wait(30)
        if rc != status:
            raise Failure(f"vmbt-run ended with {rc}: {self.log()}")

    def kill(self):
        """Whatever happened, it is gone."""
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()


def need(path):
    """A guest's file, or a reason to skip."""
    if not os.path.exists(path):
        raise Skip("no " + path)
    return path


def copy(path, name):
    """A guest's file where it can be written."""
    to = os.path.join(WORK, name)
    with open(need(path), "rb") as f, open(to, "wb") as g:
        g.write(f.read())
    return to


def grub(guest):
    """From GRUB's menu to its prompt, and a command there."""
    guest.wait(r"GNU GRUB +version 2\.06", 60)
    guest.key("c")
    guest.wait(r"grub> *\n\s*$", 20)
    guest.type("lspci\n")
    guest.wait(r"8086:1237.*Host Bridge|8086:1237", 20)
    guest.wait(r"8086:7010", 5)


def grub_floppy():
    guest = Guest("-fda", need(GRUB + "grub-rescue-floppy.img"), "-snapshot")
    try:
        grub(guest)
        guest.type("ls\n")
        guest.wait(r"\(fd0\)", 20)
        guest.end()
    finally:
        guest.kill()


def grub_cd():
    guest = Guest("-cdrom", need(GRUB + "grub-rescue-cdrom.iso"), "-boot", "d")
    try:
        grub(guest)
        guest.type("ls\n")
        guest.wait(r"\(cd", 20)
        guest.end()
    finally:
        guest.kill()


def freedos():
    """Its prompt, a program, and a file that is there after a reboot."""
    image = copy(DATA + "/guests/freedos13.img", "dos.img")
    guest = Guest("-fda", image)
    try:
        guest.wait(r"(?i)english", 90)
        guest.type("1\n")
        guest.wait(r"A:\\>", 90)
        guest.type("ver /r\n")
        guest.wait(r"kernel.*2043|2043", 30)
        guest.type("echo written by a guest> a:\\note.txt\n")
        time.sleep(3)
        guest.command("system_reset")
        guest.wait(r"(?i)english", 90)
        guest.type("1\n")
        guest.wait(r"A:\\>", 90)
        guest.type("type a:\\note.txt\n")
        guest.wait(r"\nwritten by a guest", 30)
        guest.end()
    finally:
        guest.kill()
    with open(image, "rb") as f:
        if b"written by a guest" not in f.read():
            raise Failure("the file is not in the image")


def netboot():
    """iPXE from the card's ROM gets GRUB by DHCP and TFTP, and GRUB a file, by iPXE."""
    folder = os.path.join(WORK, "tftp")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "note.txt"), "w", encoding="ascii") as f:
        f.writelines(f"line {n} of what TFTP brought\n" for n in range(100))
    with open(os.path.join(folder, "..", "early.cfg"), "w", encoding="ascii") as f:
        f.write("cat (pxe)/note.txt\n")
    need("/usr/lib/grub/i386-pc/pxeboot.img")
    subprocess.run(["grub-mkimage", "-O", "i386-pc-pxe", "-o", os.path.join(folder, "boot.0"),
                    "-c", f.name, "-p", "(pxe)", "pxe", "tftp", "minicmd", "echo"], check=True)
    guest = Guest("-boot", "order=n", "-nic", f"user,tftp={folder},bootfile=boot.0")
    try:
        guest.wait(r"line 98 of what TFTP brought\s+line 99 of what TFTP brought", 600)
        guest.wait(r"grub rescue>", 30)
        # Its first 1024 bytes came in one block or two; all of it, in order.
        if not re.search("".join(rf"line {n} of what TFTP brought\s+" for n in range(80, 100)),
                         guest.screen()):
            raise Failure(guest.text)
        guest.end()
    finally:
        guest.kill()


def memtest():
    """One pass over 16 MB."""
    guest = Guest("-cdrom", need(MEMTEST), "-boot", "d", memory=16)
    try:
        guest.wait(r"Memtest86\+ v6\.10", 120)
        guest.wait(r"Pass: *1|Pass +# *1|Passes: *1", 1500)
        if not re.search(r"Errors: *0", guest.screen()):
            raise Failure(guest.text)
        guest.end()
    finally:
        guest.kill()


def screendump():
    """A picture of the screen of text: its size and that it is not empty."""
    guest = Guest("-boot", "c")
    png = os.path.join(WORK, "screen.png")
    try:
        guest.wait(r"No bootable device", 60)
        out = guest.command("screendump " + png)
        if out:
            raise Failure(out)
        if "No such file" not in guest.command("screendump /none/screen.png"):
            raise Failure("a file that can't be is not complained of")
        guest.end()
    finally:
        guest.kill()
    with open(png, "rb") as f:
        data = f.read()
    size = (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))
    if data[:8] != b"\x89PNG\r\n\x1a\n" or size != (720, 400):
        raise Failure(f"not a PNG of 720x400: {size}")
    at, packed = 8, b""
    while at < len(data):
        n = int.from_bytes(data[at:at + 4], "big")
        if data[at + 4:at + 8] == b"IDAT":
            packed += data[at + 8:at + 8 + n]
        at += 12 + n
    if len(set(hashlib.sha1(zlib.decompress(packed)[i:i + 2161]).digest()
               for i in range(0, 400 * 2161, 2161))) < 20:
        raise Failure("the picture shows no text")


SHORT = [screendump, grub_floppy, grub_cd, freedos]
LONG = [netboot, memtest]


def main():
    """Run those that are named, or the short ones."""
    os.makedirs(WORK, exist_ok=True)
    failed = 0
    names = sys.argv[1:]
    for test in SHORT + LONG:
        if test.__name__ not in names and (names or test in LONG):
            continue
        name = "guest-" + test.__name__.replace("_", "-")
        try:
            start = time.time()
            test()
            print(f"ok {name}\n   {name}: {time.time() - start:.0f} s", flush=True)
        except Skip as e:
            print(f"skip {name}: {e}", flush=True)
        except (Failure, OSError, subprocess.TimeoutExpired) as e:
            text = str(e).replace("\n", "\n    ")
            print(f"not ok {name}: {text}", flush=True)
            failed += 1
    sys.exit(failed != 0)


main()
