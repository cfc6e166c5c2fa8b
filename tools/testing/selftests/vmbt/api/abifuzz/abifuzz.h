/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzzer of the interface: what its files share.
 *
 * A supervisor forks one process after another, each a *life* with a seed of
 * its own: a handful of VMs, threads that run them, and threads that do to them
 * whatever comes to mind, until the life ends in one of several odd ways. What
 * was called and what came of it is counted in memory that all lives share.
 */
#ifndef ABIFUZZ_H
#define ABIFUZZ_H

#include <linux/kvm.h>
#include <linux/vmbt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define READ_ONCE(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELAXED)

#define PAGE		4096ul
#define VMS		4		/* in a life */
#define RUN_PAGES	4
#define ARENA		(4 * PAGE)	/* of arguments; a guard page behind it */
#define ERRNOS		160
#define OPS_MAX		128
#define EXITS		40
#define TALLIES		16

/* random.c */
struct rng {
	uint64_t s;
};

uint64_t rnd(struct rng *r);
uint32_t below(struct rng *r, uint32_t n);
bool one_in(struct rng *r, uint32_t n);
uint64_t odd_value(struct rng *r);		/* where bugs are */
void mutate(struct rng *r, void *p, size_t size, unsigned int times);
void scramble(struct rng *r, void *p, size_t size);

/* A VM of a life. Every thread may close, replace and unmap any of it. */
struct machine {
	int vm, cpu;
	bool chips, hostile, logged, running;
	uint8_t *run;		/* where the run page belongs; may be unmapped */
	uint8_t *ram;		/* GUEST_END bytes: slots 0 and more */
};

enum mood {
	WILD,			/* anything, at any time */
	CALM,			/* the vCPUs' state is left alone */
	PATIENT,		/* and they are seldom interrupted */
	MOODS
};

struct life {
	uint64_t seed;
	enum mood mood;
	int dev;
	struct machine m[VMS];
	bool over;
};

/* A thread of a life. */
struct self {
	struct life *life;
	struct rng rng;
	uint8_t *arena;
	int fail_fd;		/* /proc/thread-self/fail-nth, or -1 */
	int tid;
};

/* One kind of thing that threads do. */
enum where { ON_DEV, ON_VM, ON_CPU };

struct call {
	const char *name;
	unsigned int cmd;
	enum where where;
	size_t size;		/* of the argument; 0: the argument is a number */
	/* A good argument. NULL: zero. */
	void (*fill)(struct self *t, struct machine *m, void *arg);
	uint64_t (*number)(struct self *t);
	unsigned int getter;	/* starts from what this one says */
	unsigned int weight;
};

extern const struct call calls[];
extern const unsigned int ncalls;

struct deed {
	const char *name;
	void (*act)(struct self *t, struct machine *m);
	unsigned int weight;
};

extern const struct deed deeds[];
extern const unsigned int ndeeds;

/* What is counted, in memory that survives a life. */
struct counts {
	uint64_t n[OPS_MAX][ERRNOS];	/* calls first, then deeds; [0]: success */
	uint64_t exits[EXITS];
	uint64_t lives, ends[8], injected, crashed, foreign, unknown;
	uint64_t tally[TALLIES];	/* of VMs' own statistics */
};

extern struct counts *counts;

/* The result of a call, -1 and errno as usual, goes to the counts. */
long count(unsigned int op, long r);
/* An ioctl that is counted by its number. */
long call_known(unsigned int cmd, int fd, void *arg);
/* The same with a good argument. */
long call_filled(struct self *t, struct machine *m, unsigned int cmd, int fd);

/* call.c */
void random_call(struct self *t);
void fail_next(struct self *t, unsigned int in);
void fail_off(struct self *t);
/* A write that may find nothing mapped; false then. */
bool poke(void *to, const void *from, size_t len);
bool peek(void *to, const void *from, size_t len);
void catch_faults(void);

/* machine.c */
bool machine_room(struct machine *m);
bool machine_make(struct self *t, struct machine *m);
void machine_close(struct self *t, struct machine *m);
void machine_start(struct self *t, struct machine *m);
int machine_slot(struct machine *m, uint32_t slot, uint32_t flags, uint64_t gpa,
		 uint64_t size, void *mem);
int machine_look(struct machine *m, const char *name, char *text, size_t size);
int machine_leaves(struct machine *m);
void machine_tally(struct self *t, struct machine *m);
extern const char *const tallied[TALLIES];
void *runner(void *self);

/* deeds.c */
void random_deed(struct self *t);
int inherited(int n, char *const fds[]);	/* after exec */

#endif
