// SPDX-License-Identifier: GPL-2.0
/*
 * Work for a guest that is one of many: the same round for ever, a letter on the
 * standard output after each. Whoever counts the letters of all guests between
 * two moments knows how far each came, without asking them for the time.
 *
 * A round is computing, system calls, fresh memory and a process: some three
 * million instructions, short against what is measured and long against the
 * letter's way out.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOPS	400000
#define CALLS	100
#define PAGES	16
#define PAGE	4096

static int compute(void)
{
	unsigned int n = 1;

	for (int i = 0; i < LOOPS; i++)
		asm volatile("imull $69069, %0; incl %0" : "+r" (n));
	return n == 1;
}

static int calls(void)
{
	for (int i = 0; i < CALLS; i++)
		if (syscall(SYS_getppid) < 0)
			return 1;
	return 0;
}

static int memory(void)
{
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	memset(p, 1, PAGES * PAGE);
	return munmap(p, PAGES * PAGE);
}

static int process(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(7);
	return pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	       WEXITSTATUS(status) != 7;
}

int main(void)
{
	while (!compute() && !calls() && !memory() && !process())
		if (write(1, "r", 1) != 1)
			return 1;
	(void)!write(1, "\nfailed\n", 8);
	return 1;
}
