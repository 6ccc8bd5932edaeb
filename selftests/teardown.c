// SPDX-License-Identifier: GPL-2.0
/*
 * Who ends a pool, or unloads the framework, waits as long as it takes, and
 * says every ten seconds for what: the pool and a page.
 */

#include "mp.h"
#include "mp_frame.h"
#include "mp_mapped.h"
#include "mp_module.h"
#include "mp_once.h"

#define SEED		53
#define TOLD_AFTER	10	/* seconds */
#define PATIENCE	40

/**
 * struct wait - a destroy() that waits
 * @once: its thread
 * @pool: the pool
 * @pfn: of the page it waits for
 * @frames: mp_frame.ko, which has that page locked
 */
struct wait {
	struct mp_once once;
	int pool;
	__u64 pfn;
	int frames;
};

static int call_destroy(struct mp_worker *worker)
{
	return mp_destroy(worker->fd, worker->pool);
}

static int wait_begin(struct wait *wait, int fd)
{
	return mp_once_start(&wait->once, fd, wait->pool, 0, call_destroy);
}

/* Somebody has the page's lock: not a thread that the framework knows. */
static int wait_lock(struct wait *wait)
{
	wait->frames = mp_frame_open();
	return wait->frames < 0 ? wait->frames :
				  mp_frame_lock(wait->frames, wait->pfn);
}

static int wait_unlock(struct wait *wait)
{
	int err = mp_frame_unlock(wait->frames);

	close(wait->frames);
	return err;
}

/* How often the kernel has said so of the page, and of the pool. */
static int told_times(const char *pool, const char *sentence, __u64 pfn)
{
	int fd = mp_kmsg_listen(SEEK_SET), times = 0, n;
	char record[8192], page[64], whose[64];

	snprintf(page, sizeof(page), "pfn 0x%llx", (unsigned long long)pfn);
	snprintf(whose, sizeof(whose), "movable_pool: %s", pool);
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		record[n < 0 ? 0 : n] = '\0';
		times += strstr(record, whose) && strstr(record, sentence) &&
			 strstr(record, page);
	}
	close(fd);
	return times;
}

/* Return: whether it comes to be said so many times, in time, not at once. */
static int told(const char *pool, const char *sentence, __u64 pfn, int times,
		double since)
{
	double now = mp_seconds();

	while (told_times(pool, sentence, pfn) < times) {
		usleep(200000);
		now = mp_seconds();
		if (now - since > PATIENCE)
			return 0;
	}
	return now - since >= times * TOLD_AFTER - 1;
}

static int step_evict(struct mp_worker *worker)
{
	return mp_evict(worker->fd, worker->pfn, worker->count);
}

/* A driver op that takes its time, and a page that is freed meanwhile. */
static int begin_op(struct wait *wait, int fd, struct mp_worker *evictor)
{
	int tries = 2000, err;

	wait->pool = mp_create(fd, "in_an_op", MP_BLOCK, MP_TEST_HAS_ALL);
	err = mp_make_block(fd, wait->pool, 0, SEED);
	wait->pfn = mp_pfn(fd, wait->pool, 0);
	*evictor = (struct mp_worker) {
		.step = step_evict, .fd = fd, .pfn = wait->pfn, .count = 1,
	};
	err = err ?: mp_script(fd, (struct mp_test_script) {
		.pool = wait->pool,
		.sleep_ms = (TOLD_AFTER + 4) * 1000,
		.sleep_times = 1,
	});
	err = err ?: mp_worker_start(evictor);
	while (!err && mp_info(fd, wait->pool, 0).state != MP_MOVING && tries--)
		usleep(5000);
	if (tries < 0)
		return -ETIME;
	return err ?: mp_do(fd, wait->pool, MP_TEST_FREE, 1, MP_BLOCK - 1) ?:
	       mp_do(fd, wait->pool, MP_TEST_FREE_ASYNC, 0, 1) ?:
	       wait_begin(wait, fd);
}

/* A page that the driver forgot, and whose lock is somebody else's. */
static int begin_locked(struct wait *wait, int fd)
{
	int err;

	wait->pool = mp_create(fd, "forgotten", 1, 0);
	err = mp_make(fd, wait->pool, 0, 1, SEED);
	wait->pfn = mp_pfn(fd, wait->pool, 0);
	return err ?: wait_lock(wait) ?: wait_begin(wait, fd);
}

