/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FUZZ_DRIVER_H
#define _SELFTESTS_MP_FUZZ_DRIVER_H

/*
 * Hostile callers of the test driver, which does what it is told: it breaks the
 * framework's contract when told to.  What it has to survive is arguments.  So
 * a thread has a file of its own, and what it tells it to do is either legal or
 * no verb, pool, object or context that there is.
 */

#include "mp_books.h"
#include "mp_driver.h"
#include "mp_frame.h"
#include "mp_fuzz.h"

#define MP_FUZZ_ITEMS	48
#define MP_FUZZ_PINS	3

/**
 * struct mp_fuzz_item - what an object is like
 * @state: enum movable_page_state, but never MOVING
 * @pins: of ours
 * @seed: of its contents
 */
struct mp_fuzz_item {
	int state;
	int pins;
	__u64 seed;
};

/**
 * struct mp_fuzz_driver - a file of the test driver, and one for frames
 * @fd: it
 * @frames: the other
 * @pool: a pool with objects, -1: none now
 * @items: its objects
 */
struct mp_fuzz_driver {
	int fd;
	int frames;
	int pool;
	struct mp_fuzz_item items[MP_FUZZ_ITEMS];
};

static inline void mp_fuzz_driver_astray(struct mp_fuzz *fuzz)
{
	__atomic_add_fetch(&fuzz->tally->astray, 1, __ATOMIC_RELAXED);
}

/* To the file, and for what is legal.  Return: the call's error, or ours. */
static inline int mp_fuzz_do(struct mp_fuzz *fuzz, enum mp_test_verb verb,
			     unsigned int index, __u64 arg)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	struct mp_test_call call = {
		.verb = verb,
		.pool = driver->pool,
		.first = index,
		.count = 1,
		.arg = arg,
	};
	int err;

	if (driver->pool < 0)
		return MP_FUZZ_IDLE;
	err = mp_ioctl(driver->fd, MP_TEST_IOC_CALL, &call);
	return err ?: call.err;
}

static inline int mp_fuzz_driver_create(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	struct mp_test_create create = {
		.name = "fuzz-driver",
		.flags = mp_fuzz_once(fuzz, 3) ? MP_PAGE_CACHE : 0,
		.has = mp_fuzz_below(fuzz, 8),
		.capacity = mp_fuzz_near(fuzz, MP_FUZZ_ITEMS),
		.max_pages = mp_fuzz_once(fuzz, 4) ? mp_fuzz_value(fuzz) : 0,
	};
	int err;

	/* A million objects take their time; of that size there is none. */
	if (create.capacity > MP_FUZZ_ITEMS)
		create.capacity |= 1U << 31;
	err = mp_fuzz_call(fuzz, driver->fd, MP_TEST_IOC_CREATE, &create,
			   sizeof(create));
	if (err || create.capacity != MP_FUZZ_ITEMS || driver->pool >= 0 ||
	    create.max_pages)
		return err;
	driver->pool = create.pool;
	memset(driver->items, 0, sizeof(driver->items));
	return 0;
}

static inline int mp_fuzz_driver_destroy(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	__u32 pool = mp_fuzz_near(fuzz, mp_fuzz_below(fuzz, MP_TEST_POOLS));

	/* With pages in it that would be a mistake of the driver's. */
	if (pool == driver->pool)
		return MP_FUZZ_IDLE;
	return mp_fuzz_call(fuzz, driver->fd, MP_TEST_IOC_DESTROY, &pool,
			    sizeof(pool));
}

/* One more step in an object's life. */
static inline int mp_fuzz_driver_live(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	unsigned int i = mp_fuzz_below(fuzz, MP_FUZZ_ITEMS);
	struct mp_fuzz_item *item = &driver->items[i];
	int err;

	switch (item->state) {
	case MP_EMPTY:
		err = mp_fuzz_do(fuzz, MP_TEST_ALLOC, i, 0);
		item->state = err ? MP_EMPTY : MP_PRIVATE;
		return err;
	case MP_PRIVATE:
		item->seed = mp_fuzz_next(fuzz);
		err = mp_fuzz_do(fuzz, MP_TEST_FILL, i, item->seed) ?:
		      mp_fuzz_do(fuzz, MP_TEST_PUBLISH, i, 0);
		item->state = err ? MP_PRIVATE : MP_LIVE;
		return err;
	}
	err = mp_fuzz_do(fuzz, MP_TEST_FREE, i, 0);
	if (!err != !item->pins)
		mp_fuzz_driver_astray(fuzz);
	item->state = err ? MP_LIVE : MP_EMPTY;
	return err;
}

