// SPDX-License-Identifier: GPL-2.0
/*
 * Memory runs out at every place where the framework allocates: the call says
 * so, nothing has changed, and the next one succeeds.
 */

#include "mp.h"
#include "mp_fault.h"
#include "mp_mapped.h"
#include "mp_module.h"

#define SEED	13

static struct mp_test_call bulk_of(int pool, unsigned int count)
{
	return (struct mp_test_call) {
		.verb = MP_TEST_ALLOC_BULK,
		.pool = pool,
		.count = count,
	};
}

static int create_fails_at(int fd, const char *site)
{
	struct mp_test_create create = {
		.name = "fails",
		.capacity = 1,
		.has = MP_TEST_HAS_ALL,
		.flags = MP_PAGE_CACHE,
	};
	int err = mp_fault_arm(site, 1);

	return err ?: mp_create_as(fd, &create);
}

MP_TEST_F(create)
{
	static const char * const sites[] = {
		"alloc-pool", "alloc-stats", "alloc-pins", "alloc-name",
		"alloc-cache", "alloc-inode",
	};
	char path[128];
	int before;
	int pool;
	int i;

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		before = mp_fault_failed(sites[i]);
		EXPECT_EQ(-ENOMEM, create_fails_at(self->fd, sites[i]));
		EXPECT_EQ(before + 1, mp_fault_failed(sites[i]));
		EXPECT_EQ(0, mp_find_file(MP_DEBUGFS "fails-*", path,
					  sizeof(path)));
		pool = mp_create(self->fd, "fails", 1, MP_TEST_HAS_ALL);
		ASSERT_LE(0, pool);
		EXPECT_EQ(0, mp_make(self->fd, pool, 0, 1, SEED));
		EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
		EXPECT_EQ(0, mp_destroy(self->fd, pool));
	}
}

/* Return: who uses the module, file systems among them. */
static long users_of(const char *module)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	return mp_read_long(path);
}

/* A mapped pool can be had, used, and goes again. */
static void mapped_works(struct __test_metadata *_metadata, int fd)
{
	struct mp_mapped it;

	ASSERT_EQ(0, mp_mapped_make(&it, fd, 4, MP_TEST_HAS_ALL));
	mp_mapped_fill(&it, SEED);
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	mp_mapped_end(&it);
	EXPECT_EQ(0, mp_do(fd, it.pool, MP_TEST_FREE, 0, 4));
	EXPECT_EQ(0, mp_destroy(fd, it.pool));
}

MP_TEST_F(create_mapped)
{
	static const char * const sites[] = {
		"alloc-pool", "alloc-stats", "alloc-pins", "alloc-name",
		"alloc-cache", "alloc-inode", "alloc-places", "pin-mount",
		"alloc-context",
	};
	long users = users_of("movable_pool_test");
	char path[128];
	int before;
	int i;

	ASSERT_LT(0, users);
	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		before = mp_fault_failed(sites[i]);
		ASSERT_EQ(0, mp_fault_arm(sites[i], 1));
		EXPECT_EQ(-ENOMEM, mp_mapped_create(self->fd, 4, 0));
		EXPECT_EQ(before + 1, mp_fault_failed(sites[i]));
		EXPECT_EQ(0, mp_find_file(MP_DEBUGFS "mapped-*", path,
					  sizeof(path)));
		EXPECT_EQ(users, users_of("movable_pool_test")) {
			TH_LOG("site %s", sites[i]);
		}
		mapped_works(_metadata, self->fd);
		EXPECT_EQ(users, users_of("movable_pool_test"));
	}
}

MP_TEST_F(file_of_a_mapped_pool)
{
	long users = users_of("mp_test");
	int before = mp_fault_failed("alloc-file");
	struct mp_mapped it;
	int next = dup(0);

	close(next);
	it = (struct mp_mapped) { .fd = self->fd, .pages = 4, .file = -1 };
	it.pool = mp_mapped_create(self->fd, 4, 0);
	ASSERT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_ALLOC, 0, 4));
	ASSERT_EQ(0, mp_fault_arm("alloc-file", 1));
	EXPECT_EQ(-ENFILE, mp_mapped_open(self->fd, it.pool, O_RDWR));
	EXPECT_EQ(before + 1, mp_fault_failed("alloc-file"));
	EXPECT_EQ(users, users_of("mp_test"));
	ASSERT_EQ(0, mp_mapped_map(&it));
	EXPECT_EQ(next, it.file);
	EXPECT_EQ(users + 1, users_of("mp_test"));
	mp_mapped_fill(&it, SEED);
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	mp_mapped_end(&it);
	EXPECT_EQ(users, users_of("mp_test"));
}

