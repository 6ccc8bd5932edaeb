// SPDX-License-Identifier: GPL-2.0
/*
 * Each public call is made again and again, and fails at its first, second,
 * third ... site: ours, and the kernel's own allocations for us.  A call that
 * failed has said why and changed nothing.  When it comes through without
 * having met a failing site, all of them have been tried.
 */

#include <sys/mman.h>

#include "mp.h"
#include "mp_fault.h"
#include "mp_mapped.h"
#include "mp_module.h"

#define SEED		19
#define READY		8	/* objects with published pages */
#define OBJECTS		40
#define EMPTY		READY	/* the first of those without a page */
#define MOST		2000
#define INJECT		"/sys/kernel/debug/"

FIXTURE(nth) {
	struct mp_world world;
	int fd;
	int pool;
	int nth;	/* /proc/thread-self/fail-nth */
};

FIXTURE_VARIANT(nth) {
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(nth, by_default) {
	.flags = 0,
};

FIXTURE_VARIANT_ADD(nth, page_cache) {
	.flags = MP_PAGE_CACHE,
};

/* What the calls can be seen to change. */
struct state {
	struct mp_test_info objects[OBJECTS];
	unsigned long long books[4];
	int pools;
};

/* A call of the framework; prepare and undo are what it needs around it. */
struct call {
	int (*make)(int fd, int pool);
	int (*prepare)(int fd, int pool);
	void (*undo)(int fd, int pool);
	int also;	/* what it may say beside -ENOMEM */
};

/* The kernel's own allocations count, too, whatever their flags; no stacks. */
static int inject_all(void)
{
	mp_write_file(INJECT "fail_usercopy/verbose", "0");
	return mp_write_file(INJECT "failslab/verbose", "0") ?:
	       mp_write_file(INJECT "failslab/ignore-gfp-wait", "N") ?:
	       mp_write_file(INJECT "fail_page_alloc/verbose", "0") ?:
	       mp_write_file(INJECT "fail_page_alloc/ignore-gfp-wait", "N") ?:
	       mp_write_file(INJECT "fail_page_alloc/ignore-gfp-highmem",
			     "N") ?:
	       mp_write_file(INJECT "fail_page_alloc/min-order", "0");
}

FIXTURE_SETUP(nth)
{
	struct mp_test_create create = {
		.name = "nth",
		.capacity = OBJECTS,
		.has = MP_TEST_HAS_ALL,
		.flags = variant->flags,
	};

	ASSERT_EQ(0, inject_all());
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	self->pool = mp_create_as(self->fd, &create);
	ASSERT_LE(0, self->pool);
	ASSERT_EQ(0, mp_make(self->fd, self->pool, 0, READY, SEED));
	self->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->nth);
	/* A page fault of ours shall not be what fails. */
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
}

FIXTURE_TEARDOWN(nth)
{
	close(self->nth);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, READY, SEED));
	EXPECT_STREQ("", mp_world_close(&self->world));
}

static int nth_set(int nth_fd, int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	return pwrite(nth_fd, text, len, 0) == len ? 0 : -errno;
}

/* Return: whether something has failed since nth_set(). */
static int nth_fired(int nth_fd)
{
	char text[16] = "";
	int n = pread(nth_fd, text, sizeof(text) - 1, 0);

	/* Copying these very bytes may be what fails. */
	nth_set(nth_fd, 0);
	return n > 0 && !atoi(text);
}

static int state_of(int fd, int pool, struct state *state)
{
	struct mp_test_stats stats = mp_stats(fd, pool);
	int i, err;

	memset(state, 0, sizeof(*state));
	err = mp_infos(fd, pool, 0, OBJECTS, state->objects);
	for (i = 0; i < OBJECTS; i++)
		state->objects[i].pfn = !!state->objects[i].pfn;
	state->books[0] = stats.pages;
	state->books[1] = stats.allocated;
	state->books[2] = stats.freed;
	state->books[3] = stats.unpublished;
	for (i = 0; i < MP_TEST_POOLS; i++)
		state->pools |= mp_pool_exists(fd, i) << i;
	return err;
}

/* Until it comes through.  Return: how often it was made to fail. */
static int each_site(struct __test_metadata *_metadata, int fd, int pool,
		     int nth_fd, const struct call *call)
{
	struct state before, after;
	int nth, err, fired = 1;

	for (nth = 1; fired && nth < MOST; nth++) {
		if (call->prepare)
			ASSERT_EQ(0, call->prepare(fd, pool));
		ASSERT_EQ(0, state_of(fd, pool, &before));
		ASSERT_EQ(0, nth_set(nth_fd, nth));
		err = call->make(fd, pool);
		fired = nth_fired(nth_fd);
		ASSERT_EQ(0, state_of(fd, pool, &after));
		if (err) {
			EXPECT_TRUE(fired);
			/* The second is the test driver's: its copies fail. */
			EXPECT_TRUE(err == -ENOMEM || err == -EFAULT ||
				    (call->also && err == call->also)) {
				TH_LOG("site %d: error %d", nth, err);
			}
		}
		if (err && err != -EFAULT)
			EXPECT_EQ(0, memcmp(&before, &after, sizeof(before))) {
				TH_LOG("site %d: not as it was", nth);
			}
		call->undo(fd, pool);
	}
	EXPECT_FALSE(fired);
	EXPECT_EQ(0, err);
	/* The last round has met none. */
	return nth - 2;
}

