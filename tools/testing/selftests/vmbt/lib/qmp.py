# SPDX-License-Identifier: GPL-2.0
"""A client of QEMU's machine protocol, for the tests.

From the protocol's published description alone, so that it drives QEMU and vmbt-run
alike: tests use it for guests of either.
"""
import array
import json
import re
import socket
import time


class Error(Exception):
    """The answer was an error: class and description."""

    def __init__(self, cls, desc):
        super().__init__(f"{cls}: {desc}")
        self.cls = cls
        self.desc = desc


class QMP:
    """A connection to a monitor."""

    def __init__(self, path, seconds=30, negotiate=True, alive=lambda: True):
        self.events = []
        self.buf = b""
        end = time.time() + seconds
        while True:
            self.sock = socket.socket(socket.AF_UNIX)
            try:
                self.sock.connect(path)
                break
            except OSError:
                self.sock.close()
                if time.time() > end or not alive():
                    raise
                time.sleep(0.05)
        self.sock.settimeout(seconds)
        self.greeting = self.message()
        if negotiate:
            self.command("qmp_capabilities")

    def message(self):
        """The next message."""
        while b"\n" not in self.buf:
            part = self.sock.recv(65536)
            if not part:
                raise EOFError("hung up")
            self.buf += part
        line, self.buf = self.buf.split(b"\n", 1)
        return json.loads(line)

    def raw(self, data, fds=()):
        """Send bytes, and descriptors with them; what is answered."""
        if fds:
            self.sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                        array.array("i", fds))])
        else:
            self.sock.sendall(data)
        return self.answer()

    def answer(self):
        """The next message that is no event; events are kept."""
        while True:
            m = self.message()
            if "event" not in m:
                return m
            self.events.append(m)

    def command(self, name, fds=(), **arguments):
        """Give a command; its result. Underscores in arguments are dashes."""
        m = {"execute": name}
        if arguments:
            m["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        got = self.raw(json.dumps(m).encode() + b"\n", fds)
        if "error" in got:
            raise Error(got["error"]["class"], got["error"]["desc"])
        return got["return"]

    def human(self, line):
        """A line of the human monitor; its text."""
        return self.command("human-monitor-command", command_line=line)

    def event(self, name, seconds=30):
        """Wait for an event."""
        end = time.time() + seconds
        while True:
            for i, e in enumerate(self.events):
                if e["event"] == name:
                    del self.events[i]
                    return e
            left = end - time.time()
            if left <= 0:
                raise TimeoutError(f"no event {name}")
            self.sock.settimeout(left)
            m = self.message()
            if "event" in m:
                self.events.append(m)

    def type(self, text, pause=0.05):
        """Type a text on a US keyboard."""
        names = {" ": "spc", "\n": "ret", "-": "minus", "/": "slash", ".": "dot", ",": "comma",
                 "=": "equal", ";": "semicolon", "'": "apostrophe", "\\": "backslash"}
        for c in text:
            key = names.get(c, c.lower())
            if not re.fullmatch("[a-z0-9_]+", key):
                raise ValueError(f"no key for {c!r}")
            keys = (["shift"] if c.isupper() else []) + [key]
            self.command("send-key", keys=[{"type": "qcode", "data": k} for k in keys])
            time.sleep(pause)

    def close(self):
        """Hang up."""
        self.sock.close()
