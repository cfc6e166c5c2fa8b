// SPDX-License-Identifier: GPL-2.0
/*
 * The user's terminal: raw while the guest has it, restored whatever happens.
 *
 * In raw mode all keys reach the guest, Ctrl-C included; the way out is
 * Ctrl-A x, as in QEMU. Output processing stays on, so that messages of ours
 * need no carriage return. The terminal is restored at exit, and from the
 * handlers of all signals that could end the program: tcsetattr(3) is safe to
 * call there.
 */
#include "terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_A		0x01

const char terminal_help[] =
	"\nCtrl-A x  leave\nCtrl-A c  monitor, and back\nCtrl-A h  this list\n"
	"Ctrl-A Ctrl-A  send Ctrl-A to the guest\n";

static struct termios saved, raw;
/* Looked at by signal handlers. */
static int is_raw;

static void on_crash(int sig)
{
	terminal_restore();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Stopped and continued: the shell has put its own mode in place meanwhile. */
static void on_continue(int sig)
{
	(void)sig;
	if (__atomic_load_n(&is_raw, __ATOMIC_SEQ_CST))
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

/**
 * terminal_raw() - give the terminal on standard input to the guest
 *
 * Return: true if there is a terminal.
 */
bool terminal_raw(void)
{
	static const int crashes[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGQUIT };
	unsigned int i;

	if (tcgetattr(STDIN_FILENO, &saved))
		return false;

	raw = saved;
	cfmakeraw(&raw);
	raw.c_oflag |= saved.c_oflag & (OPOST | ONLCR);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;

	atexit(terminal_restore);
	for (i = 0; i < ARRAY_SIZE(crashes); i++)
		signal(crashes[i], on_crash);
	signal(SIGCONT, on_continue);
	__atomic_store_n(&is_raw, 1, __ATOMIC_SEQ_CST);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		__atomic_store_n(&is_raw, 0, __ATOMIC_SEQ_CST);
	return true;
}

/**
 * terminal_restore() - put the terminal back as it was
 *
 * May be called at any time, from signal handlers too.
 */
void terminal_restore(void)
{
	if (!__atomic_exchange_n(&is_raw, 0, __ATOMIC_SEQ_CST))
		return;
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

/**
 * terminal_key() - interpret a key
 * @escaped: state: the key before was Ctrl-A
 * @byte: what was typed
 *
 * Return: what to do with it.
 */
enum terminal_key terminal_key(bool *escaped, u8 byte)
{
	if (!*escaped) {
		*escaped = byte == CTRL_A;
		return *escaped ? KEY_NONE : KEY_BYTE;
	}
	*escaped = false;
	switch (byte) {
	case 'x':
	case 'X':
		return KEY_LEAVE;
	case 'h':
	case '?':
		return KEY_HELP;
	case 'c':
	case 'C':
		return KEY_CONSOLE;
	case CTRL_A:
		return KEY_BYTE;
	default:
		return KEY_NONE;
	}
}
