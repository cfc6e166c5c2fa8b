/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest halves of the tests have: a CPU state that is entered and
 * comes back at the next exception or interrupt, and checks.
 *
 * Everything is done by one primitive. run() loads all registers of a struct
 * cpu, whatever its ring or mode, and returns when any vector is taken, with
 * the registers as they were then, the vector and the error code. A test
 * prepares tables and a state, runs, and says what the manual wants to see.
 */
#ifndef SYSTEM_GUEST_H
#define SYSTEM_GUEST_H

#include "layout.h"

#include "../../../../../../arch/x86/vmbt/include/types.h"

/* Named by a piece of code. */
#define SHARED		__used
#define __used		__attribute__((__used__))

enum vector {
	DE = 0, DB = 1, NMI = 2, BP = 3, OF = 4, BR = 5, UD = 6, NM = 7, DF = 8, TS = 10,
	NP = 11, SS = 12, GP = 13, PF = 14, MF = 16, AC = 17, MC = 18, XM = 19,
};

/*
 * struct cpu - registers before and after run()
 * @vector: what ended it
 * @error: its error code, 0 if it has none
 */
struct cpu {
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 eip, eflags;
	u32 es, cs, ss, ds, fs, gs;
	u32 vector, error, cr2, dr6;
};

/* A 32-bit task state segment, SDM vol. 3, figure 8-2. */
struct tss {
	u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trap, iomap;
} __packed;

/*
 * A piece of code to run: @name, then @before, then at @name_at the
 * instruction that matters, at @name_next what comes behind it.
 */
#define CODE_THEN(name, before, insn, then)				\
	extern const u8 name[], name##_at[], name##_next[];		\
	asm(".pushsection .text.tests, \"ax\"\n" #name ":\n\t" before	\
	    "\n" #name "_at:\n\t" insn "\n" #name "_next:\n\t" then	\
	    "\n\tint $0x40\n.popsection")
#define CODE(name, before, insn)	CODE_THEN(name, before, insn, "")

/*
 * The same with each segment register but CS: @reg in the text is its name,
 * @flat that of another one, which is flat.
 */
#define WITH_EACH(name, before, insn, then)				\
	extern const u8 name##_ds[], name##_es[], name##_fs[], name##_gs[], name##_ss[],	\
			name##_ds_at[], name##_es_at[], name##_fs_at[], name##_gs_at[],	\
			name##_ss_at[];					\
	asm(".pushsection .text.tests, \"ax\"\n.macro piece reg, flat\n"	\
	    #name "_\\reg:\n\t" before "\n" #name "_\\reg\\()_at:\n\t" insn	\
	    "\n\t" then "\n\tint $0x40\n.endm\n"			\
	    "piece ds, ss\npiece es, ss\npiece fs, ss\npiece gs, ss\npiece ss, ds\n"	\
	    ".purgem piece\n.popsection")
