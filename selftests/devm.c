// SPDX-License-Identifier: GPL-2.0
/* A real device, and what ends with it: pool, pages, shrinker. */

#include <sys/stat.h>

#include "mp.h"
#include "mp_devm.h"
#include "mp_eater.h"
#include "mp_fault.h"
#include "mp_module.h"
#include "mp_once.h"

/*
 * More than a block, of the largest size there is.  The block at the end of the
 * zone may be the kernel's in part (what is reserved when it boots), so that it
 * cannot be isolated, and its free frames, being a fragment, are given first.
 */
#define PAGES		2048
#define BUFFER		"pages=2048"
#define LEFT		"destroyed with"
#define PINNED		"pages of an array are pinned when their device ends"

FIXTURE(devm) {
	struct mp_world world;
	int fd;
};

FIXTURE_SETUP(devm)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	ASSERT_EQ(0, mp_module_load("mp_test_devm", BUFFER));
	ASSERT_EQ(1, mp_devm_bound());
	ASSERT_EQ(PAGES, mp_devm_verify());
}

FIXTURE_TEARDOWN(devm)
{
	EXPECT_EQ(0, mp_faults_disarm());
	EXPECT_EQ(0, mp_module_unload("mp_test_devm"));
	EXPECT_EQ(0, mp_devm_pools());
	EXPECT_STREQ("", mp_world_close(&self->world));
}

TEST_F(devm, pool_ends_with_the_device)
{
	EXPECT_EQ(1, mp_devm_pools());
	EXPECT_EQ(PAGES, mp_devm_stat("pages"));
	ASSERT_EQ(0, mp_devm_unbind());
	EXPECT_EQ(0, mp_devm_pools());
	ASSERT_EQ(0, mp_devm_bind());
	EXPECT_EQ(1, mp_devm_pools());
	EXPECT_EQ(PAGES, mp_devm_verify());
}

TEST_F(devm, bound_and_unbound_again_and_again)
{
	int i;

	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, mp_devm_unbind());
		ASSERT_EQ(0, mp_devm_bind());
	}
	EXPECT_EQ(PAGES, mp_devm_verify());
}

/* A pool is there, pages, a shrinker: nothing of it when probe() has failed. */
TEST_F(devm, probe_fails)
{
	ASSERT_EQ(0, mp_devm_unbind());
	ASSERT_EQ(0, mp_write_file(MP_DEVM_PARAM "fail", "1"));
	EXPECT_NE(0, mp_devm_bind());
	EXPECT_EQ(0, mp_devm_bound());
	EXPECT_EQ(0, mp_devm_pools());
	ASSERT_EQ(0, mp_write_file(MP_DEVM_PARAM "fail", "0"));
	EXPECT_EQ(0, mp_devm_bind());
}

TEST_F(devm, whatever_fails_in_probe)
{
	static const char * const sites[] = {
		"alloc-pool", "devm-pool", "devm-array", "alloc-shrinker",
		"shrinker-add", "devm-shrinker", "vmap",
	};
	int i;

	ASSERT_EQ(0, mp_devm_unbind());
	for (i = 0; i < ARRAY_SIZE(sites) - 1; i++) {
		ASSERT_EQ(0, mp_fault_arm(sites[i], 1));
		EXPECT_NE(0, mp_devm_bind()) {
			TH_LOG("%s", sites[i]);
		}
		EXPECT_EQ(0, mp_devm_pools()) {
			TH_LOG("%s", sites[i]);
		}
	}
	ASSERT_EQ(0, mp_devm_bind());
	ASSERT_EQ(0, mp_fault_arm("vmap", 1));
	EXPECT_EQ(-ENOMEM, mp_devm_verify());
	EXPECT_EQ(PAGES, mp_devm_verify());
}

/* Its driver is unloaded with the device bound. */
TEST_F(devm, driver_goes_with_the_device_bound)
{
	ASSERT_EQ(0, mp_module_unload("mp_test_devm"));
	EXPECT_EQ(0, mp_devm_pools());
	ASSERT_EQ(0, mp_module_load("mp_test_devm", BUFFER));
}

/* A handle that is older than the pool: its page is freed, loudly. */
TEST_F(devm, page_left_when_the_device_ends)
{
	ASSERT_EQ(0, mp_devm_unbind());
	ASSERT_EQ(0, mp_write_file(MP_DEVM_PARAM "leave", "1"));
	ASSERT_EQ(0, mp_devm_bind());
	MP_EXPECT_WARNING(LEFT, {
		EXPECT_EQ(0, mp_devm_unbind());
	});
	EXPECT_EQ(0, mp_devm_pools());
	ASSERT_EQ(0, mp_write_file(MP_DEVM_PARAM "leave", "0"));
	ASSERT_EQ(0, mp_devm_bind());
}

