#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Where serial lines lead: sockets, and ports of the host's.

The runner with a test double of the kernel's interface and a guest that echoes what it
gets until a q. The sandbox is on: it must not be in the way.
Usage: serial_test.py RUNNER_WITH_FAKE WORK_DIRECTORY, after run_test.py, which makes the
kernel there.
"""
import contextlib
import os
import pty
import select
import socket
import subprocess
import sys
import termios
import time

import program
from program import Failure, expect

FAKE, WORK = sys.argv[1:3]


def path(name):
    return os.path.join(WORK, name)


BASE = [FAKE, "-kernel", path("kernel"), "--device", "/dev/null", "-m", "16", "-no-reboot",
        "-sandbox", "on", "-append"]


@contextlib.contextmanager
def guest(where, name="echo"):
    """A guest whose first port leads there."""
    with program.Process(BASE + [name, "-serial", where], program.environment(),
                         stdin=subprocess.DEVNULL) as p:
        yield p.proc


def reach(family, address):
    """Connect, which may have to wait until somebody listens."""
    for _ in range(300):
        s = socket.socket(family)
        s.settimeout(60)
        try:
            s.connect(address)
            return s
        except OSError:
            s.close()
            time.sleep(0.1)
    raise Failure(f"nobody at {address}")


def talk(s, text):
    """What is sent comes back, whatever came before."""
    s.sendall(text)
    got = b""
    while not got.endswith(text):
        part = s.recv(1000)
        expect(part, f"hung up after {got!r}")
        got += part
    return got


def leaves(s, p):
    """The guest says goodbye, and vmbt-run ends with success."""
    s.sendall(b"q")
    got = b""
    while b"bye" not in got:
        part = s.recv(1000)
        expect(part, f"hung up after {got!r}")
        got += part
    ends(p)
    return got


def ends(p):
    """With success."""
    rc = p.wait(60)
    expect(rc == 0, f"status {rc}: {p.stderr.read()}")


def unix_server():
    """One peer after the other, each as good as the first."""
    name = path("line")
    with guest(f"unix:{name},server=on,wait=off") as p:
        for i in range(3):
            with reach(socket.AF_UNIX, name) as s:
                talk(s, b"peer %d" % i)
        with reach(socket.AF_UNIX, name) as s:
            expect(os.stat(name).st_mode & 0o777 == 0o600, "others may come")
            talk(s, b"x")
            # Another has to wait until this one is gone.
            with reach(socket.AF_UNIX, name) as t:
                t.sendall(b"later")
                expect(not select.select([t], [], [], 0.5)[0], "two at once")
                talk(s, b"y")
                s.close()
                expect(t.recv(100) == b"later", "the next one is not served")
                leaves(t, p)
    expect(not os.path.exists(name), "the socket is still there")


def unix_wait():
    """The guest does not start before somebody is there."""
    name = path("line")
    with guest(f"unix:{name},server=on") as p:
        expect(b"waits for a connection" in p.stderr.readline(), "not said")
        with reach(socket.AF_UNIX, name) as s:
            expect(leaves(s, p).startswith(b"ready\n"), "the beginning is lost")


def unix_stale():
    """A socket that an earlier run has left is in nobody's way; a file is."""
    name = path("line")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(name)
    with guest(f"unix:{name},server,nowait") as p:
        with reach(socket.AF_UNIX, name) as s:
            leaves(s, p)
    with open(name, "wb"):
        pass
    with guest(f"unix:{name},server=on,wait=off") as p:
        rc = p.wait(60)
        err = p.stderr.read().decode()
        expect(rc == 1 and "serial port 1: " + name + ": Address already in use" in err, err)
    expect(os.path.isfile(name), "somebody's file is gone")
    os.unlink(name)


def unix_client():
    """It goes there itself, and stays without a peer when that is gone."""
    name = path("line")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        listener.settimeout(60)
        with guest(f"unix:{name}") as p:
            with listener.accept()[0] as s:
                talk(s, b"abc")
            time.sleep(0.3)
            expect(p.poll() is None, "it ended with its peer")
    os.unlink(name)


