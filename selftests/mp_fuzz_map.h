/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FUZZ_MAP_H
#define _SELFTESTS_MP_FUZZ_MAP_H

/*
 * Hostile users of a mapped buffer: one thread maps it, all ways, another
 * touches what is there or is not.  All processes have the same buffer.
 *
 * What is mapped lies in a window of addresses, and what is outside is let
 * alone: there is this program.
 */

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "client.h"
#include "mp_fuzz.h"

#define MP_FUZZ_WINDOW	64	/* pages */
#define MP_FUZZ_FILE	16	/* pages of the buffer */

/* Before the processes are made: descriptors of the buffer. */
static int mp_fuzz_shared_rw = -1;
static int mp_fuzz_shared_ro = -1;

/**
 * struct mp_fuzz_window - where a process maps the buffer
 * @at: first address
 * @pipe: for pages that are handed to a pipe
 * @random: of the thread that touches
 * @stop: tells it
 * @touched: words that it got at
 * @thread: it
 */
struct mp_fuzz_window {
	char *at;
	int pipe[2];
	__u64 random;
	int stop;
	unsigned long touched;
	pthread_t thread;
};

static __thread sigjmp_buf mp_fuzz_back;

static inline void mp_fuzz_caught(int sig)
{
	siglongjmp(mp_fuzz_back, sig);
}

static inline size_t mp_fuzz_window_size(void)
{
	return MP_FUZZ_WINDOW * mp_page_size();
}

/* Return: 0, or the signal. */
static inline int mp_fuzz_touch_at(char *at, int write)
{
	volatile char *byte = at;
	int sig = sigsetjmp(mp_fuzz_back, 0);

	if (!sig && write)
		*byte = 1;
	else if (!sig)
		(void)*byte;
	return sig;
}

static inline void *mp_fuzz_toucher(void *arg)
{
	struct mp_fuzz_window *window = arg;
	struct mp_fuzz fuzz = { .random = window->random };

	while (!__atomic_load_n(&window->stop, __ATOMIC_ACQUIRE)) {
		size_t at = mp_fuzz_below(&fuzz, mp_fuzz_window_size());

		window->touched += !mp_fuzz_touch_at(window->at + at,
						     mp_fuzz_once(&fuzz, 2));
	}
	return NULL;
}

/* Some pages of the window. */
static inline char *mp_fuzz_range(struct mp_fuzz *fuzz, size_t *bytes)
{
	struct mp_fuzz_window *window = fuzz->state;
	unsigned int first = mp_fuzz_below(fuzz, MP_FUZZ_WINDOW);
	unsigned int most = MP_FUZZ_WINDOW - first;

	/* Long ones meet holes, and are refused. */
	if (!mp_fuzz_once(fuzz, 4) && most > 8)
		most = 8;
	*bytes = (1 + mp_fuzz_below(fuzz, most)) * mp_page_size();
	if (mp_fuzz_once(fuzz, 16))
		*bytes -= mp_fuzz_below(fuzz, mp_page_size());
	return window->at + first * mp_page_size();
}

static inline int mp_fuzz_prot(struct mp_fuzz *fuzz)
{
	if (mp_fuzz_once(fuzz, 8))
		return mp_fuzz_below(fuzz, 16);
	return PROT_READ | (mp_fuzz_once(fuzz, 2) ? PROT_WRITE : 0);
}

static inline int mp_fuzz_map_flags(struct mp_fuzz *fuzz)
{
	static const int flags[] = {
		MAP_PRIVATE, MAP_SHARED_VALIDATE,
		MAP_SHARED_VALIDATE | MAP_SYNC, MAP_SHARED | MAP_POPULATE,
		MAP_SHARED | MAP_LOCKED, MAP_SHARED | MAP_NONBLOCK,
		MAP_SHARED | MAP_NORESERVE, MAP_SHARED | MAP_HUGETLB,
		MAP_SHARED | MAP_GROWSDOWN, MAP_SHARED | MAP_STACK,
	};

	if (!mp_fuzz_once(fuzz, 4))
		return MAP_SHARED;
	return flags[mp_fuzz_below(fuzz, sizeof(flags) / sizeof(*flags))];
}

static inline int mp_fuzz_file(struct mp_fuzz *fuzz)
{
	return mp_fuzz_once(fuzz, 3) ? mp_fuzz_shared_ro : mp_fuzz_shared_rw;
}

static inline int mp_fuzz_map_map(struct mp_fuzz *fuzz)
{
	off_t offset = mp_fuzz_below(fuzz, MP_FUZZ_FILE) * mp_page_size();
	size_t bytes, more;
	char *at = mp_fuzz_range(fuzz, &bytes);
	char *end = mp_fuzz_range(fuzz, &more) + more;
	void *addr;

	if (end > at && mp_fuzz_once(fuzz, 2))
		bytes = end - at;
	addr = (void *)syscall(SYS_mmap, at, bytes, mp_fuzz_prot(fuzz),
			       mp_fuzz_map_flags(fuzz) | MAP_FIXED,
			       mp_fuzz_file(fuzz), mp_fuzz_near(fuzz, offset));
	return addr == MAP_FAILED ? -errno : 0;
}

