// SPDX-License-Identifier: GPL-2.0
/*
 * x87, MMX, SSE: the results of instructions on random operands, and that the
 * registers are one's own across context switches. The digests hold the
 * results of this CPU (or emulator): they are compared between two runs on the
 * same one.
 */
#include <cpuid.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

/* Operands that are numbers, denormals, infinities, NaNs, and no format at all. */
static void operand(__u8 *p)
{
	__u32 w[3] = { random32(), random32(), random32() };

	switch (random32() % 8) {
	case 0:
		w[2] = 0x3fff + random32() % 64;
		w[1] |= 0x80000000;
		break;
	case 1:
		w[2] = random32() & 0x8000;
		break;
	case 2:
		w[2] |= 0x7fff;
		w[1] = random32() % 2 ? 0x80000000 : 0xc0000000 | w[1];
		w[0] &= -(random32() % 2);
		break;
	case 3:
		w[0] = 0;
		w[1] = 0;
		w[2] = random32() % 2 << 15;
		break;
	default:
		w[1] |= 0x80000000;
		w[2] = (0x3fff - 40 + random32() % 80) | (w[2] & 0x8000);
	}
	memcpy(p, w, 10);
}

/* Runs two operand bytes on ST0 and ST1, then stores all that is on the stack. */
static void x87_op(const char *tag, __u16 cw, const __u8 *code, size_t len, const __u8 *a,
		   const __u8 *b)
{
	static __u8 state[108];
	__u32 gpr[8] = { 0 };

	memcpy((void *)DATA_AT, a, 10);
	memcpy((void *)DATA_AT + 16, b, 10);
	memcpy((void *)DATA_AT + 32, &cw, 2);
	asm volatile("fninit\n\tfldcw (%0)\n\tfldt 16-32(%0)\n\tfldt -32(%0)"
		     : : "r"(DATA_AT + 32) : "memory");
	run_code(code, gpr);
	(void)len;
	asm volatile("fnsave %0" : "=m"(state));
	/* Not the pointers of instruction and operand: see x87-env. */
	memset(state + 12, 0, 16);
	dmem(tag, state, sizeof(state));
}

static const struct {
	const char *tag;
	__u8 code[3];
} x87_ops[] = {
	{ "fadd", "\xd8\xc1" }, { "fmul", "\xd8\xc9" }, { "fcom", "\xd8\xd1" },
	{ "fsub", "\xd8\xe1" }, { "fsubr", "\xd8\xe9" }, { "fdiv", "\xd8\xf1" },
	{ "fdivr", "\xd8\xf9" }, { "fchs", "\xd9\xe0" }, { "fabs", "\xd9\xe1" },
	{ "ftst", "\xd9\xe4" }, { "fxam", "\xd9\xe5" }, { "fsqrt", "\xd9\xfa" },
	{ "frndint", "\xd9\xfc" }, { "fscale", "\xd9\xfd" }, { "fprem", "\xd9\xf8" },
	{ "fprem1", "\xd9\xf5" }, { "fxtract", "\xd9\xf4" }, { "faddp", "\xde\xc1" },
	{ "fucompp", "\xda\xe9" }, { "fcomi", "\xdb\xf1" }, { "fucomi", "\xdb\xe9" },
	{ "fcmovb", "\xda\xc1" }, { "fcmovnu", "\xdb\xd9" }, { "fxch", "\xd9\xc9" },
	{ "fst", "\xdd\xd2" }, { "ffree", "\xdd\xc0" }, { "fincstp", "\xd9\xf7" },
	{ "fdecstp", "\xd9\xf6" },
};

static const struct {
	const char *tag;
	__u8 code[3];
} x87_funcs[] = {
	{ "fsin", "\xd9\xfe" }, { "fcos", "\xd9\xff" }, { "fsincos", "\xd9\xfb" },
	{ "fptan", "\xd9\xf2" }, { "fpatan", "\xd9\xf3" }, { "f2xm1", "\xd9\xf0" },
	{ "fyl2x", "\xd9\xf1" }, { "fyl2xp1", "\xd9\xf9" },
};

static void *code_page(const __u8 *bytes, size_t len)
{
	run_bytes(bytes, len, NULL);
	asm volatile("fninit");
	return (void *)CODE_AT;
}