/* Return: how many of its frames could be had, of @tries, up to @most. */
static int evict_some(int fd, int most, int tries)
{
	unsigned long long pfns[PAGES];
	int n = 0, had = 0, i;
	char path[128];
	FILE *list;

	if (mp_find_file(MP_DEBUGFS "devm-*/pages", path, sizeof(path)) != 1)
		return -ENOENT;
	list = fopen(path, "r");
	while (list && n < PAGES &&
	       fscanf(list, "%llu%*[^\n]", &pfns[n]) == 1)
		n++;
	if (list)
		fclose(list);
	for (i = 0; i < n && i < tries && had < most; i++)
		had += !mp_evict(fd, pfns[i], 1);
	return had;
}

/* Return: how many of its pages are pinned. */
static int pinned(void)
{
	unsigned int pins;
	char path[128];
	FILE *list;
	int n = 0;

	if (mp_find_file(MP_DEBUGFS "devm-*/pages", path, sizeof(path)) != 1)
		return -ENOENT;
	list = fopen(path, "r");
	if (!list)
		return -errno;
	while (fscanf(list, "%*u %*s %u%*[^\n]", &pins) == 1)
		n += pins > 0;
	fclose(list);
	return n;
}

TEST_F(devm, buffer_moves_and_stays_whole)
{
	EXPECT_LE(1, evict_some(self->fd, 20, PAGES));
	EXPECT_LE(1, mp_devm_stat("migrated"));
	EXPECT_EQ(PAGES, mp_devm_verify());
}

TEST_F(devm, array_with_pins_stays)
{
	long before;

	ASSERT_EQ(0, mp_write_file(MP_DEVM_DEVICE "pin", "1"));
	before = mp_devm_stat("migrated");
	EXPECT_LT(0, pinned());
	EXPECT_EQ(0, evict_some(self->fd, 3, 10));
	EXPECT_EQ(before, mp_devm_stat("migrated"));
	ASSERT_EQ(0, mp_write_file(MP_DEVM_DEVICE "pin", "0"));
	EXPECT_LE(1, evict_some(self->fd, 3, PAGES));
	EXPECT_EQ(PAGES, mp_devm_verify());
}

/* All bytes reach the device, however long a segment may be. */
TEST_F(devm, scatterlist_of_the_buffer)
{
	unsigned int segments, pages, single;

	ASSERT_EQ(0, mp_write_long(MP_DEVM_DEVICE "sg", mp_page_size()));
	EXPECT_EQ(0, mp_devm_pair("sg", &single, &pages));
	EXPECT_EQ(PAGES, single);
	EXPECT_EQ(PAGES, pages);
	ASSERT_EQ(0, mp_write_long(MP_DEVM_DEVICE "sg", 0xffffffff));
	EXPECT_EQ(0, mp_devm_pair("sg", &segments, &pages));
	EXPECT_GE(single, segments);
	EXPECT_EQ(PAGES, pages);
	printf("# figure: %u pages are %u segments\n", pages, segments);
	ASSERT_EQ(0, mp_write_long(MP_DEVM_DEVICE "sg", 100));
	EXPECT_EQ(-EINVAL, mp_devm_pair("sg", &segments, &pages));
}

/* No pin is left. */
TEST_F(devm, scatterlist_fails)
{
	static const char * const sites[] = { "sg-pages", "sg-table" };
	unsigned int segments, pages;
	int i;

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		ASSERT_EQ(0, mp_fault_arm(sites[i], 1));
		EXPECT_EQ(-ENOMEM, mp_devm_pair("sg", &segments, &pages));
		EXPECT_EQ(0, pinned());
	}
	EXPECT_EQ(0, mp_devm_pair("sg", &segments, &pages));
	EXPECT_EQ(PAGES, mp_devm_verify());
}

static int drop_slab(void)
{
	return mp_write_file("/proc/sys/vm/drop_caches", "2");
}

/* Half of the buffer is a cache; what is left is whole, and all is counted. */
TEST_F(devm, cache_shrinks_and_is_filled_again)
{
	long allocated = mp_devm_stat("allocated");
	int tries = 20;

	while (mp_devm_verify() > PAGES / 2 && tries--)
		ASSERT_EQ(0, drop_slab());
	EXPECT_EQ(PAGES / 2, mp_devm_verify());
	EXPECT_EQ(PAGES / 2, mp_devm_stat("pages"));
	EXPECT_EQ(PAGES / 2, mp_devm_stat("shrunk"));
	EXPECT_EQ(allocated, mp_devm_stat("allocated"));
	ASSERT_EQ(0, mp_write_file(MP_DEVM_DEVICE "fill", "1"));
	EXPECT_EQ(PAGES, mp_devm_verify());
	EXPECT_EQ(PAGES, mp_devm_stat("pages"));
}

