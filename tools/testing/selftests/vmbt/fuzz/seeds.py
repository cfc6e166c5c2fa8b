#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
#
# Would the fuzz targets notice? Each seed is the tree with one thing made wrong
# that a target promises to check. What `make check` does with the target, corpus and
# mutations, must fail for the right reason.
#
# usage: seeds.py TOP OUT [SEED...]
import os
import re
import subprocess
import sys

HERE = "tools/testing/selftests/vmbt/fuzz"
VMM = "arch/x86/vmbt/vmm/"
RUN = "tools/vmbt-run/"

# Name, target, runs, what must be said, file, what stands there, instead.
SEEDS = [
    ("too-long", "decode", 1000000, r"r != VMBT_DEC_SHORT|in\.len <= size",
     VMM + "decode/decode.c", "if (in->len == VMBT_INSN_MAX)", "if (in->len > VMBT_INSN_MAX)"),
    ("beyond", "decode", 100000, r"heap-buffer-overflow|in\.len <= size",
     VMM + "decode/decode.c", "if (c->have >= c->avail)", "if (c->have > c->avail)"),
    ("sti", "bt", 20000, r"plat_panic|vmm panic",
     VMM + "bt/translate.c", "in.op == VMBT_OP_STI && n < BT_MAX_INSNS &&",
     "in.op == VMBT_OP_STI &&"),
    ("gs", "bt", 20000, r"%gs or %cs used",
     VMM + "bt/translate.c", "VMBT_IF_USES_CS | VMBT_IF_USES_GS |", "VMBT_IF_USES_CS |"),
    ("no-map", "bt", 20000, r"no map entry",
     VMM + "bt/copy.c", "\tif (in->mod == 3) {\n\t\tmark(e, BT_M_START);",
     "\tif (in->mod == 3) {"),
    ("privileged", "bt", 20000, r"may not be copied|privilege",
     VMM + "bt/translate.c", "(in->cls != VMBT_CLS_COPY && in->op != VMBT_OP_RDTSC)",
     "(in->cls == VMBT_CLS_REWRITE)"),
    ("alias-shadow", "bt", 20000, r"another map entry around a write",
     VMM + "bt/ring1.c", "\te->g_off = off;\n\te->shadow = shadow;\n",
     "\te->g_off = off;\n\te->shadow = shadow & 0;\n"),
    ("alias-lock", "bt", 20000, r"written to in another way",
     VMM + "bt/copy.c", "\tif (in->prefixes & VMBT_PFX_LOCK)\n\t\te8(e, 0xf0);\n"
     "\te8(e, 0x65);", "\te8(e, 0x65);"),
    ("reserved", "walk", 5000, r"fault .*reference",
     VMM + "mmu/walk.c", "return big ? pte & RSVD_PSE_BIG : 0;", "return 0;"),
    ("read-only", "walk", 5000, r"not ok mmu",
     VMM + "mmu/shadow.c", "\t\tif (role & ROLE_WP)\n\t\t\tmay_write = false;",
     "\t\tif (role & ROLE_WP)\n\t\t\tmay_write = true;"),
    ("dirty", "walk", 5000, r"not ok mmu",
     VMM + "mmu/shadow.c", "bool may_write = dirty && page->writable",
     "bool may_write = (dirty | true) && page->writable"),
    ("user", "walk", 5000, r"not ok mmu",
     VMM + "mmu/shadow.c", "\tbool user = acc & ACC_U;\n", "\tbool user = true;\n"),
    ("table-trace", "walk", 5000, r"not ok mmu",
     VMM + "mmu/shadow.c", "&& !frame_get(v, gfn)->trace;",
     "&& (!frame_get(v, gfn)->trace | true);"),
    ("code64", "desc", 5000, r"invariant",
     VMM + "desc/pack.c", "VMBT_ATTR_DB | VMBT_ATTR_AVL);",
     "VMBT_ATTR_DB | VMBT_ATTR_L | VMBT_ATTR_AVL);"),
    ("conforming", "desc", 5000, r"invariant",
     VMM + "desc/pack.c", "\tif (down)\n\t\tattr |= VMBT_ATTR_E;",
     "\tif (seg->attr & VMBT_ATTR_E)\n\t\tattr |= VMBT_ATTR_E;"),
    ("call-gate", "desc", 5000, r"invariant",
     VMM + "desc/table.c", "\tt->hw[DESC_VIEW_BT][idx] = bt;",
     "\tif ((raw >> 40 & 0x1f) == 0x1d)\n\t\tbt = raw & ~(1ULL << 44);\n"
     "\tt->hw[DESC_VIEW_BT][idx] = bt;"),
    ("ring-0", "desc", 5000, r"invariant",
     VMM + "desc/table.c", "return dpl ? dpl : 1;", "return dpl;"),
    ("untraced", "desc", 5000, r"fresh",
     VMM + "desc/table.c", "\tmmu_trace_add(v, x.gpa >> 12, MMU_TRACE_DESC);\n", ""),
    ("reach", "desc", 5000, r"monitor",
     VMM + "desc/trunc.c", "r.hi = mon - 1 - seg->base;", "r.hi = mon + 0xfff - seg->base;"),
    ("vector", "timer", 50000, r"vector & 0xf8",
     VMM + "chip/pic.c", "return c->base + n;", "return c->base + 2 * n;"),
    ("invalid", "timer", 50000, r"pic_valid",
     VMM + "chip/pic.c", "c->base = val & 0xf8;", "c->base = val;"),
    ("stale-time", "timer", 50000, r"clock_tsc > tsc",
     VMM + "chip/chips.c", "WRITE_ONCE(s->clock_tsc, to_tsc(s, next));",
     "WRITE_ONCE(s->clock_tsc, to_tsc(s, next) - 1000);"),
    ("count-0", "timer", 50000, r"division by zero|FPE",
     VMM + "chip/pit.c", "c->count && c->count <= 65536", "c->count <= 65536"),
    ("init-size", "loader", 20000, r"need <= mem->size|at >= end",
     RUN + "loader.c", "*end = start + hdr->init_size;", "*end = start;"),
    ("initrd-max", "loader", 20000, r"initrd_addr_max",
     RUN + "loader.c", "\t\ttop = hdr->initrd_addr_max + 1ULL;",
     "\t\ttop = hdr->initrd_addr_max + 4097ULL;"),
    ("overlap", "loader", 20000, r"at >= end",
     RUN + "loader.c", "size > top - kernel_end)", "size > top)"),
    ("dma", "pc", 3000, r"SEGV|gpa <= RAM|gpa \+ size",
     RUN + "pcmem.c", "\treturn memory_at(p->mem, gpa, len);",
     "\treturn p->mem->base + gpa;"),
    ("slots", "pc", 3000, r"slots\[i\]|1ULL << 32",
     RUN + "pcmem.c", " || (u64)gpa + VGA_RAM + p->rom_size > FOUR_GIB)", ")"),
    ("timer-storm", "pc", 3000, r"i < 4",
     RUN + "chip/rtc.c", "clock_to_ns((to_clock(t) / period + 1) * period);",
     "clock_to_ns(to_clock(t) / period * period);"),
    ("left-behind", "pc", 3000, r"run\(data, size\)",
     RUN + "pc.c", "\tdma_reset(&pc->dma);\n", ""),
    ("block", "pc", 3000, r"pos <= c->block_end",
     RUN + "chip/ide.c", "if (size > c->block_end - c->pos)\n"
     "\t\tsize = c->block_end - c->pos;\n\tmemcpy(&val",
     "if (!size)\n\t\treturn 0;\n\tmemcpy(&val"),
]