void test_x87(void)
{
	__u8 a[16], b[16];
	__u32 i, mode, n;

	map_at(DATA_AT, PAGE, PROT_READ | PROT_WRITE);
	for (i = 0; i < ARRAY_SIZE(x87_ops); i++) {
		void *code = code_page(x87_ops[i].code, 2);

		/* All four roundings with all three precisions. */
		for (mode = 0; mode < 16; mode++)
			for (n = 0; n < 12; n++) {
				operand(a);
				operand(b);
				if ((mode & 3) == 1)
					continue;
				x87_op(x87_ops[i].tag, 0x7f | mode << 8, code, 2, a, b);
			}
	}
	/* Loads and stores of the other formats. */
	for (n = 0; n < 300; n++) {
		float f;
		double g;
		__u16 h, sw;
		__u32 w;
		__u64 q;
		__u8 bcd[10], t[10];

		operand(a);
		memcpy(&f, a, 4);
		memcpy(&g, a + 2, 8);
		memcpy(&h, a, 2);
		asm volatile("fninit\n\tflds %8\n\tfldl %9\n\tfilds %10\n\tfaddp\n\tfaddp\n\t"
			     "fsts %0\n\tfstl %1\n\tfists %2\n\tfistl %3\n\t"
			     "fldt %11\n\tfbstp %5\n\tfld %%st\n\t"
			     "fistpll %4\n\tfstpt %6\n\tfnstsw %7"
			     : "=m"(f), "=m"(g), "=m"(h), "=m"(w), "=m"(q), "=m"(bcd), "=m"(t),
			       "=m"(sw)
			     : "m"(f), "m"(g), "m"(h), "m"(a));
		dmem("float", &f, 4);
		dmem("double", &g, 8);
		d("word", h);
		d("int", w);
		d64("long", q);
		dmem("bcd", bcd, 10);
		dmem("extended", t, 10);
		d("status", sw);
	}
	asm volatile("fninit");
}

void test_x87_funcs(void)
{
	__u8 a[16], b[16];
	__u32 i, n;

	map_at(DATA_AT, PAGE, PROT_READ | PROT_WRITE);
	for (i = 0; i < ARRAY_SIZE(x87_funcs); i++) {
		void *code = code_page(x87_funcs[i].code, 2);

		for (n = 0; n < 100; n++) {
			operand(a);
			operand(b);
			x87_op(x87_funcs[i].tag, 0x37f, code, 2, a, b);
		}
	}
	asm volatile("fninit");
}

/* The environment: tags and pointers, and that they come back from memory. */
void test_x87_env(void)
{
	__u32 env[7], again[7], i;
	__u8 area[108], full[512] __attribute__((aligned(16)));

	for (i = 0; i < 20; i++) {
		asm volatile("fninit\n\tfldpi\n\tfldz\n\tfld1\n\tfdivp\n\tfldl2e\n\t"
			     "ffree %%st(1)\n\tfnstenv %0" : "=m"(env));
		/* FNSTENV masks all; the offset of FIP is this code's, FDP's not. */
		asm volatile("fldenv %1\n\tfnstenv %0" : "=m"(again) : "m"(env));
		d("control", env[0] & 0xffff);
		d("status", env[1] & 0xffff);
		d("tags", env[2] & 0xffff);
		must(!memcmp(env, again, 12), "the environment comes back");
		sched_yield();
	}
	asm volatile("fninit\n\tfldpi\n\tfldlg2\n\tfnsave %0\n\tfrstor %0\n\tfxsave %1"
		     : "=m"(area), "=m"(full));
	must(!memcmp(area + 28, full + 32, 10), "FNSAVE and FXSAVE agree");
	d("fxsave tags", full[4]);
	dmem("st0", full + 32, 10);
	dmem("st1", full + 48, 10);
	asm volatile("fxrstor %0\n\tfnsave %1" : : "m"(full), "m"(area));
	dmem("control, status, tags", area, 12);
	asm volatile("fninit");
}