/* Any length and offset, where the kernel finds room, and away again. */
static inline int mp_fuzz_map_odd(struct mp_fuzz *fuzz)
{
	size_t bytes = mp_fuzz_value(fuzz);
	long addr = syscall(SYS_mmap, NULL, bytes, mp_fuzz_prot(fuzz),
			    MAP_SHARED, mp_fuzz_file(fuzz),
			    mp_fuzz_value(fuzz) & -mp_page_size());

	if (addr == -1)
		return -errno;
	mp_fuzz_touch_at((char *)addr, 0);
	return munmap((void *)addr, bytes) ? -errno : 0;
}

static inline int mp_fuzz_map_unmap(struct mp_fuzz *fuzz)
{
	size_t bytes;
	char *at = mp_fuzz_range(fuzz, &bytes);

	if (mp_fuzz_once(fuzz, 2))
		bytes = mp_page_size();
	return munmap(at + mp_fuzz_once(fuzz, 8), bytes) ? -errno : 0;
}

static inline int mp_fuzz_map_protect(struct mp_fuzz *fuzz)
{
	size_t bytes;
	char *at = mp_fuzz_range(fuzz, &bytes);

	return mprotect(at + mp_fuzz_once(fuzz, 16), bytes,
			mp_fuzz_prot(fuzz)) ? -errno : 0;
}

/* In place, or to another place of the window. */
static inline int mp_fuzz_map_remap(struct mp_fuzz *fuzz)
{
	static const int flags[] = {
		0, MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_FIXED | 4 /* MREMAP_DONTUNMAP */,
		MREMAP_FIXED, 8,
	};
	size_t bytes, room;
	char *at = mp_fuzz_range(fuzz, &bytes);
	char *to = mp_fuzz_range(fuzz, &room);
	int how = flags[mp_fuzz_below(fuzz, 6)];
	struct mp_fuzz_window *window = fuzz->state;

	if (!(how & MREMAP_FIXED) &&
	    at + room > window->at + mp_fuzz_window_size())
		room = bytes;
	if (mp_fuzz_once(fuzz, 4))
		room = bytes;
	return mremap(at, mp_fuzz_once(fuzz, 16) ? 0 : bytes, room, how, to) ==
	       MAP_FAILED ? -errno : 0;
}

/* None that takes frames away for good. */
static inline int mp_fuzz_map_advise(struct mp_fuzz *fuzz)
{
	size_t bytes;
	char *at = mp_fuzz_range(fuzz, &bytes);
	int advice = mp_fuzz_once(fuzz, 2) ? mp_fuzz_below(fuzz, 26) :
		     mp_fuzz_below(fuzz, 5);

	return madvise(at, bytes, advice) ? -errno : 0;
}

static inline int mp_fuzz_map_touch(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_window *window = fuzz->state;
	size_t at = mp_fuzz_below(fuzz, mp_fuzz_window_size());

	return mp_fuzz_touch_at(window->at + at, mp_fuzz_once(fuzz, 2)) ?
	       -EFAULT : 0;
}

static inline int mp_fuzz_map_lock(struct mp_fuzz *fuzz)
{
	size_t bytes;
	char *at = mp_fuzz_range(fuzz, &bytes);
	int err;

	switch (mp_fuzz_below(fuzz, 3)) {
	case 0:
		err = mlock(at, bytes);
		break;
	case 1:
		err = syscall(SYS_mlock2, at, bytes, mp_fuzz_below(fuzz, 4));
		break;
	default:
		err = munlock(at, bytes);
	}
	return err ? -errno : 0;
}

static inline int mp_fuzz_map_sync(struct mp_fuzz *fuzz)
{
	unsigned char core[MP_FUZZ_WINDOW];
	size_t bytes;
	char *at = mp_fuzz_range(fuzz, &bytes);
	int err = mp_fuzz_once(fuzz, 2) ? mincore(at, bytes, core) :
		  msync(at, bytes, mp_fuzz_below(fuzz, 8));

	return err ? -errno : 0;
}

