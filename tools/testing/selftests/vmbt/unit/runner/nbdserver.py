# SPDX-License-Identifier: GPL-2.0
"""An NBD server that is as the tests want it, and remembers what it was asked.

The part of the protocol's published description (NetworkBlockDevice/nbd, doc/proto.md)
that a client with one connection and simple replies needs: fixed newstyle negotiation,
NBD_OPT_GO with the export's size, flags and block sizes; read, write, flush, disconnect.
Servers that can't flush or have wishes about block sizes are not found in packages: what
qemu-nbd says depends on the image, and is always fit for a disk.
"""
import os
import socket
import struct
import threading

MAGIC, OPTION, REPLY = b"NBDMAGIC", b"IHAVEOPT", 0x3e889045565a9
REQUEST, SIMPLE_REPLY = 0x25609513, 0x67446698
FIXED_NEWSTYLE, NO_ZEROES = 1, 2
ABORT, GO = 2, 7
REP_ACK, REP_INFO, REP_UNSUP = 1, 3, 1 << 31 | 1
INFO_EXPORT, INFO_BLOCK_SIZE = 0, 3
HAS_FLAGS, SEND_FLUSH = 1, 4
READ, WRITE, DISC, FLUSH = 0, 1, 2, 3
EINVAL = 22


class NbdServer:
    """At a UNIX socket, for one client after the other.

    blocks: minimum, preferred and largest size, or None for a server that says nothing.
    requests: what was asked, as (name, offset, length); one longer than the largest size is
    refused. goodbyes: clients that said they leave.
    """

    def __init__(self, where, data, flags=SEND_FLUSH, blocks=None):
        self.data, self.flags, self.blocks = bytearray(data), HAS_FLAGS | flags, blocks
        self.requests, self.goodbyes = [], 0
        if os.path.exists(where):
            os.unlink(where)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(where)
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(30)

    def serve(self):
        """Clients, until nobody listens any more."""
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            with client:
                try:
                    if self.negotiate(client):
                        self.transmit(client)
                except EOFError:
                    pass

    def negotiate(self, s):
        """Agree on an export; False if the client has had enough."""
        s.sendall(MAGIC + OPTION + struct.pack(">H", FIXED_NEWSTYLE | NO_ZEROES))
        take(s, 4)
        while True:
            magic, option, length = struct.unpack(">8sII", take(s, 16))
            if magic != OPTION:
                raise EOFError
            take(s, length)

            def reply(kind, data=b""):
                s.sendall(struct.pack(">QIII", REPLY, option, kind, len(data)) + data)
            if option == ABORT:
                reply(REP_ACK)
                return False
            if option != GO:
                reply(REP_UNSUP)
                continue
            reply(REP_INFO, struct.pack(">HQH", INFO_EXPORT, len(self.data), self.flags))
            if self.blocks:
                reply(REP_INFO, struct.pack(">HIII", INFO_BLOCK_SIZE, *self.blocks))
            reply(REP_ACK)
            return True

    def transmit(self, s):
        """Do what is asked."""
        names = {READ: "read", WRITE: "write", FLUSH: "flush"}
        largest = self.blocks[2] if self.blocks else 32 << 20
        while True:
            _, _, kind, cookie, offset, length = struct.unpack(">IHHQQI", take(s, 28))
            if kind == DISC:
                self.goodbyes += 1
                return
            self.requests.append((names.get(kind, kind), offset, length))
            error, data = 0, b""
            if kind == WRITE:
                data = take(s, length)
            if length > largest or kind not in names or (kind == FLUSH and
                                                         not self.flags & SEND_FLUSH):
                error, data = EINVAL, b""
            elif kind == READ:
                data = self.data[offset:offset + length]
            elif kind == WRITE:
                self.data[offset:offset + length], data = data, b""
            s.sendall(struct.pack(">IIQ", SIMPLE_REPLY, error, cookie) + data)


def take(s, length):
    """So many bytes."""
    got = b""
    while len(got) < length:
        part = s.recv(length - len(got))
        if not part:
            raise EOFError
        got += part
    return got