/* One instruction on two operands in memory, through registers 0 and 1. */
#define VECTOR(op, reg, mov)	do {							\
		asm volatile(mov " %1, %%" reg "0\n\t" mov " %2, %%" reg "1\n\t"	\
			     op " %%" reg "1, %%" reg "0\n\t" mov " %%" reg "0, %0"	\
			     : "=m"(r) : "m"(a), "m"(b) : reg "0", reg "1");		\
		dmem(op, r, sizeof(r));							\
	} while (0)

#define MMX(op)		VECTOR(op, "mm", "movq")
#define SSE(op)		VECTOR(op, "xmm", "movdqu")

static void fill(void *p, size_t len)
{
	__u32 w, i;

	for (i = 0; i < len; i += 4) {
		w = random32();
		memcpy(p + i, &w, 4);
	}
}

void test_mmx(void)
{
	__u8 a[8], b[8], r[8];
	int n;

	for (n = 0; n < 60; n++) {
		fill(a, 8);
		fill(b, 8);
		if (n % 3 == 0)
			memset(b + 1, 0, 7);
		MMX("paddb"); MMX("paddw"); MMX("paddd"); MMX("paddsb"); MMX("paddsw");
		MMX("paddusb"); MMX("paddusw"); MMX("psubb"); MMX("psubw"); MMX("psubd");
		MMX("psubsb"); MMX("psubusw"); MMX("pmullw"); MMX("pmulhw"); MMX("pmaddwd");
		MMX("pcmpeqb"); MMX("pcmpgtw"); MMX("pcmpgtd"); MMX("packsswb"); MMX("packssdw");
		MMX("packuswb"); MMX("punpckhbw"); MMX("punpcklwd"); MMX("punpckldq");
		MMX("pand"); MMX("pandn"); MMX("por"); MMX("pxor"); MMX("psllw"); MMX("psrad");
		MMX("psrlq"); MMX("pavgb"); MMX("pmaxsw"); MMX("pminub"); MMX("psadbw");
		MMX("pmulhuw"); MMX("pmuludq"); MMX("paddq");
	}
	asm volatile("emms");
}

static void number(void *p)
{
	static const __u32 special[] = { 0, 0x80000000, 0x7f800000, 0x7fc00000, 0x7f800001,
					 1, 0x3f800000, 0x00800000 };
	__u32 w[4], i;

	for (i = 0; i < 4; i++) {
		w[i] = random32();
		if (random32() % 2)
			w[i] = (w[i] & 0x807fffff) | (0x3f800000 + ((w[i] >> 8) % 32 << 23)
						      - (8 << 23));
		if (random32() % 6 == 0)
			w[i] = special[random32() % 8];
	}
	memcpy(p, w, 16);
}

static __u32 mxcsr;

static void sse_floats(void)
{
	__u8 a[16], b[16], r[16];
	__u32 csr;

	number(a);
	number(b);
	asm volatile("ldmxcsr %0" : : "m"(mxcsr));

	SSE("addps"); SSE("subps"); SSE("mulps"); SSE("divps"); SSE("minps"); SSE("maxps");
	SSE("addss"); SSE("divss"); SSE("sqrtps"); SSE("sqrtss"); SSE("rcpps"); SSE("rsqrtps");
	SSE("cmpltps"); SSE("cmpunordps"); SSE("cmpnless"); SSE("unpckhps"); SSE("andnps");
	SSE("addpd"); SSE("subpd"); SSE("mulpd"); SSE("divpd"); SSE("sqrtpd"); SSE("maxpd");
	SSE("cmpeqpd"); SSE("cmplesd"); SSE("cvtps2dq"); SSE("cvttps2dq"); SSE("cvtdq2ps");
	SSE("cvtps2pd"); SSE("cvtpd2ps"); SSE("cvtsd2ss"); SSE("cvtss2sd"); SSE("cvtdq2pd");
	SSE("cvtpd2dq");
	asm volatile("stmxcsr %0" : "=m"(csr));
	d("mxcsr", csr);
}