/* At rest: kswapd may be at it still, and a scan is counted when it ends. */
static bool all_counted(long pages)
{
	int tries = 100;

	while (pages - mp_devm_stat("shrunk") != mp_devm_stat("pages")) {
		if (!tries--)
			return false;
		usleep(100000);
	}
	return true;
}

/* A pool that has most of memory lets a process have it, and nobody dies. */
TEST_F(devm, cache_shrinks_under_real_pressure)
{
	long available = mp_read_field("/proc/meminfo", "MemAvailable") / 1024;
	long mib = available - available / 8;
	struct mp_eater eater = {};
	char parameters[64];
	long pages;

	ASSERT_EQ(0, mp_module_unload("mp_test_devm"));
	pages = mib * 256;
	snprintf(parameters, sizeof(parameters), "pages=%ld", pages);
	ASSERT_EQ(0, mp_module_load("mp_test_devm", parameters));
	ASSERT_EQ(pages, mp_devm_stat("pages"));
	/* A third of what there was, of which an eighth is free. */
	ASSERT_EQ(0, mp_eater_start(&eater, available / 3));
	EXPECT_EQ(0, mp_eater_full(&eater));
	EXPECT_LT(0, mp_devm_stat("shrunk"));
	EXPECT_TRUE(all_counted(pages));
	printf("# figure: %ld of %ld pages given back for a process of %ld MiB\n",
	       mp_devm_stat("shrunk"), pages, available / 3);
	EXPECT_EQ(0, mp_eater_stop(&eater));
	EXPECT_LT(0, mp_devm_verify());
}

static int call_drop(struct mp_worker *worker)
{
	return drop_slab();
}

static int call_unbind(struct mp_worker *worker)
{
	return mp_devm_unbind();
}

/* The shrinker is in the driver's op when the device goes: it is waited for. */
TEST_F(devm, device_ends_while_its_cache_shrinks)
{
	long before = mp_read_long(MP_DEVM_PARAM "scans");
	struct mp_once vm, owner;
	int tries = 500;

	ASSERT_EQ(0, mp_write_file(MP_DEVM_PARAM "scan_ms", "1000"));
	ASSERT_EQ(0, mp_once_start(&vm, self->fd, 0, 0, call_drop));
	while (mp_read_long(MP_DEVM_PARAM "scans") == before && tries--)
		usleep(10000);
	EXPECT_LT(before, mp_read_long(MP_DEVM_PARAM "scans"));
	ASSERT_EQ(0, mp_once_start(&owner, self->fd, 0, 0, call_unbind));
	EXPECT_EQ(1, mp_once_waits(&owner));
	EXPECT_EQ(0, mp_once_join(&owner));
	EXPECT_EQ(0, mp_devm_pools());
	EXPECT_EQ(0, mp_once_join(&vm));
	ASSERT_EQ(0, mp_write_file(MP_DEVM_PARAM "scan_ms", "0"));
	ASSERT_EQ(0, mp_devm_bind());
}

static int step_drop(struct mp_worker *worker)
{
	return drop_slab();
}

/* In no order: each round another one has the first word. */
TEST_F(devm, device_comes_and_goes_under_pressure)
{
	struct mp_worker vm = { .step = step_drop };
	int rounds = 100;

	ASSERT_EQ(0, mp_write_file("/proc/sys/vm/drop_caches", "4"));
	ASSERT_EQ(0, mp_worker_start(&vm));
	while (rounds--) {
		ASSERT_EQ(0, mp_devm_unbind());
		ASSERT_EQ(0, mp_devm_bind());
		ASSERT_LE(PAGES / 2, mp_devm_verify());
	}
	EXPECT_EQ(0, mp_worker_stop(&vm));
	EXPECT_LT(0, vm.steps);
}

/*
 * Their frames are lost rather than reused, as those of every pool.  The last
 * one: nobody can have the frames around them by alloc_contig_range() any more.
 */
TEST_F(devm, pages_pinned_when_the_device_ends)
{
	ASSERT_EQ(0, mp_write_file(MP_DEVM_DEVICE "pin", "1"));
	MP_EXPECT_WARNING(PINNED, {
		MP_EXPECT_WARNING(LEFT, {
			EXPECT_EQ(0, mp_devm_unbind());
		});
	});
	EXPECT_EQ(0, mp_devm_pools());
	ASSERT_EQ(0, mp_devm_bind());
	EXPECT_EQ(PAGES, mp_devm_verify());
}

TEST_HARNESS_MAIN
