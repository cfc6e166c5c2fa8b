// SPDX-License-Identifier: GPL-2.0
/*
 * Sound on the command line: -audiodev, and -device sb16.
 *
 * QEMU's spellings: a back end has a name that the card refers to; with one of them
 * the card need not. A card without a back end plays to nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "util.h"

static const struct audiodev nowhere = { .kind = AUDIO_NONE };

/**
 * audiodev_option() - take a -audiodev
 * @o: gets the back end
 * @arg: its value
 */
void audiodev_option(struct options *o, const char *arg)
{
	struct audiodev *d = &o->audiodev;
	char *kind, *key, *val;

	if (d->id)
		usage("-audiodev %s: there is one already: %s", arg, d->id);
	if (!option_pair(&arg, &kind, &val) || val)
		usage("-audiodev: which? sdl, wav or none first");
	if (!strcmp(kind, "wav"))
		d->kind = AUDIO_WAV;
	else if (!strcmp(kind, "sdl"))
		d->kind = AUDIO_SDL;
	else if (strcmp(kind, "none"))
		usage("-audiodev %s: not one of sdl, wav, none", kind);
	while (option_pair(&arg, &key, &val)) {
		if (!strcmp(key, "id") && val && *val)
			d->id = val;
		else if (!strcmp(key, "path") && val && *val && d->kind == AUDIO_WAV)
			d->path = val;
		else
			usage("-audiodev %s: no '%s', but id%s", kind, key,
			      d->kind == AUDIO_WAV ? ", path" : "");
	}
	if (!d->id)
		usage("-audiodev %s: it needs a name: id=NAME", kind);
	if (d->kind == AUDIO_WAV && !d->path)
		d->path = "vmbt.wav";
}

static unsigned int one_of(const char *key, const char *val, const char *possible)
{
	size_t len = val ? strlen(val) : 0;
	const char *p;

	/* The list is words with a space before and behind each. */
	for (p = possible; len && (p = strstr(p, val)); p += len)
		if (p[-1] == ' ' && p[len] == ' ')
			return strtoul(val, NULL, 0);
	usage("-device sb16: %s=%s: one of%s", key, val ? val : "", possible);
}

/**
 * sb16_device() - take a -device sb16
 * @o: gets the card
 * @list: its keys
 */
void sb16_device(struct options *o, const char *list)
{
	struct sb16_card *c = &o->sb16;
	char *key, *val;

	if (c->on)
		usage("-device sb16: there is one already");
	*c = (struct sb16_card){ .on = true, .io = 0x220, .irq = 5, .dma = 1, .dma16 = 5 };
	while (option_pair(&list, &key, &val)) {
		if (!strcmp(key, "audiodev") && val && *val)
			c->audiodev_id = val;
		else if (!strcmp(key, "iobase"))
			c->io = one_of(key, val, " 0x220 0x240 0x260 0x280 ");
		else if (!strcmp(key, "irq"))
			c->irq = one_of(key, val, " 5 7 9 10 ");
		else if (!strcmp(key, "dma"))
			c->dma = one_of(key, val, " 0 1 3 ");
		else if (!strcmp(key, "dma16"))
			c->dma16 = one_of(key, val, " 5 6 7 ");
		else if (strcmp(key, "id"))
			usage("-device sb16: no '%s', but audiodev, iobase, irq, dma, dma16, id",
			      key);
	}
}

/**
 * sound_check() - connect the card and its back end
 * @o: the command line, all of it read
 */
void sound_check(struct options *o)
{
	struct sb16_card *c = &o->sb16;

	if (!c->on) {
		if (o->audiodev.id)
			usage("-audiodev id=%s: no card uses it: -device sb16", o->audiodev.id);
		return;
	}
	if (c->audiodev_id && (!o->audiodev.id || strcmp(c->audiodev_id, o->audiodev.id)))
		usage("-device sb16: audiodev=%s: there is no -audiodev with that id",
		      c->audiodev_id);
	c->audiodev = o->audiodev.id ? &o->audiodev : &nowhere;
}
