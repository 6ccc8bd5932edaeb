// SPDX-License-Identifier: GPL-2.0
/*
 * Suspend to disk, with pages in every state and the VM moving them: the
 * machine powers off, another one starts with the image, and all goes on.
 */

#include "mp.h"
#include "mp_boot.h"
#include "mp_fragment.h"
#include "mp_mapped.h"
#include "mp_touch.h"
#include "mp_worker.h"

#define SEED(pool)	(31 + (pool))	/* no two pools have like pages */
#define PART	(MP_BLOCK / 4)	/* objects that are treated alike */
#define MOVED	16	/* of them, one by one */

/* The parts of a block whose pages are all held, but not by the same. */
enum { PINNED, VMAPPED = PART, REFERENCED = 2 * PART };

/**
 * struct scene - the pools, and who moves their pages
 * @fd: driver
 * @held: a block of pages that stay, each part for another reason
 * @fresh: a block of pages not published yet
 * @moving: a block of which one page moves slowly
 * @freed: its pages are freed
 * @locked: so many of them by others, and so not let go of yet
 * @mapped: a pool that this process maps; only @half of it has pages
 * @half: that part, as a pool
 * @fragment: pages all over memory
 * @compactor: compacts memory
 * @evictor: wants the frame of the page that moves slowly
 */
struct scene {
	int fd;
	int held;
	int fresh;
	int moving;
	int freed;
	int locked;
	struct mp_mapped mapped;
	struct mp_mapped half;
	struct mp_fragment fragment;
	struct mp_worker compactor;
	struct mp_worker evictor;
};

static int step_compact(struct mp_worker *worker)
{
	return mp_compact();
}

static int step_evict(struct mp_worker *worker)
{
	mp_evict(worker->fd, worker->pfn, worker->count);
	return 0;
}

static int make_held(struct scene *s)
{
	s->held = mp_create(s->fd, "held", MP_BLOCK, 0);
	return mp_make_block(s->fd, s->held, 0, SEED(s->held)) ?:
	       mp_do(s->fd, s->held, MP_TEST_PIN, PINNED, PART) ?:
	       mp_arg(s->fd, s->held, MP_TEST_VMAP, VMAPPED, PART,
		      SEED(s->held)) ?:
	       mp_do(s->fd, s->held, MP_TEST_PAGE_GET, REFERENCED,
		     2 * PART);
}

static int let_go_of_held(struct scene *s)
{
	return mp_do(s->fd, s->held, MP_TEST_UNPIN, PINNED, PART) ?:
	       mp_do(s->fd, s->held, MP_TEST_VUNMAP, 0, 0) ?:
	       mp_do(s->fd, s->held, MP_TEST_PAGE_PUT, REFERENCED,
		     2 * PART);
}

static int make_fresh(struct scene *s)
{
	s->fresh = mp_create(s->fd, "fresh", MP_BLOCK, 0);
	return mp_arg(s->fd, s->fresh, MP_TEST_ADOPT_BLOCK, 0, MP_BLOCK,
		      MP_BLOCK_ORDER) ?:
	       mp_arg(s->fd, s->fresh, MP_TEST_FILL, 0, MP_BLOCK,
		      SEED(s->fresh));
}

/* Compaction waits for the locks of page cache, and would not freeze. */
static int make_freed(struct scene *s)
{
	struct mp_test_stats stats;

	s->freed = mp_create(s->fd, "freed", PART, 0);
	stats = mp_stats(s->fd, s->freed);
	s->locked = mp_cached(&stats) ? 0 : PART;
	return mp_make(s->fd, s->freed, 0, PART, SEED(s->freed)) ?:
	       mp_do(s->fd, s->freed, MP_TEST_PAGE_LOCK, 0, s->locked) ?:
	       mp_do(s->fd, s->freed, MP_TEST_FREE, 0, PART);
}

static int make_mapped(struct scene *s)
{
	int err = mp_mapped_make_empty(&s->mapped, s->fd, 2 * PART, 0) ?:
		  mp_do(s->fd, s->mapped.pool, MP_TEST_ALLOC, 0, PART) ?:
		  mp_do(s->fd, s->mapped.pool, MP_TEST_PUBLISH, 0, PART);

	s->half = s->mapped;
	s->half.pages = PART;
	if (!err)
		mp_mapped_fill(&s->half, MP_MAPPED_SEED);
	return err;
}

/* By way of what the process has mapped.  Return: 0 if it is as it was. */
static long look_at_mapped(struct scene *s)
{
	return mp_mapped_wrong(&s->half, MP_MAPPED_SEED) ?:
	       mp_touch_sigbus(mp_mapped_page(&s->mapped, PART)) != BUS_ADRERR;
}

/* One by one, in frames that are not used again.  Return: how many moved. */
static long move_mapped(struct scene *s)
{
	long moved = mp_mapped_moved(&s->mapped);
	int i, err = 0;

	for (i = 0; i < MOVED && !err; i++)
		err = mp_soft_offline(mp_pfn(s->fd, s->mapped.pool, i));
	return err ?: mp_mapped_moved(&s->mapped) - moved;
}

static int make_moving(struct scene *s)
{
	s->moving = mp_create(s->fd, "moving", MP_BLOCK, MP_TEST_HAS_ALL);
	return mp_make_block(s->fd, s->moving, 0, SEED(s->moving)) ?:
	       mp_script(s->fd, (struct mp_test_script) {
			.pool = s->moving,
			.sleep_ms = 1500,
	       });
}