/* A page that processes may have mapped, freed while it is locked. */
static int begin_mapped(struct wait *wait, int fd)
{
	int err;

	wait->pool = mp_mapped_create(fd, 1, 0);
	err = mp_do(fd, wait->pool, MP_TEST_ALLOC, 0, 1) ?:
	      mp_do(fd, wait->pool, MP_TEST_PUBLISH, 0, 1);
	wait->pfn = mp_pfn(fd, wait->pool, 0);
	return err ?: wait_lock(wait) ?:
	       mp_do(fd, wait->pool, MP_TEST_FREE, 0, 1) ?:
	       wait_begin(wait, fd);
}

#define IN_OP	"destroy waits for ops->migrate of mp_test"
#define LOCKED	"destroy waits for 1 locked pages"
#define FREED	"destroy waits for the locks of freed pages"
#define UNLOAD	"unloading waits for 1 freed pages"

MP_TEST_F(destroy_names_pool_and_page_R6)
{
	struct wait op = {}, locked = {}, mapped = {};
	struct mp_worker evictor;
	double since;

	mp_drain_lru();
	MP_EXPECT_WARNING("destroyed with 1 pages still allocated", {
		ASSERT_EQ(0, begin_op(&op, self->fd, &evictor));
		since = mp_seconds();
		ASSERT_EQ(0, begin_locked(&locked, self->fd));
		ASSERT_EQ(0, begin_mapped(&mapped, self->fd));
		EXPECT_EQ(1, told("in_an_op-", IN_OP, op.pfn, 1, since));
		EXPECT_EQ(1, told("forgotten-", LOCKED, locked.pfn, 1, since));
		EXPECT_EQ(1, told("mapped-", FREED, mapped.pfn, 1, since));
		EXPECT_EQ(1, told("forgotten-", LOCKED, locked.pfn, 2, since));
		/* Told, and still not through. */
		EXPECT_FALSE(mp_once_done(&locked.once));
		EXPECT_FALSE(mp_once_done(&mapped.once));
		EXPECT_EQ(0, wait_unlock(&locked));
		EXPECT_EQ(0, wait_unlock(&mapped));
		EXPECT_EQ(0, mp_once_join(&op.once));
		EXPECT_EQ(0, mp_once_join(&locked.once));
		EXPECT_EQ(0, mp_once_join(&mapped.once));
	});
	mp_worker_stop(&evictor);
}

static int call_unload(struct mp_worker *worker)
{
	return mp_module_unload("movable_pool_test");
}

/* The pool is gone and has no name any more; the page still has a frame. */
TEST(unload_names_the_page_R17)
{
	struct mp_test_stats stats;
	struct wait wait = {};
	char parameters[64];
	int fd = mp_open();
	double since;

	ASSERT_LE(0, fd);
	mp_core_parameters("movable_pool_test", parameters, sizeof(parameters));
	wait.pool = mp_create(fd, "unload", 1, 0);
	ASSERT_EQ(0, mp_make(fd, wait.pool, 0, 1, SEED));
	wait.pfn = mp_pfn(fd, wait.pool, 0);
	stats = mp_stats(fd, wait.pool);
	ASSERT_EQ(0, wait_lock(&wait));
	EXPECT_EQ(0, mp_do(fd, wait.pool, MP_TEST_FREE, 0, 1));
	EXPECT_EQ(0, mp_destroy(fd, wait.pool));
	close(fd);
	EXPECT_EQ(0, mp_module_unload("mp_test"));
	since = mp_seconds();
	ASSERT_EQ(0, mp_once_start(&wait.once, -1, 0, 0, call_unload));
	/* Where a type stays on the page, the framework has no part in it. */
	if (mp_defers(&stats)) {
		EXPECT_EQ(1, told(UNLOAD, "whose page lock is held",
				  wait.pfn, 1, since));
		EXPECT_FALSE(mp_once_done(&wait.once));
	}
	EXPECT_EQ(0, wait_unlock(&wait));
	EXPECT_EQ(0, mp_once_join(&wait.once));
	EXPECT_EQ(0, mp_module_load("movable_pool_test", parameters));
	EXPECT_EQ(0, mp_module_load("mp_test", ""));
}

TEST_HARNESS_MAIN