static inline int mp_fuzz_driver_pin(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	unsigned int i = mp_fuzz_below(fuzz, MP_FUZZ_ITEMS);
	struct mp_fuzz_item *item = &driver->items[i];
	unsigned int more;
	int err;

	if (item->state != MP_LIVE)
		return MP_FUZZ_IDLE;
	if (mp_fuzz_once(fuzz, 4))	/* there is no such object */
		return mp_fuzz_do(fuzz, MP_TEST_PIN, MP_FUZZ_ITEMS +
				  mp_fuzz_below(fuzz, 1U << 31), 1);
	if (item->pins && mp_fuzz_once(fuzz, 2)) {
		item->pins--;
		return mp_fuzz_do(fuzz, MP_TEST_UNPIN, i, 0);
	}
	/* More than a page can have; those before it are kept. */
	if (mp_fuzz_once(fuzz, 512)) {
		err = mp_fuzz_do(fuzz, MP_TEST_TRYPIN, i, MP_MAX_PINS + 1);
		more = mp_info(driver->fd, driver->pool, i).pins - item->pins;
		if (more)	/* or it was being moved just then */
			mp_fuzz_do(fuzz, MP_TEST_UNPIN, i, more);
		return err;
	}
	if (item->pins == MP_FUZZ_PINS)
		return MP_FUZZ_IDLE;
	err = mp_fuzz_do(fuzz, MP_TEST_PIN, i, 1);
	item->pins += !err;
	return err;
}

static inline int mp_fuzz_driver_verify(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	unsigned int i = mp_fuzz_below(fuzz, MP_FUZZ_ITEMS);
	struct mp_fuzz_item *item = &driver->items[i];
	int wrong = mp_fuzz_once(fuzz, 4), err;

	if (item->state != MP_LIVE)
		return MP_FUZZ_IDLE;
	err = mp_fuzz_do(fuzz, MP_TEST_VERIFY, i, item->seed + wrong);
	if (err != (wrong ? -EILSEQ : 0))
		mp_fuzz_driver_astray(fuzz);
	return err;
}

/* What no call can be; if it is one after all it does nothing. */
static inline int mp_fuzz_driver_call(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	struct mp_test_call call = {
		.verb = MP_TEST_VERIFY,
		.pool = driver->pool,
		.arg = mp_fuzz_value(fuzz),
	};

	switch (mp_fuzz_below(fuzz, 6)) {
	case 0:
		call.verb = MP_TEST_DESTROY + mp_fuzz_below(fuzz, 100);
		break;
	case 1:
		call.pool = MP_TEST_POOLS + mp_fuzz_value(fuzz) %
			    (UINT32_MAX - MP_TEST_POOLS);
		break;
	case 2:
		call.first = MP_FUZZ_ITEMS + 1 + mp_fuzz_below(fuzz, 1U << 31);
		break;
	case 3:
		call.first = mp_fuzz_below(fuzz, MP_FUZZ_ITEMS + 1);
		call.count = -call.first;
		call.count += !call.count * UINT32_MAX;
		break;
	case 4:
		call.context = 1 + mp_fuzz_below(fuzz, UINT32_MAX);
		break;
	}
	return mp_fuzz_call(fuzz, driver->fd, MP_TEST_IOC_CALL, &call,
			    sizeof(call));
}