/* Return: 0 when the slow page is on its way. */
static int start_moving(struct scene *s)
{
	int tries = 2000;
	int err;

	s->compactor = (struct mp_worker) { .step = step_compact };
	s->evictor = (struct mp_worker) {
		.step = step_evict,
		.fd = s->fd,
		.pfn = mp_pfn(s->fd, s->moving, 0),
		.count = 1,
	};
	err = mp_worker_start(&s->compactor) ?: mp_worker_start(&s->evictor);
	while (!err && tries-- &&
	       mp_info(s->fd, s->moving, 0).state != MP_MOVING)
		usleep(5000);
	return err ?: -(tries < 0);
}

static int stop_moving(struct scene *s)
{
	return mp_worker_stop(&s->compactor) ?: mp_worker_stop(&s->evictor) ?:
	       mp_script(s->fd, (struct mp_test_script) { .pool = s->moving });
}

static int verify_block(struct scene *s, int pool)
{
	return mp_verify(s->fd, pool, 0, MP_BLOCK, SEED(pool));
}

static int verify(struct scene *s)
{
	return verify_block(s, s->held) ?: verify_block(s, s->fresh) ?:
	       verify_block(s, s->moving) ?: mp_fragment_verify(&s->fragment);
}

static int infos_of_held(struct scene *s, struct mp_test_info *held,
			 struct mp_test_info *fresh)
{
	return mp_infos(s->fd, s->held, 0, MP_BLOCK, held) ?:
	       mp_infos(s->fd, s->fresh, 0, MP_BLOCK, fresh);
}

/* Return: of @count objects, those with another frame or other pins. */
static int changed(const struct mp_test_info *before,
		   const struct mp_test_info *after, int count)
{
	int n = 0;

	while (count--)
		n += before[count].pfn != after[count].pfn ||
		     before[count].pins != after[count].pins;
	return n;
}

/* Whoever wants the pool's block gets it.  Return: pages that have moved. */
static long evict(struct scene *s, int pool)
{
	long moved = mp_stats(s->fd, pool).migrated;
	int err = mp_evict_retry(s->fd, mp_pfn(s->fd, pool, 0), MP_BLOCK);

	return err ?: (long)mp_stats(s->fd, pool).migrated - moved;
}

MP_TEST_F(pages_survive_R23)
{
	struct mp_test_info held[2][MP_BLOCK], fresh[2][MP_BLOCK];
	struct scene s = { .fd = self->fd };
	struct mp_test_stats stats;

	ASSERT_STREQ("boot-1", mp_boot());
	ASSERT_EQ(0, make_held(&s));
	ASSERT_EQ(0, make_fresh(&s));
	ASSERT_EQ(0, make_moving(&s));
	ASSERT_EQ(0, make_freed(&s));
	ASSERT_EQ(0, make_mapped(&s));
	ASSERT_EQ(0, look_at_mapped(&s));
	ASSERT_EQ(0, mp_fragment_make(&s.fragment, s.fd, 20, 0));
	ASSERT_EQ(0, infos_of_held(&s, held[0], fresh[0]));
	ASSERT_EQ(0, start_moving(&s));

	ASSERT_EQ(0, mp_power_off_and_resume());
	ASSERT_STREQ("boot-2", mp_boot());

	EXPECT_EQ(0, verify(&s));
	EXPECT_EQ(0, look_at_mapped(&s));
	EXPECT_EQ(0, stop_moving(&s));
	EXPECT_EQ(0, infos_of_held(&s, held[1], fresh[1]));
	EXPECT_EQ(0, changed(held[0], held[1], MP_BLOCK));
	EXPECT_EQ(0, changed(fresh[0], fresh[1], MP_BLOCK));
	stats = mp_stats(s.fd, s.freed);
	EXPECT_EQ(mp_defers(&stats) ? s.locked : 0, mp_deferred());
	printf("# figure: %ld pages compared after power off and resume\n",
	       3L * MP_BLOCK + PART + s.fragment.kept);

	EXPECT_EQ(0, mp_do(s.fd, s.freed, MP_TEST_PAGE_UNLOCK, 0,
			   s.locked));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, let_go_of_held(&s));
	EXPECT_EQ(0, mp_do(s.fd, s.fresh, MP_TEST_PUBLISH, 0, MP_BLOCK));
	EXPECT_LE(MP_BLOCK, evict(&s, s.held));
	EXPECT_LE(MP_BLOCK, evict(&s, s.fresh));
	EXPECT_EQ(MOVED, move_mapped(&s));
	/* The other half, which had no pages then. */
	EXPECT_EQ(0, mp_do(s.fd, s.mapped.pool, MP_TEST_ALLOC, PART, PART));
	EXPECT_EQ(0, mp_mapped_page(&s.mapped, PART)[0]);
	EXPECT_EQ(0, mp_compact());
	EXPECT_EQ(0, verify(&s));
	EXPECT_EQ(0, mp_mapped_wrong(&s.half, MP_MAPPED_SEED));
	mp_mapped_end(&s.mapped);
	EXPECT_EQ(0, mp_make(s.fd, s.freed, 0, PART, SEED(s.freed)));
	mp_fragment_end(&s.fragment);
}

TEST_HARNESS_MAIN
