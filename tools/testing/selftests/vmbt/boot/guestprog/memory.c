// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a process: mappings and protections that change, copy on write,
 * shared pages, files, accessed bits, and code that is written before or while
 * it runs. All of it goes through the shadow page tables and the traces on the
 * guest's page tables.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define PAGES	64

/*
 * Random changes of 64 pages, against a model of what each must hold and
 * permit. prot -1: not mapped.
 */
void test_mmap(void)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	static struct {
		int prot;
		__u32 word;
	} model[PAGES];
	int turn, i;

	for (i = 0; i < PAGES; i++)
		model[i].prot = -1;
	for (turn = 0; turn < 1500; turn++) {
		__u32 r = random32(), first = r % PAGES, n = 1 + (r >> 8) % 8, k;
		__u32 addr = DATA_AT + first * PAGE;
		int prot = prots[(r >> 16) % 3];
		struct trap t;

		if (first + n > PAGES)
			n = PAGES - first;
		switch ((r >> 20) % 5) {
		case 0:
			map_at(addr, n * PAGE, prot);
			for (k = first; k < first + n; k++) {
				model[k].prot = prot;
				model[k].word = 0;
			}
			break;
		case 1:
			munmap((void *)addr, n * PAGE);
			for (k = first; k < first + n; k++)
				model[k].prot = -1;
			break;
		case 2:
			for (k = first; k < first + n && model[k].prot != -1; k++) {
				must(!mprotect((void *)(DATA_AT + k * PAGE), PAGE, prot),
				     "mprotect");
				model[k].prot = prot;
			}
			break;
		case 3:
			t = touch(addr + 64, 'w');
			must(!t.sig == (model[first].prot > 0 && model[first].prot & PROT_WRITE),
			     "a write fails or not by the protection");
			if (!t.sig)
				model[first].word = 0xc3c3c3c3;
			break;
		default:
			t = touch(addr + 64, 'r');
			must(!t.sig == (model[first].prot > 0),
			     "a read fails or not by the protection");
			must(t.sig || t.gpr[EAX] == model[first].word, "what a page holds");
			if (t.sig)
				dtrap("read", &t);
		}
	}
	for (i = 0; i < PAGES; i++) {
		struct trap t = touch(DATA_AT + i * PAGE + 64, 'r');

		must(!t.sig == (model[i].prot > 0), "in the end: a page's protection");
		must(t.sig || t.gpr[EAX] == model[i].word, "in the end: what a page holds");
		d("prot", model[i].prot);
	}
}

void test_mremap(void)
{
	size_t len = 16 * PAGE;
	__u32 *p = map_at(DATA_AT, len, PROT_READ | PROT_WRITE), *q;
	__u32 i, k;

	for (i = 0; i < len / 4; i++)
		p[i] = i * 7;
	for (i = 1; i < 40; i++) {
		__u32 to = DATA_AT + i * 0x123000;
		struct trap t;

		q = mremap(p, len, len + PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)to);
		must(q == (void *)to, "mremap");
		t = touch((__u32)p, 'r');
		must(t.sig == SIGSEGV, "nothing is left where it was");
		for (k = 0; k < 16 * PAGE / 4; k += 333)
			must(q[k] == k * 7, "what was moved");
		must(!q[len / 4] && !q[(len + PAGE) / 4 - 1], "new pages are zero");
		q[len / 4] = i;
		p = q;
		len += PAGE;
	}
	for (k = 16 * PAGE / 4; k < len / 4; k += PAGE / 4)
		d("grown", p[k]);
	q = mremap(p, len, PAGE, 0);
	must(q == p && touch((__u32)p + PAGE, 'r').sig == SIGSEGV, "mremap to less");
}

static __u32 sum_of(const __u32 *p, size_t words)
{
	__u32 s = 0;
	size_t i;

	for (i = 0; i < words; i++)
		s = s * 31 + p[i];
	return s;
}

