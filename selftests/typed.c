// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of type PGTY_movable_pool that are freed while the VM has them
 * isolated: nothing of movable_pool is needed any more, and nothing of the page
 * is given back before the VM has done so.
 *
 * The VM wants two frames.  It is stopped when it has isolated the first and is
 * isolating the second, by a wait point; then the test locks the first, whose
 * lock the VM waits for in migrate_pages(), in nobody's text but the kernel's.
 */

#include "mp.h"
#include "mp_frame.h"
#include "mp_module.h"
#include "mp_point.h"
#include "mp_worker.h"

#define SEED	19
#define IS_PAGE	(MP_FRAME_TYPED | MP_FRAME_MOVABLE)

/**
 * struct scene - what the machine is like when the VM has been stopped
 * @vm: the thread that wants the frames
 * @fd: of mp_test
 * @frames: of mp_frame
 * @pool: of the two pages and their neighbours
 * @pfn: of the first page
 * @err: what it was told
 */
struct scene {
	struct mp_worker vm;
	int fd;
	int frames;
	int pool;
	__u64 pfn;
	int err;
};

static int step_evict(struct mp_worker *worker)
{
	struct scene *scene = (struct scene *)worker;

	scene->err = mp_frame_evict(scene->frames, scene->pfn, 2);
	return -ESHUTDOWN;	/* one round is enough */
}

FIXTURE(typed) {
	struct scene scene;
};

FIXTURE_SETUP(typed)
{
	struct scene *scene = &self->scene;

	scene->fd = mp_open();
	scene->frames = mp_frame_open();
	ASSERT_LE(0, scene->fd);
	ASSERT_LE(0, scene->frames);
	scene->pool = mp_create(scene->fd, "typed", MP_BLOCK, 0);
	ASSERT_LE(0, scene->pool);
	ASSERT_EQ(0, mp_make_block(scene->fd, scene->pool, 0, SEED));
	scene->pfn = mp_pfn(scene->fd, scene->pool, 0);
	ASSERT_EQ(IS_PAGE | MP_FRAME_OWNED,
		  mp_frame_look(scene->frames, scene->pfn).is);
}

FIXTURE_TEARDOWN(typed)
{
	close(self->scene.frames);
	close(self->scene.fd);
	EXPECT_EQ(0, mp_deferred());
}

#define TYPED_F(name)	TEST_F(typed, name)

/* The first page is isolated, and its lock the test's. */
static void stop_the_vm(struct __test_metadata *_metadata, struct scene *scene)
{
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_stop("isolate-done", scene->pfn + 1));
	mp_drain_lru();
	scene->vm = (struct mp_worker) { .step = step_evict };
	ASSERT_EQ(0, mp_worker_start(&scene->vm));
	ASSERT_EQ(1, mp_point_wait("isolate-done"));
	ASSERT_EQ(0, mp_frame_lock(scene->frames, scene->pfn));
	ASSERT_EQ(IS_PAGE | MP_FRAME_OWNED | MP_FRAME_ISOLATED,
		  mp_frame_look(scene->frames, scene->pfn).is);
}

/* All are freed: of the first page, the references are the VM's and ours. */
static void free_all(struct __test_metadata *_metadata, struct scene *scene)
{
	struct mp_frame_look look;
	struct mp_test_stats stats;

	ASSERT_EQ(0, mp_do(scene->fd, scene->pool, MP_TEST_FREE, 0, MP_BLOCK));
	stats = mp_stats(scene->fd, scene->pool);
	EXPECT_EQ(2, stats.released);
	EXPECT_EQ(0, stats.deferred);
	EXPECT_EQ(0, mp_deferred());
	look = mp_frame_look(scene->frames, scene->pfn);
	EXPECT_EQ(IS_PAGE | MP_FRAME_ISOLATED, look.is);
	EXPECT_EQ(2, look.refs);
}

static int vm_waits(struct scene *scene)
{
	usleep(300000);
	return !__atomic_load_n(&scene->vm.steps, __ATOMIC_ACQUIRE);
}

