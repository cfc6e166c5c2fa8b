// SPDX-License-Identifier: GPL-2.0
/*
 * A host whose page cache is lost when a program dies: LD_PRELOAD for vmbt-run.
 *
 * What pwrite() is given stays in this process until fdatasync() or fsync() of
 * the same file. A SIGKILL then loses what a power failure would lose, and a test
 * that finds the guest's data behind it has shown that the guest's flush was one
 * of the host's. Without the preload a killed program loses nothing at all.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define WRITES	65536

/**
 * struct kept - a write that the host has not got
 * @fd: the file
 * @at: offset
 * @len: bytes
 * @data: the bytes
 */
struct kept {
	int fd;
	off_t at;
	size_t len;
	char *data;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept kept[WRITES];
static unsigned int count;

ssize_t pwrite(int fd, const void *buf, size_t len, off_t at)
{
	struct kept *k;

	pthread_mutex_lock(&lock);
	if (count == WRITES)
		abort();
	k = &kept[count++];
	*k = (struct kept){ .fd = fd, .at = at, .len = len, .data = malloc(len) };
	if (!k->data)
		abort();
	memcpy(k->data, buf, len);
	pthread_mutex_unlock(&lock);
	return len;
}

/* The file, and over it what was written since. */
ssize_t pread(int fd, void *buf, size_t len, off_t at)
{
	typeof(pread) *real = dlsym(RTLD_NEXT, "pread");
	off_t from, to;
	unsigned int i;
	ssize_t n;

	pthread_mutex_lock(&lock);
	n = real(fd, buf, len, at);
	for (i = 0; n > 0 && i < count; i++) {
		from = kept[i].at > at ? kept[i].at : at;
		to = kept[i].at + (off_t)kept[i].len;
		if (to > at + n)
			to = at + n;
		if (kept[i].fd == fd && from < to)
			memcpy((char *)buf + (from - at), kept[i].data + (from - kept[i].at),
			       to - from);
	}
	pthread_mutex_unlock(&lock);
	return n;
}

int fdatasync(int fd)
{
	typeof(pwrite) *real = dlsym(RTLD_NEXT, "pwrite");
	typeof(fsync) *sync_file = dlsym(RTLD_NEXT, "fsync");
	unsigned int i, left = 0;

	pthread_mutex_lock(&lock);
	for (i = 0; i < count; i++) {
		if (kept[i].fd != fd) {
			kept[left++] = kept[i];
			continue;
		}
		if (real(fd, kept[i].data, kept[i].len, kept[i].at) != (ssize_t)kept[i].len)
			abort();
		free(kept[i].data);
	}
	count = left;
	pthread_mutex_unlock(&lock);
	return sync_file(fd);
}

int fsync(int fd)
{
	return fdatasync(fd);
}
