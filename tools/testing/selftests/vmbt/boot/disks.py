#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A Debian guest's own drivers (ata_piix, libata, sd) on vmbt-run's IDE disks.

Runs in the test host (disks.sh). Contents are compared by digest, on the host's
side without vmbt: what the guest reads is what is in the image, what it wrote is
there after a reboot, after a SIGKILL behind its flush, and nowhere where it must not
be. The guest's half is disks_guest.sh.
"""
import hashlib
import os
import random
import subprocess
import sys
import time

from console import Failure, Guest, run

WORK = "/tmp/disks"
MIB = 1 << 20


def image(name, mib):
    """An image with random contents, the same each time."""
    path = os.path.join(WORK, name)
    with open(path, "wb") as f:
        f.write(random.Random(name).randbytes(mib * MIB))
    return path


def digest(path, start=0, length=None):
    """Of a part of a file."""
    with open(path, "rb") as f:
        f.seek(start)
        return hashlib.sha256(f.read(length)).hexdigest()


def numbers(last):
    """What 'seq 1 LAST' prints: the guest's data."""
    return b"".join(b"%d\n" % i for i in range(1, last + 1))


def holds(path, start, data):
    """Is this in the image?"""
    with open(path, "rb") as f:
        f.seek(start)
        return f.read(len(data)) == data


def four_drives():
    """Bus-master DMA; one disk read-only, one copy on write; all of it after a reboot."""
    disk, files = image("disk", 16), image("files", 8)
    fixed, copied = image("fixed", 2), image("copied", 2)
    before = {p: digest(p) for p in (fixed, copied)}
    data = numbers(200000)
    guest = Guest("four", "-hda", disk, "-hdb", files, "-drive",
                  f"file={fixed},index=2,readonly=on", "-drive",
                  f"file={copied},index=3,snapshot=on")
    try:
        guest.wait("vmbt-guest: ready", 300)
        for _ in range(4):
            guest.says("mode", "XFER_MW_DMA_2")
        guest.says("read", digest(disk, 0, 4 * MIB))
        guest.says("written", hashlib.sha256(data).hexdigest())
        guest.says("fixed", "refused")
        guest.says("fixed digest", before[fixed])
        guest.says("copied", hashlib.sha256(data[:MIB]).hexdigest())
        guest.says("file", hashlib.sha256(data).hexdigest())
        # It resets itself; -snapshot's data live as long as the program.
        guest.wait("vmbt-guest: ready", 300)
        for _ in range(4):
            guest.says("mode", "XFER_MW_DMA_2")
        guest.says("read", digest(disk, 0, 4 * MIB))
        guest.says("after reboot", hashlib.sha256(data).hexdigest())
        guest.says("copied after reboot", hashlib.sha256(data[:MIB]).hexdigest())
        guest.says("file after reboot", hashlib.sha256(data).hexdigest())
        guest.says("errors", "0")
    finally:
        guest.kill()
    if not holds(disk, 8 * MIB, data):
        raise Failure("what the guest wrote is not in the image")
    for path in (fixed, copied):
        if digest(path) != before[path]:
            raise Failure(f"{path} was written")


def killed():
    """SIGKILL right behind a flush, on a host that loses what was not flushed."""
    disk = image("disk", 32)
    data = numbers(50000)
    guest = Guest("killed", "-hda", disk, LD_PRELOAD=os.environ["LOSSY"])
    try:
        guest.wait("vmbt-guest: ready", 300)
        guest.says("mode", "XFER_MW_DMA_2")
        guest.says("unflushed digest", hashlib.sha256(data).hexdigest())
        guest.says("flushed", "0")
    finally:
        guest.kill()
    if not holds(disk, 16 * MIB, data):
        raise Failure("what the guest had flushed is lost")


def format_of_its_own():
    """A qcow2 image, by way of qemu-nbd: read, written, flushed, killed, read by QEMU."""
    raw, disk = image("disk", 32), os.path.join(WORK, "disk.qcow2")
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, disk], check=True)
    data = numbers(50000)
    guest = Guest("killed", "-drive", f"file={disk},format=qcow2")
    try:
        guest.wait("vmbt-guest: ready", 300)
        guest.says("mode", "XFER_MW_DMA_2")
        guest.says("unflushed digest", hashlib.sha256(data).hexdigest())
        guest.says("flushed", "0")
    finally:
        guest.kill()
    with open(raw, "r+b") as f:
        f.seek(16 * MIB)
        f.write(data)
    # qemu-nbd ends when it notices that vmbt-run is gone; until then the image is locked.
    for _ in range(60):
        p = subprocess.run(["qemu-img", "compare", "-f", "raw", "-F", "qcow2", raw, disk],
                           capture_output=True, text=True, check=False)
        if "lock" not in p.stderr:
            break
        time.sleep(1)
    if p.returncode:
        raise Failure(f"the image: {p.stdout}{p.stderr}")


def lost_by_pio():
    """The control: without a flush the same kill does lose the data. All by PIO."""
    disk = image("disk", 32)
    data = numbers(50000)
    before = digest(disk)
    guest = Guest("lost", "-hda", disk, LD_PRELOAD=os.environ["LOSSY"])
    try:
        guest.wait("vmbt-guest: ready", 300)
        guest.says("mode", "XFER_PIO_4")
        guest.says("read", digest(disk, 0, 2 * MIB))
        guest.says("unflushed digest", hashlib.sha256(data).hexdigest())
    finally:
        guest.kill()
    if digest(disk) != before:
        raise Failure("data reached the image without a flush: the kills prove nothing")


os.makedirs(WORK, exist_ok=True)
sys.exit(run([four_drives, killed, format_of_its_own, lost_by_pio], "disk"))
