/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest test program's own interface: how a test says what it saw.
 *
 * A test puts everything it observes into a digest, by d() and its kin, and
 * states what the manual says by must(). The digest must not depend on time,
 * on addresses that the kernel chooses, or on the CPU's model; then the same
 * program gives the same digests natively and under vmbt.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* Where tests map what they need: addresses that Linux gives to nobody. */
#define CODE_AT		0x20000000u
#define RETS_AT		(CODE_AT + PAGE / 2)	/* nothing but RET */
#define DATA_AT		0x24000000u
#define PAGE		4096u

enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };

/* What a signal handler was told; sig is 0 if the code returned. */
struct trap {
	int sig;
	int code;
	__u32 addr;
	__u32 trapno;
	__u32 err;
	__u32 cr2;
	__u32 eip;
	__u32 flags;
	__u32 cs;
	__u32 ss;
	__u32 gpr[8];
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Between trap.c and trap_asm.S. */
extern __u32 run_esp, run_gpr[8], run_flags, run_target;
void run_asm(void);
void run_out(void);

void d(const char *tag, __u32 value);
void d64(const char *tag, __u64 value);
void dmem(const char *tag, const void *p, size_t len);
void dtrap(const char *tag, const struct trap *t);
void must(bool good, const char *what);

__u32 random32(void);
void seed(__u32 value);

void *map_at(__u32 addr, size_t len, int prot);
void traps_on(void);
struct trap run_code(const void *code, __u32 gpr[8]);
struct trap run_bytes(const void *bytes, size_t len, __u32 gpr[8]);
struct trap touch(__u32 addr, char how);
void at_trap(bool (*handler)(struct trap *t, void *ucontext));

int exec_again(int argc, char **argv, char **envp);

void test_forktree(void);
void test_exec(void);
void test_vfork(void);
void test_threads(void);
void test_clone(void);
void test_pipes(void);
void test_poll(void);
void test_statuses(void);
void test_atomics(void);
void test_segv(void);
void test_sweep(void);
void test_fpe(void);
void test_intn(void);
void test_singlestep(void);
void test_alarm(void);
void test_altstack(void);
void test_sigreturn(void);
void test_restart(void);
void test_mmap(void);
void test_mremap(void);
void test_cow(void);
void test_files(void);
void test_referenced(void);
void test_stack(void);
void test_selfmod(void);
void test_jit(void);
void test_x87(void);
void test_x87_funcs(void);
void test_x87_env(void);
void test_mmx(void);
void test_sse(void);
void test_sse4(void);
void test_avx(void);
void test_fpu_switch(void);
void test_alu(void);
void test_strings(void);
void test_tls_wrap(void);
void test_selectors(void);
void test_lar(void);
void test_ldt(void);
void test_code16(void);
void test_stack16(void);
void test_ptrace_step(void);
void test_ptrace_poke(void);
void test_ptrace_watch(void);
void test_ptrace_calls(void);
void test_privileged(void);
void test_flags(void);
void test_tables(void);
void test_ports(void);
void test_syscalls(void);

#endif
