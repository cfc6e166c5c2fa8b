#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Hosts that vmbt refuses, each by its name, and by no other.

No emulator has them: a Xen PV guest, guests whose memory SEV or TDX encrypts, a
kernel that uses FRED, a CPU without NX. So the test host is made to look like
each: a debugger changes what its kernel knows of itself, on which alone
vmbt_caps_init() decides, and takes it back once insmod has said what it says.
In between the module loads as ever, so that what is refused is refused for what
was changed. FRED is a bit of CR4 that QEMU's CPU has no room for: the module is
stepped to where it reads CR4, and sees it there.

usage: refused.py vmbt.ko KERNELHEADERS
"""
import os
import re
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from gdb import Gdb  # noqa: E402

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), *[".."] * 5))

# __START_KERNEL_map: where physical address 0 is, without KASLR.
KERNEL_MAP = 0xffffffff80000000
CR4_FRED = 1 << 32
# Of the debugger's numbers, those of AX, CX, DX, BX, SP, BP, SI, DI.
GDB_ORDER = [0, 2, 3, 1, 7, 6, 4, 5]

SCRIPT = r"""
stty -echo
cp "$MODULE" /tmp/vmbt.ko
for s in boot_cpu_data x86_hyper_type cc_vendor sev_status cpu_mitigations do_init_module \
		cc_platform_has; do
	grep -m1 " $s\$" /proc/kallsyms | { read -r a _ n; echo "symbol $a $n"; }
done
echo ready
while read -r params && [ "$params" != end ]; do
	dmesg -C
	# Not busybox's, which tries what failed a second time.
	if insmod /tmp/vmbt.ko $params 2> /dev/null; then
		/run/busybox rmmod vmbt
		echo "loaded $(dmesg | grep -o "vmbt: no IBPB" | head -n 1)"
	else
		echo "refused $(dmesg | grep -o "vmbt: refused:.*")"
	fi
done
"""


class Layout:
    """Where in the kernel's data to find what is to be changed."""

    def __init__(self, module, headers):
        with open(headers + "/Makefile", encoding="ascii") as f:
            m = re.search(r"include (\S+)/Makefile", f.read())
        self.asm = (m.group(1) if m else headers) + "/arch/x86/include/asm/"
        self.capability = self.offset_of_capability(module)

    @staticmethod
    def offset_of_capability(module):
        """In cpuinfo_x86: it is in a union there that has no name."""
        out = subprocess.run(["objdump", "--dwarf=info", module], capture_output=True,
                             text=True, check=True).stdout
        union = re.search(r"<1><([0-9a-f]+)>: [^\n]*DW_TAG_union_type\)"
                          r"(?:(?!\n <1>).)*?: x86_capability\n", out, re.S).group(1)
        m = re.search(r"DW_AT_type\s*: <0x%s>\s+<[^>]*>\s+DW_AT_data_member_location: (\d+)"
                      % union, out)
        return int(m.group(1))

    def feature(self, name):
        """(byte in boot_cpu_data, bit in it)"""
        with open(self.asm + "cpufeatures.h", encoding="utf-8") as f:
            m = re.search(r"X86_FEATURE_%s\s+\( *(\d+)\*32\+ *(\d+)\)" % name, f.read())
        word, bit = map(int, m.groups())
        return self.capability + word * 4 + bit // 8, 1 << bit % 8

    def enumerator(self, header, name):
        with open(self.asm + header, encoding="utf-8") as f:
            names = re.search(r"enum \w+ \{([^}]*\b%s\b[^}]*)\}" % name, f.read()).group(1)
        return [n.split("=")[0].strip() for n in names.split(",")].index(name)


