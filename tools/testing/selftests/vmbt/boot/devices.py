#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A Debian guest's own drivers on devices of which a PC may have some.

Runs in the test host (devices.sh): seven disks on a BusLogic adapter, a sound card, a
printer, and all that a PC can have at once. What the guest reads, writes, plays and
prints is compared on the host's side. The guest's half is devices_guest.sh.
Environment: MB, how many megabytes each network card carries.
"""
import array
import hashlib
import os
import random
import sys
import time
import wave

from console import Failure, Guest, run
from served import File

WORK = "/tmp/devices"
MIB = 1 << 20
READY = 900
SLOW = 900
MB = float(os.environ.get("MB") or "1")


def image(name, mib):
    """An image with random contents, the same each time; its path and digest."""
    path = os.path.join(WORK, name)
    data = random.Random(name).randbytes(mib * MIB)
    with open(path, "wb") as f:
        f.write(data)
    return path, hashlib.sha256(data).hexdigest()


def numbers(last):
    """What 'seq 1 LAST' prints: the guest's data."""
    return b"".join(b"%d\n" % i for i in range(1, last + 1))


def part(path, start, length):
    """Of a file."""
    with open(path, "rb") as f:
        f.seek(start)
        return f.read(length)


def scsi():
    """Seven disks: each by digest, one written, one read-only, all at once."""
    disks = [image(f"scsi{i}", 2 + i % 3) for i in range(7)]
    args = []
    for i, (path, _) in enumerate(disks):
        args += ["-drive", f"file={path},if=scsi,index={i}" + (",readonly=on" if i == 5 else "")]
    data = numbers(100000)
    guest = Guest("scsi", *args)
    try:
        guest.wait("vmbt-guest: ready", READY)
        guest.says("adapter", "BT-958")
        for i, (_, digest) in enumerate(disks):
            guest.says(f"disk {i}", digest)
        guest.says("written", hashlib.sha256(data[:8 * 65536]).hexdigest())
        guest.says("fixed", "refused")
        for i in (0, 1, 3, 4, 6):
            guest.says(f"together {i}", disks[i][1])
        guest.says("errors", "0")
    finally:
        guest.kill()
    for at in (16, 24):
        if part(disks[2][0], at * 65536, 8 * 65536) != data[:8 * 65536]:
            raise Failure("what the guest wrote is not in the image")
    for i in (0, 1, 3, 4, 5, 6):
        with open(disks[i][0], "rb") as f:
            if hashlib.sha256(f.read()).hexdigest() != disks[i][1]:
                raise Failure(f"disk {i} was written")


def windows(path):
    """The frequency of each tenth of a second of a WAV file, and its peak."""
    with wave.open(path) as w:
        if (w.getnchannels(), w.getsampwidth(), w.getframerate()) != (2, 2, 44100):
            raise Failure(f"{path}: not 44100 frames a second of 2 * 16 bits")
        left = array.array("h", w.readframes(w.getnframes()))[::2]
    found = []
    for at in range(0, len(left) - 4410, 4410):
        cut = left[at:at + 4410]
        # Where it goes up through zero, to a fraction of a sample.
        ups = [i + -cut[i] / (cut[i + 1] - cut[i]) for i in range(4409)
               if cut[i] < 0 <= cut[i + 1]]
        hertz = 44100 * (len(ups) - 1) / (ups[-1] - ups[0]) if len(ups) > 2 else 0
        found.append((hertz, max(cut)))
    return found


def heard(path, hertz, seconds):
    """Most of the tone's time has that frequency and its loudness."""
    found = windows(path)
    right = [w for w in found if abs(w[0] - hertz) < hertz / 200 and 14500 < w[1] < 17000]
    if len(right) < 7 * seconds:
        said = ", ".join(f"{w[0]:.0f} Hz {w[1]}" for w in found)
        raise Failure(f"{hertz} Hz in {len(right)} tenths of a second: {said}")
    print(f"   {hertz} Hz: {sum(w[0] for w in right) / len(right):.2f} Hz in {len(right)} "
          f"tenths of a second", flush=True)


def end(guest):
    """As a user ends it: files are complete."""
    guest.proc.terminate()
    guest.proc.wait(60)


def sound():
    """16-bit stereo and 8-bit mono, by DMA 5 and 1, as a file has them."""
    path = os.path.join(WORK, "sound.wav")
    guest = Guest("sound", "-device", "sb16", "-audiodev", f"wav,id=a,path={path}")
    try:
        guest.wait("vmbt-guest: ready", READY)
        guest.says("card", "Sound Blaster 16 at 0x220, irq 5, dma 1&5", SLOW)
        guest.says("fm", "[12]")
        guest.says("tone", "0", SLOW)
        guest.says("tone", "0", SLOW)
        guest.says("interrupts", "1")
        end(guest)
    finally:
        guest.kill()
    heard(path, 440, 1)
    heard(path, 1000, 1)