/* The place has not been used up by a page that did not come. */
MP_TEST_F(page_of_a_mapped_pool)
{
	static const char * const sites[] = { "alloc-page", "cache-add" };
	struct mp_mapped it;
	int i;

	ASSERT_EQ(0, mp_mapped_make_some(&it, self->fd, 4, 2, 0));
	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		ASSERT_EQ(0, mp_fault_arm(sites[i], 1));
		EXPECT_EQ(-ENOMEM, mp_do(self->fd, it.pool, MP_TEST_ALLOC,
					 2 + i, 1));
		EXPECT_EQ(MP_EMPTY, mp_info(self->fd, it.pool, 2 + i).state);
		EXPECT_EQ(2 + i, mp_stats(self->fd, it.pool).pages);
		EXPECT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_ALLOC, 2 + i,
				   1));
	}
	mp_mapped_fill(&it, SEED);
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	mp_mapped_end(&it);
}

MP_TEST_F(alloc)
{
	int pool = mp_create(self->fd, "fails", 10, 0);
	struct mp_test_call call = {
		.verb = MP_TEST_ALLOC,
		.pool = pool,
		.count = 10,
	};

	ASSERT_EQ(0, mp_fault_arm("alloc-page", 5));
	EXPECT_EQ(-ENOMEM, mp_call(self->fd, &call));
	EXPECT_EQ(4, call.done);
	EXPECT_EQ(4, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(4, mp_stats(self->fd, pool).allocated);
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 4).state);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 4, 6));
}

MP_TEST_F(alloc_at_max_pages)
{
	struct mp_test_create create = {
		.name = "fails",
		.capacity = 2,
		.max_pages = 1,
	};
	int pool = mp_create_as(self->fd, &create);

	ASSERT_EQ(0, mp_fault_arm("alloc-page", 1));
	EXPECT_EQ(-ENOMEM, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	EXPECT_EQ(-ENOSPC, mp_do(self->fd, pool, MP_TEST_ALLOC, 1, 1));
}

MP_TEST_F(bulk_falls_back_to_single_pages)
{
	int pool = mp_create(self->fd, "fails", 20, 0);
	struct mp_test_call call = bulk_of(pool, 20);
	int before;

	ASSERT_EQ(0, mp_fault_arm("alloc-bulk", 1));
	before = mp_fault_failed("alloc-bulk");
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(before + 1, mp_fault_failed("alloc-bulk"));
	EXPECT_EQ(20, call.done);
	EXPECT_EQ(20, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(bulk_gives_what_there_is)
{
	int pool = mp_create(self->fd, "fails", 20, 0);
	struct mp_test_call call = bulk_of(pool, 20);
	int i;

	ASSERT_EQ(0, mp_fault_arm("alloc-bulk", 1));
	ASSERT_EQ(0, mp_fault_arm("alloc-page", 8));
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(7, call.done);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(i < 7 ? MP_PRIVATE : MP_EMPTY,
			  mp_info(self->fd, pool, i).state);
	EXPECT_EQ(7, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 7, 13));
}

static void vmap_fails_at(struct __test_metadata *_metadata, int fd,
			  const char *site)
{
	int pool = mp_create(fd, "fails", 4, 0);
	int i;

	ASSERT_EQ(0, mp_make(fd, pool, 0, 4, SEED));
	ASSERT_EQ(0, mp_fault_arm(site, 1));
	EXPECT_EQ(-ENOMEM, mp_arg(fd, pool, MP_TEST_VMAP, 0, 4, SEED));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, mp_info(fd, pool, i).pins);
	EXPECT_EQ(0, mp_arg(fd, pool, MP_TEST_VMAP, 0, 4, SEED));
}

MP_TEST_F(vmap)
{
	vmap_fails_at(_metadata, self->fd, "vmap");
}

MP_TEST_F(vmap_set)
{
	vmap_fails_at(_metadata, self->fd, "vmap-set");
}

static int cached_pool(int fd)
{
	struct mp_test_create create = {
		.name = "cached",
		.capacity = MP_BLOCK,
		.has = MP_TEST_HAS_ALL,
		.flags = MP_PAGE_CACHE,
	};

	return mp_create_as(fd, &create);
}

/* By memory failure handling; who may not sleep does not wait for it. */
MP_TEST_F(new_page_is_locked)
{
	int pool = mp_create(self->fd, "fails", 4, MP_TEST_HAS_ALL);
	struct mp_test_stats stats = mp_stats(self->fd, pool);
	int before = mp_fault_failed("page-lock");

	ASSERT_EQ(0, mp_fault_arm("page-lock", 1));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	EXPECT_EQ(before + 1, mp_fault_failed("page-lock"));
	if (mp_cached(&stats))
		return;		/* which does not do without sleep at all */
	ASSERT_EQ(0, mp_fault_arm("page-lock", 1));
	EXPECT_EQ(-EBUSY, mp_arg(self->fd, pool, MP_TEST_ALLOC, 1, 1,
				 MP_TEST_GFP_ATOMIC));
	EXPECT_EQ(1, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, mp_arg(self->fd, pool, MP_TEST_ALLOC, 1, 1,
			    MP_TEST_GFP_ATOMIC));
}

MP_TEST_F(disarmed)
{
	int pool = mp_create(self->fd, "works", 1, 0);

	ASSERT_EQ(0, mp_fault_arm("alloc-page", 1));
	ASSERT_EQ(-EINVAL, mp_fault_arm("alloc-paper", 1));
	ASSERT_EQ(0, mp_faults_disarm());
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
}

/* The page was there already, and is given back. */
MP_TEST_F(page_cache_takes_no_page)
{
	int pool = cached_pool(self->fd);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_fault_arm("cache-add", 1));
	EXPECT_EQ(-ENOMEM, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	ASSERT_EQ(0, mp_fault_arm("cache-add", 3));
	EXPECT_EQ(-ENOMEM, mp_arg(self->fd, pool, MP_TEST_ADOPT_BLOCK, 0, 4,
				  2));
	EXPECT_EQ(2, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 2).state);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 2, 2));
}

