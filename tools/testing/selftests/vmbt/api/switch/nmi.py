#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
An NMI, or a machine check, at every instruction of the world switch, one at a
time; then a fault in each direction.

Boots the test host with a gdb stub and a monitor. For each instruction of the
switch in both directions, of the image's own way in and out of the guest, and
of the guest: stop there, inject an NMI, go on. The host's NMI handler must run
next, once, and the round trips that go on meanwhile must find all state as it
was. Deterministic: the NMI is pending before the instruction is executed. The
same with a machine check of a kind that software recovers from: an error that a
memory scrubber found, at an address that is no memory of the host's.

The faults are LTRs with a selector beyond the GDT. The trip must fail, the
fault be named in the log, and the host go on. The one on the way back comes
when an interrupt is being brought home that the APIC has delivered: the host
must get it all the same, or it gets no other.

usage: nmi.py vmbt.ko vmm.elf [nmi|mce]
"""
import os
import queue
import re
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "lib"))
from gdb import Gdb  # noqa: E402

# Seconds until what must come counts as lost: the emulator may have to wait for a
# CPU of a busy machine. An instruction takes milliseconds otherwise.
PATIENCE = 30

# How many that were lost are enough.
FAILURES = int(os.environ.get("FAILURES", 10))

# Of each event: QEMU's command, where the host must get to, the line of
# /proc/interrupts. VAL UC EN MISCV ADDRV S, a scrubber's error; RIPV and MCIP
# (SDM vol. 3, 16.9.3). From the guest, the handler is called without its gate.
EVENTS = {
    "nmi": ("nmi", "asm_exc_nmi", "NMI"),
    "mce": ("mce 0 9 0xbd000000000000c0 0x5 0xfd000000 0x8c", "do_machine_check", "MCE"),
}

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), *[".."] * 6))


def monitor(path, cmd):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    f = s.makefile("rwb", buffering=0)
    out = b""
    while not out.endswith(b"(qemu) "):
        out += s.recv(4096)
    f.write(cmd.encode() + b"\n")
    out = b""
    while not out.endswith(b"(qemu) "):
        out += s.recv(4096)
    s.close()
    return out.decode()


def instructions(elf, first, last, section=".text"):
    """(offset from first, text) of each instruction in [first, last)."""
    out = subprocess.run(["objdump", "-d", "-w", "-j", section,
                          "--no-show-raw-insn", elf], capture_output=True,
                         text=True, check=True).stdout
    syms = subprocess.run(["nm", elf], capture_output=True, text=True,
                          check=True).stdout
    addr = {l.split()[2]: int(l.split()[0], 16) for l in syms.splitlines()
            if len(l.split()) == 3}
    found = []
    for line in out.splitlines():
        m = re.match(r" *([0-9a-f]+):\t(\S+.*)", line)
        if m and addr[first] <= int(m.group(1), 16) < addr[last]:
            # Not meant to be reached: padding behind RET and JMP.
            if not re.match("int3|ud2|nop|data16|cs nop|xchg +%ax,%ax",
                            m.group(2)):
                found.append((int(m.group(1), 16) - addr[first], m.group(2)))
    return found, addr[first]


def lines(stream):
    """The test host's lines, for as long as it has something to say."""
    q = queue.Queue()

    def read():
        for line in stream:
            q.put(line)
        q.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = q.get(timeout=10 * PATIENCE)
        except queue.Empty:
            raise OSError("it has stood still for %d s" % (10 * PATIENCE)) from None
        if line is None:
            return
        yield line


FAULTS = ["vmbt_cross_enter", "vmbt_cross_leave"]
FAULT_END = {"vmbt_cross_enter": "vmbt_cross_leave",
             "vmbt_cross_leave": "vmbt_cross_end"}


def in_service(mon_path):
    """Has the APIC delivered an interrupt that nobody has acknowledged?"""
    m = re.search(r"\bISR\s+(.*)", monitor(mon_path, "info lapic"))
    return bool(re.search(r"\d", m.group(1)))


def inject_fault(path, mon_path, addr, with_interrupt):
    """Make the instruction at addr, once, see a bad selector in RAX."""
    gdb = Gdb(path)
    for _ in range(5000):
        gdb.break_at(addr, True)
        gdb.go()
        assert gdb.wait(PATIENCE), "no trip came to the LTR"
        gdb.break_at(addr, False)
        if not with_interrupt or in_service(mon_path):
            break
        # Past it, or the breakpoint would be met again without a step.
        gdb.step()
    else:
        raise AssertionError("no trip brought an interrupt home")
    # Register 0, little endian; QEMU wants its description to be read before.
    gdb.ask("qXfer:features:read:target.xml:0,ffb")
    gdb.command("P0=3012000000000000")
    gdb.command("D")
    gdb.sock.close()