def printer():
    """A text."""
    path = os.path.join(WORK, "paper")
    guest = Guest("printer", "-parallel", f"file:{path}")
    try:
        guest.wait("vmbt-guest: ready", READY)
        guest.says("port", r"PC-style at 0x378, irq 7 \[PCSPP,TRISTATE\]", SLOW)
        guest.says("printer", r"using parport0 \(interrupt-driven\)\.")
        guest.says("printed", "0", SLOW)
        guest.says("interrupt", "7:")
    finally:
        guest.kill()
    if part(path, 0, MIB) != numbers(300):
        raise Failure("what the guest printed is not in the file")


FILE = File(int(MB * 1e6))
PCI = {"8086:1237": ".*", "8086:7000": ".*", "8086:7010": "ata_piix", "8086:7113": ".*",
       "1022:2000": "pcnet32", "104b:1040": ".*"}
PORTS = ("ata_piix", "BusLogic", "pcnet32", "floppy", "serial", "parport0", "SoundBlaster",
         "MPU401")


def everything():
    """4 IDE drives, 7 SCSI disks, 2 floppies, 3 cards, 2 UARTs, printer and sound."""
    disks = {f"ide {i}": image(f"ide{i}", 1 + i % 2) for i in range(4)}
    disks |= {f"scsi {i}": image(f"scsi{i}", 1 + i % 3) for i in range(7)}
    floppies = []
    for i in range(2):
        path, _ = image(f"floppy{i}", 2)
        os.truncate(path, 1474560)
        floppies.append((path, hashlib.sha256(part(path, 0, MIB * 2)).hexdigest()))
    args = ["-cdrom", disks["ide 2"][0], "-fda", floppies[0][0], "-fdb", floppies[1][0]]
    for i, letter in ((0, "a"), (1, "b"), (3, "d")):
        args += [f"-hd{letter}", disks[f"ide {i}"][0]]
    for i in range(7):
        args += ["-drive", f"file={disks[f'scsi {i}'][0]},if=scsi,index={i}"]
    wav, paper, com2 = (os.path.join(WORK, n) for n in ("all.wav", "all.paper", "all.com2"))
    args += ["-nic", "user"] * 3 + ["-parallel", f"file:{paper}", "-device", "sb16",
             "-audiodev", f"wav,id=a,path={wav}", "-serial", "stdio", "-serial", f"file:{com2}"]
    # Made here: it takes a while.
    whole = FILE.digest
    guest = Guest("everything", *args, append=f"port={FILE.serve('127.0.0.1')}")
    try:
        guest.wait("vmbt-guest: ready", READY)
        for _ in range(8):
            m = guest.wait(r"^pci (\S+): (.*)\n", SLOW)
            if m.group(1) not in PCI:
                raise Failure(f"PCI device {m.group(1)}")
            if PCI[m.group(1)] != ".*" and m.group(2) != PCI[m.group(1)]:
                raise Failure(f"PCI device {m.group(1)}: driver '{m.group(2)}'")
        guest.says("card", "Sound Blaster 16 at 0x220, irq 5, dma 1&5", SLOW)
        guest.says("port", "PC-style at 0x378, irq 7.*", SLOW)
        for what in PORTS:
            guest.says(f"ports {what}", "[1-9].*")
        for name, (_, digest) in disks.items():
            guest.says(name, digest, SLOW)
        for i, (_, digest) in enumerate(floppies):
            guest.says(f"floppy {i}", digest, SLOW)
        for i in range(3):
            start = time.time()
            guest.says(f"card {i}", f"52:54:00:12:34:{0x56 + i:x} {whole}",
                       SLOW + 30 * MB)
            print(f"   card {i}: {FILE.size / 1e6:g} MB in {time.time() - start:.0f} s", flush=True)
        guest.says("tone", "0", SLOW)
        guest.says("printed", "0", SLOW)
        guest.says("sent", "0", SLOW)
        end(guest)
    finally:
        guest.kill()
    heard(wav, 440, 2)
    if part(paper, 0, MIB) != numbers(300):
        raise Failure("what the guest printed is not in the file")
    if part(com2, 0, MIB).replace(b"\r", b"") != numbers(300):
        raise Failure("what the guest sent to the second serial port is not in the file")


os.makedirs(WORK, exist_ok=True)
sys.exit(run([scsi, sound, printer, everything], "devices"))
