#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
#
# Would the fuzzer notice? Each seed is the driver with one thing wrong that a
# patch might get wrong: a lock, a reference, a check, an error path. The kernel
# that looks for defects must report each while the fuzzer runs, or die of it
# without a word, or the fuzzer itself must.
#
# usage: seeds.py TOP BUILD [SECONDS [SEED...]]
import os
import re
import shutil
import subprocess
import sys

NONE = "none"
DIED = 97  # says scripts/testhost
# Name, program, what kernel or fuzzer must say, and edits: file, what stands there, instead.
SEEDS = [
    # The driver as it is: what the others must have said comes from none of it.
    (NONE, "abifuzz", "UBSAN|KASAN|unreferenced object|suspected memory leak|refcount|"
     "Oops|BUG|WARNING|fault|broken|not ok", []),
    ("line-unchecked", "abifuzz", "UBSAN|KASAN",
     [("drivers/vmbt/chips.c", "\tif (irq > 15)\n\t\treturn -EINVAL;\n", "")]),
    ("state-leaked", "abifuzz", "unreferenced object|suspected memory leak",
     [("drivers/vmbt/ioctl.c",
       "\tr = vmbt_chipstate_set_pic(vm, chip);\n\tkfree(chip);",
       "\tr = vmbt_chipstate_set_pic(vm, chip);\n\tif (!r)\n\t\tkfree(chip);")]),
    ("vcpu-reference", "abifuzz", "KASAN|refcount|Oops|BUG",
     [("drivers/vmbt/vcpu.c", "\tvmbt_vm_get(vm);\n", "")]),
    ("mapping-bound", "abifuzz", "UBSAN|KASAN|Oops|BUG",
     [("drivers/vmbt/vcpu.c",
       "\tif (vma_pages(vma) + vma->vm_pgoff > VMBT_RUN_PAGES)\n\t\treturn -EINVAL;\n", ""),
      ("drivers/vmbt/vcpu.c",
       "\tif (vmf->pgoff >= VMBT_RUN_PAGES)\n\t\treturn VM_FAULT_SIGBUS;\n", "")]),
    ("error-path", "failnth", "unreferenced object|suspected memory leak",
     [("drivers/vmbt/vcpu.c",
       "\tif (IS_ERR(hv)) {\n\t\tvmbt_vcpu_free(vcpu);\n", "\tif (IS_ERR(hv)) {\n")]),
    ("freed-page-mapped", "abifuzz", "not ok abifuzz-leaves",
     [("arch/x86/vmbt/host/run.c", "\tvmbt_space_unmap(v->space, (u64)v->cross);\n", "")]),
    ("run-unlocked", "abifuzz", "BUG|Oops|WARNING|fault|KASAN|broken",
     [("drivers/vmbt/ioctl.c",
       "\tr = vmbt_vcpu_ioctl_locked(vcpu, cmd, arg);\n\tmutex_unlock(&vcpu->mutex);",
       "\tmutex_unlock(&vcpu->mutex);\n\tr = vmbt_vcpu_ioctl_locked(vcpu, cmd, arg);")]),
]


def put(tree, files):
    """Files of their own, not links: make has to see that they are new."""
    for file, text in files.items():
        path = os.path.join(tree, file)
        os.unlink(path)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


def build(top, tree, seed, edits):
    """The module with the edits in the tree of links."""
    original, changed = {}, {}
    for file, old, new in edits:
        with open(os.path.join(top, file), encoding="utf-8") as f:
            original[file] = f.read()
        text = changed.get(file, original[file])
        if text.count(old) != 1:
            raise SystemExit(f"not ok abifuzz-seed-{seed}: {file} has another text now")
        changed[file] = text.replace(old, new)
    put(tree, changed)
    make = ["make", "-s", "-C", f"{top}/build/debug/tree", f"M={tree}", "modules"]
    with open(f"{tree}/{seed}.log", "w", encoding="utf-8") as log:
        if subprocess.run(make, stdout=log, stderr=log, check=False).returncode:
            raise SystemExit(f"not ok abifuzz-seed-{seed}: does not build, {tree}/{seed}.log")
    shutil.copy(f"{tree}/arch/x86/vmbt/vmbt.ko", f"{tree}/{seed}.ko")
    put(tree, original)
    return f"{tree}/{seed}.ko"


def run(top, out, tree, seed, program, ko, seconds):
    here = os.path.dirname(os.path.abspath(__file__))
    command = f"{out}/abifuzz {seconds} 7"
    if program == "failnth":
        command = f"{here}/faults.sh {out}/failnth 1 create-vcpu"
    env = dict(os.environ, KERNEL="debug", MODULE=ko, MEM="2048", TIMEOUT="1500",
               LOG=f"{tree}/{seed}.kernel", MODPARAMS="force=1")
    with open(f"{tree}/{seed}.out", "w", encoding="utf-8") as log:
        status = subprocess.run([f"{top}/scripts/testhost", command], env=env, stdout=log,
                                stderr=log, check=False).returncode
    with open(f"{tree}/{seed}.kernel", encoding="utf-8", errors="replace") as f:
        # What comes before the module is not its doing.
        said = f.read().partition("testhost: loading the module")[2].splitlines()
    with open(f"{tree}/{seed}.out", encoding="utf-8", errors="replace") as f:
        said += [line for line in f.read().splitlines() if line.startswith("not ok")]
    return status, said


def main():
    top, out = sys.argv[1:3]
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 150
    wanted = sys.argv[4:]
    tree = f"{out}/seeds"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run([f"{top}/scripts/mirror.sh", tree], check=True)
    bad = 0
    for seed, program, says, edits in SEEDS:
        if wanted and seed not in wanted:
            continue
        status, said = run(top, out, tree, seed, program, build(top, tree, seed, edits), seconds)
        found = [line for line in said if re.search(says, line)]
        if status == DIED and not found:
            found = ["the test host's kernel died"]
        if bool(found) == (seed == NONE):
            print(f"not ok abifuzz-seed-{seed}: {found[:1] or 'no report'} in {seconds} s, "
                  f"{tree}/{seed}.out", flush=True)
            bad = 1
        else:
            print(f"ok abifuzz-seed-{seed}", flush=True)
            if found:
                print(f"# {found[0].strip()[:150]}", flush=True)
    return bad


if __name__ == "__main__":
    sys.exit(main())
