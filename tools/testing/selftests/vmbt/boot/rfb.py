# SPDX-License-Identifier: GPL-2.0
"""A VNC client of our own for tests: RFC 6143, raw pixels, new sizes, a password.

Written from the RFC, so that the server is judged by something else than a client of
its own library.
"""
import select
import socket
import struct
import subprocess

RAW, DESKTOP_SIZE = 0, -223


class RfbError(Exception):
    """The server said no, or nonsense."""


def answer(challenge, password):
    """DES of the challenge by the password, each byte's bits in the other order."""
    key = bytes(int(f"{b:08b}"[::-1], 2) for b in password.encode().ljust(8, b"\0")[:8])
    # Triple DES by one key thrice is DES, which openssl has no more by itself.
    return subprocess.run(["openssl", "enc", "-des-ede3", "-nopad", "-K", key.hex() * 3],
                          input=challenge, capture_output=True, check=True).stdout


class Rfb:
    """A connection: .width, .height, .pixels (RGB) are what the server told."""

    def __init__(self, where, password=None, timeout=30):
        if where.startswith("/"):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect(where)
        else:
            host, number = where.rsplit(":", 1)
            self.sock = socket.create_connection((host, 5900 + int(number)), timeout)
        if not self.get(12).startswith(b"RFB 003.00"):
            raise RfbError("not RFB")
        self.sock.sendall(b"RFB 003.008\n")
        kinds = self.get(self.get(1)[0])
        kind = 2 if password is not None else 1
        if kind not in kinds:
            raise RfbError(f"security type {kind} is not offered, but {list(kinds)}")
        self.sock.sendall(bytes([kind]))
        if kind == 2:
            self.sock.sendall(answer(self.get(16), password))
        if struct.unpack(">I", self.get(4))[0]:
            raise RfbError(self.get(struct.unpack(">I", self.get(4))[0]).decode())
        self.sock.sendall(b"\1")
        self.width, self.height = struct.unpack(">HH", self.get(20)[:4])
        self.name = self.get(struct.unpack(">I", self.get(4))[0]).decode()
        self.pixels = bytearray(self.width * self.height * 3)
        self.sizes = [(self.width, self.height)]
        self.updates = 0
        # Bytes blue, green, red, 0.
        self.sock.sendall(struct.pack(">BxxxBBBBHHHBBBxxx", 0, 32, 24, 0, 1, 255, 255, 255,
                                      16, 8, 0))
        self.sock.sendall(struct.pack(">BxHii", 2, 2, RAW, DESKTOP_SIZE))

    def get(self, size):
        """So many bytes."""
        data = b""
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise RfbError("the server hung up")
            data += part
        return data

    def rectangle(self):
        """One rectangle of an update."""
        x, y, w, h, kind = struct.unpack(">HHHHi", self.get(12))
        if kind == DESKTOP_SIZE:
            self.width, self.height = w, h
            self.sizes.append((w, h))
            self.pixels = bytearray(w * h * 3)
        elif kind == RAW:
            data = self.get(w * h * 4)
            for row in range(h):
                line = bytearray(w * 3)
                part = data[row * w * 4:(row + 1) * w * 4]
                line[0::3], line[1::3], line[2::3] = part[2::4], part[1::4], part[0::4]
                at = ((y + row) * self.width + x) * 3
                self.pixels[at:at + w * 3] = line
        else:
            raise RfbError(f"encoding {kind}, which was not asked for")

    def update(self, whole=False, seconds=30):
        """Ask for what is new and wait for it; False if nothing came in time."""
        self.sock.sendall(struct.pack(">BBHHHH", 3, not whole, 0, 0, self.width, self.height))
        return self.message(seconds)

    def message(self, seconds):
        """Take one update; False if none came in time."""
        self.sock.settimeout(seconds)
        try:
            kind = self.get(1)[0]
        except socket.timeout:
            return False
        finally:
            self.sock.settimeout(30)
        if kind != 0:
            raise RfbError(f"message {kind}, not an update")
        for _ in range(struct.unpack(">xH", self.get(3))[0]):
            self.rectangle()
        self.updates += 1
        return True

    def take(self):
        """
        Take what came without being asked for: a server that has changed its size
        sends the picture by itself, and reads nothing until it has got rid of it.
        """
        while select.select([self.sock], [], [], 0)[0]:
            self.message(30)

    def key(self, sym, down):
        """Press or release."""
        self.sock.sendall(struct.pack(">BBxxI", 4, down, sym))

    def type(self, text):
        """Type characters, with the shift that a person would hold."""
        for c in text:
            shift = c.isupper() or c in '!@#$%^&*()_+{}|:"<>?~'
            sym = 0xff0d if c == "\n" else ord(c)
            if shift:
                self.key(0xffe1, True)
            self.key(sym, True)
            self.key(sym, False)
            if shift:
                self.key(0xffe1, False)

    def pointer(self, x, y, buttons=0):
        """Where it is and what is pressed."""
        self.sock.sendall(struct.pack(">BBHH", 5, buttons, x, y))

    def close(self):
        """Hang up."""
        self.sock.close()
