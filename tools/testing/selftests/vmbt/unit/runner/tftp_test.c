// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest gets by TFTP: libslirp itself, as vmbt-run links it, with the broker
 * sealed as it is while a guest runs. Frames go in and come out here; that a link out
 * of the folder is refused shows that the file came from the broker, since libslirp
 * and the C library would follow it.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <slirp/libslirp.h>

#include "broker.h"
#include "check.h"
#include "tftp.h"

#define HOST	0x0a000202
#define GUEST	0x0a00020f

/* Ethernet, IPv4, UDP; TFTP behind them (RFC 1350). */
#define IP	14
#define UDP	34
#define TFTP	42
#define RRQ	1
#define DATA	3
#define ERROR	5

static char dir[32] = "/tmp/tftp.XXXXXX";
static u8 got[1600];
static size_t got_len;

__printf(1, 2) __noreturn void die(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
	const u8 *frame = buf;

	(void)opaque;
	if (len > TFTP && len <= sizeof(got) && frame[12] == 8 && !frame[13] &&
	    frame[IP + 9] == IPPROTO_UDP) {
		memcpy(got, buf, len);
		got_len = len;
	}
	return len;
}

static void guest_error(const char *msg, void *opaque)
{
	(void)msg;
	(void)opaque;
}

static int64_t clock_ns(void *opaque)
{
	(void)opaque;
	return 0;
}

static const SlirpCb callbacks = {
	.send_packet = send_packet, .guest_error = guest_error, .clock_get_ns = clock_ns,
};

static void be16(u8 *p, u16 val)
{
	p[0] = val >> 8;
	p[1] = val;
}

static void be32(u8 *p, u32 val)
{
	be16(p, val >> 16);
	be16(p + 2, val);
}

/* "I am 10.0.2.15", without which an answer finds nobody. */
static void announce(Slirp *slirp)
{
	u8 f[42] = { [12] = 8, [13] = 6, [15] = 1, [16] = 8, [18] = 6, [19] = 4, [21] = 1 };

	memset(f, 0xff, 6);
	memset(f + 6, 0x52, 6);
	memset(f + 22, 0x52, 6);
	be32(f + 28, GUEST);
	be32(f + 38, GUEST);
	slirp_input(slirp, f, sizeof(f));
}

/* Ask for a file: the kind of the answer, 0 for none. */
static unsigned int ask(Slirp *slirp, const char *name)
{
	u8 f[256] = { [12] = 8, [IP] = 0x45, [IP + 8] = 64, [IP + 9] = IPPROTO_UDP };
	size_t n = strlen(name);
	size_t len = TFTP + 2 + n + 1 + sizeof("octet");
	static u16 port = 2000;
	unsigned int i;
	u32 sum = 0;

	memset(f, 0x55, 6);
	memset(f + 6, 0x52, 6);
	be16(f + IP + 2, len - IP);
	be32(f + IP + 12, GUEST);
	be32(f + IP + 16, HOST);
	for (i = IP; i < UDP; i += 2)
		sum += f[i] << 8 | f[i + 1];
	be16(f + IP + 10, ~(sum + (sum >> 16)));
	be16(f + UDP, ++port);
	be16(f + UDP + 2, 69);
	be16(f + UDP + 4, len - UDP);
	be16(f + TFTP, RRQ);
	memcpy(f + TFTP + 2, name, n);
	memcpy(f + TFTP + 2 + n + 1, "octet", sizeof("octet"));
	got_len = 0;
	slirp_input(slirp, f, len);
	return got_len > TFTP + 4 ? (unsigned int)(got[TFTP] << 8 | got[TFTP + 1]) : 0;
}

static void make(const char *file, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "w");
	EXPECT(f && fputs(text, f) >= 0 && !fclose(f));
}

static void files(void)
{
	char folder[64], path[128];
	const SlirpConfig config = {
		.version = 1,
		.in_enabled = true,
		.vnetwork.s_addr = htonl(0x0a000200),
		.vnetmask.s_addr = htonl(0xffffff00),
		.vhost.s_addr = htonl(HOST),
		.vdhcp_start.s_addr = htonl(GUEST),
		.vnameserver.s_addr = htonl(0x0a000203),
		.tftp_path = folder,
	};
	Slirp *slirp;

	snprintf(folder, sizeof(folder), "%s/tftp", dir);
	EXPECT(!mkdir(folder, 0777));
	make("secret", "not the guest's");
	make("tftp/boot", "what is booted");
	snprintf(path, sizeof(path), "%s/link", folder);
	EXPECT(!symlink("../secret", path));
	broker_start();
	tftp_allow(folder);
	broker_seal(true);
	slirp = slirp_new(&config, &callbacks, NULL);
	EXPECT(slirp);
	announce(slirp);

	EXPECT_EQ(ask(slirp, "boot"), DATA);
	EXPECT_EQ(got_len, TFTP + 4 + strlen("what is booted"));
	EXPECT(!memcmp(got + TFTP + 4, "what is booted", strlen("what is booted")));
	EXPECT_EQ(ask(slirp, "/boot"), DATA);
	EXPECT_EQ(ask(slirp, "missing"), ERROR);
	EXPECT_EQ(ask(slirp, "link"), ERROR);
	EXPECT_EQ(ask(slirp, "../secret"), ERROR);
	EXPECT_EQ(ask(slirp, "x/../../secret"), ERROR);
	slirp_cleanup(slirp);
}

int main(void)
{
	char command[64];

	if (!mkdtemp(dir))
		return 1;
	CASE(files);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || check_failed;
}
