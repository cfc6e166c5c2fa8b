// SPDX-License-Identifier: GPL-2.0
/*
 * printf for messages. See fmt.h for what it knows; an unknown conversion is
 * printed as it stands, since a message about trouble must not make more.
 */
#include "fmt.h"

struct out {
	char *buf;
	size_t size;
	size_t len;
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

struct spec {
	bool left;
	bool zero;
	int width;
	int precision;
	int longs;		/* number of l; z counts as one */
};

static void put_padded(struct out *o, const struct spec *s, const char *text,
		       int len)
{
	int pad = s->width - len;

	if (!s->left)
		for (; pad > 0; pad--)
			put(o, ' ');
	while (len--)
		put(o, *text++);
	for (; pad > 0; pad--)
		put(o, ' ');
}

static void put_number(struct out *o, const struct spec *s, u64 val,
		       bool negative, unsigned int base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char tmp[32];
	int n = sizeof(tmp);

	do {
		tmp[--n] = digits[val % base];
		val /= base;
	} while (val);
	if (s->zero && !s->left) {
		int want = s->width - negative;

		if (want > (int)sizeof(tmp) - 1)
			want = sizeof(tmp) - 1;
		while ((int)sizeof(tmp) - n < want)
			tmp[--n] = '0';
	}
	if (negative)
		tmp[--n] = '-';
	put_padded(o, s, tmp + n, sizeof(tmp) - n);
}

static const char *parse(const char *p, struct spec *s, va_list *ap)
{
	*s = (struct spec){ .precision = -1 };
	for (;; p++) {
		if (*p == '-')
			s->left = true;
		else if (*p == '0')
			s->zero = true;
		else
			break;
	}
	if (*p == '*') {
		s->width = va_arg(*ap, int);
		p++;
	}
	for (; *p >= '0' && *p <= '9'; p++)
		s->width = s->width * 10 + *p - '0';
	if (*p == '.') {
		s->precision = 0;
		p++;
		if (*p == '*') {
			s->precision = va_arg(*ap, int);
			p++;
		}
		for (; *p >= '0' && *p <= '9'; p++)
			s->precision = s->precision * 10 + *p - '0';
	}
	for (;; p++) {
		if (*p == 'l' || *p == 'z')
			s->longs++;
		else if (*p != 'h')
			return p;
	}
}

int vmbt_vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { .buf = buf, .size = size };
	const char *text;
	struct spec s;
	va_list ap;
	s64 sval;
	u64 val;
	int n;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		fmt = parse(fmt + 1, &s, &ap);
		switch (*fmt) {
		case 'd':
		case 'i':
			sval = s.longs ? va_arg(ap, long long) : va_arg(ap, int);
			val = sval < 0 ? 0 - (u64)sval : (u64)sval;
			put_number(&o, &s, val, sval < 0, 10, false);
			break;
		case 'u':
		case 'x':
		case 'X':
			val = s.longs ? va_arg(ap, u64) : va_arg(ap, unsigned int);
			put_number(&o, &s, val, false, *fmt == 'u' ? 10 : 16,
				   *fmt == 'X');
			break;
		case 'p':
			put_number(&o, &s, (u64)(size_t)va_arg(ap, void *),
				   false, 16, false);
			break;
		case 'c':
			put(&o, va_arg(ap, int));
			break;
		case 's':
			text = va_arg(ap, const char *);
			if (!text)
				text = "(null)";
			for (n = 0; text[n] && n != s.precision; n++)
				;
			put_padded(&o, &s, text, n);
			break;
		case '%':
			put(&o, '%');
			break;
		case 0:
			fmt--;
			break;
		default:
			put(&o, '%');
			put(&o, *fmt);
			break;
		}
	}
	va_end(ap);
	if (size)
		buf[o.len < size ? o.len : size - 1] = 0;
	return o.len;
}

int vmbt_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vmbt_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
