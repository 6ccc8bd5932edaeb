/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_PEER_H
#define _SELFTESTS_MP_PEER_H

/*
 * A process of its own that maps the pool as the test does, and does as it is
 * told, one call at a time.  A thread would not do: while it waits in a fault
 * it has the mmap_lock of all of the test.
 */

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "mp_mapped.h"
#include "mp_touch.h"

/* Runs in the peer, whose mapping and variables are its own. */
typedef long (*mp_peer_call)(struct mp_mapped *mapped, unsigned int index,
			     __u64 value);

struct mp_peer_order {
	mp_peer_call call;
	unsigned int index;
	__u64 value;
};

/**
 * struct mp_peer - the process
 * @pid: its own, 0: there is none
 * @orders: what it is told
 * @answers: what its calls returned
 */
struct mp_peer {
	pid_t pid;
	int orders;
	int answers;
};

/* The answer to a call that was ended by signal @sig. */
#define MP_PEER_SIGNAL(sig)	(1000000L + (sig))

static inline long mp_peer_obey(const struct mp_peer_order *order,
				struct mp_mapped *mapped)
{
	int sig = sigsetjmp(mp_touch_back, 1);

	if (sig)
		return MP_PEER_SIGNAL(sig);
	return order->call(mapped, order->index, order->value);
}

static inline void mp_peer_run(struct mp_mapped mapped, int orders,
			       int answers)
{
	struct mp_peer_order order;
	long answer;

	mp_touch_catch(NULL, NULL);
	while (read(orders, &order, sizeof(order)) == sizeof(order)) {
		answer = mp_peer_obey(&order, &mapped);
		if (write(answers, &answer, sizeof(answer)) < 0)
			break;
	}
}

/* Nothing of the mapping is in the page tables of the new process. */
static inline int mp_peer_start(struct mp_peer *peer,
				const struct mp_mapped *mapped)
{
	int orders[2], answers[2];

	if (pipe(orders) || pipe(answers))
		return -errno;
	peer->pid = fork();
	if (!peer->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		mp_peer_run(*mapped, orders[0], answers[1]);
		_exit(0);
	}
	close(orders[0]);
	close(answers[1]);
	peer->orders = orders[1];
	peer->answers = answers[0];
	return peer->pid < 0 ? -errno : 0;
}

static inline int mp_peer_ask(struct mp_peer *peer, mp_peer_call call,
			      unsigned int index, __u64 value)
{
	struct mp_peer_order order = {
		.call = call,
		.index = index,
		.value = value,
	};

	return write(peer->orders, &order, sizeof(order)) < 0 ? -errno : 0;
}

/* Wait for it.  Return: what the call has returned, or MP_PEER_SIGNAL(). */
static inline long mp_peer_answer(struct mp_peer *peer)
{
	long answer;

	if (read(peer->answers, &answer, sizeof(answer)) != sizeof(answer))
		return -EPIPE;
	return answer;
}

static inline long mp_peer_do(struct mp_peer *peer, mp_peer_call call,
			      unsigned int index, __u64 value)
{
	return mp_peer_ask(peer, call, index, value) ?: mp_peer_answer(peer);
}

static inline int mp_peer_answered(struct mp_peer *peer, int ms)
{
	struct pollfd answers = { .fd = peer->answers, .events = POLLIN };

	return poll(&answers, 1, ms) == 1;
}

/* Long enough for a call that does not wait. */
static inline int mp_peer_waits(struct mp_peer *peer)
{
	return !mp_peer_answered(peer, 300);
}

/* What it does while something else is stopped, which ends after a minute. */
static inline int mp_peer_does_not_wait(struct mp_peer *peer)
{
	return mp_peer_answered(peer, 20000);
}

/* Return: whether it dies within 20 s. */
static inline int mp_peer_dies(struct mp_peer *peer)
{
	int tries = 2000;

	while (!waitpid(peer->pid, NULL, WNOHANG) && tries--)
		usleep(10000);
	if (tries < 0)
		return 0;
	close(peer->orders);
	close(peer->answers);
	peer->pid = 0;
	return 1;
}

static inline void mp_peer_end(struct mp_peer *peer)
{
	if (peer->pid <= 0)
		return;
	kill(peer->pid, SIGKILL);
	mp_peer_dies(peer);
}

/* Return: words that are not of seed @value. */
static inline long mp_peer_read(struct mp_mapped *mapped, unsigned int index,
				__u64 value)
{
	return mp_mapped_page_wrong(mapped, index, value);
}

static inline long mp_peer_write(struct mp_mapped *mapped, unsigned int index,
				 __u64 value)
{
	mp_mapped_page_fill(mapped, index, value);
	return 0;
}

/* All of it is out of the page tables again. */
static inline long mp_peer_forget(struct mp_mapped *mapped, unsigned int index,
				  __u64 value)
{
	return madvise(mapped->words, mp_mapped_bytes(mapped),
		       MADV_DONTNEED) ? -errno : 0;
}

#endif /* _SELFTESTS_MP_PEER_H */
