#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""World switches for each packet that a Debian guest sends.

Runs in the test host (packets.sh). The guest's pcnet32 sends UDP as fast as it can,
COUNT packets a round; before each round the module's parameter no_io says which of the
three ways to spare world switches are off. Counted by the VMM, read in debugfs. With all
of them the limit is LIMIT.
"""
import os
import socket
import sys

from console import Failure, Guest, run, stats

COUNT = int(os.environ.get("COUNT") or "4000")
LIMIT = 0.25
PARAM = "/sys/module/vmbt/parameters/no_io"
NAMES = ("world_switches", "exit_io", "exit_hlt", "exit_intr", "hc_intr", "hc_yield",
         "hc_get_page", "coalesced", "registers_read", "interrupts_injected")
REGISTERS, COMBINE, LIVE = 1, 2, 4
ROUNDS = ((0, "all three on"), (REGISTERS, "registers off"), (COMBINE, "combining off"),
          (LIVE, "shared memory off"), (REGISTERS | COMBINE | LIVE, "all three off"),
          (0, "all three on, again"))


def ready(sock, number):
    """The guest waits for that round; its address. It may ask again and again."""
    sock.settimeout(900)
    while True:
        text, peer = sock.recvfrom(16)
        if text == b"%d" % number:
            return peer


def pair_of_sockets():
    """A socket to talk on, and at the port behind it one that nobody reads."""
    while True:
        talk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        talk.bind(("127.0.0.1", 0))
        sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sink.bind(("127.0.0.1", talk.getsockname()[1] + 1))
            return talk, sink
        except OSError:
            talk.close()
            sink.close()


def rounds(sock):
    """World switches a packet in each of the rounds."""
    result = []
    for number, (off, what) in enumerate(ROUNDS):
        peer = ready(sock, number)
        with open(PARAM, "w", encoding="ascii") as f:
            f.write(str(off))
        before = stats()
        sock.sendto(b"%d 1000" % number, peer)
        ready(sock, number + 1)
        after = stats()
        did = {name: (after[name] - before[name]) / COUNT for name in NAMES}
        print(f"   packets, {what}: " + ", ".join(f"{did[n]:.3f} {n}" for n in NAMES),
              flush=True)
        result.append(did["world_switches"])
    return result


def sent():
    """All rounds, in one guest."""
    talk, sink = pair_of_sockets()
    port = talk.getsockname()[1]
    guest = Guest("packets", "-nic", "user", append=f"port={port} count={COUNT}")
    try:
        guest.wait("vmbt-guest: ready", 900)
        guest.says("address", "10.0.2.15")
        got = rounds(talk)
        talk.sendto(b"%d 0" % len(ROUNDS), ready(talk, len(ROUNDS)))
        guest.says("packets", str(len(ROUNDS) * COUNT))
        guest.says("errors", "0")
    finally:
        guest.kill()
        sink.close()
        with open(PARAM, "w", encoding="ascii") as f:
            f.write("0")
    if max(got[0], got[-1]) > LIMIT:
        raise Failure(f"{got[0]:.3f} and {got[-1]:.3f} world switches a packet")
    for value, (_, what) in zip(got[1:-1], ROUNDS[1:-1]):
        if value <= max(got[0], got[-1]):
            raise Failure(f"{what}: {value:.3f} are no more than with all three on")


sys.exit(run([sent], "packets"))