/* The VM gets its lock, and both frames; nothing is left on them. */
static void vm_goes_on(struct __test_metadata *_metadata, struct scene *scene)
{
	struct mp_frame_look look = mp_frame_look(scene->frames, scene->pfn);
	int tries;

	EXPECT_EQ(1, vm_waits(scene));
	EXPECT_EQ(IS_PAGE | MP_FRAME_ISOLATED, look.is);
	EXPECT_EQ(2, look.refs);
	EXPECT_EQ(0, mp_frame_unlock(scene->frames));
	mp_worker_stop(&scene->vm);
	/* Somebody may be in the way just then. */
	for (tries = 20; scene->err == -EBUSY && tries; tries--)
		scene->err = usleep(20000) ?:
			     mp_frame_evict(scene->frames, scene->pfn, 2);
	EXPECT_EQ(0, scene->err);
	EXPECT_EQ(0, mp_frame_look(scene->frames, scene->pfn).is);
	EXPECT_EQ(0, mp_frame_look(scene->frames, scene->pfn + 1).is);
}

TYPED_F(freed_page_is_the_vms_until_it_lets_go)
{
	struct scene *scene = &self->scene;

	stop_the_vm(_metadata, scene);
	free_all(_metadata, scene);
	ASSERT_EQ(0, mp_point_go("isolate-done"));
	vm_goes_on(_metadata, scene);
	EXPECT_EQ(0, mp_stats(scene->fd, scene->pool).attempted);
	EXPECT_EQ(0, mp_destroy(scene->fd, scene->pool));
}

/* What rmmod would wait for anywhere else. */
TYPED_F(driver_and_framework_go_while_it_is_isolated)
{
	struct scene *scene = &self->scene;
	char parameters[64];

	mp_core_parameters("movable_pool_test", parameters, sizeof(parameters));
	stop_the_vm(_metadata, scene);
	free_all(_metadata, scene);
	EXPECT_EQ(0, mp_destroy(scene->fd, scene->pool));
	close(scene->fd);
	EXPECT_EQ(0, mp_module_unload("mp_test"));
	/* This lets the thread in the wait point run, and waits for it. */
	EXPECT_EQ(0, mp_module_unload("movable_pool_test"));
	vm_goes_on(_metadata, scene);
	EXPECT_EQ(0, mp_module_load("movable_pool_test", parameters));
	EXPECT_EQ(0, mp_module_load("mp_test", ""));
	scene->fd = mp_open();
	EXPECT_LE(0, scene->fd);
}

/* The page of the old framework is none of the new one's business. */
TYPED_F(framework_comes_back_before_the_vm_lets_go)
{
	struct scene *scene = &self->scene;
	char parameters[64];
	int other;

	mp_core_parameters("movable_pool_test", parameters, sizeof(parameters));
	stop_the_vm(_metadata, scene);
	free_all(_metadata, scene);
	EXPECT_EQ(0, mp_destroy(scene->fd, scene->pool));
	close(scene->fd);
	EXPECT_EQ(0, mp_module_unload("mp_test"));
	EXPECT_EQ(0, mp_module_unload("movable_pool_test"));
	EXPECT_EQ(0, mp_module_load("movable_pool_test", parameters));
	EXPECT_EQ(0, mp_module_load("mp_test", ""));
	scene->fd = mp_open();
	ASSERT_LE(0, scene->fd);
	other = mp_create(scene->fd, "other", MP_BLOCK, 0);
	EXPECT_EQ(0, mp_make(scene->fd, other, 0, MP_BLOCK, SEED));
	vm_goes_on(_metadata, scene);
	EXPECT_EQ(0, mp_verify(scene->fd, other, 0, MP_BLOCK, SEED));
	EXPECT_EQ(MP_BLOCK, mp_stats(scene->fd, other).pages);
	EXPECT_EQ(0, mp_do(scene->fd, other, MP_TEST_FREE, 0, MP_BLOCK));
	EXPECT_EQ(0, mp_destroy(scene->fd, other));
}

TEST_HARNESS_MAIN
