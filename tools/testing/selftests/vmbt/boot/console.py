#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A Debian guest on a serial console, for tests that run in the test host.

Starts vmbt-run with a kernel and an initial RAM disk of scripts/guest-initrd, whose
command is one script for all tests of a kind; the kernel's command line tells it
which part to do. What the guest says are lines 'KEY: VALUE' behind 'vmbt-guest:
ready'. One that says nothing for too long is asked where it is. Environment:
GUEST_KERNEL, INITRD.
"""
import contextlib
import glob
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from qmp import QMP, Error  # noqa: E402

APPEND = "console=ttyS0 acpi=off nolapic noisapnp pnpbios=off quiet panic=-1 "


class Failure(Exception):
    """Why a test failed."""


def stats():
    """The counters of the one VM there is, by name."""
    path, = glob.glob("/sys/kernel/debug/vmbt/*/stats")
    with open(path, encoding="ascii") as f:
        return {name: int(value) for name, value in (line.split() for line in f)}


class Guest:
    """A running vmbt-run; its output is read as it comes."""

    def __init__(self, part, *args, memory=128, append="", **env):
        self.text = ""
        self.at = 0
        self.work = tempfile.mkdtemp(prefix="guest-")
        self.proc = subprocess.Popen(
            ["vmbt-run", "-m", str(memory), "-kernel", os.environ["GUEST_KERNEL"], "-initrd",
             os.environ["INITRD"], "-append", f"{APPEND}part={part} {append}", "-nographic",
             "-qmp", f"unix:{self.work}/qmp,server=on,wait=off", *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=dict(os.environ, **env))

    def qmp(self):
        """A connection to its monitor."""
        return QMP(self.work + "/qmp", alive=lambda: self.proc.poll() is None)

    def threads(self):
        """Each thread of vmbt-run: name, state, time it ran, and where it waits."""
        text = ""
        for task in sorted(glob.glob(f"/proc/{self.proc.pid}/task/*")):
            with open(task + "/stat", encoding="ascii") as f:
                name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
            with open(task + "/stack", encoding="ascii") as f:
                text += f"{name}: {rest.split()[0]} {'+'.join(rest.split()[11:13])}\n{f.read()}"
        return text

    def where(self):
        """What it does: its registers at some moments, and what was counted between."""
        try:
            before, monitor, text = stats(), self.qmp(), ""
            for _ in range(5):
                text += monitor.human("info registers") + "\n"
                time.sleep(0.3)
            after = stats()
            monitor.close()
        except (OSError, EOFError, Error, ValueError) as e:
            return f"It cannot be asked ({e}); its threads:\n" + self.threads()
        return text + "counted meanwhile: " + ", ".join(
            f"{after[n] - before[n]} {n}" for n in after if after[n] != before[n])

    def wait(self, pattern, seconds):
        """Read on until a pattern behind what was waited for before; its match."""
        end = time.time() + seconds
        while True:
            m = re.compile(pattern, re.M).search(self.text, self.at)
            if m:
                self.at = m.end()
                return m
            left = end - time.time()
            if left <= 0 or not select.select([self.proc.stdout], [], [], left)[0]:
                raise Failure(f"no '{pattern}' after {seconds} s in:\n{self.text[-3000:]}\n"
                              f"{self.where()}")
            part = os.read(self.proc.stdout.fileno(), 65536)
            if not part:
                raise Failure(f"vmbt-run ended without '{pattern}':\n{self.text[-3000:]}")
            self.text += part.decode("latin1").replace("\r", "")

    def says(self, key, value, seconds=300):
        """Wait for a line 'KEY: VALUE'."""
        got = self.wait(rf"^{re.escape(key)}: (.*)\n", seconds).group(1)
        if not re.fullmatch(value, got):
            raise Failure(f"{key}: '{got}', not '{value}'")
        return got

    def shows(self, key, value, seconds=600):
        """Wait for a line 'KEY: VALUE', whatever values come before it."""
        self.wait(rf"^{key}: {value}\n", seconds)

    def kill(self):
        """SIGKILL, whatever it does."""
        self.proc.kill()
        self.proc.wait()
        self.proc.stdout.close()
        # Whoever else of its processes removes the socket as it ends, let it.
        shutil.rmtree(self.work, ignore_errors=True)


@contextlib.contextmanager
def booted(part, *args, **kw):
    """A guest that is ready, and is killed in the end."""
    guest = Guest(part, *args, **kw)
    try:
        guest.wait("vmbt-guest: ready", 300)
        yield guest
    finally:
        guest.kill()


def run(tests, prefix):
    """Run tests by name or all, print a line for each; the exit status."""
    failed = 0
    for test in tests:
        if len(sys.argv) > 1 and test.__name__ not in sys.argv[1:]:
            continue
        name = f"{prefix}-{test.__name__.replace('_', '-')}"
        start = time.time()
        try:
            test()
            print(f"ok {name}\n   {name}: {time.time() - start:.0f} s", flush=True)
        except (Failure, OSError) as e:
            text = str(e).replace("\n", "\n    ")
            print(f"not ok {name}: {text}", flush=True)
            failed += 1
    return failed != 0
