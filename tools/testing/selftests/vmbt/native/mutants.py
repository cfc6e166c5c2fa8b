#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
#
# Would the native tests notice? Each mutant is the tree with one line of the
# translator, the interpreter or the decoder made wrong; some test must fail.
#
# usage: mutants.py TOP BUILD
import os
import shutil
import subprocess
import sys

# Name, file below vmm, what stands there, what to put instead.
MUTANTS = [
    ("ret-n-16-bit-stack", "bt/flow.c",
     "if (!(e->ctx->mode & BT_MODE_STACK32))", "if (0)"),
    ("no-prefix-flip", "bt/copy.c", "osz = !osz;", ""),
    ("push-sreg-size", "bt/copy.c",
     "\t\tif (in->opsize == 2)\n\t\t\te8(e, 0x66);\n\t\te8(e, 0x65);\n\t\te8(e, 0xff);",
     "\t\te8(e, 0x65);\n\t\te8(e, 0xff);"),
    ("ret-pop-size", "bt/flow.c",
     "BT_F_POPPED | (ops16 ? BT_F_OPS16 : 0);", "BT_F_POPPED;"),
    ("loop-address-size", "bt/flow.c",
     "\tif (in->asize == 2)\n\t\te8(e, 0x67);\n\te8(e, in->opcode);",
     "\te8(e, in->opcode);"),
    ("branch-past-limit", "bt/flow.c",
     "if (target > e->ctx->cs_limit) {",
     "if (target > e->ctx->cs_limit + 1) {"),
    ("last-byte-of-unit", "bt/cache.c", "hit = lo < end && start < hi;",
     "hit = lo < end && start + 1 < hi;"),
    ("stale-chain", "bt/chain.c", "patch(bt, u, i % BT_EXITS, 0);", ""),
    ("sp-wraps", "bt/enter.c",
     "(g->gpr[VMBT_ESP] & 0xffff0000) |\n\t\t\t\t   (esp & 0xffff);", "esp;"),
    ("repe-flag", "interp/string.c",
     "*stop = !!(c->g->eflags & VMBT_X86_EFLAGS_ZF) !=",
     "*stop = !!(c->g->eflags & VMBT_X86_EFLAGS_CF) !="),
    ("bit-offset-wraps", "interp/interp.c", "off = (u16)off;",
     "off = (u32)off;"),
    ("16-bit-address", "decode/decode.c",
     "return in->asize == 2 ? ea & 0xffff : ea;", "return ea;"),
    ("ring1-half-a-descriptor", "ring1/ring1.S",
     "RING1_SAME_SIZE + RING1_NEG_HI, %ecx\n"
     "\tundo leal (%ecx, %eax), %ecx\n\tundo jecxz 1f\n\tvmm\n.endm",
     "RING1_SAME_SIZE + RING1_NEG_HI, %ecx\n\tundo jmp 1f\n.endm"),
    ("ring1-other-half", "ring1/ring1.S",
     "\tundo leal (%ecx, %edx), %ecx\n\tundo jecxz 2f\n\tvmm\n2:", "2:"),
    ("ring1-offer-low-half", "ring1/ring1.S",
     "\tundo jecxz 4f\n\tvmm\n4:\n\tundo movl %gs:RING1_OFF(%edx)",
     "\tundo jmp 4f\n4:\n\tundo movl %gs:RING1_OFF(%edx)"),
    ("ring1-offer-high-half", "ring1/ring1.S",
     "\tundo movl %gs:RING1_NEG_HI(%edx), %ecx\n"
     "\tundo leal (%ecx, %eax), %ecx\n\tundo jecxz 1f\n\tvmm", ""),
    ("ring1-any-selector", "ring1/ring1.S",
     "\tundo jecxz 3f\n\tvmm\n3:\n\tundo movl %gs:RING1_OFF(%edx)",
     "\tundo jmp 3f\n3:\n\tundo movl %gs:RING1_OFF(%edx)"),
    ("ring1-load-left-out", "ring1/ring1.S",
     "\tundo jecxz 2f\n\tundo movl %eax, %\\reg", "\tundo jmp 2f\n\tundo movl %eax, %\\reg"),
    ("ring1-iret-if", "ring1/ring1.S", "\tmovl\t%ecx, %gs:RING1_VIF", "\tnop"),
    ("ring1-iret-rolled-back", "bt/enter.c", "move_esp(g, -8);", ""),
    ("popf-nt", "bt/enter.c", "m->flags_slow = VMBT_X86_EFLAGS_TF;",
     "m->flags_virt |= VMBT_X86_EFLAGS_TF;"),
    ("ring1-iret-flags-slow", "ring1/ring1.S", "testl $RING1_IRET_SLOW, %ecx",
     "testl $0, %ecx"),
    ("ring1-edx", "ring1/ring1.S", "\tat\tRING1_M_START, RING1_F_REGS\n\t\\insn",
     "\tat\tRING1_M_START, 3\n\t\\insn"),
    ("ahead-another-exit", "bt/enter.c", "u->ex[m->kind - BT_M_EXIT].eip", "u->ex[0].eip"),
    ("ahead-registers", "bt/flow.c",
     "\te->fix = 0;\n\te->shadow = 0;\n\tfor", "\te->shadow = 0;\n\tfor"),
    ("ahead-unpatched", "bt/flow.c",
     "put32(e->code + x->jmp_off, e->len - (x->jmp_off + 4));",
     "put32(e->code + x->jmp_off, 0);"),
    ("ahead-stale-cross", "bt/chain.c", "patch(bt, u, id % BT_EXITS, 0);", ""),
    ("head-of-any-target", "bt/heads.c", "e8(e, 0xe3);", "e8(e, 0xeb);"),
    ("head-past-limit", "bt/heads.c", "c->cs_limit == 0xffffffff &&", ""),
    ("head-ecx", "bt/enter.c", "away(p, BT_F_ECX);", "away(p, 0);"),
    ("head-ret-n-undone", "bt/heads.c", "e->fix = BT_F_POPPED;", ""),
    ("head-ret-16-undone", "bt/heads.c", "BT_F_POPPED | BT_F_OPS16;", "BT_F_POPPED;"),
    ("head-ret-n-16-bit-stack", "bt/heads.c",
     "if (!(e->ctx->mode & BT_MODE_STACK32))", "if (0)"),
    ("head-of-dead-unit", "bt/cache.c", "*e = hash_free((u16)u->eip);", "e->neg_eip = !(u16)u->eip;"),
    ("head-chained-to", "bt/chain.c", "t->tc + t->head", "t->tc"),
    ("ring1-away-any-target", "ring1/ring1.S",
     "away RING1_F_REGS jecxz 1f", "away RING1_F_REGS jmp 1f"),
    ("ring1-away-eax", "ring1/ring1.S",
     "away RING1_F_REGS movl %gs:RING1_EAX, %eax", "away RING1_F_REGS nop"),
    ("ring1-verw-not-done", "ring1/ring1.S", "undo verw %gs:RING1_LOAD", "undo nop"),
    ("verw-in-any-ss", "bt/ring1.c", "MON(ss_not_flat)", "MON(pending)"),
    ("verw-ecx", "bt/ring1.c", "\t\te->fix = BT_F_ECX;\n\t\tmark(e, BT_M_START);\n\t\te8(e, 0xe3);",
     "\t\tmark(e, BT_M_START);\n\t\te8(e, 0xe3);"),
    ("ring1-sysexit-esp", "bt/enter.c", "g->gpr[VMBT_ESP] = READ_ONCE(v->mon->esp);", ""),
    ("ring1-sysexit-shadow", "bt/enter.c", " || m->kind == BT_M_SYSEXIT)", ")"),
    ("fxsave-of-anyone", "bt/fpu.c", "e8(e, 0xe3);", "e8(e, 0xeb);"),
    ("fxsave-ecx", "bt/fpu.c", "e->fix = BT_F_ECX;", ""),
    ("x87-not-noted", "bt/fpu.c", "MON(x87_ours), 1);", "MON(x87_ours), 0);"),
    ("x87-noted-for-ever", "bt/fpu.c", "MON(x87_ours), 0);", "MON(x87_ours), 1);"),
    ("x87-mmx-not-noted", "decode/x87.c", "|| vmbt_names_mmx(in) ?", "?"),
    ("idle-while-it-works", "bt/cache.c", "if (bt->nr_units - bt->idle_units > IDLE_NEW) {",
     "if (bt->nr_units < bt->idle_units) {"),
    ("idle-at-the-first-halt", "bt/cache.c", " || ++bt->idle_halts < IDLE_HALTS", ""),
    ("alias-unaligned", "ring1/ring1.S",
     ".byte	0, 1, 2, 3", ".byte	0, 0, 2, 3"),
    ("alias-any-ds", "ring1/ring1.S",
     "undo movl %gs:RING1_ALIAS_DS, %edx\n\tundo leal (%ecx, %edx), %ecx",
     "undo movl %gs:RING1_ALIAS_DS, %edx\n\tundo movl $0, %ecx"),
    ("alias-any-page", "ring1/ring1.S",
     "undo leal (%edx, %eax, 8), %edx\n\tundo leal (%edx, %eax, 8), %edx",
     "undo leal (%edx, %eax, 8), %edx\n\tundo movl %edx, %edx"),
    ("alias-gdt-unnoted", "ring1/ring1.S",
     "undo leal -1(%ecx), %ecx\n\tundo movl %ecx, %gs:RING1_GDT_LEFT",
     "undo leal -1(%ecx), %ecx"),
    ("alias-gdt-by-hint", "ring1/ring1.S",
     "undo movl $RING1_GDT_ALIAS + 1, %gs:RING1_LOG_NEXT", "undo nop"),
    ("alias-repair", "bt/ring1.c", "\te->fix = BIT(reg);\n", "\te->fix = BIT(reg) & 0;\n"),
    ("alias-uncounted", "bt/ring1.c", "\tgs_store(e, reg, MON(log_left));",
     "\tgs_store(e, reg, MON(log_next));"),
    ("alias-register", "bt/ring1.c", "if (!(used & BIT(reg)))", "if (reg == VMBT_ECX || !used)"),
    ("adapt-for-ever", "bt/adapt.c", "if (h->useful < USEFUL) {", "if (0) {"),
    ("16-bit-target", "decode/decode.c",
     "return in->opsize == 2 ? target & 0xffff : target;", "return target;"),
]