def tcp():
    """The same with an address and a port, of IPv6, too."""
    hosts = [("127.0.0.1", socket.AF_INET, "127.0.0.1"), ("", socket.AF_INET, "127.0.0.1")]
    if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6"):
        hosts.append(("[::1]", socket.AF_INET6, "::1"))
    for host, family, address in hosts:
        with socket.socket(family) as s:
            s.bind((address, 0))
            port = s.getsockname()[1]
        with guest(f"tcp:{host}:{port},server=on,wait=off,nodelay=on") as p:
            with reach(family, (address, port)) as s:
                talk(s, b"one")
            with reach(family, (address, port)) as s:
                leaves(s, p)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        with guest(f"tcp:localhost:{listener.getsockname()[1]}") as p:
            with listener.accept()[0] as s:
                leaves(s, p)


def deaf_peer():
    """A peer that reads nothing holds the guest; when it goes the guest goes on."""
    name = path("line")
    with guest(f"unix:{name},server=on,wait=off", "flood") as p:
        s = reach(socket.AF_UNIX, name)
        time.sleep(1)
        expect(p.poll() is None, "it ended")
        s.close()
        with reach(socket.AF_UNIX, name) as s:
            expect(s.recv(100), "nothing more from the guest")


def host_port():
    """A terminal line by its name."""
    master, slave = pty.openpty()
    try:
        with guest(os.ttyname(slave)) as p:
            got = b""
            while not got.endswith(b"ready\n"):
                got += os.read(master, 100)
            expect(not termios.tcgetattr(slave)[3] & (termios.ECHO | termios.ICANON), "not raw")
            os.write(master, b"\x11\x04q")
            while b"bye" not in got:
                got += os.read(master, 100)
            expect(b"\x11\x04q" in got, repr(got))
            ends(p)
    finally:
        os.close(master)
        os.close(slave)


def wrong():
    """One line that says what, and the status."""
    for status, where, says in (
            (2, "foo", "not one of stdio, null, pty"), (2, "file:", "not one of"),
            (2, "unix:", "where to?"), (2, "unix:,server=on", "where to?"),
            (2, "tcp:", "where to?"), (2, "tcp:localhost", "HOST:PORT is wanted"),
            (2, "tcp:localhost:", "not a port"), (2, "tcp:localhost:0", "not a port"),
            (2, "tcp:localhost:65536", "not a port"), (2, "tcp:localhost:1x", "not a port"),
            (2, "tcp:[::1:22", "not an address"), (2, "unix:/a,server=maybe", "neither on nor"),
            (2, "unix:/a,reconnect=1", "its keys are server, wait"),
            (2, "unix:/a,nodelay=on", "its keys are server, wait"),
            (2, "unix:" + "a" * 108, "the path is too long"),
            (1, "unix:/nonexistent/a", "/nonexistent/a: No such file"),
            (1, "unix:/nonexistent/a,server=on", "/nonexistent/a: No such file"),
            (1, "tcp:127.0.0.1:1", "127.0.0.1:1: Connection refused"),
            (1, "tcp:256.0.0.1:1", "256.0.0.1:1: Name or service not known"),
            (1, "/dev/null", "/dev/null: not a serial port"),
            (1, "/dev/nonexistent", "/dev/nonexistent: No such file"),
            (1, "file:/nonexistent/a", "/nonexistent/a: No such file")):
        with guest(where) as p:
            rc = p.wait(60)
            err = p.stderr.read().decode()
            expect(rc == status, f"{where}: status {rc}, {err}")
            expect(err.count("\n") == 1 and says in err, f"{where}: {err}")


TESTS = [unix_server, unix_wait, unix_stale, unix_client, tcp, deaf_peer, host_port, wrong]
program.main(TESTS, "serial_", sys.argv[3:])
