// SPDX-License-Identifier: GPL-2.0
/*
 * Sends packets from a guest as fast as its kernel takes them.
 *
 *   packets ADDRESS PORT COUNT
 *
 * In rounds: a datagram to PORT has the round's number, again and again until the
 * answer to it comes, which is that number and another: how many bytes each of COUNT
 * datagrams to PORT + 1 shall have, or 0 to end. The kernel makes the sender wait for the
 * card, and loses none of them.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char data[1472];

/* What the host says; it may be asked, and may answer, more than once. */
static unsigned int ask(int fd, const struct sockaddr_in *to, unsigned int number)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned int what, size;
	char text[32];
	ssize_t n;

	for (;;) {
		n = snprintf(text, sizeof(text), "%u", number);
		if (sendto(fd, text, n, 0, (const void *)to, sizeof(*to)) < 0)
			return 0;
		while (poll(&p, 1, 2000) > 0) {
			n = recv(fd, text, sizeof(text) - 1, 0);
			if (n <= 0)
				return 0;
			text[n] = 0;
			if (sscanf(text, "%u %u", &what, &size) == 2 && what == number)
				return size;
		}
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned int count, size, round = 0, i;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in sink;

	if (argc != 4 || fd < 0 || !inet_aton(argv[1], &to.sin_addr))
		return 1;
	to.sin_port = htons(atoi(argv[2]));
	sink = to;
	sink.sin_port = htons(atoi(argv[2]) + 1);
	count = atoi(argv[3]);
	while ((size = ask(fd, &to, round++)) != 0) {
		if (size > sizeof(data))
			return 1;
		for (i = 0; i < count; i++) {
			if (sendto(fd, data, size, 0, (void *)&sink, sizeof(sink)) < 0) {
				perror("packets");
				return 1;
			}
		}
	}
	return 0;
}
