#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What a boot costs against the guest's RAM, natively and under vmbt.

Both are `boot` of the benchmark (../bench/bench.py), on the same emulated machine:
modelled cycles from the kernel's first instruction, or vmbt-run's start, to the guest's
first program. Counted under -icount, so that no other load of this machine shows.

Two limits. No boot may cost more than the goal of any: half as much again as natively.
And what vmbt adds may grow with RAM by no more than what there is a reason for:

- As much as the native boot itself grows: translated kernel code is twice as long at most.
- Three fresh pages a megabyte. Linux writes 32 bytes for each page of RAM, so two pages a
  megabyte are touched for the first time; what the VMM has for the megabyte is less than
  one. A fresh page is a hidden fault (1,045 cycles for the trap and the way back, some
  3,000 of the VMM's), a host call for the grant (2,500 for the two switches), and the
  host's own fault that finds and clears a page: 4,000 instructions, and as many for what it
  notes of it.
- Beyond 896 MB Linux has high memory, and maps each page of it for a moment when it fills
  it. Natively that is an INVLPG, so they are counted. Under vmbt it is a page-table write
  and an INVLPG, both of which the VMM does, and a hidden fault: 4,000 cycles each.
- The translation cache runs full some three times in a boot, and what is in use then is
  translated again. Where in the boot that is hangs on all that is translated: 4,000 units
  of 5,000 instructions may be the difference.

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
AGAIN = 4000 * 5000
MOMENT = 3 * 4000


def boot(size):
    """Cycles natively and under vmbt, and mappings for a moment."""
    env = dict(os.environ, GUEST_MEM=str(size), COLUMN="native vmbt")
    r = subprocess.run([sys.executable, "-B", BENCH, "boot"], env=env, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if r.returncode:
        raise OSError(f"{size} MB: {r.stdout[-600:]}")
    suffix = "" if size == 256 else f"-{size}m"
    with open(os.path.join(TOP, f"build/bench{suffix}.json"), encoding="ascii") as f:
        row, = json.load(f)["rows"]
    with open(os.path.join(TOP, f"build/bench/counts{suffix}.json"), encoding="ascii") as f:
        moments = json.load(f)["boot"]["native"]["invlpg"]
    return row["native"]["cycles"], row["vmbt"]["cycles"], moments


def main():
    """All sizes; the status."""
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    first, bad = None, 0
    for size in sizes:
        native, vmbt, moments = boot(size)
        added = vmbt - native
        first = first or (size, native, added, moments)
        more = added - first[2]
        most = (AGAIN + native - first[1] + (size - first[0]) * PAGES * FRESH +
                max(0, moments - first[3]) * MOMENT)
        print(f"{size:5} MB: {native / 1e6:9.1f} million cycles natively, {vmbt / 1e6:9.1f} "
              f"under vmbt, {vmbt / native:.3f} of it; {more / 1e6:7.1f} more "
              f"added than at {first[0]} MB, at most {most / 1e6:.1f}", flush=True)
        if vmbt <= RATIO * native and more <= most:
            print(f"ok bootsize-{size}", flush=True)
        else:
            print(f"not ok bootsize-{size}: {vmbt / native:.3f} of native, not {RATIO}, or "
                  f"{more / 1e6:.1f} million cycles more added, not {most / 1e6:.1f}", flush=True)
            bad = 1
    return bad


try:
    sys.exit(main())
except (OSError, ValueError, KeyError, TypeError) as e:
    print(f"not ok bootsize: {e}")
    sys.exit(1)
