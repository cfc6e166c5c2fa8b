#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
`make bench`: what operations of a guest cost, natively, under vmbt, under KVM on
an emulated AMD SVM, and under qemu-system-i386, all on one emulated machine.

Each column is a run or two of QEMU (TCG, -icount, one CPU) with nothing but an
initial RAM disk, and the plugin count.c in it. The guest's programs (user.c,
bare.c) mark what is to be counted; what the plugin counted between two marks,
divided by the operations done, is the row. Two runs count the same.

Modelled cycles are instructions plus events times costs.txt. Exceptions and
interrupts are as many as there are ways back from them.

usage: bench.py [--twice] [ROW]...	all rows without one; --twice: run all of it
					twice and compare
       bench.py --profile ROW...	instructions an operation by the VMM's functions
Environment: COLUMN='native vmbt' runs these alone, and takes the others as the last
run of theirs left them, which is said; JOBS=2 runs at a time, TIMEOUT=1200
seconds for one, GUEST=debian-686, GUEST_MEM=256 (megabytes; with others the output's
names have them), MODPARAMS as of scripts/testhost.
Output: a table, build/bench.json, and build/bench/counts.json with all counts.
"""
import bisect
import collections
import concurrent.futures
import json
import lzma
import os
import shutil
import stat
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "../../../../.."))
BUILD = os.path.join(TOP, "build")
OUT = os.path.join(BUILD, "bench")
GUEST = os.environ.get("GUEST", "debian-686")
MEMORY = int(os.environ.get("GUEST_MEM", "256"))
SIZE = "" if MEMORY == 256 else "-%dm" % MEMORY
TIMEOUT = int(os.environ.get("TIMEOUT", "1200"))
APPEND = "console=ttyS0 acpi=off nolapic noisapnp pnpbios=off quiet panic=-1 nokaslr norandmaps"
# No AVX: count.c takes LZCNT for its own, and the C library's AVX2 code has it.
MODEL = "max,-rdrand,-rdseed,-avx,-avx2"
INTEL = MODEL + ",vendor=GenuineIntel,-svm"
COLUMNS = ["native", "vmbt", "kvm", "tcg"]
ONLY = os.environ.get("COLUMN", "").split() or COLUMNS

ELF = os.path.join(BUILD, "module/arch/x86/vmbt/vmm-build/vmm.elf")
# The VMM's image, whose blocks are counted one by one for a profile.
VMM = (0xfffffe8000000000, 0xfffffe8001000000) if "--profile" in sys.argv else (0, 0)

# Row: which program does it, its goal (performance.md, section 3).
Row = collections.namedtuple("Row", "name where goal what")
CYCLES = "cycles"


def goal(kind, value, unit=CYCLES):
    return {"kind": kind, "value": value, "unit": unit}


ROWS = [
    Row("compute", "user", goal("ratio", 1.01), "1000 rounds of integer work"),
    Row("memcopy", "user", goal("ratio", 1.01), "two pages copied"),
    Row("int80", "user", goal("native_plus", 500), "getppid by INT 80h"),
    Row("sysenter", "intel", goal("native_plus", 500), "getppid by SYSENTER (Intel model)"),
    Row("pagefault", "user", goal("ratio", 2), "fresh memory touched"),
    Row("mmap", "user", None, "mmap and munmap, untouched"),
    Row("mprotect", "user", None, "a page read-only and back, touched"),
    Row("signal", "user", None, "kill(getpid()) with a handler"),
    Row("pipe", "user", None, "a byte there and back: two context switches"),
    Row("forkwait", "user", goal("ratio", 3), "fork, exit, waitpid"),
    Row("forkexec", "user", None, "fork, execve, exit, waitpid"),
    Row("fileread", "user", None, "pread of a page"),
    Row("timer", "user", None, "nanosleep until a clock tick"),
    Row("compile", "gcc", goal("ratio", 1.15), "gcc -O2 -c of 1,100 lines"),
    Row("boot", "user", goal("ratio", 1.5), "the kernel's first instruction to the shell"),
    Row("cli_sti", "bare", goal("absolute", 10), "CLI and STI"),
    Row("pushf_popf", "bare", goal("absolute", 10), "PUSHF and POPF"),
    Row("call_ret", "bare", goal("ratio", 2), "CALL and RET"),
    Row("call_indirect", "bare", None, "CALL of a register and RET"),
    Row("rdtsc", "bare", None, "RDTSC"),
    Row("in_vmm", "bare", goal("absolute", 60), "IN from a device in the VMM (PIC)"),
    Row("in_user", "bare", None, "IN from a device in user space (i8042)"),
    Row("divide_fault", "bare", None, "#DE and back"),
    Row("cr3_load", "bare", None, "MOV to CR3, the same"),
    Row("pte_modify", "bare", goal("absolute", 100), "a page-table entry in use written"),
    Row("pte_unmap", "bare", None, "an entry cleared, INVLPG, set, the page used"),
    Row("interrupt", "bare", None, "a timer interrupt in ring 0, with its EOI"),
]
# Of these the loop around the instruction is taken off.
LOOPS = ["cli_sti", "pushf_popf", "call_ret", "call_indirect", "rdtsc", "in_vmm", "in_user",
         "divide_fault", "cr3_load"]
# What the VMM did: counters of struct vmbt_vmm_stats that the table shows.
SHOWN = [("switches_de_bt", "de/bt"), ("world_switches", "world"), ("callouts", "callout"),
         ("insns_interpreted", "interp"), ("faults_hidden", "hidden"),
         ("faults_true", "true"), ("faults_trace", "trace"),
         ("exceptions_injected", "exc"), ("interrupts_injected", "irq"),
         ("units", "units"), ("hc_intr", "hc:intr"), ("hc_exit", "hc:exit"),
         ("hc_get_page", "hc:page"), ("root_loads", "root"), ("chip_io", "chip-io")]


def fail(text):
    sys.exit("bench: " + text)


class Cpio:
    """An initial RAM disk (newc)."""

    def __init__(self):
        self.data = bytearray()
        self.names = set()

    def _entry(self, name, mode, body=b"", rdev=(0, 0)):
        n = name.encode() + b"\0"
        fields = [len(self.names) + 1, mode, 0, 0, 1, 0, len(body), 0, 0,
                  rdev[0], rdev[1], len(n), 0]
        self.data += b"070701" + b"".join(b"%08x" % f for f in fields) + n
        self.data += b"\0" * (-len(self.data) % 4) + body
        self.data += b"\0" * (-len(self.data) % 4)
        self.names.add(name)

    def folder(self, name):
        if name and name not in self.names:
            self.folder(os.path.dirname(name))
            self._entry(name, stat.S_IFDIR | 0o755)

    def add(self, name, body, mode=0o755):
        name = name.lstrip("/")
        if name not in self.names:
            self.folder(os.path.dirname(name))
            self._entry(name, stat.S_IFREG | mode, body)

    def file(self, name, path):
        with open(path, "rb") as f:
            self.add(name, f.read())

    def program(self, path):
        """A program with its libraries, at the places they have here."""
        self.file(path, path)
        for line in subprocess.check_output(["ldd", path], text=True).split("\n"):
            words = line.split()
            lib = [w for w in words if w.startswith("/")]
            if lib:
                self.file(lib[0], os.path.realpath(lib[0]))

    def write(self, path):
        self._entry("TRAILER!!!", 0)
        with open(path, "wb") as f:
            f.write(self.data)


def module(cpio, conf, name):
    """A module of the host kernel's, after those that it needs."""
    release = open(os.path.join(BUILD, "host/release")).read().strip()
    base = os.path.join(BUILD, "host/lib/modules", release)
    for line in open(os.path.join(base, "modules.dep")):
        path, needs = line.strip().split(":")
        if os.path.basename(path).split(".")[0] != name:
            continue
        for f in needs.split()[::-1] + [path]:
            short = os.path.basename(f).split(".")[0]
            with open(os.path.join(base, f), "rb") as m:
                body = m.read()
            if f.endswith(".xz"):
                body = lzma.decompress(body)
            cpio.add("m/%s.ko" % short, body)
            conf.append("insmod /m/%s.ko" % short)
        return
    fail("the host's kernel has no module " + name)


