/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_STRESS_H
#define _MP_STRESS_H

#include <linux/movable_move.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/spinlock.h>

#include "mp_stress_uapi.h"

#define MP_STRESS_HELD		3	/* pins an owner has at a time */
#define MP_STRESS_LONGTERMS	3
#define MP_STRESS_SET		64	/* pages of a set, at most */
#define MP_STRESS_FRAMES	BIT(22)	/* looked at; of 4 KiB: 16 GiB */

struct mp_stress;
struct mp_stress_owner;

/**
 * struct mp_stress_object - what a page is for
 * @mp: its handle
 * @owner: whose it is; nobody else calls anything for it
 * @generation: of the contents
 * @pins: of them, in @owner->held
 * @longterms: the same, in @owner->longterms
 * @used: of a mapped pool: the place has had its page
 * @async: given to free_async(), ops->freed has not come yet
 */
struct mp_stress_object {
	struct movable_page mp;
	struct mp_stress_owner *owner;
	u32 generation;
	u16 pins;
	u16 longterms;
	bool used;
	bool async;
};

/**
 * struct mp_stress_longterm - a long-term pin that an owner has
 * @pin: it
 * @object: on which
 */
struct mp_stress_longterm {
	struct movable_pin *pin;
	struct mp_stress_object *object;
};

/**
 * struct mp_stress_owner - a thread with a pool
 * @stress: all of it
 * @task: the thread
 * @number: among all owners
 * @kind: what its pools are
 * @nr: pages of a pool, at most, and length of @objects
 * @random: its choices
 * @ops: of the pool
 * @lock: guards @pool and @past against those who look from outside
 * @pool: the present one, or NULL
 * @life: its number among the owner's pools
 * @cached: it is page cache, which has to sleep for its pages
 * @past: books of those that are gone
 * @acts: see struct mp_stress_report
 * @words: the same
 * @bad: the same
 * @asked: calls of ops->migrate and ops->exchange
 * @undone: of these, undone
 * @balloon: pages in the balloon, as the driver knows
 * @held: pinned objects, the oldest at @next_held
 * @next_held: in @held
 * @longterms: likewise
 * @next_longterm: in @longterms
 * @late: the object whose page is ready but not published, or NULL
 * @left: of a mapped pool: places that have had no page yet
 * @objects: @nr of them; none of a balloon
 */
struct mp_stress_owner {
	struct mp_stress *stress;
	struct task_struct *task;
	unsigned int number;
	enum mp_stress_kind kind;
	unsigned int nr;
	struct rnd_state random;
	struct movable_pool_ops ops;
	struct mutex lock;	/* @pool, @past */
	struct movable_pool *pool;
	u64 life;
	bool cached;
	struct movable_pool_stats past;
	u64 acts[MP_STRESS_ACTS];
	u64 words;
	u64 bad;
	atomic_t asked;
	atomic_t undone;
	atomic_t balloon;
	struct mp_stress_object *held[MP_STRESS_HELD];
	unsigned int next_held;
	struct mp_stress_longterm longterms[MP_STRESS_LONGTERMS];
	unsigned int next_longterm;
	struct mp_stress_object *late;
	unsigned int left;
	struct mp_stress_object *objects;
};

/**
 * struct mp_stress - all owners, and what they have found
 * @lock: guards @wrong and @nr_wrong
 * @wrong: see struct mp_stress_report
 * @nr_wrong: the same
 * @nice: of the threads
 * @nr: owners
 * @frames: a bit for each frame that is in a balloon
 * @owners: them
 */
struct mp_stress {
	spinlock_t lock;	/* @wrong, @nr_wrong */
	char wrong[MP_STRESS_WRONG];
	u64 nr_wrong;
	int nice;
	unsigned int nr;
	unsigned long *frames;
	struct mp_stress_owner owners[];
};

static inline u32 mp_stress_random(struct mp_stress_owner *owner)
{
	return prandom_u32_state(&owner->random);
}

/* Return: whether the object is in free_async()'s hands, not its owner's. */
static inline bool mp_stress_is_away(const struct mp_stress_object *object)
{
	/* Pairs with ops->freed: what that has done to the object is seen. */
	return smp_load_acquire(&object->async);
}

/* Return: true one time in @n. */
static inline bool mp_stress_one_in(struct mp_stress_owner *owner, u32 n)
{
	return !(mp_stress_random(owner) % n);
}

/* stress.c */
__printf(2, 3)
void mp_stress_wrong(struct mp_stress_owner *owner, const char *format, ...);

/* stress_owner.c */
int mp_stress_owner_start(struct mp_stress_owner *owner, u64 seed);
void mp_stress_owner_stop(struct mp_stress_owner *owner);
int mp_stress_owner_fd(struct mp_stress_owner *owner,
		       struct mp_stress_mapped *mapped);
void mp_stress_owner_report(struct mp_stress_owner *owner,
			    struct mp_stress_report *report);

/* stress_object.c */
void mp_stress_object_born(struct mp_stress_object *object);
bool mp_stress_object_check(struct mp_stress_object *object);
void mp_stress_object_compare(struct mp_stress_object *object,
			      const u64 *page);
void mp_stress_object_step(struct mp_stress_owner *owner);
void mp_stress_shed(struct mp_stress_owner *owner);
void mp_stress_object_end(struct mp_stress_object *object);

/* stress_act.c */
void mp_stress_act(struct mp_stress_object *object);
void mp_stress_let_go(struct mp_stress_owner *owner);

/* stress_move.c */
void mp_stress_move_set(struct mp_stress_object *object);
void mp_stress_move_all(struct mp_stress_owner *owner);
int mp_stress_op_migrate(struct movable_page *mp, struct page *dst,
			 struct page *src, enum migrate_mode mode);

/* stress_balloon.c */
int mp_stress_op_exchange(struct movable_pool *pool, struct page *dst,
			  struct page *src, enum migrate_mode mode);
void mp_stress_balloon_step(struct mp_stress_owner *owner);
void mp_stress_balloon_end(struct mp_stress_owner *owner);

#endif /* _MP_STRESS_H */
