#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A Debian guest's own drivers (sr_mod, cdrom, floppy) and media that change.

Runs in the test host (media.sh). The media are changed by way of the machine
protocol; what is in a drive the guest tells by its digest, and it reads again only
what its kernel has noticed to be another. The guest's half is media_guest.sh.
"""
import hashlib
import os
import random
import subprocess
import sys

from console import Failure, booted, run

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from qmp import Error  # noqa: E402

WORK = "/tmp/media"


def image(name, size):
    """An image with random contents, and its digest."""
    path = os.path.join(WORK, name)
    data = random.Random(name).randbytes(size)
    with open(path, "wb") as f:
        f.write(data)
    return path, hashlib.sha256(data).hexdigest()


def cd():
    """Another disc, none, another one through a descriptor, one of another size."""
    a, b, c = image("a", 200 << 10), image("b", 200 << 10), image("c", 300 << 10)
    with booted("cd", "-cdrom", a[0]) as guest:
        qmp = guest.qmp()
        guest.shows("cd", a[1])
        qmp.command("blockdev-change-medium", device="ide1-cd0", filename=b[0])
        guest.shows("cd", b[1])
        qmp.command("eject", device="ide1-cd0", force=True)
        guest.shows("cd", "none")
        with open(c[0], "rb") as f:
            n = qmp.command("add-fd", [f.fileno()])["fdset-id"]
        os.unlink(c[0])
        qmp.command("blockdev-change-medium", device="ide1-cd0", filename=f"/dev/fdset/{n}")
        guest.shows("cd", c[1])
        text = qmp.human(f"change -f ide1-cd0 {a[0]}")
        if text:
            raise Failure(text)
        guest.shows("cd", a[1])


def served():
    """A disc that an NBD server has, one that qemu-nbd serves, and again a file."""
    a, b, c = image("a", 200 << 10), image("b", 200 << 10), image("c", 300 << 10)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", c[0], c[0] + ".qcow2"],
                   check=True)
    where = os.path.join(WORK, "server")
    server = subprocess.Popen(["qemu-nbd", "--persistent", "--read-only", "-f", "raw",
                               "--socket", where, b[0]])
    with booted("cd", "-cdrom", a[0]) as guest:
        qmp = guest.qmp()
        guest.shows("cd", a[1])
        qmp.command("blockdev-change-medium", device="ide1-cd0", filename=f"nbd:unix:{where}")
        guest.shows("cd", b[1])
        qmp.command("blockdev-change-medium", device="ide1-cd0", filename=c[0] + ".qcow2",
                    format="qcow2")
        guest.shows("cd", c[1])
        qmp.command("blockdev-change-medium", device="ide1-cd0", filename=a[0])
        guest.shows("cd", a[1])
    server.terminate()


def lock():
    """A disc that the guest holds stays unless forced; a disc that it ejects is told of."""
    disc = image("disc", 200 << 10)
    with booted("lock", "-cdrom", disc[0]) as guest:
        qmp = guest.qmp()
        guest.says("held", "yes")
        try:
            qmp.command("eject", device="ide1-cd0")
            raise Failure("a locked disc was given away")
        except Error as e:
            if "is locked" not in e.desc:
                raise Failure(e.desc) from e
        if not qmp.command("query-block")[0]["locked"]:
            raise Failure("query-block: not locked")
        qmp.command("eject", device="ide1-cd0", force=True)
        qmp.event("DEVICE_TRAY_MOVED")
        guest.says("held", "gone", 60)
        qmp.command("blockdev-change-medium", device="ide1-cd0", filename=disc[0])
        guest.says("back", "yes", 60)
        qmp.command("query-status")
        qmp.events.clear()
        guest.says("ejected", "yes", 60)
        guest.says("loaded", disc[1], 60)
        qmp.command("query-status")
        moves = [e["data"]["tray-open"] for e in qmp.events]
        if moves != [True, False]:
            raise Failure(f"the guest opened and closed the tray: {moves}")


def floppy():
    """Another disk, of the same and of another kind."""
    a, b, c = image("fa", 1440 << 10), image("fb", 1440 << 10), image("fc", 720 << 10)
    with booted("floppy", "-fda", a[0]) as guest:
        qmp = guest.qmp()
        guest.shows("fd", a[1])
        qmp.command("blockdev-change-medium", device="floppy0", filename=b[0])
        guest.shows("fd", b[1])
        qmp.command("blockdev-change-medium", device="floppy0", filename=c[0],
                    read_only_mode="read-only")
        guest.shows("fd", c[1])


os.makedirs(WORK, exist_ok=True)
sys.exit(run([cd, served, lock, floppy], "media"))