def qemu32():
    """Debian's qemu-system-i386 is a shell script around the program."""
    for path in ("/usr/libexec/qemu-system-i386", shutil.which("qemu-system-i386") or ""):
        if os.path.exists(path):
            with open(path, "rb") as f:
                if f.read(4) == b"\177ELF":
                    return path
    fail("no qemu-system-i386")


# What gcc -c runs, with the libraries of these; nothing of it is of this machine.
GCC = ["gcc-12", "cpp-12", "binutils-i686-linux-gnu", "libbinutils", "libc6", "libisl23",
       "libmpc3", "libmpfr6", "libgmp10", "zlib1g", "libzstd1"]
GCC_FILES = ["usr/bin/i686-linux-gnu-gcc-12", "usr/lib/gcc/i686-linux-gnu/12/cc1",
             "usr/bin/i686-linux-gnu-as", "lib/ld-linux.so.2"]


UNPACKING = threading.Lock()


def compiler():
    """An archive with a C compiler for i386, and something to compile."""
    root = os.path.join(OUT, "gcc")
    # Several columns want it at a time.
    with UNPACKING:
        if not os.path.exists(root):
            shutil.rmtree(root + ".new", ignore_errors=True)
            for name in GCC:
                deb = subprocess.check_output(
                    [os.path.join(TOP, "scripts/fetch.sh"), "i386:" + name],
                    text=True).split("\n")[-2]
                subprocess.run(["dpkg-deb", "-x", deb, root + ".new"], check=True)
            os.rename(root + ".new", root)
    cpio, todo = Cpio(), list(GCC_FILES)
    while todo:
        name = todo.pop()
        path = os.path.join(root, name)
        if name in cpio.names:
            continue
        cpio.file(name, path)
        for line in subprocess.check_output(["readelf", "-d", path], text=True).split("\n"):
            if "(NEEDED)" not in line:
                continue
            lib = line.split("[")[1].rstrip("]")
            found = [f for f in ("lib/" + lib, "lib/i386-linux-gnu/" + lib,
                                 "usr/lib/i386-linux-gnu/" + lib)
                     if os.path.exists(os.path.join(root, f))]
            if not found:
                fail("no %s for %s among %s" % (lib, name, " ".join(GCC)))
            todo.append(found[0])
    # The name that gcc calls it by.
    cpio.file("usr/bin/as", os.path.join(root, "usr/bin/i686-linux-gnu-as"))
    source = os.path.join(TOP, "arch/x86/vmbt/vmm/desc/table.c")
    cpio.add("compile.i", subprocess.check_output(
        ["gcc", "-m32", "-E", "-P", "-ffreestanding", source]))
    return cpio


