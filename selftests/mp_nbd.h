/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_NBD_H
#define _SELFTESTS_MP_NBD_H

/*
 * A disk (nbd.ko) whose other end is a thread of the test, which can let a
 * request wait as long as the test likes.  0 or more, or -errno.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/nbd.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MP_NBD_DEVICE	"/dev/nbd0"
#define MP_NBD_BLOCKS	64
#define MP_NBD_BLOCK	4096

/**
 * struct mp_nbd - the disk
 * @fd: the device
 * @ends: sockets, the kernel's and the server's
 * @stop: requests wait
 * @stopped: so many do
 * @data: what is on the disk
 * @kernel: thread that lends itself to the kernel's end
 * @server: thread that answers
 */
struct mp_nbd {
	int fd;
	int ends[2];
	int stop;
	int stopped;
	unsigned char data[MP_NBD_BLOCKS * MP_NBD_BLOCK];
	pthread_t kernel;
	pthread_t server;
};

static inline int mp_nbd_receive(int end, void *to, size_t size)
{
	return recv(end, to, size, MSG_WAITALL) == (ssize_t)size;
}

static inline int mp_nbd_send(int end, const void *from, size_t size)
{
	return send(end, from, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static inline void mp_nbd_wait(struct mp_nbd *nbd)
{
	__atomic_add_fetch(&nbd->stopped, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&nbd->stop, __ATOMIC_ACQUIRE))
		usleep(1000);
	__atomic_sub_fetch(&nbd->stopped, 1, __ATOMIC_RELEASE);
}

/* What is to be written has come when the request waits, what is read not. */
static inline int mp_nbd_serve(struct mp_nbd *nbd,
			       const struct nbd_request *request)
{
	unsigned char *data = nbd->data + be64toh(request->from);
	struct nbd_reply reply = { .magic = htonl(NBD_REPLY_MAGIC) };
	size_t size = ntohl(request->len);

	memcpy(reply.handle, request->handle, sizeof(reply.handle));
	if (ntohl(request->type) == NBD_CMD_WRITE &&
	    !mp_nbd_receive(nbd->ends[1], data, size))
		return 0;
	mp_nbd_wait(nbd);
	if (!mp_nbd_send(nbd->ends[1], &reply, sizeof(reply)))
		return 0;
	return ntohl(request->type) != NBD_CMD_READ ||
	       mp_nbd_send(nbd->ends[1], data, size);
}

static inline void *mp_nbd_serve_all(void *arg)
{
	struct nbd_request request;
	struct mp_nbd *nbd = arg;

	while (mp_nbd_receive(nbd->ends[1], &request, sizeof(request)) &&
	       ntohl(request.type) != NBD_CMD_DISC &&
	       mp_nbd_serve(nbd, &request))
		;
	shutdown(nbd->ends[1], SHUT_RDWR);
	return NULL;
}

static inline void *mp_nbd_run(void *arg)
{
	struct mp_nbd *nbd = arg;

	ioctl(nbd->fd, NBD_DO_IT);
	ioctl(nbd->fd, NBD_CLEAR_QUE);
	ioctl(nbd->fd, NBD_CLEAR_SOCK);
	return NULL;
}

/* Return: a descriptor for O_DIRECT, once the disk is there. */
static inline int mp_nbd_open(void)
{
	int fd, tries = 1000;
	__u64 bytes = 0;

	while (tries--) {
		fd = open(MP_NBD_DEVICE, O_RDWR | O_DIRECT | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (!ioctl(fd, BLKGETSIZE64, &bytes) && bytes)
			return fd;
		close(fd);
		usleep(20000);
	}
	return -ENXIO;
}

static inline int mp_nbd_setup(struct mp_nbd *nbd)
{
	nbd->fd = open(MP_NBD_DEVICE, O_RDWR | O_CLOEXEC);
	if (nbd->fd < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, nbd->ends) ||
	    ioctl(nbd->fd, NBD_SET_BLKSIZE, (long)MP_NBD_BLOCK) ||
	    ioctl(nbd->fd, NBD_SET_SIZE_BLOCKS, (long)MP_NBD_BLOCKS) ||
	    ioctl(nbd->fd, NBD_SET_SOCK, nbd->ends[0]))
		return -errno;
	return 0;
}

/* Return: as mp_nbd_open(). */
static inline int mp_nbd_start(struct mp_nbd *nbd)
{
	int err;

	memset(nbd, 0, sizeof(*nbd));
	err = mp_nbd_setup(nbd);
	if (err)
		return err;
	err = pthread_create(&nbd->server, NULL, mp_nbd_serve_all, nbd) ?:
	      pthread_create(&nbd->kernel, NULL, mp_nbd_run, nbd);
	return err ? -err : mp_nbd_open();
}

static inline void mp_nbd_stop(struct mp_nbd *nbd)
{
	__atomic_store_n(&nbd->stop, 1, __ATOMIC_RELEASE);
}

static inline void mp_nbd_go(struct mp_nbd *nbd)
{
	__atomic_store_n(&nbd->stop, 0, __ATOMIC_RELEASE);
}

/* Return: whether a request waits, within 20 s. */
static inline int mp_nbd_stopped(struct mp_nbd *nbd)
{
	int tries = 2000;

	while (!__atomic_load_n(&nbd->stopped, __ATOMIC_ACQUIRE) && tries--)
		usleep(10000);
	return tries >= 0;
}

static inline void mp_nbd_end(struct mp_nbd *nbd)
{
	mp_nbd_go(nbd);
	ioctl(nbd->fd, NBD_DISCONNECT);
	pthread_join(nbd->server, NULL);
	pthread_join(nbd->kernel, NULL);
	close(nbd->ends[0]);
	close(nbd->ends[1]);
	close(nbd->fd);
}

#endif /* _SELFTESTS_MP_NBD_H */