void test_cow(void)
{
	size_t len = 200 * PAGE, words = len / 4, i;
	__u32 *p = map_at(DATA_AT, len, PROT_READ | PROT_WRITE);
	__u32 before;
	int round, status;

	for (i = 0; i < words; i++)
		p[i] = i;
	before = sum_of(p, words);
	for (round = 0; round < 10; round++) {
		pid_t pid = fork();

		if (!pid) {
			/* The child writes on even pages, its own child on odd ones. */
			for (i = 0; i < words; i += 2 * PAGE / 4)
				p[i] += round;
			pid = fork();
			if (!pid) {
				for (i = PAGE / 4; i < words; i += 2 * PAGE / 4)
					p[i] -= round;
				_exit(sum_of(p, words) & 0x7f);
			}
			waitpid(pid, &status, 0);
			_exit((WEXITSTATUS(status) + sum_of(p, words)) & 0x7f);
		}
		/* The parent writes meanwhile, and has it alone. */
		p[round * 100] ^= 0x5555;
		waitpid(pid, &status, 0);
		if (round % 2)
			p[round * 100] ^= 0x5555;
		d("child", status & 0x7f);
		p[round * 100] = round * 100;
		must(sum_of(p, words) == before, "the parent's pages after a fork");
	}
	/* The zero page: read first, written then. */
	p = map_at(DATA_AT + len, len, PROT_READ | PROT_WRITE);
	must(!sum_of(p, words), "pages that were never written");
	for (i = 0; i < words; i += PAGE / 4)
		p[i + 5] = i;
	d("zero page", sum_of(p, words));
	/* A system call writes into a page that is shared since the fork. */
	if (!fork()) {
		pause();
		_exit(0);
	}
	i = open("/proc/self/exe", O_RDONLY);
	must(read(i, p, len) == (ssize_t)len, "read into pages shared by a fork");
	must(((__u8 *)p)[1] == 'E' && ((__u8 *)p)[2] == 'L', "what was read");
}

