// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that start and stop the machine.
 *
 * Events go out before the answer where the machine changes at once; a reset and the
 * end are told when they happen, which is behind it.
 */
#include "command.h"
#include "machine.h"

static const char *state_name(const struct machine *m)
{
	if (m->shut_down)
		return "shutdown";
	if (m->outcome != RUNNING)
		return "shutdown";
	if (!m->vcpu.stopped)
		return "running";
	return m->started ? "paused" : "prelaunch";
}

/**
 * cmd_status() - does the guest run
 * @c: the call
 */
void cmd_status(struct call *c)
{
	const char *name = state_name(c->m);

	c->result = json_pack("{s:s, s:b, s:b}", "status", name, "singlestep", 0, "running",
			      name[0] == 'r');
}

/**
 * show_status() - show it
 * @c: the call
 * @out: gets it
 */
void show_status(struct call *c, FILE *out)
{
	const char *name = json_string_value(json_object_get(c->result, "status"));

	if (name[0] == 'r' || name[1] == 'a')
		fprintf(out, "VM status: %s\n", name);
	else
		fprintf(out, "VM status: paused (%s)\n", name);
}

/**
 * cmd_stop() - have the guest stand still
 * @c: the call
 */
void cmd_stop(struct call *c)
{
	if (c->m->vcpu.stopped)
		return;
	vcpu_stop(c->m, true);
	qmp_event(c->m, "STOP", NULL);
}

/**
 * cmd_cont() - have it go on
 * @c: the call
 */
void cmd_cont(struct call *c)
{
	if (c->m->shut_down) {
		call_fail(c, ERROR_GENERIC, "Resetting the Virtual Machine is required");
		return;
	}
	c->m->started = true;
	if (!c->m->vcpu.stopped)
		return;
	vcpu_stop(c->m, false);
	qmp_event(c->m, "RESUME", NULL);
}

/**
 * cmd_quit() - end the program
 * @c: the call
 */
void cmd_quit(struct call *c)
{
	c->m->asked = true;
	machine_end(c->m, LEFT);
}

/**
 * cmd_reset() - push the reset button
 * @c: the call
 */
void cmd_reset(struct call *c)
{
	c->m->asked = true;
	machine_end(c->m, RESET);
}

/**
 * cmd_powerdown() - push the power button
 * @c: the call
 */
void cmd_powerdown(struct call *c)
{
	if (!c->m->pc.on)
		return;
	piix_power_button(&c->m->pc.piix);
	qmp_event(c->m, "POWERDOWN", NULL);
}
