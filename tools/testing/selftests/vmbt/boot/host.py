#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A Debian guest on the host's own CD-ROM drive, floppy drive, printer and serial port.

Runs in a test host that has them (host.sh). What a person would do to the drives is done
by the emulator's monitor, which tells, too, what has become of tray and lock; what was
printed and written to a disk host.sh compares outside. Environment: MEDIA, a directory.
"""
import hashlib
import os
import select
import subprocess
import sys
import time

from console import Failure, booted, run

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from qmp import QMP, Error  # noqa: E402

MEDIA = os.environ["MEDIA"]


def path(name):
    return os.path.join(MEDIA, name)


def digest(name):
    """Of one of the media."""
    with open(path(name), "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


class Wire:
    """A port of virtio, used as a socket."""

    def __init__(self, name):
        for port in os.listdir("/sys/class/virtio-ports"):
            with open(f"/sys/class/virtio-ports/{port}/name", encoding="ascii") as f:
                if f.read().strip() == name:
                    self.fd = os.open("/dev/" + port, os.O_RDWR)
        self.timeout = 60

    def settimeout(self, seconds):
        self.timeout = seconds

    def recv(self, size):
        if not select.select([self.fd], [], [], self.timeout)[0]:
            raise TimeoutError("no answer")
        return os.read(self.fd, size)

    def sendall(self, data):
        while data:
            data = data[os.write(self.fd, data):]


class Hands(QMP):
    """Somebody at the host: the emulator's monitor."""

    def __init__(self):
        self.events, self.buf, self.sock = [], b"", Wire("qmp")
        self.greeting = self.message()
        self.command("qmp_capabilities")

    def insert(self, drive, name, **how):
        self.command("blockdev-change-medium", device=drive, filename=path(name), format="raw",
                     **how)

    def eject(self, drive, force=True):
        self.command("eject", device=drive, force=force)

    def block(self, drive):
        return next(b for b in self.command("query-block") if b["device"] == drive)

    def until(self, what, why, seconds=60):
        end = time.time() + seconds
        while not what(self.block("cd")):
            if time.time() > end:
                raise Failure(why)
            time.sleep(0.5)


HANDS = Hands()


def disc(guest, name):
    """Put a disc in, and wait until the guest sees it."""
    HANDS.insert("cd", name)
    guest.shows("cd", digest(name))


def locked():
    """Wait until the drive is."""
    HANDS.until(lambda b: b["locked"], "the drive is not locked")


def cd():
    """A drive that is empty at the start, a disc, another one, none, the first again."""
    with booted("cd", "-cdrom", "/dev/sr0") as guest:
        guest.shows("cd", "none")
        disc(guest, "cd-a")
        disc(guest, "cd-b")
        HANDS.eject("cd")
        guest.shows("cd", "none")
        disc(guest, "cd-a")
    HANDS.eject("cd")


def lock():
    """A guest locks the host's drive, and opens and closes its tray."""
    HANDS.insert("cd", "cd-a")
    with booted("lock", "-cdrom", "/dev/sr0") as guest:
        guest.says("held", "yes")
        locked()
        try:
            HANDS.eject("cd", force=False)
            raise Failure("a locked disc was given away")
        except Error as e:
            if "is locked" not in e.desc:
                raise Failure(e.desc) from e
        HANDS.eject("cd")
        guest.says("held", "gone", 120)
        HANDS.insert("cd", "cd-a")
        guest.says("back", "yes", 120)
        HANDS.command("query-status")
        HANDS.events.clear()
        guest.says("ejected", "yes", 120)
        guest.says("loaded", digest("cd-a"), 120)
        HANDS.command("query-status")
        moves = [e["data"]["tray-open"] for e in HANDS.events
                 if e["event"] == "DEVICE_TRAY_MOVED"]
        if moves != [True, False]:
            raise Failure(f"the guest opened and closed the tray: {moves}")
        # The monitor's eject is the drive's button; the drive stays the guest's.
        qmp = guest.qmp()
        qmp.command("eject", device="ide1-cd0", force=True)
        HANDS.until(lambda b: b["tray_open"], "the monitor did not open the tray")
        qmp.command("blockdev-close-tray", device="ide1-cd0")
        HANDS.until(lambda b: not b["tray_open"], "the monitor did not close the tray")
        qmp.close()
    HANDS.until(lambda b: not b["locked"], "the drive stays locked")


def unlocked():
    """A vmbt-run that is ended leaves the drive unlocked."""
    HANDS.insert("cd", "cd-a")
    with booted("lock", "-cdrom", "/dev/sr0") as guest:
        guest.says("held", "yes")
        locked()
        guest.proc.terminate()
        guest.proc.wait(60)
    HANDS.until(lambda b: not b["locked"], "the drive stays locked")
    HANDS.eject("cd", force=False)


def floppy():
    """A drive that is empty at the start, a disk, another one, one of another kind."""
    with booted("floppy", "-fda", "/dev/fd0") as guest:
        guest.shows("fd", "none")
        for name in ("fd-a", "fd-b", "fd-c"):
            HANDS.insert("fd", name)
            guest.shows("fd", digest(name))
    HANDS.eject("fd")


def floppy_written():
    """A disk that is written, and one that can't be."""
    HANDS.insert("fd", "fd-written")
    with booted("written", "-fda", "/dev/fd0") as guest:
        guest.says("written", "0", 600)
        guest.says("next", "please")
        HANDS.insert("fd", "fd-a", read_only_mode="read-only")
        guest.says("protected", "1", 600)
    HANDS.eject("fd")


def printer():
    """A text, through ppdev and through the kernel's printer driver."""
    for port in ("/dev/parport0", "/dev/lp0"):
        with booted("printer", "-parallel", port) as guest:
            guest.says("printed", "0", 600)


def serial():
    """The host's fourth serial port, both ways."""
    far = Wire("line")
    with booted("serial", "-serial", "stdio", "-serial", "/dev/ttyS3") as guest:
        guest.says("sent", "0")
        got, want = b"", b"".join(b"%d\n" % i for i in range(1, 101))
        while len(got) < len(want):
            got += far.recv(4096)
        if got != want:
            raise Failure(f"the other end got {got}")
        far.sendall(b"from the other end\n")
        guest.says("got", "from the other end")


for module in ("sr_mod", "ata_piix", "floppy", "parport_pc", "ppdev", "lp"):
    subprocess.run(["/run/busybox", "modprobe", module], check=True)
subprocess.run(["stty", "-F", "/dev/ttyS3", "raw", "-echo", "115200"], check=True)
for name in ("sr0", "fd0", "parport0", "lp0"):
    for _ in range(300):
        if os.path.exists("/dev/" + name):
            break
        time.sleep(0.1)
sys.exit(run([cd, lock, unlocked, floppy, floppy_written, printer, serial], "host"))
