#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
#
# Would the hostile-guest test notice? Each seed is the tree with one thing that
# isolation rests on made wrong. Programs must achieve something by it, within
# 10,000: that the table at fault is found by looking at it does not count.
#
# usage: seeds.py TOP BUILD KDIR RUNNER [SEED...]
import os
import shutil
import subprocess
import sys

PROGRAMS = 10000

# Name, what the finding must be, and edits: file, what stands there, instead.
SEEDS = [
    ("code64", "CS",
     [("arch/x86/vmbt/vmm/desc/pack.c",
       "VMBT_ATTR_DB | VMBT_ATTR_AVL);", "VMBT_ATTR_DB | VMBT_ATTR_L | VMBT_ATTR_AVL);")]),
    ("conforming", "CS",
     [("arch/x86/vmbt/vmm/desc/pack.c",
       "\tattr |= (dpl & 3) << VMBT_ATTR_DPL_SHIFT;\n\tif (limit",
       "\tif (desc_conforming(seg->attr) && (seg->attr & VMBT_ATTR_L))\n"
       "\t\tattr |= VMBT_ATTR_E | VMBT_ATTR_L;\n"
       "\telse\n\t\tattr |= (dpl & 3) << VMBT_ATTR_DPL_SHIFT;\n\tif (limit")]),
    ("call-gate", "CANARY|VMM",
     [("arch/x86/vmbt/vmm/desc/table.c",
       "return (raw >> 40 & need) == need;",
       "return (raw >> 40 & need) == need || (raw >> 40 & 0x9f) == 0x8c;"),
      ("arch/x86/vmbt/vmm/desc/table.c",
       "\tt->hw[DESC_VIEW_BT][idx] = bt;",
       "\tif ((raw >> 40 & 0x9f) == 0x8c)\n\t\tbt = raw;\n"
       "\tt->hw[DESC_VIEW_BT][idx] = bt;")]),
    ("iopl", "IF|IOPL|DONE",
     [("arch/x86/vmbt/vmm/metal/metal.c",
       "VMBT_X86_EFLAGS_IF |\n\t\t    VMBT_X86_EFLAGS_FIXED;",
       "VMBT_X86_EFLAGS_IF |\n\t\t    VMBT_X86_EFLAGS_FIXED | 0x1000;")]),
    ("io-bitmap", "HOST|DONE",
     [("arch/x86/vmbt/include/header.h",
       "#define VMBT_TSS_LIMIT\t\t103", "#define VMBT_TSS_LIMIT\t\t232"),
      ("arch/x86/vmbt/vmm/metal/entry.S",
       "\t.word\tVMBT_TSS_LIMIT + 1\t\t\t/* no I/O bitmap */",
       "\t.word\t104\n\t.fill\t127, 1, 0xff\n\t.byte\t0x7f, 0xff")]),
    ("efer-sce", "VMM",
     [("arch/x86/vmbt/host/hostcpu.c",
       "vmbt_wrmsr(MSR_EFER, s->efer & ~EFER_SCE);", "vmbt_wrmsr(MSR_EFER, s->efer);")]),
    ("host-page", "HOST",
     [("arch/x86/vmbt/host/hostile.c",
       "\tmemcpy(w->home_gdt,",
       "\t((u64 *)page_address(v->space->poolmap[0]))[v->space->pool_first + 2] =\n"
       "\t\tvirt_to_phys(w->page);\n\tmemcpy(w->home_gdt,")]),
    ("length", "CANARY|VMM",
     [("arch/x86/vmbt/vmm/bt/enter.c",
       "\tg->eip = u->eip + m->g_off;\n",
       "\tfor (i = 0; i < READ_ONCE(v->mon->pending); i++)\n"
       "\t\t((u8 *)g->gpr)[i] = ((u8 *)v->mon)[i & 0xfff];\n"
       "\tg->eip = u->eip + m->g_off;\n")]),
]


def run(cmd, **kw):
    return subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, **kw)


def put(tree, files):
    for file, text in files.items():
        path = os.path.join(tree, file)
        os.unlink(path)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


def build(tree, kdir):
    """A module from the tree of links; its output if that fails."""
    r = run(["make", "-C", kdir, "M=" + tree, "CONFIG_DEBUG_INFO_BTF_MODULES=",
             "modules"])
    return r.stdout if r.returncode else None


def attack(top, module, runner):
    env = dict(os.environ, MODULE=module, MODPARAMS="force=1 hostile=1",
               TIMEOUT="400", OOPS="ok")
    mount = "mount -t debugfs none /sys/kernel/debug 2> /dev/null;"
    return run([os.path.join(top, "scripts/testhost"),
                mount + " %s -e -n %d" % (runner, PROGRAMS)], env=env).stdout


def main():
    top, out, kdir, runner = sys.argv[1:5]
    tree = os.path.join(out, "tree")
    bad = 0
    shutil.rmtree(tree, ignore_errors=True)
    run([os.path.join(top, "scripts/mirror.sh"), tree])
    for name, want, edits in SEEDS:
        if sys.argv[5:] and name not in sys.argv[5:]:
            continue
        original, changed = {}, {}
        for file, old, new in edits:
            with open(os.path.join(top, file), encoding="utf-8") as f:
                original[file] = f.read()
            text = changed.get(file, original[file])
            if text.count(old) != 1:
                print("not ok seed-%s: %s has another text now" % (name, file))
                bad = 1
                break
            changed[file] = text.replace(old, new)
        else:
            put(tree, changed)
            failed = build(tree, kdir)
            output = failed or attack(top, os.path.join(
                tree, "arch/x86/vmbt/vmbt.ko"), runner)
            found = [l for l in output.splitlines() if l.startswith("not ok hostile-")]
            names = found[0].split(" programs:")[-1].split() if found else []
            with open(os.path.join(out, name + ".log"), "w", encoding="utf-8") as f:
                f.write(output)
            if failed:
                print("not ok seed-%s: does not build: %s" % (name, failed[-300:]))
                bad = 1
            elif not set(names) & set(want.split("|")):
                print("not ok seed-%s: not noticed as %s: %s" %
                      (name, want, found or output[-300:]))
                bad = 1
            else:
                print("ok seed-%s # %s" % (name, found[0][15:]))
            # Files of their own, not links: make has to see that they are new.
            put(tree, original)
        sys.stdout.flush()
    return bad


if __name__ == "__main__":
    sys.exit(main())
