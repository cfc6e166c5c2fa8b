#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What one more VM costs the host beside its guest's RAM: idle after its boot, and with
most of its RAM written, for some sizes of it.

The whole is how much less memory the host has (MemAvailable, with its caches dropped)
while another VM has what all share; the guest's RAM is what vmbt-run's mapping of it has
resident. What is neither is the cost. It is the sum of the VMM's pool and of its image
with stacks and tables, what vmbt-run's processes have of their own, page tables, slab and
stacks, and what is left may only be what the host's lists of free pages come and go by.

Dropping the caches asks VMs for pool pages, too: the sum is what is left then. An idle VM
has a limit before that, with all that it has translated and has free. Of the sums without
what the translator has, which depends on how long ago it last forgot all, by least squares:
what a VM costs with no RAM, what a GiB of
RAM adds in an idle VM, and what a GiB adds that the guest has written.

memory.py MEMORY...
"""
import re
import sys
import time

from many import Failure, READY, VM, read, warm_up

KIB = 1024
PAGE = 4096
PAGES = (1 << 30) // PAGE
# A page that was written costs nine bytes for its grant (api.rst), an entry in the host's
# table for vmbt-run and one in the window's. The VMM's record of it and the entries in
# shadow tables are made again when the host has asked for them. The pool grows by a
# quarter of a MiB at a time, and what the guest has used again since then is there: a MiB.
WRITTEN = (9 + 8 + 8) * PAGES + (1 << 20)
# A GiB that is not written costs what the guest writes because of it: 32 bytes a page of
# its struct page and less than as much again.
IDLE = WRITTEN * 64 // PAGE + (1 << 20)
# The goal for an idle VM, whatever its RAM.
WHOLE = 8 << 20
# With no RAM and nothing translated: the pool's first MiB and as much again for what a
# boot touches of tables, the image's 1.2, what vmbt-run has beside RAM, and a third more.
FIXED = 6 << 20
# A host with 4 GiB lets free pages wait in lists that are not counted, of 2 MiB each, too:
# ten MiB were seen.
NOBODYS = 16 << 20


def keep_no_pages():
    """A CPU's own list of free pages grows to hundreds of megabytes, which count as used."""
    with open("/proc/sys/vm/percpu_pagelist_high_fraction", "w", encoding="ascii") as f:
        f.write("1000000")


def meminfo():
    """Bytes by what the kernel calls them, with nothing cached that need not be."""
    for _ in range(3):
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
            f.write("3")
        time.sleep(0.3)
    return {name: int(value) * KIB
            for name, value in re.findall(r"^(\w+): +(\d+) kB", read("/proc/meminfo"), re.M)}


def family(pid):
    """A process and those it began."""
    children = read(f"/proc/{pid}/task/{pid}/children").split()
    return [pid] + [p for child in children for p in family(int(child))]


def resident(vm):
    """Resident bytes of vmbt-run that no file is behind: of guest RAM, and others."""
    ram = own = 0
    for pid in family(vm.proc.pid):
        for part in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", read(f"/proc/{pid}/smaps"),
                             flags=re.M)[1:]:
            start, end = (int(n, 16) for n in part.split(" ", 1)[0].split("-"))
            rss = int(re.search(r"^Anonymous: +(\d+)", part, re.M).group(1)) * KIB
            if end - start >= vm.memory << 20:
                ram += rss
            else:
                own += rss
    return ram, own


def what_had(stats):
    """Of the pool, in KiB."""
    return (f"pool {stats['pool_pages'] * 4}, of it translator {stats['bt_pages'] * 4}, "
            f"free {stats['pool_free'] * 4}; {stats['tc_bytes'] >> 10} of code")


def cost(vm, before, what):
    """What it costs in bytes when the host has asked, but for the translator; the guest's
    RAM that is there; and the whole cost before the host asked."""
    time.sleep(20)  # it halts some times a second, and is idle after a while
    had = vm.stats()
    now = meminfo()
    ram, own = resident(vm)
    stats = vm.stats()
    whole = before["MemAvailable"] - now["MemAvailable"]
    rest = whole - ram
    pool = stats["pool_pages"]
    bt = stats["bt_pages"]
    parts = {"pool": (pool - bt) * PAGE, "translator": bt * PAGE,
             "image": (stats["vmm_pages"] - pool) * PAGE, "vmbt-run": own,
             "page tables": now["PageTables"] - before["PageTables"],
             "slab": now["Slab"] - before["Slab"],
             "stacks": now["KernelStack"] - before["KernelStack"]}
    owned = sum(parts.values())
    parts["else"] = rest - owned
    whole = owned + (had["vmm_pages"] - stats["vmm_pages"]) * PAGE
    owned -= parts["translator"]
    print(f"-m {vm.memory} {what}: {ram >> 10} KiB of RAM, {stats['grants']} grants; "
          f"beside it {rest >> 10}: " + ", ".join(f"{n} {v >> 10}" for n, v in parts.items()),
          f"({stats['pool_free'] * 4} of the pool are free); before the host asked {what_had(had)}",
          flush=True)
    if abs(parts["else"]) > NOBODYS:
        raise Failure(f"-m {vm.memory}: {whole} bytes in all, {ram} of them the guest's RAM, "
                      f"{parts['else']} nobody's")
    return owned, ram, whole


def line(points):
    """The straight line nearest to points: its value at 0, and what a GiB adds."""
    n = len(points)
    mean_x, mean_y = (sum(p[i] for p in points) / n for i in (0, 1))
    slope = (sum((x - mean_x) * (y - mean_y) for x, y in points) /
             sum((x - mean_x) ** 2 for x, _ in points))
    return mean_y - slope * mean_x, slope * (1 << 30)


def judge(name, value, limit, what):
    """A line of the result; the number that failed."""
    mib = 1 << 20
    print(f"{what}: {value / mib:.2f} MiB")
    if value <= limit:
        print(f"ok memory-{name}", flush=True)
        return 0
    print(f"not ok memory-{name}: {value / mib:.2f} MiB, not {limit / mib:.2f}", flush=True)
    return 1


def main():
    """All sizes, then the lines through them."""
    keep_no_pages()
    warm_up()
    idle, written, added, bad = [], [], [], 0
    first = VM(64)
    first.wait(READY + b"idle\n")
    first.stop()
    for size in map(int, sys.argv[1:]):
        time.sleep(10)  # what went before is gone
        before = meminfo()
        vm = VM(size)
        vm.wait(READY + b"idle\n")
        rest, ram, whole = cost(vm, before, "idle")
        bad += judge(f"idle-{size}", whole, WHOLE, f"an idle VM with {size} MB")
        idle.append((size << 20, rest))
        written.append((ram, rest))
        vm.enter()
        vm.wait(b"written\n", 600)
        rest, ram, _ = cost(vm, before, "written")
        written.append((ram, rest))
        added.append(ram / (size << 20))
        vm.kill()
    print(f"written: {min(added):.2f} to {max(added):.2f} of the RAM")
    fixed, gib = line(idle)
    bad += judge("idle", fixed, FIXED, "an idle VM without its RAM and translations")
    bad += judge("idle-gib", gib, IDLE, "a GiB of RAM more for an idle VM")
    bad += judge("written-gib", line(written)[1], WRITTEN, "a GiB of RAM that was written")
    return bad != 0


try:
    sys.exit(main())
except (Failure, OSError, ValueError) as e:
    print(f"not ok memory: {e}")
    sys.exit(1)