static inline int mp_fuzz_driver_query(struct mp_fuzz *fuzz)
{
	static const struct mp_test_info infos[MP_FUZZ_ITEMS];
	struct mp_fuzz_driver *driver = fuzz->state;
	unsigned int first = mp_fuzz_below(fuzz, MP_FUZZ_ITEMS);
	struct mp_test_query query = {
		.pool = mp_fuzz_near(fuzz, driver->pool),
		.first = mp_fuzz_near(fuzz, first),
		.count = mp_fuzz_near(fuzz, MP_FUZZ_ITEMS - first),
		.infos = (uintptr_t)mp_fuzz_place(fuzz, infos, sizeof(infos)),
	};

	/* It need not come to where they cannot be written. */
	if (query.count < MP_FUZZ_ITEMS)
		fuzz->wild = 0;
	return mp_fuzz_call(fuzz, driver->fd, MP_TEST_IOC_QUERY, &query,
			    sizeof(query));
}

static inline int mp_fuzz_driver_stats(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	struct mp_test_stats stats = {
		.pool = mp_fuzz_near(fuzz, driver->pool),
	};
	int err = mp_fuzz_call(fuzz, driver->fd, MP_TEST_IOC_STATS, &stats,
			       sizeof(stats));

	if (!err && !fuzz->wild &&
	    (stats.pages > MP_FUZZ_ITEMS || stats.unpublished > stats.pages))
		mp_fuzz_driver_astray(fuzz);
	return err;
}

/* Any frame, also one that is not there. */
static inline int mp_fuzz_driver_lookup(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	unsigned int i = mp_fuzz_below(fuzz, MP_FUZZ_ITEMS);
	struct mp_test_lookup lookup = {
		.pool = driver->pool,
		.pfn = mp_fuzz_value(fuzz),
	};

	/* Pinned, or it may move meanwhile. */
	if (driver->items[i].pins)
		lookup.pfn = mp_fuzz_near(fuzz, mp_pfn(driver->fd,
						       driver->pool, i));
	return mp_fuzz_call(fuzz, driver->fd, MP_TEST_IOC_LOOKUP, &lookup,
			    sizeof(lookup));
}

static inline int mp_fuzz_driver_frame(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	struct mp_test_frame frame = { .pfn = mp_fuzz_value(fuzz) };

	return mp_fuzz_call(fuzz, driver->fd, MP_TEST_IOC_FRAME, &frame,
			    sizeof(frame));
}

/* Ranges that are none: nobody's frames are to be had. */
static inline int mp_fuzz_driver_evict(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	struct mp_test_evict evict = { .pfn = mp_fuzz_value(fuzz) };
	int round = mp_fuzz_once(fuzz, 2);
	int ours = mp_fuzz_once(fuzz, 2);
	__u64 most;

	/* Or it is the count that goes round: to a range of frames. */
	evict.pfn |= (__u64)round << 63;
	most = ~0ULL - evict.pfn;
	if (round)			/* to where frames are */
		evict.count = most + 2 + mp_fuzz_below(fuzz, 1 << 20);
	else if (mp_fuzz_once(fuzz, 2))
		evict.count = most - mp_fuzz_below(fuzz, 1 << 20);
	return mp_fuzz_call(fuzz, ours ? driver->fd : driver->frames,
			    ours ? MP_TEST_IOC_EVICT : MP_FRAME_IOC_EVICT,
			    &evict, sizeof(evict));
}

static inline int mp_fuzz_driver_move(struct mp_fuzz *fuzz)
{
	static const struct mp_test_left left[MP_FUZZ_ITEMS];
	struct mp_fuzz_driver *driver = fuzz->state;
	struct mp_test_move move = {
		.pool = mp_fuzz_near(fuzz, driver->pool),
		.whole = mp_fuzz_once(fuzz, 16),
		.first = mp_fuzz_near(fuzz, 0),
		.count = mp_fuzz_near(fuzz, MP_FUZZ_ITEMS),
		.mode = mp_fuzz_near(fuzz, mp_fuzz_below(fuzz, 3)),
		.frames = mp_fuzz_below(fuzz, 2),
		.has = mp_fuzz_near(fuzz, MP_TEST_MOVE_TO |
				    MP_TEST_MOVE_UNUSED),
		.to = mp_fuzz_near(fuzz, 1),
		.from = mp_fuzz_value(fuzz),
		.node = mp_fuzz_near(fuzz, 0),
		.stop_at = mp_fuzz_value(fuzz),
		.max_left = mp_fuzz_near(fuzz, MP_FUZZ_ITEMS),
		.left = (uintptr_t)mp_fuzz_place(fuzz, left, sizeof(left)),
	};
	int err;

	if (driver->pool < 0)
		return MP_FUZZ_IDLE;
	if (move.frames)
		move.has &= ~MP_TEST_MOVE_TO;
	/* There may be none left to be told of. */
	fuzz->wild = 0;
	err = mp_fuzz_call(fuzz, driver->fd, MP_TEST_IOC_MOVE, &move,
			   sizeof(move));
	return err ?: fuzz->wild ? 0 : move.err;
}

