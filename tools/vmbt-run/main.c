// SPDX-License-Identifier: GPL-2.0
/*
 * vmbt-run: runs a guest on /dev/vmbt.
 *
 * This is the user's half of vmbt: a PC's devices on top of ordinary system
 * calls. Start reading here, then machine.c (what the PC is made of), vcpu.c
 * (the loop that runs the guest) and vmm.c (the kernel's interface).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "machine.h"
#include "options.h"
#include "resolver.h"
#include "sandbox.h"
#include "terminal.h"
#include "util.h"

static struct machine machine;
static struct options options;

/*
 * The terminal is the first thing to be put right: should we hang, the next
 * signal kills. Before there is a machine this one does.
 */
static void on_signal(int sig)
{
	u64 one = 1;
	int saved = errno;

	terminal_restore();
	signal(sig, SIG_DFL);
	machine.signal = sig;
	if (!machine.loop.wakefd)
		raise(sig);
	else if (write(machine.loop.wakefd, &one, sizeof(one)) < 0)
		_exit(EXIT_SIGNAL + sig);
	errno = saved;
}

static void write_pidfile(void)
{
	FILE *f;

	if (!options.pidfile)
		return;
	f = fopen(options.pidfile, "we");
	if (!f || fprintf(f, "%d\n", getpid()) < 0 || fclose(f))
		die("%s: %s", options.pidfile, strerror(errno));
	broker_remove_at_end(options.pidfile);
}

static void handle_signals(void)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends); i++)
		sigaction(ends[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static const char *who(void)
{
	return options.name ? options.name : "the guest";
}

static int exit_status(enum outcome outcome)
{
	const struct exit_line *line = &machine.serial[0].line.exit_line;

	if (outcome == FAILED)
		return EXIT_INTERNAL;
	if (outcome == KILLED)
		return EXIT_SIGNAL + machine.signal;
	if (line->found)
		return line->status;
	if (line->prefix && outcome != LEFT) {
		warn("%s ended without telling its exit status", who());
		return EXIT_FAILED;
	}
	return outcome == TRIPLE_FAULT ? EXIT_TRIPLE : EXIT_ENDED;
}

/* From here on the guest may be what speaks. */
static void enter_sandbox(void)
{
	unsigned int i;
	bool network = false, drives = false;

	broker_allow(options.device, O_RDWR);
	if (options.kernel)
		broker_allow(options.kernel, O_RDONLY);
	if (options.initrd)
		broker_allow(options.initrd, O_RDONLY);
	for (i = 0; i < options.nnics; i++)
		network |= options.nic[i].netdev->kind == NET_USER;
	if (network)
		resolver_allow();
	broker_seal(options.named_files || !options.nmonitors);
	for (i = 0; i < ARRAY_SIZE(machine.pc.host_drive); i++)
		drives |= !!machine.pc.host_drive[i].disk;
	sandbox_enter(network, drives);
}

int main(int argc, char **argv)
{
	enum outcome outcome;
	bool again;

	options_parse(&options, argc, argv);
	handle_signals();
	if (options.sandbox) {
		broker_start();
		sandbox_prepare();
	}
	machine_init(&machine, &options);
	write_pidfile();
	if (options.sandbox)
		enter_sandbox();
	if (machine.serial[0].line.keys)
		warn("Ctrl-A x leaves, Ctrl-A h lists keys");

	do {
		outcome = machine_boot(&machine);
		if (outcome == TRIPLE_FAULT)
			warn("%s: triple fault%s", who(), options.no_reboot ? "" : ", rebooting");
		again = (outcome == RESET || outcome == TRIPLE_FAULT) && !options.no_reboot &&
			!machine.serial[0].line.exit_line.found;
		machine_tell(&machine, again);
		if (!again) {
			machine_fini(&machine);
			terminal_restore();
			if (options.stats)
				stats_print(&machine);
		}
		machine_off(&machine);
	} while (again);

	return exit_status(outcome);
}
