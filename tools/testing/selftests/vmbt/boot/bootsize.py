#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What a boot costs against the guest's RAM, natively and under vmbt.

Both are `boot` of the benchmark (../bench/bench.py), on the same emulated machine:
modelled cycles from the kernel's first instruction, or vmbt-run's start, to the guest's
first program. Counted under -icount, so that no other load of this machine shows.

Two limits. No boot may cost more than the goal of any: half as much again as natively.
And RAM that a boot only counts must stay cheap: what vmbt adds may grow by three fresh
pages a megabyte. Linux writes 32 bytes for each page of RAM, so two pages a megabyte are
touched for the first time; and what the VMM has for the megabyte is less than one (two
kilobytes of shadow entries and their companion, eight bytes of the window's table and 16
of a record for each page that was touched). A fresh page is a hidden fault (1,045 cycles
for the trap and the way back, some 3,000 of the VMM's), a host call for the grant
(2,500 for the two switches), and the host's own fault that finds and clears a page: 4,000
instructions, and as many for what it notes of it.

bootsize.py [MEGABYTES...]
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "../../../../.."))
BENCH = os.path.join(HERE, "../bench/bench.py")
SIZES = [64, 128, 256, 512, 1024, 2048]
RATIO = 1.5
PAGES = 3
FRESH = 15000


def boot(size):
    """Cycles natively and under vmbt."""
    env = dict(os.environ, GUEST_MEM=str(size), COLUMN="native vmbt")
    r = subprocess.run([sys.executable, "-B", BENCH, "boot"], env=env, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    name = "bench.json" if size == 256 else f"bench-{size}m.json"
    if r.returncode:
        raise OSError(f"{size} MB: {r.stdout[-600:]}")
    with open(os.path.join(TOP, "build", name), encoding="ascii") as f:
        row, = json.load(f)["rows"]
    return row["native"]["cycles"], row["vmbt"]["cycles"]


def main():
    """All sizes; the status."""
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    first, bad = None, 0
    for size in sizes:
        native, vmbt = boot(size)
        added = vmbt - native
        first = first or (size, added)
        most = first[1] + (size - first[0]) * PAGES * FRESH
        print(f"{size:5} MB: {native / 1e6:9.1f} million cycles natively, {vmbt / 1e6:9.1f} "
              f"under vmbt, {vmbt / native:.3f} of it; {(added - first[1]) / 1e6:7.1f} more "
              f"added than at {first[0]} MB, at most {(most - first[1]) / 1e6:.1f}", flush=True)
        if vmbt <= RATIO * native and added <= most:
            print(f"ok bootsize-{size}", flush=True)
        else:
            print(f"not ok bootsize-{size}: {vmbt / native:.3f} of native, not {RATIO}, or "
                  f"{added / 1e6:.1f} million cycles added, not {most / 1e6:.1f}", flush=True)
            bad = 1
    return bad


try:
    sys.exit(main())
except (OSError, ValueError, KeyError, TypeError) as e:
    print(f"not ok bootsize: {e}")
    sys.exit(1)
