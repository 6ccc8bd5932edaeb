// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes that authors make with the raw contract, and that are no misuse of a
 * call: what becomes of them.  Documentation/mistakes.rst has them all.
 */

#include <sys/mman.h>

#include "mp.h"
#include "mp_zone.h"

#define SEED	17
#define SOME	50

/* A block of pages whose driver has all ops. */
static int one_block(int fd)
{
	int pool = mp_create(fd, "mistakes", MP_BLOCK, MP_TEST_HAS_ALL);
	int err = pool < 0 ? pool : mp_make_block(fd, pool, 0, SEED);

	return err ?: pool;
}

/* Where the kernel knows the page's type it refuses; else the page stays. */
MP_TEST_F(vm_insert_page_of_a_page)
{
	int pool = one_block(self->fd);
	__u64 pfn = mp_pfn(self->fd, pool, 0);
	unsigned char *seen;

	seen = mmap(NULL, mp_page_size(), PROT_READ, MAP_SHARED, self->fd,
		    MP_TEST_MMAP((off_t)pool, 0) * mp_page_size());
	if (!strcmp(mp_stats(self->fd, pool).backing, "typed")) {
		EXPECT_EQ(MAP_FAILED, seen);
		EXPECT_EQ(EINVAL, errno);
	} else {
		ASSERT_NE(MAP_FAILED, seen);
		EXPECT_NE(0, mp_evict_retry(self->fd, pfn, 1));
		EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
		ASSERT_EQ(0, munmap(seen, mp_page_size()));
	}
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 1));
	EXPECT_NE(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

/* Return: how many of its first pages are where only movable pages may be. */
static int some_in_movable(int fd, unsigned int flags)
{
	struct mp_test_create create = {
		.name = "mistakes",
		.capacity = SOME,
		.flags = flags,
	};
	int pool = mp_create_as(fd, &create);
	int i, n = 0;

	if (pool < 0 || mp_arg(fd, pool, MP_TEST_ALLOC, 0, SOME,
			       MP_TEST_GFP_MOVABLE))
		return -ENOMEM;
	for (i = 0; i < SOME; i++)
		n += mp_zone_movable_has(mp_pfn(fd, pool, i));
	return n;
}

/* Though its driver asks for it; other pools do, though theirs does not. */
MP_TEST_F(unmovable_pool_takes_no_movable_memory)
{
	EXPECT_EQ(0, some_in_movable(self->fd, MP_UNMOVABLE));
	EXPECT_EQ(SOME, some_in_movable(self->fd, 0));
}

/* Seen by the framework, said once; the page has moved all the same. */
MP_TEST_F(op_sleeps_in_async_mode)
{
	struct mp_test_script script = {
		.sleep_ms = 200,
		.only = MP_TEST_ANY,
	};
	int pool = one_block(self->fd);
	int listener = mp_kmsg_listen(SEEK_END);
	int tries = 20;

	script.pool = pool;
	ASSERT_EQ(0, mp_script(self->fd, script));
	/* Its first pass is asynchronous, and so are others' now and then. */
	while (!mp_log(self->fd, pool).mode[0] && tries--)
		mp_evict(self->fd, mp_pfn(self->fd, pool, tries), 1);
	if (mp_log(self->fd, pool).mode[0]) {
		EXPECT_EQ(1, mp_kmsg_heard(listener,
					   "ops->migrate slept and took"));
	} else {
		EXPECT_EQ(0, mp_kmsg_heard(listener,
					   "ops->migrate slept and took"));
	}
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 0, 0));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

TEST_HARNESS_MAIN
