#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The sandbox of vmbt-run, seen in the process as it runs.

The runner with a test double of the kernel's interface has a disk, a network card and
a monitor, hence threads of each kind and the broker. inject.c, a debugger, has each of
them make system calls. The double's vCPU waits in a halted guest.
Usage: process_test.py RUNNER_WITH_FAKE INJECT WORK_DIRECTORY, after run_test.py, which
makes the kernel there.
"""
import errno
import os
import re
import socket
import subprocess
import sys

import program
from program import expect, until

FAKE, INJECT, WORK = sys.argv[1:4]
ENV = program.environment()


def path(name):
    return os.path.join(WORK, name)


BASE = [FAKE, "-kernel", path("kernel"), "--device", "/dev/null", "-m", "16"]


class Guest(program.Process):
    """A running vmbt-run, its guest halted and echoing."""

    def __init__(self, *args):
        with open(path("disk"), "wb") as f:
            f.truncate(1 << 20)
        super().__init__(
            BASE + ["-append", "echo", "-no-reboot", "-drive", "file=" + path("disk"),
                    "-nic", "user", "-pidfile", path("pid"),
                    "-monitor", "unix:" + path("monitor"), *args], ENV, bufsize=0)
        got = self.proc.stdout.read(6)
        expect(got == b"ready\n", f"{got} {self.proc.stderr.read() if not got else ''}")

    def threads(self):
        """Of each, by number: its name and its status."""
        base = f"/proc/{self.proc.pid}/task/"
        found = {}
        for tid in os.listdir(base):
            with open(base + tid + "/status", encoding="ascii") as f:
                found[int(tid)] = dict(re.findall(r"^(\w+):\t(.*)$", f.read(), re.M))
        return found

    def echoes(self):
        """The guest is alive."""
        self.proc.stdin.write(b"x")
        expect(self.proc.stdout.read(1) == b"x", "no echo")


def stat(pid):
    """A process's state and its parent."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin1") as f:
            state, parent = f.read().rsplit(")", 1)[1].split()[:2]
            return state, int(parent)
    except (OSError, ValueError):
        return "X", 0


def children(pid):
    """Processes that it began."""
    return [int(n) for n in os.listdir("/proc") if n.isdigit() and stat(n)[1] == pid]


def status():
    """Each thread: no capabilities, none to be had, a filter."""
    with Guest("-sandbox", "on") as g:
        threads = g.threads()
        expect(len(threads) == 4, f"{len(threads)} threads")
        for t in threads.values():
            for key in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                expect(int(t[key], 16) == 0, f"{key} is {t[key]}")
            expect(t["NoNewPrivs"] == "1" and t["Seccomp"] == "2", str(t))
            expect(int(t.get("Seccomp_filters", "2")) >= 2, "not narrowed")
    with Guest("-sandbox", "off") as g:
        for t in g.threads().values():
            expect(t["Seccomp"] == "0", "a filter though it is off")


def calls(*args):
    """What each thread gets for each call."""
    with Guest(*args) as g:
        p = subprocess.run([INJECT, str(g.proc.pid)], capture_output=True, timeout=60,
                           check=False)
        out = p.stdout.decode()
        expect(p.returncode == 0, f"{out[-300:]} {p.stderr.decode()}")
        g.echoes()
        g.echoes()
        found = {}
        for tid, call, got in re.findall(r"^(\d+) .*?: (\w+): (-?\d+)$", out, re.M):
            found.setdefault(call, {})[int(tid)] = int(got)
        return g.proc.pid, found


def injected():
    """Calls that are made in the process, and what comes of them."""
    pid, found = calls("-sandbox", "on")
    expect(set(found.pop("getpid").values()) == {pid}, "the calls are not made")
    sockets = sorted(found.pop("socket").values())
    expect(sockets.count(-errno.EPERM) == 3, f"socket: {sockets}")
    expect(len(found) == 9, str(found))
    for call, got in found.items():
        expect(len(got) == 4 and set(got.values()) == {-errno.EPERM}, f"{call}: {got}")
    _, found = calls("-sandbox", "off")
    for call, got in found.items():
        expect(-errno.EPERM not in got.values(), f"{call}: {got} without a sandbox")


def broker():
    """It is there, holds nothing of vmbt-run's, and goes with it, even by SIGKILL."""
    with Guest("-sandbox", "on") as g:
        left = children(g.proc.pid)
        expect(len(left) == 1, f"{left}")
        fds = os.listdir(f"/proc/{left[0]}/fd")
        expect(len(fds) == 4, f"descriptors {fds}")
        for fd in "012":
            expect(os.readlink(f"/proc/{left[0]}/fd/{fd}") == "/dev/null", fd)
        expect(os.path.exists(path("pid")) and os.path.exists(path("monitor")), "no files")
        g.proc.kill()
        g.proc.wait()
        # Who is to bury it may not be in a hurry.
        until("the broker's end", lambda: stat(left[0])[0] in "XZ")
        expect(not os.path.exists(path("pid")), "the process id is still there")
        expect(not os.path.exists(path("monitor")), "the monitor's socket is still there")
    with Guest("-sandbox", "off") as g:
        expect(not children(g.proc.pid), "a broker though there is no sandbox")


def quits():
    """When it ends as it should, its files are gone when it is."""
    with Guest("-sandbox", "on") as g:
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(path("monitor"))
            s.sendall(b"quit\n")
            expect(g.proc.wait(30) == 0, f"status {g.proc.returncode}")
        expect(not os.path.exists(path("pid")), "the process id is still there")
        expect(not os.path.exists(path("monitor")), "the monitor's socket is still there")


def reset():
    """The kernel and the device come from the broker when the machine starts anew."""
    p = subprocess.run(BASE + ["-append", "reboot", "-sandbox", "on"], capture_output=True,
                       timeout=90, check=False, env=ENV, stdin=subprocess.DEVNULL)
    expect(p.returncode == 0 and p.stdout == b"boot 1\nboot 2\nboot 3\n",
           f"{p.returncode} {p.stdout} {p.stderr}")


TESTS = [status, injected, broker, quits, reset]
program.main(TESTS, "sandbox_", sys.argv[4:])
