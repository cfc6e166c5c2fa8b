#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tap interfaces and bridges: what vmbt-run makes of them, and what it refuses.

In network namespaces of its own, so that this machine's network has no part in it; as
root, and as a user who is nobody. The runner with a test double of the kernel's
interface opens its cards as always. Frames are net.py's matter.
Usage: tap_test.py RUNNER_WITH_FAKE WORK_DIRECTORY, after run_test.py, which makes the
kernel there.
"""
import contextlib
import os
import subprocess
import sys

import program
from program import expect

FAKE, WORK = sys.argv[1:3]
NOBODY = 65534


def ip(*args):
    """ip(8); its output."""
    p = subprocess.run(["ip", *args], capture_output=True, text=True, check=False)
    expect(p.returncode == 0, f"ip {' '.join(args)}: {p.stderr}")
    return p.stdout


def command(nic, nobody=False):
    """A runner with a card."""
    who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return program.Process(
        (who if nobody else []) +
        [FAKE, "-kernel", os.path.join(WORK, "kernel"), "--device", "/dev/null", "-m", "16",
         "-append", "echo", "-no-reboot", "-sandbox", "on", "-nic", nic],
        program.environment(), bufsize=0)


@contextlib.contextmanager
def running(nic, **kw):
    """One whose guest runs."""
    with command(nic, **kw) as p:
        got = p.proc.stdout.read(6)
        expect(got == b"ready\n", f"{nic}: {got or p.proc.stderr.read()}")
        yield


def refused(nic, *says, **kw):
    """One line that says what and what to do, and the status."""
    with command(nic, **kw) as p:
        p.proc.stdin.close()
        rc = p.proc.wait(60)
        err = p.proc.stderr.read().decode()
        expect(rc == 1 and err.count("\n") == 1, f"{nic}: {rc}: {err}")
        for text in says:
            expect(text in err, f"{nic}: no '{text}' in: {err}")


def new():
    """Root's interface is made, and goes with vmbt-run."""
    with running("tap,ifname=vmbtnew"):
        expect("vmbtnew" in ip("link"), "no interface")
    expect("vmbtnew" not in ip("link"), "it is still there")
    with running("tap"):
        expect("vmbt0" in ip("link"), "no interface")


def users_own():
    """A user's own needs no privilege; another's is refused with the remedy."""
    ip("tuntap", "add", "dev", "vmbtmine", "mode", "tap", "user", str(NOBODY))
    with running("tap,ifname=vmbtmine", nobody=True):
        pass
    ip("tuntap", "add", "dev", "vmbtother", "mode", "tap", "user", "1")
    refused("tap,ifname=vmbtother", "tap vmbtother: Operation not permitted",
            "ip tuntap add dev NAME mode tap user YOU", nobody=True)
    refused("tap,ifname=vmbtnew", "tap vmbtnew: Operation not permitted", nobody=True)


def busy():
    """One program an interface."""
    with running("tap,ifname=vmbtbusy"):
        refused("tap,ifname=vmbtbusy", "tap vmbtbusy:", "another program has it")


def no_tap():
    """An interface that is none, and a kernel without."""
    refused("tap,ifname=lo", "tap lo: Invalid argument")
    with subprocess.Popen(
            ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh",
             *command_line("tap")], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
        err = p.stderr.read().decode()
        expect(p.wait(60) == 1 and "/dev/net/tun" in err and "modprobe tun" in err and
               "-nic user" in err, err)


def command_line(nic):
    """For who starts it in another way."""
    return [FAKE, "-kernel", os.path.join(WORK, "kernel"), "--device", "/dev/null", "-m", "16",
            "-nic", nic]


def bridge():
    """Into the bridge and up, by root; who is not is told what to do."""
    refused("tap,ifname=vmbtbr,br=vmbtbridge", "br=vmbtbridge: No such device",
            "ip link add NAME type bridge")
    ip("link", "add", "vmbtbridge", "type", "bridge")
    with running("tap,ifname=vmbtbr,br=vmbtbridge"):
        out = ip("link", "show", "vmbtbr")
        expect("master vmbtbridge" in out and "UP" in out.split(">")[0], out)
    ip("tuntap", "add", "dev", "vmbtmine2", "mode", "tap", "user", str(NOBODY))
    refused("tap,ifname=vmbtmine2,br=vmbtbridge", "br=vmbtbridge: Operation not permitted",
            "ip link set TAP master BRIDGE", nobody=True)
    # As that says.
    ip("link", "set", "vmbtmine2", "master", "vmbtbridge", "up")
    with running("tap,ifname=vmbtmine2", nobody=True):
        expect("master vmbtbridge" in ip("link", "show", "vmbtmine2"), "not in the bridge")
    # One that is in it already is fine; a bridge that is none is not.
    ip("tuntap", "add", "dev", "vmbtin", "mode", "tap")
    ip("link", "set", "vmbtin", "master", "vmbtbridge")
    with running("tap,ifname=vmbtin,br=vmbtbridge"):
        pass
    refused("tap,ifname=vmbtbr,br=lo", "br=lo: ")


TESTS = [new, users_own, busy, no_tap, bridge]


def enter():
    """Go on in namespaces of our own; outside of them the program ends as it ended there."""
    if os.environ.get("TAP_TEST") == "1":
        return
    # Debian's node is everybody's, as it should be; this machine's need not be.
    node = "mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200"
    able = os.geteuid() == 0 and os.path.exists("/dev/net/tun") and not subprocess.run(
        ["unshare", "-n", "-m", "sh", "-c", node +
         " && ip link add vmbta type bridge && ip tuntap add dev vmbtb mode tap"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
    if not able:
        print("skip tap: needs root, network namespaces, tun and bridge")
        sys.exit(0)
    os.environ["TAP_TEST"] = "1"
    sys.exit(subprocess.run(["unshare", "-n", "-m", "sh", "-c", node + ' && exec "$@"', "sh",
                             sys.executable, *sys.argv], check=False).returncode)


enter()
program.main(TESTS, "tap_", sys.argv[3:])