NATIVE = "tools/testing/selftests/vmbt/native"


def build(tree, out):
    return subprocess.run(
        ["make", "-s", "-C", os.path.join(tree, NATIVE), "O=" + out, "all"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def noticed(out, seeds):
    """The first test that fails, or None."""
    runs = [[out + "/units"]]
    # Several short rounds: most mutants fall at once. Bounded by the number, so
    # that a busy machine finds what a quiet one does.
    runs += [[out + "/random", "600", str(seed), "4000"] for seed in seeds]
    for run in runs:
        with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as p:
            for line in p.stdout:
                if line.startswith("not ok"):
                    p.kill()
                    return line[7:].split(":")[0]
            if p.wait():
                return os.path.basename(run[0]) + " died"
    return None


def main():
    top, out, *only = sys.argv[1:]
    tree = os.path.join(out, "tree")
    # The last mutant's objects, too: they are newer than the sources.
    shutil.rmtree(out, ignore_errors=True)
    for folder in ("arch/x86/vmbt", "tools/testing/selftests/vmbt/lib", NATIVE):
        shutil.copytree(os.path.join(top, folder), os.path.join(tree, folder))
    bad = 0
    for name, file, old, new in [(None, None, None, None)] + MUTANTS:
        if name and only and name not in only:
            continue
        if name:
            path = os.path.join(tree, "arch/x86/vmbt/vmm", file)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            if text.count(old) != 1:
                print(f"not ok mutant-{name}: {file} has another text now")
                bad = 1
                continue
            with open(path, "w", encoding="utf-8") as f:
                f.write(text.replace(old, new))
        made = build(tree, os.path.join(out, "build"))
        test = None if made.returncode else noticed(
            os.path.join(out, "build"),
            (7, 50007, 100007, 150007) if name else (7,))
        if made.returncode:
            print(f"not ok mutant-{name}: does not build: {made.stderr[-300:]}")
            bad = 1
        elif not name and test:
            print(f"not ok mutant-none: {test} fails without a mutation")
            return 1
        elif name and not test:
            print(f"not ok mutant-{name}: nothing failed")
            bad = 1
        elif name:
            print(f"ok mutant-{name} # {test}")
        sys.stdout.flush()
        if name:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
    return bad


if __name__ == "__main__":
    sys.exit(main())