/* The child has what was not taken out of it, touches it and ends. */
static inline int mp_fuzz_map_fork(struct mp_fuzz *fuzz)
{
	int how = -1, i;
	pid_t pid;

	if (!mp_fuzz_once(fuzz, 32))
		return MP_FUZZ_IDLE;
	pid = fork();
	if (!pid) {
		for (i = 0; i < 20; i++)
			mp_fuzz_map_touch(fuzz);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	waitpid(pid, &how, 0);
	return how ? -EFAULT : 0;
}

/* By the kernel: as what is written, what is read into, and as pages. */
static inline int mp_fuzz_map_pipe(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_window *window = fuzz->state;
	static char drain[MP_FUZZ_WINDOW << 16];
	size_t bytes;
	char *at = mp_fuzz_range(fuzz, &bytes);
	struct iovec pages = { .iov_base = at, .iov_len = bytes };
	long done;

	switch (mp_fuzz_below(fuzz, 3)) {
	case 0:
		done = write(window->pipe[1], at, bytes);
		break;
	case 1:
		done = vmsplice(window->pipe[1], &pages, 1, SPLICE_F_NONBLOCK);
		break;
	default:
		done = read(window->pipe[0], at, bytes);
	}
	if (done < 0)
		done = -errno;
	while (mp_fuzz_once(fuzz, 2) &&
	       read(window->pipe[0], drain, sizeof(drain)) > 0)
		;
	return done < 0 ? done : 0;
}

static inline int mp_fuzz_map_peek(struct mp_fuzz *fuzz)
{
	struct iovec here = { .iov_base = fuzz->rw }, there;
	size_t bytes;
	long done;

	/* A kernel that has it does nothing, well. */
	if (process_vm_readv(getpid(), NULL, 0, NULL, 0, 0))
		return MP_FUZZ_IDLE;
	there.iov_base = mp_fuzz_range(fuzz, &bytes);
	there.iov_len = bytes < MP_FUZZ_ROOM ? bytes : MP_FUZZ_ROOM;
	here.iov_len = there.iov_len;
	done = mp_fuzz_once(fuzz, 2) ?
	       process_vm_readv(getpid(), &here, 1, &there, 1, 0) :
	       process_vm_writev(getpid(), &here, 1, &there, 1, 0);
	return done < 0 ? -errno : 0;
}

/* Asked for, though it may be that it is there already. */
static inline int mp_fuzz_map_move(struct mp_fuzz *fuzz)
{
	size_t bytes;
	void *at = mp_fuzz_range(fuzz, &bytes);
	int node = mp_fuzz_near(fuzz, 0), status = 0;

	return syscall(SYS_move_pages, 0, 1UL, &at, &node, &status, 2) < 0 ?
	       -errno : status < 0 ? status : 0;
}

static const struct mp_fuzz_op mp_fuzz_map_ops[] = {
	{ "mmap", mp_fuzz_map_map, 0 },
	{ "mmap", mp_fuzz_map_map, 0 },
	{ "mmap odd", mp_fuzz_map_odd, 0 },
	{ "munmap", mp_fuzz_map_unmap, 0 },
	{ "mprotect", mp_fuzz_map_protect, 0 },
	{ "mremap", mp_fuzz_map_remap, 0 },
	{ "madvise", mp_fuzz_map_advise, 0 },
	{ "touch", mp_fuzz_map_touch, 0 },
	{ "mlock", mp_fuzz_map_lock, 0 },
	{ "msync", mp_fuzz_map_sync, 0 },
	{ "fork", mp_fuzz_map_fork, MP_FUZZ_NEVER_REFUSED },
	{ "pipe", mp_fuzz_map_pipe, 0 },
	{ "process_vm", mp_fuzz_map_peek, MP_FUZZ_MAY_LACK },
	{ "move_pages", mp_fuzz_map_move, 0 },
	{ }
};

static inline int mp_fuzz_map_begin(struct mp_fuzz *fuzz)
{
	const struct sigaction catch = {
		.sa_handler = mp_fuzz_caught,
		.sa_flags = SA_NODEFER,
	};
	struct mp_fuzz_window *window = fuzz->state;

	sigaction(SIGBUS, &catch, NULL);
	sigaction(SIGSEGV, &catch, NULL);
	window->at = mmap(NULL, mp_fuzz_window_size(), PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (window->at == MAP_FAILED || pipe2(window->pipe, O_NONBLOCK))
		return -errno;
	window->random = mp_fuzz_mix(fuzz->random, 1);
	return -pthread_create(&window->thread, NULL, mp_fuzz_toucher, window);
}

static inline void mp_fuzz_map_end(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_window *window = fuzz->state;

	__atomic_store_n(&window->stop, 1, __ATOMIC_RELEASE);
	pthread_join(window->thread, NULL);
	/* Who never gets at a word has tried nothing. */
	if (!window->touched)
		__atomic_add_fetch(&fuzz->tally->astray, 1, __ATOMIC_RELAXED);
	munmap(window->at, mp_fuzz_window_size());
	close(window->pipe[0]);
	close(window->pipe[1]);
}

static const struct mp_fuzz_set mp_fuzz_mapping = {
	.name = "mapping",
	.ops = mp_fuzz_map_ops,
	.state = sizeof(struct mp_fuzz_window),
	.begin = mp_fuzz_map_begin,
	.end = mp_fuzz_map_end,
};

/* For the processes to come. */
static inline int mp_fuzz_share(void)
{
	mp_fuzz_shared_rw = buffers_create("fuzz-shared",
					   MP_FUZZ_FILE * mp_page_size());
	if (mp_fuzz_shared_rw < 0)
		return mp_fuzz_shared_rw;
	mp_fuzz_shared_ro = buffers_share(mp_fuzz_shared_rw);
	return mp_fuzz_shared_ro < 0 ? mp_fuzz_shared_ro : 0;
}

static inline void mp_fuzz_unshare(void)
{
	close(mp_fuzz_shared_rw);
	close(mp_fuzz_shared_ro);
}

#endif /* _SELFTESTS_MP_FUZZ_MAP_H */
