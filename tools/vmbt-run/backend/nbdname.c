// SPDX-License-Identifier: GPL-2.0
/*
 * Names of NBD servers: QEMU's nbd:HOST:PORT and nbd:unix:PATH, each with
 * :exportname=NAME behind it or not, and the protocol's own URIs (doc/uri.md),
 * nbd://HOST[:PORT]/NAME and nbd+unix:///NAME?socket=PATH.
 */
#include "nbdname.h"

#include <stdio.h>
#include <string.h>

#define EXPORT		":exportname="
#define SOCKET		"socket="
#define PORT		"10809"		/* the protocol's, by IANA */

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/**
 * nbd_name_is() - is that the name of an NBD server
 * @path: what somebody calls an image; "./nbd:x" is a file
 *
 * Return: whether it is, be it one that we can't go to.
 */
bool nbd_name_is(const char *path)
{
	return begins(path, "nbd:") || begins(path, "nbd+") || begins(path, "nbds:") ||
	       begins(path, "nbds+");
}

static bool local(struct nbd_name *n, const char *path)
{
	n->local = true;
	return *path && (size_t)snprintf(n->where, sizeof(n->where), "%s", path) <
	       sizeof(n->where);
}

/* A host and a port; an IPv6 address has brackets around it. */
static bool remote(struct nbd_name *n, char *host, const char *port)
{
	char *last = host + strlen(host) - 1;

	if (*host == '[' && *last == ']') {
		*last = 0;
		host++;
	}
	return *host && *port && (size_t)snprintf(n->where, sizeof(n->where), "%s:%s", port,
						  host) < sizeof(n->where);
}

static bool qemus(struct nbd_name *n)
{
	char *export = strstr(n->text, EXPORT), *colon;

	if (export) {
		*export = 0;
		n->export = export + strlen(EXPORT);
	}
	if (begins(n->text, "unix:"))
		return local(n, n->text + strlen("unix:"));
	colon = strrchr(n->text, ':');
	if (!colon || colon == n->text)
		return false;
	*colon = 0;
	return remote(n, n->text, colon + 1);
}

static int digit(char c)
{
	const char *at = c ? strchr("0123456789abcdefABCDEF", c) : NULL;
	int d = at ? at - "0123456789abcdefABCDEF" : -1;

	return d > 15 ? d - 6 : d;
}

/* %41 and its like; false if one is none, or a NUL. */
static bool decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s != '%') {
			*to++ = *s;
			continue;
		}
		if (digit(s[1]) < 0 || digit(s[2]) < 0 || !(digit(s[1]) | digit(s[2])))
			return false;
		*to++ = digit(s[1]) << 4 | digit(s[2]);
		s += 2;
	}
	*to = 0;
	return true;
}

/* What is behind "nbd://" or "nbd+unix://". */
static bool uri(struct nbd_name *n, bool at_socket)
{
	char *query = strchr(n->text, '?'), *slash, *colon;

	if (query)
		*query++ = 0;
	slash = strchr(n->text, '/');
	if (slash) {
		*slash++ = 0;
		n->export = slash;
		if (!decode(slash))
			return false;
	}
	if (at_socket)
		return !*n->text && query && begins(query, SOCKET) && !strchr(query, '&') &&
		       decode(query) && local(n, query + strlen(SOCKET));
	if (query || strchr(n->text, '@'))
		return false;
	colon = strrchr(n->text, ':');
	/* Not one of an address in brackets. */
	if (!colon || strchr(colon, ']'))
		return *n->text && remote(n, n->text, PORT);
	*colon = 0;
	return *n->text && remote(n, n->text, colon + 1);
}

/**
 * nbd_name_parse() - take a server's name apart
 * @n: filled
 * @path: the name
 *
 * Return: false if it is none that we know how to go to.
 */
bool nbd_name_parse(struct nbd_name *n, const char *path)
{
	static const char tcp[] = "nbd://", unix_socket[] = "nbd+unix://", qemu[] = "nbd:";
	const char *rest = path + strlen(qemu);
	bool at_socket = begins(path, unix_socket);

	*n = (struct nbd_name){ .export = "" };
	if (at_socket)
		rest = path + strlen(unix_socket);
	else if (begins(path, tcp))
		rest = path + strlen(tcp);
	else if (!begins(path, qemu))
		return false;
	if ((size_t)snprintf(n->text, sizeof(n->text), "%s", rest) >= sizeof(n->text))
		return false;
	return rest == path + strlen(qemu) ? qemus(n) : uri(n, at_socket);
}