void test_files(void)
{
	char name[] = "/tmp/guestprog.XXXXXX";
	int fd = mkstemp(name), i, status;
	__u32 *shared, *priv, *own;
	static __u32 buf[PAGE];
	struct trap t;
	pid_t pid;

	must(fd >= 0, "mkstemp");
	unlink(name);
	for (i = 0; i < (int)PAGE; i++)
		buf[i] = i * i;
	must(write(fd, buf, sizeof(buf)) == sizeof(buf), "write");
	shared = mmap(NULL, sizeof(buf), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	priv = mmap(NULL, sizeof(buf), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	own = mmap((void *)DATA_AT, 2 * sizeof(buf), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, fd, 0);
	must(shared != MAP_FAILED && priv != MAP_FAILED && own != MAP_FAILED, "mmap of a file");
	must(!memcmp(shared, buf, sizeof(buf)), "a file in memory");
	must(!memcmp(priv, buf, sizeof(buf)), "a file in private memory");
	pid = fork();
	if (!pid) {
		for (i = 0; i < (int)PAGE; i += 100)
			shared[i] = ~shared[i];
		priv[0] = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	must(shared[100] == ~buf[100] && own[100] == ~buf[100], "a child's write, by two ways");
	must(priv[0] != 1, "a child's write to private memory stays there");
	priv[1] = 77;
	must(shared[1] == 1 && own[1] == 1, "a private write");
	must(pread(fd, buf, sizeof(buf), 0) == sizeof(buf), "pread");
	must(!memcmp(shared, buf, sizeof(buf)), "read and mmap agree");
	dmem("file", buf, sizeof(buf));
	buf[3] = 0xabcdef;
	must(pwrite(fd, buf, 64, PAGE) == 64, "pwrite");
	must(own[PAGE / 4 + 3] == 0xabcdef, "a write is seen in memory");

	traps_on();
	t = touch(DATA_AT + sizeof(buf) + 8, 'r');
	must(t.sig == SIGBUS, "behind the end of a file");
	dtrap("behind", &t);
	must(!ftruncate(fd, PAGE), "ftruncate");
	t = touch(DATA_AT + PAGE + 8, 'w');
	must(t.sig == SIGBUS, "behind the end of a file that became shorter");
	dtrap("truncated", &t);
	must(!ftruncate(fd, 2 * PAGE), "ftruncate");
	t = touch(DATA_AT + PAGE + 8, 'r');
	must(!t.sig && !t.gpr[EAX], "a file that became longer");

	must(!madvise((void *)(unsigned long)DATA_AT, PAGE, MADV_DONTNEED), "madvise");
	d("again", own[5]);
	own = map_at(DATA_AT, 64 * PAGE, PROT_READ | PROT_WRITE);
	memset(own, 0x77, 64 * PAGE);
	must(!madvise(own, 32 * PAGE, MADV_DONTNEED), "madvise");
	must(!sum_of(own, 32 * PAGE / 4), "memory that was given back is zero");
	d("kept", sum_of(own, 64 * PAGE / 4));
	close(fd);
}

/* kB that /proc/self/smaps has in a field of the mapping at DATA_AT. */
static int smaps(const char *field)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	bool here = false;
	char line[200];
	int kb = -1;
	unsigned int a, b;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%x-%x ", &a, &b) == 2 && strchr(line, '-'))
			here = a == DATA_AT;
		else if (here && !strncmp(line, field, strlen(field)))
			kb = atoi(line + strlen(field) + 1);
	}
	if (f)
		fclose(f);
	return kb;
}

/*
 * The accessed bits that the guest's kernel sees in its page tables: exactly
 * those of pages touched since it cleared them.
 */
void test_referenced(void)
{
	__u8 *p = map_at(DATA_AT, 100 * PAGE, PROT_READ | PROT_WRITE);
	int fd = open("/proc/self/clear_refs", O_WRONLY), round, i;
	__u32 sum = 0;

	memset(p, 1, 100 * PAGE);
	must(fd >= 0, "clear_refs");
	for (round = 1; round < 12; round++) {
		must(write(fd, "1", 1) == 1, "write to clear_refs");
		/* Linux leaves the TLB as it is there: make it flush. */
		mprotect(p, 100 * PAGE, PROT_READ);
		mprotect(p, 100 * PAGE, PROT_READ | PROT_WRITE);
		must(smaps("Referenced") == 0, "no page is accessed after clearing");
		for (i = 0; i < 100; i += round) {
			if (i % 2)
				p[i * PAGE + i] = i;
			else
				sum += __atomic_load_n(p + i * PAGE + i, __ATOMIC_RELAXED);
		}
		d("round", round);
		d("referenced", smaps("Referenced"));
		must(smaps("Referenced") == (99 / round + 1) * 4, "pages accessed, exactly");
	}
	must(smaps("Private_Dirty") == 400, "dirty pages");
	close(fd);
	d("sum", sum);
}

static __u32 recurse(__u32 n)
{
	__u8 frame[3000];
	__u32 r;

	memset(frame, n, sizeof(frame));
	r = n ? recurse(n - 1) : 1;
	return r * 31 + frame[n % sizeof(frame)];
}

void test_stack(void)
{
	d("recursion", recurse(2000));
	d("again", recurse(1000));
	if (!fork()) {
		/* A child has the grown stack, copied on write. */
		_exit(recurse(2000) & 0x7f);
	}
	int status;

	wait(&status);
	d("child", status);
}

/*
 * Code that changes itself: the next instruction, a loop's operand, through
 * another mapping of the same page, from another process, and across pages.
 */
void test_selfmod(void)
{
	/* movb $0x41,next+1; nop; add $imm8,%al: the write changes imm8. */
	__u8 next[] = { 0xc6, 0x05, 0, 0, 0, 0x20, 0x41, 0x04, 0x01 };
	__u32 at = CODE_AT + 8, gpr[8];
	char name[] = "/tmp/guestprog.XXXXXX";
	int fd, i, status;
	__u8 *code, *alias;
	struct trap t;

	memcpy(next + 2, &at, 4);
	for (i = 0; i < 100; i++) {
		next[6] = i;
		memset(gpr, 0, sizeof(gpr));
		next[8] = 0xee;
		t = run_bytes(next, sizeof(next), gpr);
		must(!t.sig && gpr[EAX] == (__u32)i, "an instruction written just before it runs");
	}
	/* add $0,%eax; incb .-1; loop: the operand of each turn is new. */
	{
		__u8 loop[] = { 0x83, 0xc0, 0x00, 0xfe, 0x05, 0, 0, 0, 0, 0xe2, 0xf5 };

		at = CODE_AT + 2;
		memcpy(loop + 5, &at, 4);
		memset(gpr, 0, sizeof(gpr));
		gpr[ECX] = 100;
		t = run_bytes(loop, sizeof(loop), gpr);
		must(!t.sig && gpr[EAX] == 4950, "a loop that changes its operand");
	}

	fd = mkstemp(name);
	unlink(name);
	must(!ftruncate(fd, 2 * PAGE), "ftruncate");
	code = mmap((void *)DATA_AT, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED,
		    fd, 0);
	alias = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(code != MAP_FAILED && alias != MAP_FAILED, "two mappings of one file");
	traps_on();
	for (i = 0; i < 300; i++) {
		/* mov $imm,%eax; ret across the border of the two pages. */
		__u8 *w = alias + PAGE - 1 - i % 5;
		__u32 v = random32();

		w[0] = 0xb8;
		memcpy(w + 1, &v, 4);
		w[5] = 0xc3;
		memset(gpr, 0, sizeof(gpr));
		t = run_code(code + (w - alias), gpr);
		must(!t.sig && gpr[EAX] == v, "code written through another mapping");
	}
	for (i = 0; i < 30; i++) {
		pid_t pid = fork();

		if (!pid) {
			memset(alias, 0x40, 50);	/* inc %eax */
			alias[i] = 0xc3;
			_exit(0);
		}
		waitpid(pid, &status, 0);
		memset(gpr, 0, sizeof(gpr));
		t = run_code(code, gpr);
		must(!t.sig && gpr[EAX] == (__u32)i, "code written by another process");
	}
	close(fd);
}

/* One random arithmetic instruction on EAX, as bytes and as its effect. */
static size_t emit(__u8 *p, __u32 *value)
{
	__u32 r = random32(), imm = random32(), v = *value;

	switch (r % 7) {
	case 0:
		p[0] = 0x05;
		v += imm;
		break;
	case 1:
		p[0] = 0x35;
		v ^= imm;
		break;
	case 2:
		p[0] = 0x2d;
		v -= imm;
		break;
	case 3:
		p[0] = 0x0d;
		v |= imm;
		break;
	case 4:
		p[0] = 0x69;
		p[1] = 0xc0;
		memcpy(p + 2, &imm, 4);
		*value = v * imm;
		return 6;
	case 5:
		p[0] = 0xf7;
		p[1] = 0xd8;
		*value = -v;
		return 2;
	default:
		p[0] = 0x0f;
		p[1] = 0xc8;
		*value = __builtin_bswap32(v);
		return 2;
	}
	memcpy(p + 1, &imm, 4);
	*value = v;
	return 5;
}

/* A compiler at run time: writes functions, makes them executable, calls them. */
void test_jit(void)
{
	__u32 base = DATA_AT, want, gpr[8];
	int turn, i, n;

	traps_on();
	map_at(base, 16 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	for (turn = 0; turn < 1500; turn++) {
		__u8 *start = (__u8 *)base + random32() % (15 * PAGE), *p = start;
		struct trap t;

		memset(gpr, 0, sizeof(gpr));
		want = random32();
		gpr[EAX] = want;
		n = 1 + random32() % 30;
		for (i = 0; i < n; i++)
			p += emit(p, &want);
		*p = 0xc3;
		if (turn % 10 == 0)
			mprotect((void *)base, 16 * PAGE, PROT_READ | PROT_EXEC);
		t = run_code(start, gpr);
		must(!t.sig && gpr[EAX] == want, "a function that was just written");
		if (turn % 10 == 0) {
			t = run_bytes("\xc6\x02\x90", 3, (__u32 [8]) { [EDX] = base });
			must(t.sig == SIGSEGV, "a write to pages that were made read-only");
			mprotect((void *)base, 16 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
		}
		if (turn % 100 == 99)
			map_at(base, 16 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
		d("result", gpr[EAX]);
	}
}