#define EACH_SITE(made, prepared, undone, ...) \
	each_site(_metadata, self->fd, self->pool, self->nth, \
		  &(const struct call) { \
			.make = made, \
			.prepare = prepared, \
			.undo = undone, \
			__VA_ARGS__ })

static void nothing(int fd, int pool)
{
}

/* Whatever has come to be in the second half of the objects goes. */
static void free_new(int fd, int pool)
{
	struct mp_test_info infos[OBJECTS];
	int i;

	mp_infos(fd, pool, 0, OBJECTS, infos);
	for (i = 0; i < OBJECTS; i++) {
		if (infos[i].pins)
			mp_arg(fd, pool, MP_TEST_UNPIN, i, 1, infos[i].pins);
		if (i >= EMPTY && infos[i].state != MP_EMPTY)
			mp_do(fd, pool, MP_TEST_FREE, i, 1);
	}
}

static int make_private(int fd, int pool)
{
	return mp_do(fd, pool, MP_TEST_ALLOC, EMPTY, 4);
}

static int make_live(int fd, int pool)
{
	return mp_make(fd, pool, EMPTY, 4, SEED);
}

/* By default, and in page cache: that makes an inode, too. */
static int call_create(int fd, int pool)
{
	struct mp_test_create create = {
		.name = "another",
		.capacity = 1,
		.has = MP_TEST_HAS_ALL,
		.flags = MP_PAGE_CACHE,
	};
	int number = mp_create_as(fd, &create);

	return number < 0 ? number : 0;
}

static void destroy_others(int fd, int pool)
{
	int i;

	for (i = 0; i < MP_TEST_POOLS; i++)
		if (i != pool && mp_pool_exists(fd, i))
			mp_destroy(fd, i);
}

static int call_destroy(int fd, int pool)
{
	return mp_destroy(fd, pool + 1);
}

static int call_alloc(int fd, int pool)
{
	return mp_do(fd, pool, MP_TEST_ALLOC, EMPTY, 1);
}

static int call_alloc_bulk(int fd, int pool)
{
	return mp_do(fd, pool, MP_TEST_ALLOC_BULK, EMPTY, OBJECTS - EMPTY);
}

static int call_adopt(int fd, int pool)
{
	return mp_do(fd, pool, MP_TEST_ADOPT_BLOCK, EMPTY, 1);
}

static int call_publish(int fd, int pool)
{
	return mp_do(fd, pool, MP_TEST_PUBLISH, EMPTY, 1);
}

static int call_pin(int fd, int pool)
{
	return mp_do(fd, pool, MP_TEST_PIN, 0, 1);
}

static int call_map(int fd, int pool)
{
	return mp_verify(fd, pool, 0, 1, SEED);
}

static int call_vmap(int fd, int pool)
{
	return mp_arg(fd, pool, MP_TEST_VMAP, 0, READY, SEED);
}

static void undo_vmap(int fd, int pool)
{
	mp_do(fd, pool, MP_TEST_VUNMAP, 0, 0);
}

static int call_free(int fd, int pool)
{
	return mp_do(fd, pool, MP_TEST_FREE, EMPTY, 1);
}

static int call_free_async(int fd, int pool)
{
	return mp_do(fd, pool, MP_TEST_FREE_ASYNC, EMPTY, 1);
}

/* Mapped pools come and go beside, for their places are used once. */
static int call_create_mapped(int fd, int pool)
{
	int number = mp_mapped_create(fd, READY, MP_TEST_HAS_ALL);

	return number < 0 ? number : 0;
}

static int call_alloc_mapped(int fd, int pool)
{
	return mp_do(fd, pool + 1, MP_TEST_ALLOC, 0, 1);
}

static int call_open_mapped(int fd, int pool)
{
	int file = mp_mapped_open(fd, pool + 1, O_RDWR);

	return file < 0 ? file : 0;
}

static void undo_alloc_mapped(int fd, int pool)
{
	if (mp_info(fd, pool + 1, 0).state != MP_EMPTY)
		mp_do(fd, pool + 1, MP_TEST_FREE, 0, 1);
	destroy_others(fd, pool);
}

/* What descriptor a call is about to open, whether it is told or not. */
static int next_file;

static int make_mapped(int fd, int pool)
{
	next_file = dup(fd);
	close(next_file);
	return call_create_mapped(fd, pool);
}