def guest_files(d, where, rows, waits):
    """Kernel, initrd or None, command line of a guest that does these rows."""
    if where == "bare":
        return os.path.join(OUT, "bare.img"), None, " ".join(["ack"] * waits + ["empty"] + rows)
    initrd = os.path.join(d, "guest.cpio")
    todo = [r for r in rows if r != "boot"]
    command = "vmbt-bench -m\n"
    if todo:
        command += "exec vmbt-bench %s %s\n" % ("-a" if waits else "", " ".join(todo))
    env = dict(os.environ, FILES=os.path.join(OUT, "vmbt-bench"))
    subprocess.run([os.path.join(TOP, "scripts/guest-initrd"), initrd, command], env=env,
                   check=True)
    if where == "gcc":
        more = os.path.join(d, "gcc.cpio")
        compiler().write(more)
        with open(initrd, "ab") as f, open(more, "rb") as m:
            shutil.copyfileobj(m, f)
    return os.path.join(BUILD, "guest", GUEST, "vmlinuz"), initrd, APPEND


def host_initrd(d, column, where, guest):
    kernel, initrd, append = guest
    cpio, conf = Cpio(), []
    for name in ("dev", "proc", "sys", "tmp"):
        cpio.folder(name)
    cpio._entry("dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1))
    cpio.file("init", os.path.join(OUT, "host"))
    cpio.file("guest/kernel", kernel)
    if initrd:
        cpio.file("guest/initrd", initrd)
    if column == "vmbt":
        cpio.file("m/vmbt.ko", os.path.join(BUILD, "vmbt.ko"))
        conf.append("insmod /m/vmbt.ko " + os.environ.get("MODPARAMS", "force=1"))
        cpio.program(os.path.join(BUILD, "vmbt-run"))
        args = [os.path.join(BUILD, "vmbt-run"), "-nographic"]
    else:
        qemu = qemu32()
        cpio.program(qemu)
        share = os.path.join(os.path.dirname(qemu), "../share")
        for name in ("qemu/linuxboot_dma.bin", "qemu/linuxboot.bin", "qemu/kvmvapic.bin",
                     "seabios/bios-256k.bin"):
            cpio.file("fw/" + os.path.basename(name), os.path.join(share, name))
        args = [qemu, "-L", "/fw", "-display", "none", "-nodefaults", "-no-user-config",
                "-machine", "pc"]
        if column == "kvm":
            module(cpio, conf, "kvm-amd")
            args += ["-accel", "kvm", "-cpu", "host"]
        else:
            lib = "usr/lib/x86_64-linux-gnu/qemu/accel-tcg-i386.so"
            if os.path.exists("/" + lib):
                cpio.program("/" + lib)
            args += ["-accel", "tcg", "-cpu", INTEL if where == "intel" else MODEL]
    args += ["-m", str(MEMORY), "-no-reboot", "-serial", "stdio", "-kernel", "/guest/kernel"]
    if initrd:
        args += ["-initrd", "/guest/initrd"]
    args += ["-append", append]
    conf += ["arg " + a for a in args]
    cpio.add("bench.conf", ("\n".join(conf) + "\n").encode())
    path = os.path.join(d, "host.cpio")
    cpio.write(path)
    return path


def execute(column, where, rows, suffix=""):
    """One run of the emulated machine: its serial lines and the plugin's counts."""
    d = os.path.join(OUT, "%s-%s%s%s" % (column, where, SIZE, suffix))
    shutil.rmtree(d, ignore_errors=True)
    os.makedirs(d)
    guest = guest_files(d, where, rows, column != "native")
    serial, counted = os.path.join(d, "serial"), os.path.join(d, "counts")
    cmd = ["qemu-system-x86_64", "-machine", "pc", "-accel", "tcg,thread=single", "-smp", "1",
           "-icount", "shift=0,sleep=off,align=off", "-rtc", "base=2026-01-01,clock=vm",
           "-cpu", INTEL if where == "intel" else MODEL, "-display", "none", "-nodefaults",
           "-no-user-config", "-no-reboot", "-serial", "file:" + serial,
           "-plugin", "file=%s,out=%s,entry=0x100000,translated=%d,base=%#x,end=%#x" % (
               os.path.join(OUT, "count.so"), counted, column == "vmbt", *VMM)]
    if column == "native":
        cmd += ["-m", str(MEMORY), "-kernel", guest[0], "-append", guest[2]]
        if guest[1]:
            cmd += ["-initrd", guest[1]]
    else:
        cmd += ["-m", str(1280 + MEMORY), "-kernel", os.path.join(BUILD, "host/vmlinux"),
                "-initrd", host_initrd(d, column, where, guest),
                "-serial", "file:" + os.path.join(d, "log"),
                "-append", "console=ttyS1 quiet panic=-1 tsc=reliable no_timer_check nokaslr "
                "norandmaps cryptomgr.notests audit=0 8250.nr_uarts=2 i8042.noaux i8042.nokbd"]
    with open(os.path.join(d, "err"), "w") as err:
        try:
            subprocess.run(cmd, stdin=subprocess.DEVNULL, stderr=err, timeout=TIMEOUT, cwd=d)
        except subprocess.TimeoutExpired:
            print("bench: %s-%s: not done after %d s" % (column, where, TIMEOUT), file=sys.stderr)
    for big in ("host.cpio", "guest.cpio", "gcc.cpio"):
        if os.path.exists(os.path.join(d, big)):
            os.remove(os.path.join(d, big))
    return read_back(d)


def read_back(d):
    """Serial lines and counts of a run, or of what it left."""
    with open(os.path.join(d, "serial"), errors="replace") as f:
        lines = [line.strip() for line in f if line.startswith("@")]
    for line in lines:
        if line.startswith("@failed"):
            print("bench: %s (see %s)" % (line, d), file=sys.stderr)
    with open(os.path.join(d, "counts")) as f:
        return lines, f.read().split("\n")


def left(column, where):
    """The same from an earlier run, if there was one."""
    d = os.path.join(OUT, "%s-%s%s" % (column, where, SIZE))
    if not os.path.exists(os.path.join(d, "serial")):
        return [], []
    print("bench: %s-%s: as an earlier run left it" % (column, where))
    return read_back(d)


class Counts:
    """What the plugin wrote: counts between consecutive marks."""

    def __init__(self, lines):
        self.names, self.between, last = [], [], None
        self.blocks = collections.Counter()
        for line in lines:
            words = line.split()
            if not words:
                continue
            if words[0] == "names":
                self.names = words[1:]
                continue
            if words[0] == "block":
                self.blocks[int(words[1], 16)] += int(words[2])
                continue
            values = [int(w) for w in words[1:]]
            if len(values) != len(self.names):
                continue
            if words[0] == "entry":
                last = values
            elif words[0] == "before" and last:
                self.between.append(dict(zip(self.names, (b - a for a, b in zip(last, values)))))
                self.between[-1]["blocks"] = self.blocks
                self.blocks = collections.Counter()
            elif words[0] == "after":
                last = values

    def take(self):
        return self.between.pop(0) if self.between else None


def divide(counts, n):
    return {k: {a: c / n for a, c in v.items()} if k == "blocks" else v / n
            for k, v in counts.items()}


def less(a, b):
    return {k: a[k] if k == "blocks" else a[k] - b[k] for k in a}


def collect(column, where, lines, counts):
    """Row by row: counts an operation, and what the VMM did an operation."""
    counts = Counts(counts)
    rows, vmm, empty, begun, stats = {}, {}, None, None, []
    boot = counts.take()
    if where != "bare" and boot:
        rows["boot"] = boot
        counts.take()
    for line in lines:
        words = line.split()
        if words[0] == "@begin":
            begun, stats = words[1], []
        elif words[0] == "@stats":
            stats.append({k: int(v) for k, v in (w.split("=") for w in words[1:])})
        elif words[0] == "@end" and words[1] == begun:
            n = int(words[2])
            window = counts.take()
            if begun == "interrupt":
                counts.take()
                full = counts.take()
                window = less(full, window) if full else None
            counts.take()
            if not window:
                break
            window = divide(window, n)
            if begun == "empty":
                empty = window
            elif begun in LOOPS and empty:
                window = less(window, empty)
            rows[begun] = window
            # The counters of the end come after this line.
            vmm[begun] = (int(words[-1]), stats[0] if stats else None)
            begun = None
        if words[0] == "@stats" and begun is None and vmm:
            name = list(vmm)[-1]
            if isinstance(vmm[name], tuple) and vmm[name][1]:
                n, first = vmm[name]
                vmm[name] = {k: (v - first.get(k, 0)) / n for k, v in stats[-1].items()}
    # One mark that is none and each row has another's counts.
    if counts.between:
        fail("%s-%s: %d windows more than rows have" % (column, where, len(counts.between)))
    rows.pop("empty", None)
    return rows, {k: v for k, v in vmm.items() if isinstance(v, dict)}


def costs():
    """costs.txt: event, cycles, source."""
    table = {}
    for line in open(os.path.join(HERE, "costs.txt")):
        line = line.split("#")[0].strip()
        if line:
            words = line.split(None, 2)
            if len(words) < 3:
                fail("costs.txt: no source: " + line)
            table[words[0]] = float(words[1])
    return table


def cycles(c, cost):
    events = dict(c)
    # Each way back had its way in, other than by an instruction counted itself; but for an
    # IRET of vmbt's translated code: what it came in by led to the VMM, whose IRETQ is counted.
    back = c["iret"] - c.get("iret_tc", 0) + c["sysexit"] + c["sysret"]
    events["trap"] = max(0, back - c["sysenter"] - c["syscall"])
    return c["insns"] + sum(events[k] * v for k, v in cost.items())


def measure(rows, suffix=""):
    """All runs that these rows need, two at a time."""
    jobs = []
    for where in ("user", "bare", "intel", "gcc"):
        names = [r.name for r in rows if r.where == where]
        for column in COLUMNS:
            if names and not (where == "intel" and column == "kvm"):
                jobs.append((column, where, names))
    jobs.sort(key=lambda j: (j[0] != "tcg", j[0] != "kvm", j[1] != "user"))
    result = {}
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        running = {pool.submit(execute, *j, suffix) if j[0] in ONLY else
                   pool.submit(left, *j[:2]): j for j in jobs}
        for done in concurrent.futures.as_completed(running):
            column, where, names = running[done]
            counts, vmm = collect(column, where, *done.result())
            for name in names:
                if name in counts:
                    result.setdefault(name, {})[column] = counts[name]
                if name in vmm:
                    result.setdefault(name, {})["did"] = vmm[name]
    return result


def cell(row, column):
    return "%11.0f %11.0f" % (row[column]["instructions"], row[column]["cycles"]) \
        if row.get(column) else "%11s %11s" % ("-", "-")


def verdict(row):
    g, v, n = row["goal"], row["vmbt"], row["native"]
    if not g or not v or not n:
        return ""
    is_ = {"ratio": v[g["unit"]] / n[g["unit"]] if n[g["unit"]] else 0,
           "native_plus": v[g["unit"]] - n[g["unit"]], "absolute": v[g["unit"]]}[g["kind"]]
    text = {"ratio": "%gx", "native_plus": "native+%g", "absolute": "%g"}[g["kind"]]
    return text % g["value"] + (" reached" if is_ <= g["value"] else "")


def show(rows, did):
    print("%-14s" % "" + "".join("%23s " % c for c in COLUMNS) + "%18s" % "cycles to native")
    print("%-14s" % "an operation" + "%11s %11s " % ("instr.", "cycles") * 4 +
          "%8s%6s%6s  %s" % ("vmbt", "kvm", "tcg", "goal"))
    for row in rows:
        base = row["native"] and row["native"]["cycles"]
        ratios = ["%.2f" % (row[c]["cycles"] / base) if base and row.get(c) else "-"
                  for c in COLUMNS[1:]]
        print("%-14s" % row["name"] + " ".join(cell(row, c) for c in COLUMNS) +
              " %8s%6s%6s  %s" % (*[r[:7] for r in ratios], verdict(row)))
    if any(did.values()):
        print("\nWhat the VMM did an operation (other counters were below 0.005)")
        for row in rows:
            d = did.get(row["name"])
            if d:
                print("%-14s" % row["name"] + " ".join(
                    "%s %.2f" % (label, d[k]) for k, label in SHOWN if d.get(k, 0) >= 0.005))


def report(chosen, result):
    cost = costs()
    rows, did = [], {}
    for r in chosen:
        have = result.get(r.name, {})
        row = {"name": r.name}
        for c in COLUMNS:
            row[c] = {"instructions": round(have[c]["insns"], 2),
                      "cycles": round(cycles(have[c], cost), 2)} if c in have else None
        row["goal"] = r.goal
        rows.append(row)
        did[r.name] = have.get("did")
    with open(os.path.join(BUILD, "bench%s.json" % SIZE), "w") as f:
        json.dump({"rows": rows}, f, indent=1)
        f.write("\n")
    with open(os.path.join(OUT, "counts%s.json" % SIZE), "w") as f:
        json.dump(result, f, indent=1)
    show(rows, did)
    bad = [r["name"] for r in rows if not r["native"] or not r["vmbt"]]
    if bad:
        fail("no counts for " + " ".join(bad))


def profile(result):
    """By function, most first."""
    out = subprocess.check_output(["nm", "-n", ELF], text=True).split("\n")
    syms = [line.split() for line in out if len(line.split()) == 3]
    syms = [(int(a, 16), n) for a, t, n in syms if t in "tT"]
    addrs = [a for a, _ in syms]
    for name, have in result.items():
        by = collections.Counter()
        for at, n in have.get("vmbt", {}).get("blocks", {}).items():
            by[syms[bisect.bisect_right(addrs, at) - 1][1]] += n
        print("%s: %.0f instructions of the VMM's an operation" % (name, sum(by.values())))
        for f, n in by.most_common(40):
            print("%10.1f %s" % (n, f))


def main():
    words = sys.argv[1:]
    twice = "--twice" in words
    names = [w for w in words if not w.startswith("-")]
    unknown = [w for w in names if w not in [r.name for r in ROWS]]
    if unknown:
        fail("no row %s; there are: %s" % (unknown[0], " ".join(r.name for r in ROWS)))
    chosen = [r for r in ROWS if not names or r.name in names]
    # Run by itself, it must not count with the programs of an earlier tree.
    subprocess.run(["make", "-s", "-C", HERE, "all"], check=True, stdout=subprocess.DEVNULL)
    result = measure(chosen)
    if "--profile" in words:
        profile(result)
        return
    report(chosen, result)
    if twice:
        again = measure(chosen, ".2")
        other = [n for n in result if result[n] != again.get(n)]
        if other:
            fail("two runs differ in " + " ".join(other))
        print("two runs counted the same")


main()