def main():
    module, elf = sys.argv[1:3]
    event = sys.argv[3] if len(sys.argv) > 3 else "nmi"
    tmp = tempfile.mkdtemp()
    gdb_path, mon_path = tmp + "/gdb", tmp + "/mon"
    env = dict(os.environ, MODULE=module, PASSENV="MODULE", GDB=gdb_path, SMP="1", TIMEOUT="900",
               MODPARAMS="force=1 mitigate=31", OOPS="ok", STDIN="1",
               QEMU_EXTRA="-monitor unix:%s,server=on,wait=off" % mon_path)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nmi.sh")
    host = subprocess.Popen([TOP + "/scripts/testhost",
                             script + " " + EVENTS[event][2]], env=env,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        bad = run(host, module, elf, gdb_path, mon_path, event)
    except (OSError, EOFError, AssertionError) as e:
        print("not ok %s: the test host: %s" % (event, e))
        bad = 1
    finally:
        host.terminate()
        host.wait()
    sys.exit(bad)


def run(host, module, elf, gdb_path, mon_path, event):
    sym = {}
    inject, handler, _ = EVENTS[event]
    said = lines(host.stdout)
    for line in said:
        words = line.split()
        if words[:1] == ["symbol"]:
            sym[words[2]] = int(words[1], 16)
        elif words[:1] == ["ready"]:
            before = int(words[1])
            break
    else:
        print("not ok %s: the test host did not start" % event)
        return 1

    where = []
    ko = "vmbt_cross_enter"
    for first, last in ((ko, "vmbt_cross_leave"),
                        ("vmbt_cross_leave", "vmbt_cross_end")):
        insns, _ = instructions(module, first, last, ".noinstr.text")
        where += [(sym[first] + off, first, off, text) for off, text in insns]
    for first, last in (("metal_switch", "metal_enter_no"),
                        ("metal_trap", "metal_trap_self")):
        insns, base = instructions(elf, first, last)
        where += [(base + off, first, off, text) for off, text in insns]
    where += [(0x400000, "guest, ring 3", 0, ""), (0x402000, "guest, ring 1", 0, "")]

    gdb = Gdb(gdb_path)
    bad = done = 0
    skipped = []
    for addr, name, off, text in where:
        if os.environ.get("VERBOSE"):
            print("# %s+%#x %s" % (name, off, text), flush=True)
        gdb.break_at(addr, True)
        gdb.go()
        if not gdb.wait(PATIENCE):
            gdb.interrupt()
            gdb.break_at(addr, False)
            skipped.append("%s+%#x %s" % (name, off, text))
            if len(skipped) > 4:
                break
            continue
        gdb.break_at(addr, False)
        monitor(mon_path, inject)
        gdb.break_at(sym[handler], True)
        gdb.go()
        if gdb.wait(PATIENCE):
            done += 1
        else:
            gdb.interrupt()
            bad += 1
            print("not ok %s at %s+%#x (%s): the host never got it" %
                  (event, name, off, text))
        gdb.break_at(sym[handler], False)
        if bad == FAILURES:
            break
    gdb.command("D")
    gdb.sock.close()
    host.stdin.write("done\n")
    host.stdin.flush()

    counted = None
    for line in said:
        words = line.split()
        if words[:1] == ["counted"]:
            counted = int(words[1]) - before
        elif words[:1] == ["not"]:
            print(line, end="")
            bad += 1
        elif words[:1] == ["symbol"]:
            sym[words[2]] = int(words[1], 16)
        elif words[:1] == ["fault"]:
            fault = FAULTS[int(words[1])]
            insns, _ = instructions(module, fault, FAULT_END[fault],
                                    ".noinstr.text")
            off = [o for o, text in insns if text.startswith("ltr")][0]
            inject_fault(gdb_path, mon_path, sym[fault] + off,
                         fault == "vmbt_cross_leave")
        elif words[:1] == ["faulted"]:
            # The way back has a second name from where faults join it.
            want = "vector 13 error 1230 at (%s|vmbt_cross_abort)\\+"
            if re.search(want % FAULTS[int(words[1])], line):
                print("ok fault_in_" + FAULTS[int(words[1])])
            else:
                print("not ok fault_in_%s: %s" % (FAULTS[int(words[1])], line))
                bad += 1
        elif words[:1] == ["end"]:
            break
    # Never executed by the probe's guests: named, so that none hides here.
    for s in skipped:
        print("# not reached:", s)
    if len(skipped) > 4:
        print("not ok %s_coverage: %d instructions were not reached" %
              (event, len(skipped)))
        bad += 1
    if counted != done:
        print("not ok %s_count: %d injected, the host counted %s" %
              (event, done, counted))
        bad += 1
    if not bad:
        print("ok %s: %d of %d instructions of the switch" %
              (event, done, len(where) - len(skipped)))
    return 1 if bad else 0


main()
