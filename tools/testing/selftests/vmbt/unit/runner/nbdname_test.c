// SPDX-License-Identifier: GPL-2.0
/*
 * Names of NBD servers: QEMU's (its manual, "Network block devices") and the protocol's URIs
 * (NetworkBlockDevice/nbd, doc/uri.md), and what is none of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nbdname.h"

static const struct {
	const char *path;
	bool local;
	const char *where;
	const char *export;
} good[] = {
	{ "nbd:host:10809", false, "10809:host", "" },
	{ "nbd:10.0.0.1:1", false, "1:10.0.0.1", "" },
	{ "nbd:[::1]:5", false, "5:::1", "" },
	{ "nbd:host:5:exportname=a:b", false, "5:host", "a:b" },
	{ "nbd:unix:/a/b", true, "/a/b", "" },
	{ "nbd:unix:/a:exportname=", true, "/a", "" },
	{ "nbd:unix:a b:exportname=c d", true, "a b", "c d" },
	/* The port is 10809 unless it says another. */
	{ "nbd://host", false, "10809:host", "" },
	{ "nbd://host/", false, "10809:host", "" },
	{ "nbd://host:7/a/b", false, "7:host", "a/b" },
	{ "nbd://[fe80::1]/x", false, "10809:fe80::1", "x" },
	{ "nbd://[fe80::1]:7/x", false, "7:fe80::1", "x" },
	{ "nbd://host/%41%20%2fb", false, "10809:host", "A /b" },
	{ "nbd+unix:///?socket=/a", true, "/a", "" },
	{ "nbd+unix:///e%3f?socket=/a%20b", true, "/a b", "e?" },
	{ "nbd+unix://?socket=a", true, "a", "" },
};

/* Names of servers, but none that we can go to. */
static const char *const bad[] = {
	"nbd:", "nbd:host", "nbd::1", "nbd:host:", "nbd:unix:", "nbd:unix::exportname=a",
	"nbd:[]:1", "nbd://", "nbd:///", "nbd://:7/", "nbd://host:/", "nbd://user@host/",
	"nbd://host/?tls=1", "nbd://host/%", "nbd://host/%4", "nbd://host/%4g", "nbd://host/%00",
	"nbd+unix:///", "nbd+unix:///?socket=", "nbd+unix://host/?socket=/a",
	"nbd+unix:///?socket=/a&tls-psk-file=b", "nbd+unix:///?tls=1", "nbd+unix:///?socket=%0",
	"nbds://host/", "nbds+unix:///?socket=/a", "nbd+ssh://host/", "nbd+vsock://2/",
};

static void names(void)
{
	struct nbd_name n;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT(nbd_name_is(good[i].path));
		if (!nbd_name_parse(&n, good[i].path) || n.local != good[i].local ||
		    strcmp(n.where, good[i].where) || strcmp(n.export, good[i].export)) {
			printf("not ok %s: '%s' '%s'\n", good[i].path, n.where,
			       n.export ? n.export : "");
			check_failed++;
		}
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT(nbd_name_is(bad[i]));
		if (nbd_name_parse(&n, bad[i])) {
			printf("not ok %s: '%s' '%s'\n", bad[i], n.where, n.export);
			check_failed++;
		}
	}
}

static void files(void)
{
	EXPECT(!nbd_name_is("./nbd:x") && !nbd_name_is("nbd") && !nbd_name_is("/nbd:x") &&
	       !nbd_name_is("") && !nbd_name_is("NBD:host:1"));
}

/* What does not fit is refused, not cut. */
static void lengths(void)
{
	char path[700];
	struct nbd_name n;
	size_t len;

	for (len = 20; len < sizeof(path) - 1; len++) {
		memset(path, 'a', len);
		memcpy(path, "nbd:unix:/", 10);
		path[len] = 0;
		EXPECT_EQ(nbd_name_parse(&n, path), len - 4 < sizeof(n.text));
		memset(path, 'a', 10);
		memcpy(path, "nbd://", 6);
		if (nbd_name_parse(&n, path))
			EXPECT_EQ(strlen(n.where), strlen("10809:") + len - 6);
		else
			EXPECT(len - 6 + strlen("10809:") >= sizeof(n.where));
	}
}

int main(void)
{
	CASE(names);
	CASE(files);
	CASE(lengths);
	return check_failed ? 1 : 0;
}