class Host:
    def __init__(self, module):
        self.gdb_path = tempfile.mkdtemp() + "/gdb"
        env = dict(os.environ, PASSENV="MODULE", MODULE=os.path.abspath(module),
                   MODPARAMS="force=1", GDB=self.gdb_path, SMP="1", STDIN="1",
                   TIMEOUT="300", CPU="max")
        # The module that the test host loads itself, to see that it does, goes first.
        self.proc = subprocess.Popen([TOP + "/scripts/testhost", "/run/busybox rmmod vmbt\n"
                                      + SCRIPT], env=env, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.timer = threading.Timer(300, self.proc.terminate)
        self.timer.start()
        self.sym = {}
        for line in self.proc.stdout:
            words = line.split()
            if words[:1] == ["symbol"]:
                self.sym[words[2]] = int(words[1], 16)
            elif words[:1] == ["ready"]:
                return
        raise OSError("the test host did not start")

    def change(self, changes):
        """Writes (symbol, offset, mask, value); returns what takes it back."""
        gdb = Gdb(self.gdb_path)
        gdb.physical(True)
        back = []
        for symbol, offset, mask, value in changes:
            at = self.sym[symbol] - KERNEL_MAP + offset
            old = gdb.read(at, 1)[0]
            gdb.write(at, bytes([old & ~mask | value]))
            back.insert(0, (symbol, offset, mask, old & mask))
        gdb.detach()
        return back

    def insmod(self, params, on_the_way=None):
        """What became of it; on_the_way is done in the midst of vmbt_caps_init()."""
        gdb = None
        if on_the_way:
            gdb = Gdb(self.gdb_path)
            gdb.break_at(self.sym["do_init_module"], True)
            gdb.go()
        self.proc.stdin.write(params + "\n")
        self.proc.stdin.flush()
        if gdb:
            assert gdb.wait(60), "no module was initialized"
            gdb.break_at(self.sym["do_init_module"], False)
            gdb.break_at(self.sym["cc_platform_has"], True)
            gdb.go()
            assert gdb.wait(60), "it asks for no encryption"
            gdb.break_at(self.sym["cc_platform_has"], False)
            on_the_way(gdb)
            gdb.detach()
        line = self.proc.stdout.readline()
        assert line, "the test host ended"
        return line.strip()


def fred_in_cr4(gdb):
    """The next instruction that reads CR4 reads the bit as set."""
    gdb.physical(False)
    for _ in range(2000):
        at = gdb.step()
        code = gdb.read(at, 4)
        rex = code[0] & 1 if code[0] & 0xf0 == 0x40 else None
        code = code[0 if rex is None else 1:]
        # MOV r64, CR4
        if code[:2] == b"\x0f\x20" and code[2] & 0xf8 == 0xe0:
            number = GDB_ORDER[code[2] & 7] if not rex else 8 + (code[2] & 7)
            gdb.step()
            value = int.from_bytes(gdb.registers()[number * 8:number * 8 + 8], "little")
            # PAE, or this is no CR4.
            assert value & 1 << 5, "%x" % value
            gdb.set_register(number, value | CR4_FRED)
            return
    raise AssertionError("it does not read CR4")


def main():
    module, headers = sys.argv[1:3]
    at = Layout(module, headers)

    def cap(name, on):
        byte, bit = at.feature(name)
        return ("boot_cpu_data", byte, bit, bit if on else 0)

    def var(symbol, value):
        return (symbol, 0, 0xff, value)

    amd = var("cc_vendor", at.enumerator("coco.h", "CC_VENDOR_AMD"))
    intel = var("cc_vendor", at.enumerator("coco.h", "CC_VENDOR_INTEL"))
    # MSR_AMD64_SEV: bit 0 SEV, 1 SEV-ES, 2 SEV-SNP.
    cases = [
        ("xen", [var("x86_hyper_type", at.enumerator("hypervisor.h", "X86_HYPER_XEN_PV"))],
         "the kernel runs as a Xen PV guest,"),
        ("xen_feature", [cap("XENPV", True)], "the kernel runs as a Xen PV guest,"),
        ("sev", [amd, var("sev_status", 1)], "the kernel is an SEV guest,"),
        ("sev_es", [amd, var("sev_status", 3)], "the kernel is an SEV-ES or SNP guest,"),
        ("sev_snp", [amd, var("sev_status", 7)], "the kernel is an SEV-ES or SNP guest,"),
        ("tdx", [intel, cap("TDX_GUEST", True)], "the kernel is a TDX guest,"),
        ("fred", None, "the kernel uses FRED,"),
        ("nx", [cap("NX", False)], "the CPU has no NX or no FXSAVE"),
    ]
    host = Host(module)
    bad = 0

    def verdict(name, ok, said):
        nonlocal bad
        print("ok refused_" + name if ok else "not ok refused_%s: %s" % (name, said), flush=True)
        bad += not ok

    def as_ever(name):
        said = host.insmod("force=1")
        verdict(name, said == "loaded vmbt: no IBPB", said)

    try:
        as_ever("not_without_a_reason")
        for name, changes, why in cases:
            # No parameter helps.
            if changes is None:
                said = host.insmod("force=1", fred_in_cr4)
            else:
                back = host.change(changes)
                said = host.insmod("force=1")
                host.change(back)
            verdict(name, said.startswith("refused vmbt: refused: " + why), said)
        said = host.insmod("")
        verdict("no_ibpb", said.startswith("refused vmbt: refused: the CPU has no IBPB,"), said)
        back = host.change([var("cpu_mitigations", 0)])
        said = host.insmod("")
        host.change(back)
        verdict("not_with_mitigations_off", said.startswith("loaded"), said)
        back = host.change([cap("IBPB", True)])
        said = host.insmod("")
        host.change(back)
        verdict("not_with_ibpb", said == "loaded", said)
        as_ever("not_afterwards")
    except (OSError, AssertionError) as e:
        verdict("host", False, e)
        host.proc.terminate()
    else:
        host.proc.stdin.write("end\n")
        host.proc.stdin.close()
        if host.proc.wait():
            verdict("host", False, "ended with %d" % host.proc.returncode)
    host.timer.cancel()
    sys.exit(bad != 0)


main()