/* More than what comes and goes by itself in a guest that does nothing else. */
MP_TEST_F(failures_leak_no_page)
{
	int pool = cached_pool(self->fd);
	int i, times = 4000, leak = times * mp_page_kb();
	long before, lost;

	ASSERT_LE(0, pool);
	before = mp_read_field("/proc/meminfo", "MemFree");
	for (i = 0; i < times; i++) {
		ASSERT_EQ(0, mp_fault_arm("cache-add", 1));
		ASSERT_EQ(-ENOMEM, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	}
	lost = before - mp_read_field("/proc/meminfo", "MemFree");
	EXPECT_LT(lost, leak / 2);
}

/* The pool works, but cannot be looked at. */
MP_TEST_F(no_debugfs)
{
	char path[128];
	int pool;

	ASSERT_EQ(0, mp_fault_arm("debugfs", 1));
	pool = mp_create(self->fd, "unseen", 4, 0);
	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_find_file(MP_DEBUGFS "unseen-*", path, sizeof(path)));
	EXPECT_EQ(0, mp_make(self->fd, pool, 0, 4, SEED));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 4));
	EXPECT_EQ(0, mp_destroy(self->fd, pool));
}

/*
 * Those of the workqueues; later kernels put a "kworker/R-" before the name.
 * Any other kworker has the name of the queue it worked for last.
 */
static int is_of_ours(const char *name)
{
	return strstr(name, "movab") &&
	       (strncmp(name, "kworker/", 8) || name[8] == 'R');
}

static int threads_of_ours(void)
{
	char text[64];
	glob_t found;
	int n = 0;
	size_t i;

	if (glob("/proc/[0-9]*/comm", 0, NULL, &found))
		return -ENOENT;
	for (i = 0; i < found.gl_pathc; i++)
		if (mp_read_file(found.gl_pathv[i], text, sizeof(text)) > 0)
			n += is_of_ours(text);
	globfree(&found);
	return n;
}

/* Return: how often it failed before the module could be loaded. */
static int load_fails_at(struct __test_metadata *_metadata, const char *site)
{
	char parameters[64];
	int nth, err;

	for (nth = 1; nth < 10; nth++) {
		snprintf(parameters, sizeof(parameters), "fail=%s:%d", site,
			 nth);
		err = mp_module_load("movable_pool_test", parameters);
		if (!err)
			break;
		EXPECT_EQ(-ENOMEM, err);
		EXPECT_EQ(0, threads_of_ours());
		EXPECT_NE(0, access("/sys/module/movable_pool_test", F_OK));
		EXPECT_NE(0, access(MP_DEBUGFS, F_OK));
	}
	EXPECT_EQ(0, err);
	EXPECT_LT(0, threads_of_ours());
	EXPECT_EQ(0, mp_module_unload("movable_pool_test"));
	EXPECT_EQ(0, threads_of_ours());
	return nth - 1;
}

/* A module that cannot be loaded leaves nothing behind. */
TEST(load)
{
	char parameters[64];

	mp_core_parameters("movable_pool_test", parameters, sizeof(parameters));
	ASSERT_EQ(0, mp_module_unload("mp_test"));
	ASSERT_EQ(0, mp_module_unload("movable_pool_test"));
	EXPECT_LT(0, load_fails_at(_metadata, "alloc-workqueue"));
	EXPECT_LT(0, load_fails_at(_metadata, "mount"));
	EXPECT_LT(0, load_fails_at(_metadata, "alloc-context"));
	EXPECT_LT(1, load_fails_at(_metadata, "backing"));
	EXPECT_LT(0, load_fails_at(_metadata, "notifier"));
	/* That one is wanted at load by the backing of old kernels alone. */
	EXPECT_LE(0, load_fails_at(_metadata, "alloc-inode"));
	EXPECT_EQ(-EINVAL, mp_module_load("movable_pool_test", "fail=nowhere"));
	EXPECT_EQ(0, mp_module_load("movable_pool_test", parameters));
	EXPECT_EQ(0, mp_module_load("mp_test", ""));
}

TEST_HARNESS_MAIN
