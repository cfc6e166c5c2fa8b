#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""1, 2, 8 and 32 guests at once on the test host's one CPU: what they get done
together against one alone, and how far each comes against the others.

Each does the rounds of rounds.c for ever and writes a letter after each; the letters
of all are counted at two moments of the host's. Guests that are not asked for are
stopped (SIGSTOP), so that all boot only once: the first alone, the others at once.

scale.py GUESTS MEMORY
"""
import sys
import time

from many import Failure, READY, VM, warm_up

# What is lost to others: a world switch at each clock tick and change of guests, and
# their wake-ups. Shares are equal by the scheduler; a guest is at most one slice of
# it ahead or behind at either end of what is measured.
THROUGHPUT = 0.9
SHARE = 0.8
# Seconds measured, for one guest and for each: a hundred rounds and more for any.
AT_LEAST = 4
EACH = 0.5
WORK = ["world_switches", "interrupts_injected", "hc_intr", "exit_hlt", "tc_flushes",
        "faults_hidden", "units", "hc_pool_grow"]


def boot(vms, seconds):
    """Until all of them work; each that does is stopped. The seconds it took."""
    start = time.monotonic()
    left = list(vms)
    while left:
        time.sleep(0.1)
        for vm in list(left):
            if vm.said(READY + b"r"):
                vm.stop()
                left.remove(vm)
        if time.monotonic() - start > seconds:
            raise Failure(f"{len(left)} of {len(vms)} have not booted: {left[0].text()[-300:]}")
    return time.monotonic() - start


def measure(vms):
    """Rounds a second and CPU time of each, and what its VMM did for a round."""
    duration = max(AT_LEAST, EACH * len(vms))
    for vm in vms:
        vm.go()
    time.sleep(1)
    before = [(vm.size(), vm.cpu(), vm.stats()) for vm in vms]
    sizes, start = [vm.size() for vm in vms], time.monotonic()
    time.sleep(duration)
    rounds = [vm.size() - size for vm, size in zip(vms, sizes)]
    seconds = time.monotonic() - start
    result = []
    for vm, n, (size, cpu, stats) in zip(vms, rounds, before):
        now = vm.stats()
        done = max(1, vm.size() - size)
        result.append((n / seconds, vm.cpu() - cpu, [(now[w] - stats[w]) / done for w in WORK]))
    for vm in vms:
        vm.stop()
        if b"failed" in vm.text():
            raise Failure(f"{vm.name}: a round failed")
    return result


def report(vms, alone):
    """One number of guests; their rounds a second together, and what is wrong."""
    got = measure(vms)
    rates = [rate for rate, _, _ in got]
    n, total = len(rates), sum(rates)
    mean = total / n
    jain = total * total / (n * sum(rate * rate for rate in rates)) if total else 0
    ratio = total / alone if alone else 1
    low, high = (min(rates) / mean, max(rates) / mean) if total else (0, 0)
    print(f"{n:2} guests: {total:7.1f} rounds a second, {ratio:.3f} of one; "
          f"least {low:.3f}, most {high:.3f} of the mean; Jain's index {jain:.4f}")
    for i, (rate, cpu, work) in enumerate(got):
        print(f"# {n} {i}: {rate:.2f} rounds a second, {cpu / 1e6:.0f} ms; a round: " +
              ", ".join(f"{w:.2f} {name}" for w, name in zip(work, WORK)))
    for name, good, why in (
            ("throughput", ratio >= THROUGHPUT, f"{ratio:.3f} of one, not {THROUGHPUT}"),
            ("fairness", low >= SHARE, f"the least has {low:.3f} of the mean, not {SHARE}")):
        if n > 1:
            print(f"ok scale-{name}-{n}" if good else f"not ok scale-{name}-{n}: {why}",
                  flush=True)
    return total


def main():
    """All numbers up to the most."""
    most, memory = map(int, sys.argv[1:])
    warm_up()
    vms = [VM(memory)]
    one = boot(vms, 60)
    alone = report(vms, 0)
    vms += [VM(memory) for _ in range(most - 1)]
    rest = boot(vms[1:], 60 * most)
    print(f"booted: one alone in {one:.1f} s, {most - 1} at once in {rest:.1f} s, "
          f"{rest / (most - 1):.1f} s each", flush=True)
    for n in [n for n in (2, 8, 32) if n < most] + [most]:
        report(vms[:n], alone)
    again = report(vms[:1], alone)
    print(f"one again, beside {most - 1} that are stopped: {again / alone:.3f} of before")
    for vm in vms:
        vm.kill()


try:
    main()
except (Failure, OSError, ValueError) as e:
    print(f"not ok scale: {e}")
    sys.exit(1)