def run(cmd, **kw):
    """Status and output."""
    r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       errors="replace", check=False, **kw)
    return r.returncode, r.stdout


def main():
    """See above."""
    top, out = (os.path.abspath(p) for p in sys.argv[1:3])
    tree, build = f"{out}/tree", f"{out}/build"
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    os.makedirs(tree, exist_ok=True)
    # With their times, so that what was built before stays.
    subprocess.run(["cp", "-a", "-u", "--parents", "arch", "include", "tools/testing",
                    "tools/vmbt-run", tree], cwd=top, check=True)
    bad = 0
    for name, target, runs, want, file, old, new in SEEDS:
        if sys.argv[3:] and name not in sys.argv[3:]:
            continue
        with open(f"{top}/{file}", encoding="utf-8") as f:
            text = f.read()
        if text.count(old) != 1:
            print(f"not ok seed-{name}: {file} has another text now")
            bad = 1
            continue
        with open(f"{tree}/{file}", "w", encoding="utf-8") as f:
            f.write(text.replace(old, new))
        status, said = run(["make", "-s", "-C", f"{tree}/{HERE}", f"O={build}",
                            f"{build}/clang/{target}"], env=env)
        if status:
            print(f"not ok seed-{name}: does not build: {said[-300:]}")
            bad = 1
        else:
            status, said = run(["python3", f"{tree}/{HERE}/fuzz.py", build, "check", target,
                                str(runs)])
            with open(f"{build}/{target}.log", encoding="utf-8", errors="replace") as f:
                log = f.read()
            found = re.search(want, log)
            after = re.search(r"number_of_executed_units: (\d+)", log)
            if not status or not found:
                print(f"not ok seed-{name}: {target} did not notice: {said[-300:]}")
                bad = 1
            else:
                print(f"ok seed-{name} # {target}: {found.group()}, after "
                      f"{after.group(1) if after else 'some'} inputs")
        with open(f"{tree}/{file}", "w", encoding="utf-8") as f:
            f.write(text)
        sys.stdout.flush()
    return bad


if __name__ == "__main__":
    sys.exit(main())
