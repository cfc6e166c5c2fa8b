// SPDX-License-Identifier: GPL-2.0
/*
 * Process 1 of the host that the benchmark runs guests in: loads modules, runs
 * one program with a guest's serial port on its standard streams, and ends. No
 * shell and no file system but the initramfs, so that two runs are the same.
 *
 * /bench.conf, a line each: "insmod FILE PARAMETERS", "arg ARGUMENT"... of the
 * program. When the guest meets us (user.c), the VMM's counters are written to
 * ttyS0 and the guest is told to go on; other lines of its are kept for failures.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "mark.h"

#define STATS	"/sys/kernel/debug/vmbt"

static FILE *out;
static char *args[64];
static unsigned int nargs;
static char kept[64][256];
static unsigned int nkept;

static void end(const char *why)
{
	unsigned int i;

	if (why) {
		for (i = nkept > 64 ? nkept - 64 : 0; i < nkept; i++)
			fprintf(out, "guest: %s", kept[i % 64]);
		fprintf(out, "@failed %s\n", why);
	}
	fflush(out);
	tcdrain(fileno(out));
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void set_up(void)
{
	struct termios t;

	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("debug", "/sys/kernel/debug", "debugfs", 0, NULL);
	out = fopen("/dev/ttyS0", "w");
	if (!out)
		exit(1);
	if (!tcgetattr(fileno(out), &t)) {
		cfmakeraw(&t);
		tcsetattr(fileno(out), TCSANOW, &t);
	}
}

static void insmod(char *line)
{
	char *params = strchr(line, ' ');
	int fd;

	if (params)
		*params++ = 0;
	fd = open(line, O_RDONLY);
	if (fd < 0 || syscall(SYS_finit_module, fd, params ? params : "", 0))
		end(line);
	close(fd);
}

static void read_conf(void)
{
	FILE *f = fopen("/bench.conf", "r");
	char line[1024];

	if (!f)
		end("no /bench.conf");
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "insmod ", 7))
			insmod(line + 7);
		else if (!strncmp(line, "arg ", 4) && nargs < 63)
			args[nargs++] = strdup(line + 4);
	}
	fclose(f);
}

/* The counters of the only VM there is, on one line. */
static void write_stats(void)
{
	char path[512], line[128];
	struct dirent *e;
	FILE *f = NULL;
	DIR *d;

	d = opendir(STATS);
	if (!d)
		return;
	while (!f && (e = readdir(d))) {
		snprintf(path, sizeof(path), STATS "/%s/stats", e->d_name);
		if (e->d_name[0] != '.')
			f = fopen(path, "r");
	}
	closedir(d);
	if (!f)
		return;
	fputs("@stats", out);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		*strchrnul(line, ' ') = '=';
		fprintf(out, " %s", line);
	}
	fputc('\n', out);
	fclose(f);
}

static void serve(FILE *from, int to)
{
	char line[256];

	while (fgets(line, sizeof(line) - 1, from)) {
		line[strcspn(line, "\r\n")] = 0;
		strcat(line, "\n");
		if (line[0] != '@') {
			memcpy(kept[nkept++ % 64], line, sizeof(line));
			continue;
		}
		fputs(line, out);
		if (!strncmp(line, "@begin ", 7) || !strncmp(line, "@end ", 5)) {
			write_stats();
			fflush(out);
			if (write(to, "\n", 1) != 1)
				return;
		}
	}
}

int main(void)
{
	int in[2], from[2], status;
	pid_t pid;

	set_up();
	signal(SIGPIPE, SIG_IGN);
	read_conf();
	if (!nargs || pipe(in) || pipe(from))
		end("no program, no pipe");
	mark();
	pid = fork();
	if (pid < 0)
		end("fork");
	if (!pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		dup2(from[1], STDERR_FILENO);
		close(in[1]);
		close(from[0]);
		execv(args[0], args);
		_exit(127);
	}
	close(in[0]);
	close(from[1]);
	serve(fdopen(from[0], "r"), in[1]);
	if (waitpid(pid, &status, 0) != pid || status)
		end("the guest's program ended with a status");
	fputs("@done\n", out);
	end(NULL);
}