void test_sse(void)
{
	__u8 a[16], b[16], r[16];
	__u32 csr, i, n;

	/* Four roundings, denormals as zero, underflow to zero. */
	for (i = 0; i < 16; i++) {
		mxcsr = 0x1f80 | (i & 3) << 13 | (i & 4) << 13 | (i & 8) << 3;
		for (n = 0; n < 20; n++)
			sse_floats();
	}
	csr = 0x1f80;
	asm volatile("ldmxcsr %0" : : "m"(csr));
	for (n = 0; n < 60; n++) {
		__u32 flags;

		fill(a, 16);
		fill(b, 16);
		if (n % 3 == 0)
			memset(b + 1, 0, 15);
		SSE("paddb"); SSE("paddsw"); SSE("psubusb"); SSE("pmullw"); SSE("pmulhuw");
		SSE("pmuludq"); SSE("pmaddwd"); SSE("pcmpgtb"); SSE("pcmpeqd"); SSE("packuswb");
		SSE("packssdw"); SSE("punpckhqdq"); SSE("punpcklbw"); SSE("psllq"); SSE("psrlw");
		SSE("psrad"); SSE("psadbw"); SSE("pavgw"); SSE("pminsw"); SSE("pmaxub");
		SSE("pxor"); SSE("pandn"); SSE("shufps $0x1b,"); SSE("pshufd $0x72,");
		SSE("pshuflw $0x9c,"); SSE("shufpd $1,"); SSE("pslldq $3, %%xmm1\n\tpor");
		asm volatile("movdqu %1, %%xmm0\n\tmovdqu %2, %%xmm1\n\tucomiss %%xmm1, %%xmm0\n\t"
			     "pushfl\n\tpopl %0"
			     : "=r"(flags) : "m"(a), "m"(b) : "cc", "xmm0", "xmm1");
		d("ucomiss", flags & 0x8d5);
		asm volatile("pmovmskb %%xmm0, %0" : "=r"(flags));
		d("pmovmskb", flags);
		asm volatile("cvttss2si %%xmm0, %0" : "=r"(flags));
		d("cvttss2si", flags);
		asm volatile("movntdq %%xmm0, %0\n\tsfence" : "=m"(*(__u8 (*)[16])
			     ((__u32)((__u8 [32]) { 0 } + 15) & -16)));
	}
	asm volatile("stmxcsr %0" : "=m"(csr));
	d("mxcsr", csr);
	/* A wrong operand faults as it should. */
	map_at(DATA_AT, PAGE, PROT_READ | PROT_WRITE);
	struct trap t = run_bytes("\x0f\x28\x02", 3, (__u32 [8]) { [EDX] = DATA_AT + 4 });

	must(t.sig == SIGSEGV && t.trapno == 13, "MOVAPS of a wrong alignment");
	dtrap("movaps", &t);
	((__u32 *)DATA_AT)[0] = 0xffff0000;
	t = run_bytes("\x0f\xae\x12", 3, (__u32 [8]) { [EDX] = DATA_AT });
	dtrap("ldmxcsr", &t);
}

void test_sse4(void)
{
	__u32 eax, ebx, ecx, edx, n;
	__u8 a[16], b[16], r[16];

	__cpuid(1, eax, ebx, ecx, edx);
	d("offered", ecx & (bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT));
	if (!(ecx & bit_SSE3) || !(ecx & bit_SSSE3) || !(ecx & bit_SSE4_1) ||
	    !(ecx & bit_SSE4_2) || !(ecx & bit_POPCNT))
		return;
	for (n = 0; n < 60; n++) {
		__u32 crc = n, bits;

		fill(a, 16);
		fill(b, 16);
		SSE("haddps"); SSE("addsubpd"); SSE("pshufb"); SSE("phaddw"); SSE("pmaddubsw");
		SSE("psignd"); SSE("pabsb"); SSE("palignr $5,"); SSE("pmulld"); SSE("pmuldq");
		SSE("pminsd"); SSE("pmaxuw"); SSE("pcmpeqq"); SSE("packusdw"); SSE("pmovsxbw");
		SSE("pmovzxwd"); SSE("roundps $1,"); SSE("roundpd $2,"); SSE("dpps $0x71,");
		SSE("mpsadbw $3,"); SSE("phminposuw"); SSE("blendps $5,");
		SSE("insertps $0x62,");
		SSE("pcmpgtq"); SSE("pblendw $0x5a,");
		asm volatile("movdqu %2, %%xmm0\n\tpcmpistri $0x0c, %3, %%xmm0\n\t"
			     "movl %%ecx, %0\n\tcrc32l %4, %1"
			     : "=&r"(bits), "+r"(crc) : "m"(a), "m"(b), "m"(a)
			     : "ecx", "cc", "xmm0");
		d("pcmpistri", bits);
		d("crc32", crc);
		asm volatile("popcntl %1, %0" : "=r"(bits) : "r"(crc) : "cc");
		d("popcnt", bits);
	}
}

