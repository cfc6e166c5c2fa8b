#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What it costs to fill the screen in a mode with planes.

Runs in the test host (fill.sh): fill_guest.S fills it in two ways, and the VM's counters
say how many accesses there were and how many of them left the VMM. One in FIFTY may.
"""
import glob
import os
import socket
import subprocess
import sys
import tempfile
import time

FIFTY = 50
# Accesses of each way: stores, and writes of the sequencer or the graphics controller.
WAYS = (("planes", 4 * (19200 + 1)), ("bytes", 480 * (80 + 1) + 2))


def stats():
    """The VM's counters."""
    path, = glob.glob("/sys/kernel/debug/vmbt/*/stats")
    with open(path, encoding="ascii") as f:
        return {name: int(value) for name, value in (line.split() for line in f)}


def fill(guest, monitor, name, accesses):
    """Once; a line of a test."""
    before = stats()
    monitor.sendall(b"sendkey ret\n")
    start = time.time()
    said = guest.stdout.read(1)
    after = stats()
    did = {n: after[n] - before[n] for n in ("coalesced", "exit_mmio", "exit_io", "exit_intr",
                                             "hc_get_page", "world_switches")}
    left = did["exit_mmio"] + did["exit_io"] + did["exit_intr"] + did["hc_get_page"]
    print(f"   fill-{name}: {accesses} accesses, {left} trips: {did}; {time.time() - start:.1f} s")
    made = did["coalesced"] + did["exit_mmio"] + did["exit_io"]
    good = said and made >= accesses and left * FIFTY <= accesses
    print(f"{'ok' if good else 'not ok'} fill-{name}"
          f"{'' if good else f': {left} trips, {made} of {accesses} accesses'}", flush=True)
    return good


def main():
    """Both ways."""
    path = tempfile.mkdtemp() + "/monitor"
    with subprocess.Popen(
            ["vmbt-run", "-m", "32", "-display", "none", "-serial", "stdio", "-monitor",
             "unix:" + path, "-nic", "none", "-drive",
             f"file={os.environ['FILL']},format=raw,snapshot=on"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0) as guest:
        try:
            while guest.stdout.read(1) not in (b"p", b""):
                pass
            with socket.socket(socket.AF_UNIX) as monitor:
                monitor.connect(path)
                return 0 if all([fill(guest, monitor, *way) for way in WAYS]) else 1
        finally:
            guest.kill()


sys.exit(main())