static void undo_open_mapped(int fd, int pool)
{
	close(next_file);
	destroy_others(fd, pool);
}

#define NTH_F(name)	TEST_F(nth, name)

NTH_F(create)
{
	/* Of ours alone there are five, and one that may fail in silence. */
	int sites = EACH_SITE(call_create, NULL, destroy_others);

	EXPECT_LT(6, sites);
	if (!variant->flags)
		printf("# figure: create() failed at each of %d sites\n",
		       sites);
}

NTH_F(destroy)
{
	EACH_SITE(call_destroy, call_create, destroy_others);
}

NTH_F(alloc)
{
	EXPECT_LE(2, EACH_SITE(call_alloc, NULL, free_new));
}

NTH_F(alloc_bulk)
{
	EXPECT_LE(2, EACH_SITE(call_alloc_bulk, NULL, free_new));
}

NTH_F(adopt)
{
	/* It does not wait for who has the page locked. */
	EXPECT_LE(1, EACH_SITE(call_adopt, NULL, free_new, .also = -EBUSY));
}

NTH_F(vmap)
{
	EXPECT_LE(2, EACH_SITE(call_vmap, NULL, undo_vmap));
}

NTH_F(create_mapped)
{
	/* Of ours alone there are seven, and one that may fail in silence. */
	EXPECT_LT(8, EACH_SITE(call_create_mapped, NULL, destroy_others));
}

NTH_F(alloc_mapped)
{
	EXPECT_LE(2, EACH_SITE(call_alloc_mapped, call_create_mapped,
			       undo_alloc_mapped));
}

NTH_F(open_mapped)
{
	EXPECT_LE(2, EACH_SITE(call_open_mapped, make_mapped,
			       undo_open_mapped, .also = -ENFILE));
}

/* These allocate nothing: what fails is at most the test driver's ioctl. */
NTH_F(calls_that_need_no_memory)
{
	EXPECT_GE(2, EACH_SITE(call_publish, make_private, free_new));
	EXPECT_GE(2, EACH_SITE(call_pin, NULL, free_new));
	EXPECT_GE(2, EACH_SITE(call_map, NULL, nothing));
	EXPECT_GE(2, EACH_SITE(call_free_async, make_live, free_new));
}

/* Page cache is let go by ways of the kernel's that may want memory. */
NTH_F(free)
{
	EACH_SITE(call_free, make_live, free_new);
}

/* A block of the pool's own, to be moved; what fails may be the VM's. */
NTH_F(move)
{
	struct mp_test_create create = {
		.name = "moves",
		.capacity = MP_BLOCK,
		.has = MP_TEST_HAS_ALL,
		.flags = variant->flags,
	};
	int pool = mp_create_as(self->fd, &create);
	int nth, fired = 1;
	__u64 pfn;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, SEED));
	for (nth = 1; fired && nth < MOST; nth++) {
		/* One after the other: a page that has moved is elsewhere. */
		pfn = mp_pfn(self->fd, pool, nth % MP_BLOCK);
		mp_drain_lru();
		ASSERT_EQ(0, nth_set(self->nth, nth));
		mp_evict(self->fd, pfn, 1);
		fired = nth_fired(self->nth);
	}
	EXPECT_FALSE(fired);
	EXPECT_LT(2, nth);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, MP_BLOCK));
	EXPECT_EQ(0, mp_destroy(self->fd, pool));
}

/* As mp_module_load(), with the @nth site from the module's own code on. */
static int load_nth(int nth_fd, int nth, int *fired)
{
	char parameters[32];
	int err;

	snprintf(parameters, sizeof(parameters), "fail_nth=%d", nth);
	err = mp_module_load("movable_pool_test", parameters);
	*fired = nth_fired(nth_fd);
	return err;
}

TEST(load)
{
	int nth, err = 0, fired = 1;
	char parameters[64];
	int nth_fd;

	ASSERT_EQ(0, inject_all());
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, nth_fd);
	mp_core_parameters("movable_pool_test", parameters, sizeof(parameters));
	ASSERT_EQ(0, mp_module_unload("mp_test"));
	ASSERT_EQ(0, mp_module_unload("movable_pool_test"));
	for (nth = 1; fired && nth < MOST; nth++) {
		err = load_nth(nth_fd, nth, &fired);
		EXPECT_TRUE(!err || (fired && err == -ENOMEM)) {
			TH_LOG("site %d: error %d", nth, err);
		}
		if (!err)
			ASSERT_EQ(0, mp_module_unload("movable_pool_test"));
	}
	EXPECT_EQ(0, err);
	/* Of ours alone there are four. */
	EXPECT_LT(6, nth);
	EXPECT_EQ(0, mp_module_load("movable_pool_test", parameters));
	EXPECT_EQ(0, mp_module_load("mp_test", ""));
}

TEST_HARNESS_MAIN
