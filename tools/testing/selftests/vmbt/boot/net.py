#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A Debian guest's own driver (pcnet32) on vmbt-run's network cards.

Runs in the test host (net.sh), whose loopback the servers are on: through the NAT,
and through a tap interface of the host's. Contents are compared by digest, both ways.
The guest's half is net_guest.sh. Environment: MB, how many megabytes each way.
"""
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time

from console import Failure, Guest, run, stats
from served import File

MB = float(os.environ.get("MB") or "1")
FILE = File(int(MB * 1e6))
NUMBERS = int(MB * 150000)
# The slowest megabyte seen took 24 s.
LIMIT = 300 + 100 * MB
COUNTED = ("world_switches", "exit_io", "exit_intr", "hc_intr", "interrupts_injected")


def count(last):
    """The digest of what 'seq 1 LAST' prints."""
    total = hashlib.sha256()
    for first in range(1, last + 1, 10000):
        total.update(b"".join(b"%d\n" % i for i in range(first, min(first + 10000, last + 1))))
    return total.hexdigest()


class Sink:
    """Takes one connection and digests what comes."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.sum = hashlib.sha256()
        self.size = 0
        self.thread = threading.Thread(target=self.take, daemon=True)
        self.thread.start()

    def take(self):
        """The connection."""
        peer, _ = self.sock.accept()
        while part := peer.recv(65536):
            self.sum.update(part)
            self.size += len(part)

    def digest(self):
        """When it was closed."""
        self.thread.join(60)
        return self.sum.hexdigest()


class Leg:
    """One way of the data: how fast it was and what it took."""

    def __init__(self, guest):
        self.guest = guest
        self.start = time.time()
        self.used = used(guest)
        self.stats = stats()

    def said(self, name, size):
        """Now that it is over; a packet is a full one."""
        seconds = time.time() - self.start
        now, packets = stats(), size / 1460
        print(f"   {name}: {size / 1e6:g} MB in {seconds:.1f} s, {size / seconds / 1e6:.2f} MB/s, "
              f"{used(self.guest) - self.used:.1f} s of CPU; a packet: " +
              ", ".join(f"{(now[n] - self.stats[n]) / packets:.2f} {n}" for n in COUNTED),
              flush=True)


def used(guest):
    """Seconds of CPU time so far."""
    with open(f"/proc/{guest.proc.pid}/stat", encoding="ascii") as f:
        times = f.read().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def user():
    """DHCP, ping, a download, an upload, and a connection from the host."""
    sink = Sink()
    first, whole = next(FILE.pieces()), FILE.digest
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    guest = Guest("user", "-nic", f"user,hostfwd=tcp:127.0.0.1:{port}-:7777",
                  append=f"port={FILE.serve('127.0.0.1')} sink={sink.port} numbers={NUMBERS}")
    try:
        guest.wait("vmbt-guest: ready", 300)
        guest.says("card", "PCnet/PCI II 79C970A")
        guest.says("mac", "52:54:00:12:34:56")
        guest.says("address", "10.0.2.15")
        guest.says("ping", "0")
        leg = Leg(guest)
        guest.says("download", whole, LIMIT)
        leg.said("download", FILE.size)
        leg = Leg(guest)
        guest.says("upload", "done", LIMIT)
        leg.said("upload", sink.size)
        if sink.digest() != count(NUMBERS):
            raise Failure("the upload is not what the guest sent")
        guest.says("forwarded", "ready")
        with socket.create_connection(("127.0.0.1", port), 30) as peer:
            peer.sendall(first)
        guest.says("forwarded", hashlib.sha256(first).hexdigest(), 300)
        guest.says("missed", "0")
        guest.says("errors", "0")
    finally:
        guest.kill()


def three():
    """Three cards, each with a network of its own."""
    guest = Guest("three", "-nic", "user", "-netdev", "user,id=a", "-device",
                  "pcnet,netdev=a", "-nic", "user,mac=52:54:00:aa:bb:cc,model=pcnet")
    try:
        guest.wait("vmbt-guest: ready", 300)
        for mac in ("52:54:00:12:34:56", "52:54:00:12:34:57", "52:54:00:aa:bb:cc"):
            guest.says("mac", mac)
            guest.says("address", "10.0.2.15")
            guest.says("ping", "0")
    finally:
        guest.kill()


def name_server(address, answer):
    """Answers with one address to whatever name is asked for."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, 53))

    def loop():
        while True:
            query, peer = sock.recvfrom(512)
            # One question: its name ends with a zero, its type is A or another.
            end = query.index(b"\0", 12) + 5
            is_a = query[end - 4:end - 2] == b"\0\1"
            head = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_a else b"\0\0") + bytes(4)
            record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(answer)
            sock.sendto(head + query[12:end] + (record if is_a else b""), peer)

    threading.Thread(target=loop, daemon=True).start()


def resolver(address):
    """The host's name server from now on."""
    with open("/etc/resolv.conf.new", "w", encoding="ascii") as f:
        f.write(f"nameserver {address}\n")
    os.rename("/etc/resolv.conf.new", "/etc/resolv.conf")


def names():
    """The host's name server, and the one after it: the sandbox is not in the way."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    name_server("127.0.0.1", "192.0.2.1")
    name_server("127.0.0.2", "192.0.2.2")
    resolver("127.0.0.1")
    guest = Guest("names", "-nic", "user")
    try:
        guest.wait("vmbt-guest: ready", 900)
        guest.says("address", "10.0.2.15")
        guest.says("name", "192.0.2.1")
        resolver("127.0.0.2")
        guest.says("name", "192.0.2.2")
    finally:
        guest.kill()


def tap():
    """An interface of the host's."""
    subprocess.run(["modprobe", "-q", "tun"], check=False)
    if not os.path.exists("/dev/net/tun"):
        os.makedirs("/dev/net", exist_ok=True)
        os.mknod("/dev/net/tun", 0o20600, os.makedev(10, 200))
    for args in ("tuntap add dev vmbttap mode tap", "addr add 192.168.77.1/24 dev vmbttap",
                 "link set vmbttap up"):
        subprocess.run(["ip", *args.split()], check=True)
    guest = Guest("tap", "-nic", "tap,ifname=vmbttap,script=no",
                  append=f"port={FILE.serve('192.168.77.1')}")
    try:
        guest.wait("vmbt-guest: ready", 300)
        guest.says("ping", "0")
        guest.says("download", FILE.digest, LIMIT)
    finally:
        guest.kill()


sys.exit(run([user, names, three, tap], "net"))
