// SPDX-License-Identifier: GPL-2.0
/*
 * Network cards on the command line: -nic, and -netdev with -device.
 *
 * QEMU's spellings: -nic is a card and its back end in one, -netdev a back end with
 * a name that a -device refers to, before or behind it. Keys that have nothing behind
 * them here are refused by name. MAC addresses count up from the one that QEMU's
 * users know, so that a guest's configuration fits.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "options.h"
#include "util.h"

#define GUEST_ADDRESS	0x0a00020f
#define BOOTFILE_MAX	127	/* BOOTP's field and its end */

static struct netdev *new_netdev(struct options *o, const char *option)
{
	if (o->nnetdevs == MAX_NIC)
		usage("%s: at most %d networks", option, MAX_NIC);
	return &o->netdev[o->nnetdevs++];
}

static struct nic *new_nic(struct options *o, const char *option)
{
	static const u8 first[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
	struct nic *n;

	if (o->nnics == MAX_NIC)
		usage("%s: at most %d network cards", option, MAX_NIC);
	n = &o->nic[o->nnics];
	memcpy(n->mac, first, sizeof(n->mac));
	n->mac[5] += o->nnics++;
	return n;
}

static void parse_mac(u8 *mac, const char *option, const char *val)
{
	unsigned int m[6], i;
	int end = 0;

	if (!val || sscanf(val, "%2x:%2x:%2x:%2x:%2x:%2x%n", &m[0], &m[1], &m[2], &m[3], &m[4],
			   &m[5], &end) != 6 || val[end])
		usage("%s: mac=%s: not like 52:54:00:12:34:56", option, val ? val : "");
	if (m[0] & 1)
		usage("%s: mac=%s: a group's address, not a card's: the first byte is odd",
		      option, val);
	for (i = 0; i < 6; i++)
		mac[i] = m[i];
}

/* ADDRESS:PORT, the address may be empty. */
static bool parse_end(char *text, u32 *addr, u16 *port)
{
	char *colon = strrchr(text, ':'), *end;
	struct in_addr in;
	unsigned long n;

	if (!colon)
		return false;
	*colon++ = 0;
	n = strtoul(colon, &end, 10);
	if (end == colon || *end || *colon == '-' || n > 65535)
		return false;
	*port = n;
	if (!*text)
		return true;
	if (!inet_aton(text, &in))
		return false;
	*addr = ntohl(in.s_addr);
	return true;
}

/* tcp|udp:HOST:PORT-GUEST:PORT */
static void parse_forward(struct netdev *d, const char *option, const char *val)
{
	struct hostfwd *f = &d->forward[d->nforward];
	char text[128], *host, *guest = NULL;

	if (d->nforward == MAX_FORWARD)
		usage("%s: at most %d hostfwd=", option, MAX_FORWARD);
	*f = (struct hostfwd){ .text = val, .guest = GUEST_ADDRESS };
	snprintf(text, sizeof(text), "%s", val ? val : "");
	host = strchr(text, ':');
	if (host) {
		*host++ = 0;
		guest = strchr(host, '-');
	}
	if (guest)
		*guest++ = 0;
	f->udp = !strcmp(text, "udp");
	if (!guest || (!f->udp && *text && strcmp(text, "tcp")) ||
	    !parse_end(host, &f->host, &f->host_port) ||
	    !parse_end(guest, &f->guest, &f->guest_port) || !f->guest_port)
		usage("%s: hostfwd=%s: not like tcp::2222-:22", option, val ? val : "");
	d->nforward++;
}

static void parse_tftp(struct netdev *d, const char *option, const char *val)
{
	struct stat st;

	if (!val || stat(val, &st) || !S_ISDIR(st.st_mode))
		usage("%s: tftp=%s: not a folder", option, val ? val : "");
	d->tftp = val;
}

static void parse_bootfile(struct netdev *d, const char *option, const char *val)
{
	if (!val || !*val || strlen(val) > BOOTFILE_MAX)
		usage("%s: bootfile=: a name of up to %d characters", option, BOOTFILE_MAX);
	d->bootfile = val;
}

/* A key of a back end; false if it is none of this kind's. */
static bool backend_key(struct netdev *d, const char *option, const char *key, char *val)
{
	if (d->kind == NET_USER && !strcmp(key, "hostfwd")) {
		parse_forward(d, option, val);
		return true;
	}
	if (d->kind == NET_USER && !strcmp(key, "restrict")) {
		d->restricted = option_on(option, key, val);
		return true;
	}
	if (d->kind == NET_USER && !strcmp(key, "tftp")) {
		parse_tftp(d, option, val);
		return true;
	}
	if (d->kind == NET_USER && !strcmp(key, "bootfile")) {
		parse_bootfile(d, option, val);
		return true;
	}
	if (d->kind == NET_TAP && val && *val && !strcmp(key, "ifname")) {
		d->ifname = val;
		return true;
	}
	if (d->kind == NET_TAP && val && *val && !strcmp(key, "br")) {
		d->bridge = val;
		return true;
	}
	/* No script is ever run, so this asks for what is. */
	return d->kind == NET_TAP && val && !strcmp(val, "no") &&
	       (!strcmp(key, "script") || !strcmp(key, "downscript"));
}

static const char *backend_keys(const struct netdev *d)
{
	return d->kind == NET_USER ? "hostfwd, restrict, tftp, bootfile" : "ifname, br";
}

static enum net_kind parse_kind(const char *option, const char *kind)
{
	if (!strcmp(kind, "user"))
		return NET_USER;
	if (!strcmp(kind, "tap"))
		return NET_TAP;
	usage("%s %s: not one of user, tap%s", option, kind,
	      strcmp(option, "-nic") ? "" : ", none");
}

static void parse_model(const char *option, const char *val)
{
	if (!val || strcmp(val, "pcnet"))
		usage("%s: model=%s: there is pcnet", option, val ? val : "");
}

/**
 * nic_option() - take a -nic
 * @o: gets the card and its back end
 * @arg: its value
 */
void nic_option(struct options *o, const char *arg)
{
	char *key, *val, *kind;
	struct netdev *d;
	struct nic *n;

	o->nic_given = true;
	if (!strcmp(arg, "none"))
		return;
	if (!option_pair(&arg, &kind, &val) || val)
		usage("-nic: which? user, tap or none first");
	n = new_nic(o, "-nic");
	d = new_netdev(o, "-nic");
	d->kind = parse_kind("-nic", kind);
	n->netdev = d;
	while (option_pair(&arg, &key, &val)) {
		if (!strcmp(key, "mac"))
			parse_mac(n->mac, "-nic", val);
		else if (!strcmp(key, "model"))
			parse_model("-nic", val);
		else if (!backend_key(d, "-nic", key, val))
			usage("-nic %s: no '%s', but %s, mac, model", kind, key, backend_keys(d));
	}
}

/**
 * netdev_option() - take a -netdev
 * @o: gets the back end
 * @arg: its value
 */
void netdev_option(struct options *o, const char *arg)
{
	char *key, *val, *kind;
	struct netdev *d;
	unsigned int i;

	o->nic_given = true;
	if (!option_pair(&arg, &kind, &val) || val)
		usage("-netdev: which? user or tap first");
	d = new_netdev(o, "-netdev");
	d->kind = parse_kind("-netdev", kind);
	while (option_pair(&arg, &key, &val)) {
		if (!strcmp(key, "id") && val && *val)
			d->id = val;
		else if (!backend_key(d, "-netdev", key, val))
			usage("-netdev %s: no '%s', but id, %s", kind, key, backend_keys(d));
	}
	if (!d->id)
		usage("-netdev %s: it needs a name: id=NAME", kind);
	for (i = 0; &o->netdev[i] != d; i++)
		if (o->netdev[i].id && !strcmp(o->netdev[i].id, d->id))
			usage("-netdev: id=%s is given twice", d->id);
}

/**
 * nic_device() - take a -device pcnet
 * @o: gets the card
 * @list: its keys
 */
void nic_device(struct options *o, const char *list)
{
	char *key, *val;
	struct nic *n;

	o->nic_given = true;
	n = new_nic(o, "-device");
	while (option_pair(&list, &key, &val)) {
		if (!strcmp(key, "netdev") && val)
			n->netdev_id = val;
		else if (!strcmp(key, "mac"))
			parse_mac(n->mac, "-device", val);
		else if (strcmp(key, "id"))
			usage("-device pcnet: no '%s', but netdev, mac, id", key);
	}
	if (!n->netdev_id)
		usage("-device pcnet: which network? netdev=ID");
}

/**
 * nic_check() - connect cards and back ends by name
 * @o: the command line, all of it read
 */
void nic_check(struct options *o)
{
	unsigned int i, k, users;

	/* Whoever says nothing has a network, as in QEMU; a bare kernel has none. */
	if (!o->nic_given && !o->kernel)
		nic_option(o, "user");
	for (i = 0; i < o->nnics; i++) {
		for (k = 0; !o->nic[i].netdev && k < o->nnetdevs; k++)
			if (o->netdev[k].id && !strcmp(o->netdev[k].id, o->nic[i].netdev_id))
				o->nic[i].netdev = &o->netdev[k];
		if (!o->nic[i].netdev)
			usage("-device pcnet: netdev=%s: there is no -netdev with that id",
			      o->nic[i].netdev_id);
	}
	for (k = 0; k < o->nnetdevs; k++) {
		for (i = 0, users = 0; i < o->nnics; i++)
			users += o->nic[i].netdev == &o->netdev[k];
		if (users != 1)
			usage("-netdev id=%s: %s", o->netdev[k].id, users ?
			      "two cards want it" : "no card uses it: -device pcnet,netdev=ID");
	}
	if (o->boot_order && strchr(o->boot_order, 'n') && !o->nnics)
		usage("-boot %s: n is the network, and there is no card: -nic user",
		      o->boot_order);
}
