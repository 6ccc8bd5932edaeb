// SPDX-License-Identifier: GPL-2.0
/*
 * Slab pages come and go, full of poison, beside the pages of a pool that the
 * VM looks for: it must not take one for the other.
 */

#include <fcntl.h>
#include <sys/socket.h>

#include "mp.h"
#include "mp_fragment.h"
#include "mp_worker.h"

#define OBJECTS	64	/* of each kind, at a time */
#define ROUNDS	12
#define STEPS	5	/* of the workers meanwhile */
#define PATIENCE 20	/* so many times the rounds, for that */

/* Return: how many there are. */
static int make_sockets(int pairs[OBJECTS][2])
{
	int i;

	for (i = 0; i < OBJECTS; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]))
			break;
	return i;
}

static void close_sockets(int pairs[OBJECTS][2], int n)
{
	while (n--) {
		close(pairs[n][0]);
		close(pairs[n][1]);
	}
}

static int make_and_remove_files(unsigned int first)
{
	char name[64];
	int i, fd;

	for (i = 0; i < OBJECTS; i++) {
		snprintf(name, sizeof(name), "/tmp/slab-%u", first + i);
		fd = open(name, O_CREAT | O_RDWR, 0600);
		if (fd < 0)
			return -errno;
		close(fd);
	}
	for (i = 0; i < OBJECTS; i++) {
		snprintf(name, sizeof(name), "/tmp/slab-%u", first + i);
		unlink(name);
	}
	return 0;
}

static int step_churn(struct mp_worker *worker)
{
	int pairs[OBJECTS][2];
	int err, n = make_sockets(pairs);

	err = make_and_remove_files(worker->first);
	close_sockets(pairs, n);
	if (!err && n != OBJECTS)
		err = -EMFILE;
	/* Empty slabs go back to the page allocator. */
	if (!err && worker->steps % 16 == 15)
		err = mp_write_file("/proc/sys/vm/drop_caches", "2");
	return err;
}

static unsigned long steps(const struct mp_worker *workers)
{
	return __atomic_load_n(&workers[0].steps, __ATOMIC_ACQUIRE) +
	       __atomic_load_n(&workers[1].steps, __ATOMIC_ACQUIRE);
}

MP_TEST_F(slab_churn_R13)
{
	struct mp_worker workers[] = {
		{ .step = step_churn, .first = 0 },
		{ .step = step_churn, .first = OBJECTS },
	};
	struct mp_fragment fragment;
	int i;

	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 40, 0));
	for (i = 0; i < ARRAY_SIZE(workers); i++)
		ASSERT_EQ(0, mp_worker_start(&workers[i]));
	for (i = 0; i < ROUNDS ||
	     (i < PATIENCE * ROUNDS && steps(workers) < STEPS); i++)
		EXPECT_EQ(0, mp_compact());
	for (i = 0; i < ARRAY_SIZE(workers); i++)
		EXPECT_EQ(0, mp_worker_stop(&workers[i]));
	printf("# %ld of the pool's pages moved, %lu objects made and freed\n",
	       mp_fragment_moved(&fragment),
	       3 * OBJECTS * steps(workers));
	EXPECT_LE(100, mp_fragment_moved(&fragment));
	EXPECT_LE(STEPS, steps(workers));
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	mp_fragment_end(&fragment);
}

TEST_HARNESS_MAIN