/* AVX if it is offered; where not, the instruction must be undefined. */
void test_avx(void)
{
	static const __u8 vaddps[] = { 0xc5, 0xfc, 0x58, 0xc1 };
	__u32 eax, ebx, ecx, edx;
	bool offered;

	__cpuid(1, eax, ebx, ecx, edx);
	offered = (ecx & bit_AVX) && (ecx & bit_OSXSAVE);
	d("offered", offered);
	struct trap t = run_bytes(vaddps, sizeof(vaddps), NULL);

	must(!t.sig == offered, "AVX exactly if it is offered");
	dtrap("vaddps", &t);
	if (offered) {
		__u8 a[32], b[32], r[32];
		int n;

		for (n = 0; n < 60; n++) {
			fill(a, 32);
			fill(b, 32);
			asm volatile("vmovups %1, %%ymm0\n\tvmovups %2, %%ymm1\n\t"
				     "vaddps %%ymm0, %%ymm1, %%ymm2\n\t"
				     "vmulpd %%ymm2, %%ymm1, %%ymm3\n\tvmovups %%ymm3, %0\n\t"
				     "vzeroupper" : "=m"(r) : "m"(a), "m"(b));
			if (n % 10 == 0)
				sched_yield();
			dmem("avx", r, 32);
		}
	}
}

static void tick(int sig)
{
	(void)sig;
}

/* Status 1 or 2 if a register was not one's own any more. */
static int own_registers(int me)
{
	struct itimerval every = { { 0, 2000 }, { 0, 2000 } };
	double sum = 0, want = 0;
	__u8 xmm[8][16], now[8][16];
	__u32 csr, csr_now;
	__u16 cw, cw_now;
	int k;

	csr = 0x1f80 | me << 13;
	cw = 0x37f ^ (me << 10);
	signal(SIGALRM, tick);
	setitimer(ITIMER_REAL, &every, NULL);
	seed(me * 77);
	fill(xmm, sizeof(xmm));
	asm volatile("fldcw %0\n\tldmxcsr %1" : : "m"(cw), "m"(csr));
	for (k = 0; k < 3000; k++) {
		asm volatile("movdqu 0(%1), %%xmm0\n\tmovdqu 16(%1), %%xmm1\n\t"
			     "movdqu 32(%1), %%xmm2\n\tmovdqu 112(%1), %%xmm7\n\t"
			     "movl $600, %%ecx\n"
			     "1:	loop 1b\n\t"
			     "movdqu %%xmm0, 0(%0)\n\tmovdqu %%xmm1, 16(%0)\n\t"
			     "movdqu %%xmm2, 32(%0)\n\tmovdqu %%xmm7, 112(%0)"
			     : : "r"(now), "r"(xmm)
			     : "ecx", "xmm0", "xmm1", "xmm2", "xmm7", "memory");
		if (memcmp(now, xmm, 48) || memcmp(now[7], xmm[7], 16))
			return 1;
		sum += (double)(k * 3);
		want += k * 3;
		if (k % 100 == 0)
			sched_yield();
	}
	asm volatile("fnstcw %0\n\tstmxcsr %1" : "=m"(cw_now), "=m"(csr_now));
	if (cw_now != cw || ((csr_now ^ csr) & ~0x3fu) || sum != want)
		return 2;
	return 0;
}

/* Three processes with different states, which a timer and yields exchange. */
void test_fpu_switch(void)
{
	int i, status;
	pid_t pid[3];

	for (i = 0; i < 3; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(own_registers(i));
	}
	for (i = 0; i < 3; i++) {
		waitpid(pid[i], &status, 0);
		must(WIFEXITED(status) && WEXITSTATUS(status) != 1, "SSE registers are one's own");
		must(WIFEXITED(status) && !WEXITSTATUS(status), "control words are one's own");
		d("status", status);
	}
}