static inline int mp_fuzz_driver_script(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	struct mp_test_script script = {
		.pool = mp_fuzz_near(fuzz, driver->pool),
		.only = mp_fuzz_value(fuzz),
		.times = mp_fuzz_below(fuzz, 4),
		.result = mp_fuzz_once(fuzz, 2) ? -EAGAIN : -EBUSY,
		.act = mp_fuzz_once(fuzz, 4) ? MP_TEST_DESTROY : 0,
		.act_index = MP_FUZZ_ITEMS + mp_fuzz_below(fuzz, 1U << 31),
	};

	return mp_fuzz_call(fuzz, driver->fd, MP_TEST_IOC_SCRIPT, &script,
			    sizeof(script));
}

static inline int mp_fuzz_driver_look(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	struct mp_frame_look look = { .pfn = mp_fuzz_value(fuzz) };

	return mp_fuzz_call(fuzz, driver->frames, MP_FRAME_IOC_LOOK, &look,
			    sizeof(look));
}

static inline int mp_fuzz_driver_strange(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;

	return mp_fuzz_strange(fuzz, mp_fuzz_once(fuzz, 2) ? driver->fd :
			       driver->frames, 0, 12);
}

static const struct mp_fuzz_op mp_fuzz_driver_ops[] = {
	{ "create", mp_fuzz_driver_create, 0 },
	{ "destroy", mp_fuzz_driver_destroy, 0 },
	{ "live", mp_fuzz_driver_live, 0 },
	{ "pin", mp_fuzz_driver_pin, 0 },
	{ "verify", mp_fuzz_driver_verify, 0 },
	{ "call", mp_fuzz_driver_call, 0 },
	{ "query", mp_fuzz_driver_query, 0 },
	{ "stats", mp_fuzz_driver_stats, 0 },
	{ "lookup", mp_fuzz_driver_lookup, 0 },
	{ "frame", mp_fuzz_driver_frame, 0 },
	{ "evict", mp_fuzz_driver_evict, MP_FUZZ_NEVER_DONE },
	{ "move", mp_fuzz_driver_move, 0 },
	{ "script", mp_fuzz_driver_script, 0 },
	{ "look", mp_fuzz_driver_look, 0 },
	{ "strange", mp_fuzz_driver_strange, MP_FUZZ_NEVER_DONE },
	{ }
};

static inline int mp_fuzz_driver_begin(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;

	driver->pool = -1;
	driver->fd = mp_open();
	driver->frames = mp_frame_open();
	return driver->fd < 0 ? driver->fd :
	       driver->frames < 0 ? driver->frames : 0;
}

/* With a look at the books of what it has lived with. */
static inline void mp_fuzz_driver_end(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_driver *driver = fuzz->state;
	const char *wrong = "";
	int pool;

	for (pool = 0; pool < MP_TEST_POOLS && !*wrong; pool++)
		if (mp_pool_exists(driver->fd, pool))
			wrong = mp_pool_books(driver->fd, pool);
	if (*wrong) {
		printf("# driver: %s\n", wrong);
		mp_fuzz_driver_astray(fuzz);
	}
	close(driver->fd);
	close(driver->frames);
}

static const struct mp_fuzz_set mp_fuzz_driver = {
	.name = "driver",
	.ops = mp_fuzz_driver_ops,
	.state = sizeof(struct mp_fuzz_driver),
	.begin = mp_fuzz_driver_begin,
	.end = mp_fuzz_driver_end,
};

#endif /* _SELFTESTS_MP_FUZZ_DRIVER_H */
