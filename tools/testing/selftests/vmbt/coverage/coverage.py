#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Builds the folders whose tests run the image's pure sources in a process with gcov's
counters in the place of the sanitizers, runs them, and adds up what ran. A line
counts once, however many programs have it; each folder's `check` is what it always
is, but for LESS. Prints a line for each file, with the reason where much is missing, then
the functions that nothing has called, and fails below the promised share and for a file
without a reason. The whole list of lines is OUT/missed.txt.

	coverage.py TOP OUT
"""
import glob
import gzip
import json
import os
import subprocess
import sys

FOLDERS = ["unit/cpu", "unit/desc", "unit/mmu", "unit/interp", "unit/decode",
           "unit/chip", "unit/lib", "fuzz", "native"]
# Which lines run is known after a fraction of what check runs.
LESS = ["CASES=2000", "RANDOM=bt:3000 walk:300 desc:100", "FUZZ_CC="]
PURE = ["core", "cpu", "decode", "interp", "bt", "ring1", "direct", "mmu", "desc",
        "chip", "lib"]
PROMISED = 90.0
# Why a file, or a folder, that no test in a process runs nine tenths of is as it is.
# What is not here and below that fails.
REASONS = {
    "core": "needs metal/: whole guests run it (boots, system)",
    "direct": "needs metal/: whole guests run it (boots, system)",
    "decode/opcodes.c": "tables, without a line that runs",
    "decode/opinfo.c": "tables, without a line that runs",
    "decode/avx.c": "tables, without a line that runs",
    "decode/sse.c": "tables, without a line that runs",
    "decode/disasm.c": "text for people: unusual operands",
    "lib/string.c": "the C library's calls are inlined or replaced by the sanitizers",
    "bt/dump.c": "a message for people, of core/",
    "mmu/invalidate.c": "what core/ asks for after the host's requests",
    "mmu/watch.c": "the tables' breakpoints, from core/debug.c (api/debug)",
    "desc/user.c": "a compared GDT as the ring-1 runtime sees it, from core/",
    "chip/chips.c": "masks as the ring-1 runtime sees them, from core/",
    "desc/audit.c": "hostile mode's audit, from core/ (hostile)",
}


def run(top, out):
    """Build and run; a failing test is a failure here, too."""
    good = True
    for folder in FOLDERS:
        where = os.path.join(out, folder.replace("/", "-"))
        subprocess.run(["rm", "-rf", where], check=True)
        command = ["make", "-s", "-C", f"{top}/tools/testing/selftests/vmbt/{folder}",
                   f"O={where}", "SANITIZE=--coverage", "CC=gcc --coverage"] + LESS
        env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        os.makedirs(where)
        with open(f"{where}/log", "w", encoding="ascii", errors="replace") as log:
            ret = subprocess.run(command + ["check"], env=env, stdout=log, check=False,
                                 stderr=subprocess.STDOUT).returncode
        if ret:
            print(f"not ok coverage-{folder}: its tests fail: {where}/log")
            good = False
    return good


def collect(top, out):
    """{file: {line: count}}, {file: {function: count}}"""
    lines, functions = {}, {}
    vmm = f"{top}/arch/x86/vmbt/vmm/"
    for data in glob.glob(f"{out}/**/*.gcda", recursive=True):
        # Programs of two sources of one name overwrite their own notes: only
        # the image's sources have to be readable.
        text = subprocess.run(["gcov", "--json-format", "--stdout", data],
                              check="/vmm/" in data, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, cwd=os.path.dirname(data)).stdout
        if text[:2] == b"\x1f\x8b":
            text = gzip.decompress(text)
        for document in text.splitlines():
            report = json.loads(document)
            base = report["current_working_directory"]
            for f in report["files"]:
                name = os.path.normpath(os.path.join(base, f["file"]))
                if not name.startswith(vmm) or not name.endswith(".c"):
                    continue
                name = name[len(vmm):]
                seen = lines.setdefault(name, {})
                for line in f["lines"]:
                    n = line["line_number"]
                    seen[n] = seen.get(n, 0) + line["count"]
                called = functions.setdefault(name, {})
                for fn in f["functions"]:
                    called[fn["name"]] = called.get(fn["name"], 0) + fn["execution_count"]
    return lines, functions


def reason(name):
    """Of a file or its folder."""
    return REASONS.get(name) or REASONS.get(os.path.dirname(name))


def main():
    top, out = sys.argv[1:]
    good = run(top, out)
    lines, functions = collect(top, out)
    total = ran = 0
    with open(f"{out}/missed.txt", "w", encoding="ascii") as missed:
        for folder in PURE:
            for path in sorted(glob.glob(f"{top}/arch/x86/vmbt/vmm/{folder}/*.c")):
                name = f"{folder}/{os.path.basename(path)}"
                seen = lines.get(name)
                if seen is None:
                    print(f"    {name:24}      -  {reason(name) or 'in no program here'}")
                    good &= reason(name) is not None
                    continue
                hit = sum(1 for c in seen.values() if c)
                total += len(seen)
                ran += hit
                part = 100 * hit / max(len(seen), 1)
                why = reason(name) if part < PROMISED else ""
                print(f"    {name:24} {part:5.1f} %  {hit} of {len(seen)} lines"
                      f"{': ' + why if why else ''}")
                if why is None:
                    print(f"not ok coverage-{name}: {part:.1f} %, and no reason in coverage.py")
                    good = False
                for n in sorted(n for n, c in seen.items() if not c):
                    missed.write(f"{name}:{n}\n")
    print("    never called:")
    for name in sorted(functions):
        never = sorted(f for f, c in functions[name].items() if not c)
        if never:
            print(f"    {name}: {' '.join(never)}")
    share = 100 * ran / max(total, 1)
    if share < PROMISED:
        print(f"not ok coverage: {share:.1f} % of {total} lines, {PROMISED} promised")
        good = False
    else:
        print(f"ok coverage: {share:.1f} % of {total} lines")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
