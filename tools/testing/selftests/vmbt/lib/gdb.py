# SPDX-License-Identifier: GPL-2.0
"""
The debugger's side of QEMU's gdb stub, as far as the tests need it.
"""
import re
import socket


class Gdb:
    """As much of the remote protocol as breakpoints take. Connecting stops the machine."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.sock.settimeout(60)
        self.buf = b""
        # The stop of connecting is reported on its own. The answer to what is asked
        # behind it is the sign that it has been: from here on, a report of a stop
        # is the one that is waited for.
        r = self.ask("qSupported")
        while r[:1] == "T":
            r = self.recv()

    def send(self, data):
        packet = data.encode()
        self.sock.sendall(b"$%s#%02x" % (packet, sum(packet) & 255))

    def recv(self, timeout=60):
        self.sock.settimeout(timeout)
        while True:
            m = re.search(rb"\$([^#]*)#..", self.buf)
            if m:
                self.buf = self.buf[m.end():]
                self.sock.sendall(b"+")
                return m.group(1).decode()
            part = self.sock.recv(4096)
            if not part:
                raise EOFError("the emulator has ended")
            self.buf += part

    def ask(self, data):
        self.send(data)
        return self.recv()

    def command(self, data):
        r = self.ask(data)
        assert r == "OK", (data, r)

    def break_at(self, addr, on):
        self.command("%s0,%x,1" % ("Z" if on else "z", addr))

    def go(self):
        self.send("c")

    def wait(self, timeout):
        """True if it stopped within that time."""
        try:
            r = self.recv(timeout)
        except socket.timeout:
            return False
        assert r[:1] == "T", r
        return True

    def interrupt(self):
        self.sock.sendall(b"\x03")
        self.recv()

    def read(self, addr, size):
        return bytes.fromhex(self.ask("m%x,%x" % (addr, size)))

    def write(self, addr, data):
        self.command("M%x,%x:%s" % (addr, len(data), data.hex()))

    def set_register(self, number, value):
        """Of 64 bits. QEMU wants its description to be read before."""
        self.ask("qXfer:features:read:target.xml:0,ffb")
        self.command("P%x=%s" % (number, value.to_bytes(8, "little").hex()))

    def physical(self, on):
        """Addresses of memory are physical ones, whatever the machine is at."""
        self.command("Qqemu.PhyMemMode:%d" % on)

    def detach(self):
        self.command("D")
        self.sock.close()

    def registers(self):
        """The 'g' packet's bytes; RIP is at 128 in a 64-bit machine."""
        return bytes.fromhex(self.ask("g"))

    def step(self):
        """One instruction; returns RIP."""
        self.send("s")
        self.recv()
        return int.from_bytes(self.registers()[128:136], "little")