#define EACH(name)							\
	{ name##_ds, name##_es, name##_fs, name##_gs, name##_ss },	\
	{ name##_ds_at, name##_es_at, name##_fs_at, name##_gs_at, name##_ss_at }

/*
 * The same in 16-bit code, which runs where it is copied to, at CODE16_IP of
 * segment LOW_SEG.
 */
#define CODE16(name, before, insn)					\
	extern const u8 name[], name##_at[], name##_next[], name##_end[];	\
	asm(".pushsection .rodata.tests\n\t.code16\n" #name ":\n\t"	\
	    before "\n" #name "_at:\n\t" insn "\n" #name "_next:\n"	\
	    "\tint $0x40\n" #name "_end:\n\t.code32\n.popsection")
#define CODE16_IP	0x100

/*
 * struct code16 - names of a piece of 16-bit code
 */
struct code16 {
	const char *name;
	const u8 *code, *at, *next, *end;
};

#define PIECE16(n)	{ #n, n, n##_at, n##_next, n##_end }

/* A state that runs it, in real or virtual-8086 mode; the data is at DATA16. */
#define DATA16		0x40000
void cpu_init16(struct cpu *c, const struct code16 *p);
bool expect_trap16(const struct cpu *c, const struct code16 *p, u32 vector, u32 error,
		   bool behind);

/* start.S */
void run(struct cpu *c);
void run_real(struct cpu *c, u32 data_selector);
extern u8 trap_stubs[], end_of_image[], real_blob[], real_blob_end[], real_stubs[];
extern u32 run_real_cr0;
/* Where the frame of the last trap was, with all that trap_common saved. */
extern u32 trap_sp;
#define TRAP_SAVED	56

/* lib.c: tables */
extern u64 gdt[GDT_ENTRIES], ldt[LDT_ENTRIES], idt[256];
/* The I/O bitmap, all ones at first, follows its TSS. */
extern struct task {
	struct tss tss;
	u8 iomap[8192 + 1];
} __packed task;
extern u8 stack0[8192], stack3[8192], trap_stack[8192];

u64 descriptor(u32 base, u32 limit, u32 access, u32 flags);
/* Access bytes and flags of descriptors. */
#define D_P		0x80
#define D_DPL(n)	((n) << 5)
#define D_S		0x10
#define D_DATA		0x93		/* present, writable, accessed */
#define D_CODE		0x9b
#define D_G		0x8
#define D_B		0x4
u64 gate(u32 selector, u32 offset, u32 access);
#define GATE_TASK	0x85
#define GATE_CALL16	0x84
#define GATE_INT16	0x86
#define GATE_TRAP16	0x87
#define GATE_CALL32	0x8c
#define GATE_INT32	0x8e
#define GATE_TRAP32	0x8f

void tables_init(void);			/* everything as it was at the start */
void gdt_set(u32 selector, u64 d);
void idt_set(u32 vector, u64 d);
void load_gdt(u32 limit);
void load_idt(u32 limit);

/* A state in flat segments at ring 0 or 3. */
void cpu_init(struct cpu *c, u32 ring, const void *code);
/* The same, run. */
void run_code(struct cpu *c, u32 ring, const void *code);

/* lib.c: checks; each is one line of output */
void say(const char *fmt, ...) __printf(1, 2);
bool check(bool good, const char *fmt, ...) __printf(2, 3);
/* The name of the next check; the parts of a name are joined by "/". */
void name(const char *fmt, ...) __printf(1, 2);
bool expect(const char *what, u32 got, u32 want);
/* An exception, its error code and the instruction it is reported at. */
bool expect_trap(const struct cpu *c, u32 vector, u32 error, const void *eip);
bool expect_end(const struct cpu *c);	/* ran to its INT 40h */
/* Not a check but a fact, for results that the manual leaves open. */
void found(const char *fmt, ...) __printf(1, 2);
/* For sweeps: one line if all are good, one for each that isn't. */
void sweep_begin(const char *fmt, ...) __printf(1, 2);
bool sweep(bool good, const char *fmt, ...) __printf(2, 3);
void sweep_end(void);
void skip(const char *what, const char *why);

void memset_(void *p, u32 c, size_t n);
void memcpy_(void *to, const void *from, size_t n);
bool memeq(const void *a, const void *b, size_t n);

/* lib.c: paging, everything identity mapped, accessible for all */
enum paging { PAGING_32, PAGING_PSE, PAGING_PAE };
u32 paging_identity(enum paging mode);	/* returns CR3; does not switch */
u32 *paging_entry(enum paging mode, u32 cr3, u32 lin);	/* makes the tables it is in */
/* GDT and LDT are the kernel's: vmbt executes ring 3 directly if it cannot write these. */
void paging_protect(enum paging mode, u32 cr3);
void paging_on(enum paging mode, u32 cr3);
void paging_off(void);
void *page_alloc(void);			/* zeroed, from the pool */
void pool_reset(void);

#define CPUID1_EDX_PAE	0x40u
#define CPUID1_EDX_PGE	0x2000u
void cpuid(u32 leaf, u32 r[4]);
bool has_nx(void);
bool under_vmbt(void);

#define CR0_PE	0x1u
#define CR0_MP	0x2u
#define CR0_EM	0x4u
#define CR0_TS	0x8u
#define CR0_ET	0x10u
#define CR0_NE	0x20u
#define CR0_WP	0x10000u
#define CR0_AM	0x40000u
#define CR0_PG	0x80000000u
#define CR4_TSD	0x4u
#define CR4_DE	0x8u
#define CR4_PSE	0x10u
#define CR4_PAE	0x20u
#define CR4_PGE	0x80u
#define CR4_OSFXSR	0x200u
#define CR4_OSXMMEXCPT	0x400u
#define MSR_EFER	0xc0000080u
#define EFER_NXE	0x800u

#define READ_REG(reg)							\
static inline u32 read_##reg(void)					\
{									\
	u32 v;								\
	asm volatile("mov %%" #reg ", %0" : "=r" (v) : : "memory");	\
	return v;							\
}

#define WRITE_REG(reg)							\
static inline void write_##reg(u32 v)					\
{									\
	asm volatile("mov %0, %%" #reg : : "r" (v) : "memory");		\
}

READ_REG(cr0)
WRITE_REG(cr0)
READ_REG(cr2)
WRITE_REG(cr2)
READ_REG(cr3)
WRITE_REG(cr3)
READ_REG(cr4)
WRITE_REG(cr4)
READ_REG(dr6)
WRITE_REG(dr6)
READ_REG(dr7)
WRITE_REG(dr7)
WRITE_REG(dr0)
WRITE_REG(dr1)
WRITE_REG(dr2)
WRITE_REG(dr3)

static inline void outb(u16 port, u8 v)
{
	asm volatile("outb %0, %1" : : "a" (v), "Nd" (port) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 v;

	asm volatile("inb %1, %0" : "=a" (v) : "Nd" (port) : "memory");
	return v;
}

static inline void outl(u16 port, u32 v)
{
	asm volatile("outl %0, %1" : : "a" (v), "Nd" (port) : "memory");
}

static inline u32 inl(u16 port)
{
	u32 v;

	asm volatile("inl %1, %0" : "=a" (v) : "Nd" (port) : "memory");
	return v;
}

static inline u64 rdmsr(u32 msr)
{
	u64 v;

	asm volatile("rdmsr" : "=A" (v) : "c" (msr));
	return v;
}

static inline void wrmsr(u32 msr, u64 v)
{
	asm volatile("wrmsr" : : "c" (msr), "A" (v) : "memory");
}

static inline void invlpg(u32 addr)
{
	asm volatile("invlpg (%0)" : : "r" (addr) : "memory");
}

/* Memory below 1 MiB; address 0 is one like any other. */
static inline void *low(u32 at)
{
	asm("" : "+r" (at));
	return (void *)at;
}

/* Memory as it is now, for what the compiler doesn't know of. */
static inline u32 peek(u32 at)
{
	return READ_ONCE(*(u32 *)at);
}

static inline void poke(u32 at, u32 v)
{
	WRITE_ONCE(*(u32 *)at, v);
}

void guest_main(void);
void finish(void);

/* start.S and lib.c between themselves */
extern u32 trap_frame[], trap_ss;
extern struct cpu *run_cpu;
void reload_segments(void);
void guest_start(void);
void trap_taken(void);
void real_taken(u32 vector, const struct cpu *saved);

#endif
