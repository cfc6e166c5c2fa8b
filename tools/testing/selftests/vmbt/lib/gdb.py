# SPDX-License-Identifier: GPL-2.0
"""
The debugger's side of QEMU's gdb stub, as far as the tests need it.
"""
import re
import socket


class Gdb:
    """As much of the remote protocol as breakpoints take."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.sock.settimeout(20)
        self.buf = b""

    def send(self, data):
        packet = data.encode()
        self.sock.sendall(b"$%s#%02x" % (packet, sum(packet) & 255))

    def recv(self, timeout=20):
        self.sock.settimeout(timeout)
        while True:
            m = re.search(rb"\$([^#]*)#..", self.buf)
            if m:
                self.buf = self.buf[m.end():]
                self.sock.sendall(b"+")
                return m.group(1).decode()
            self.buf += self.sock.recv(4096)

    def ask(self, data):
        self.send(data)
        return self.recv()

    def command(self, data):
        r = self.ask(data)
        # Connecting stops the machine, which is reported on its own.
        while r[:1] == "T":
            r = self.recv()
        assert r == "OK", (data, r)

    def break_at(self, addr, on):
        self.command("%s0,%x,1" % ("Z" if on else "z", addr))

    def go(self):
        self.send("c")

    def wait(self, timeout):
        """True if it stopped within that time."""
        try:
            return self.recv(timeout)[:1] == "T"
        except socket.timeout:
            return False

    def interrupt(self):
        self.sock.sendall(b"\x03")
        self.recv()

    def registers(self):
        """The 'g' packet's bytes; RIP is at 128 in a 64-bit machine."""
        self.send("g")
        r = self.recv()
        # Reports of a stop may be on the way still.
        while len(r) < 200:
            r = self.recv()
        return bytes.fromhex(r)

    def step(self):
        """One instruction; returns RIP."""
        self.send("s")
        self.recv()
        return int.from_bytes(self.registers()[128:136], "little")
