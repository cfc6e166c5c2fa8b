#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
A person at the terminal: `scripts/run` on a pseudo terminal ends at the guest's
prompt, Ctrl-C reaches the guest and not the runner, Ctrl-A x leaves everything,
and the terminal is as it was, after SIGTERM as well.
"""
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                   "../../../../.."))
failed = 0


class Session:
    """scripts/run with a terminal of its own."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        env = dict(os.environ, TIMEOUT="400", TERM="vt100")
        env.pop("EXEC", None)
        self.run = subprocess.Popen([TOP + "/scripts/run", "debian-686"], env=env,
                                    stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                    preexec_fn=lambda: (os.setsid(), own_terminal()))

    def expect(self, what, seconds):
        """Reads until what was said, and forgets it."""
        end = time.time() + seconds
        while what not in self.seen:
            left = end - time.time()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise TimeoutError("no %r in %r" % (what, self.seen[-400:]))
            self.seen += os.read(self.master, 65536)
        self.seen = self.seen.split(what, 1)[1]

    def type(self, what):
        os.write(self.master, what)

    def finish(self, seconds):
        """Waits for the end, reading on so that nobody blocks on the terminal."""
        end = time.time() + seconds
        while self.run.poll() is None and time.time() < end:
            if select.select([self.master], [], [], 0.2)[0]:
                self.seen += os.read(self.master, 65536)
        if self.run.poll() is None:
            self.run.kill()
            raise TimeoutError("does not end")
        after = termios.tcgetattr(self.slave)
        if after != self.before:
            raise AssertionError("the terminal is not restored")


def own_terminal():
    import fcntl
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test(name, steps):
    global failed
    s = Session()
    try:
        steps(s)
        print("ok", name, flush=True)
    except (TimeoutError, AssertionError, OSError) as e:
        failed = 1
        print("not ok %s: %s" % (name, e), flush=True)
    finally:
        if s.run.poll() is None:
            s.run.terminate()
            time.sleep(3)
            s.run.kill()


def keys(s):
    s.expect(b"Ctrl-A x leaves guest", 300)
    s.expect(b"# ", 30)
    s.type(b"sleep 1000\r")
    s.expect(b"sleep 1000", 30)
    time.sleep(3)
    s.type(b"\x03")
    s.expect(b"# ", 60)
    s.type(b"echo a$((1 + 1))b\r")
    s.expect(b"a2b", 60)
    s.type(b"\x01x")
    s.finish(60)


def sigterm(s):
    s.expect(b"run: booting", 30)
    time.sleep(3)
    s.run.send_signal(signal.SIGTERM)
    s.finish(30)


test("terminal-sigterm", sigterm)
test("terminal-keys", keys)
sys.exit(failed)
