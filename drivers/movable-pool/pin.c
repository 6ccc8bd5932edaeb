// SPDX-License-Identifier: GPL-2.0
/*
 * Pins: a page with a pin stays where it is.  No lock is taken.
 *
 * A pin and the beginning of a move exclude each other in the handle's word: a
 * move starts only from LIVE with no pin, a pin is added in any state but
 * MOVING.  Waiters for the end of MOVING sleep on the word's address; the
 * mover wakes them without touching the handle, which may be gone by then.
 */

#include <linux/mm.h>
#include <linux/movable_pool.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

#include "compat/compat.h"
#include "internal.h"
#include "wait_point.h"
#include "word.h"

/**
 * mp_wait_moving() - wait until the page is not being moved
 * @mp: handle the caller keeps alive
 *
 * A move ends by itself: the mover waits for no pin and no owner.
 *
 * Context: May sleep.
 * Return: 0, or -EDEADLK in a driver op: the mover may be this very thread, or
 * one whose op waits for a page that this thread is moving.
 */
int mp_wait_moving(struct movable_page *mp)
{
	if (mp_op_running()) {
		mp_misuse("a driver op waits for a page in motion; use trypin or free_async\n");
		return -EDEADLK;
	}
	wait_var_event(&mp->word, mp_word_state(mp_word_read(mp)) !=
				  MOVABLE_PAGE_MOVING);
	return 0;
}

/* Why there are no pins of a page any more, or no page. */
static int mp_pin_never(u64 word)
{
	return mp_word_poisoned(word) && !mp_word_dying(word) ? -EHWPOISON :
								-ENOENT;
}

/*
 * -ENOENT without a word about it: a handle that was waited for may be empty by
 * now.  @empty: it was empty, not being freed.
 */
static int mp_pin_once(struct movable_page *mp, bool *empty)
{
	u64 word = mp_word_read(mp);

	do {
		*empty = mp_word_state(word) == MOVABLE_PAGE_EMPTY;
		if (*empty || word & MP_WORD_CLOSED)
			return mp_pin_never(word);
		if (mp_word_state(word) == MOVABLE_PAGE_MOVING)
			return -EAGAIN;
		if (mp_word_pins(word) == MOVABLE_PAGE_MAX_PINS)
			return -EOVERFLOW;
	} while (!mp_word_change(mp, &word, word + MP_WORD_PIN));
	return 0;
}

/**
 * __movable_page_trypin() - what a pin does when something is in its way
 * @mp: handle
 *
 * Context: Any.  Allowed in driver ops.
 * Return: as movable_page_trypin().
 */
int __movable_page_trypin(struct movable_page *mp)
{
	bool empty;
	int err = mp_pin_once(mp, &empty);

	if (empty)
		mp_misuse("pin of a handle without a page\n");
	return err;
}
EXPORT_SYMBOL_GPL(__movable_page_trypin);

/**
 * mp_pin_again() - movable_page_pin() of a page that was there just now
 * @mp: handle
 *
 * If it has none any more that is nobody's mistake.
 *
 * Context: May sleep.
 * Return: as movable_page_pin().
 */
int mp_pin_again(struct movable_page *mp)
{
	bool empty;
	int err;

	while ((err = mp_pin_once(mp, &empty)) == -EAGAIN) {
		mp_wait_point(MP_WAIT_PIN_WAIT, NULL);
		err = mp_wait_moving(mp);
		if (err)
			break;
	}
	return err;
}

/**
 * __movable_page_pin() - what a pin does when something is in its way
 * @mp: handle
 *
 * Context: May sleep.  Not in a driver op, nor under a lock that one takes.
 * Return: as movable_page_pin().
 */
int __movable_page_pin(struct movable_page *mp)
{
	int err;

	might_sleep();
	mp_op_might_wait();
	err = movable_page_trypin(mp);
	return err == -EAGAIN ? mp_pin_again(mp) : err;
}
EXPORT_SYMBOL_GPL(__movable_page_pin);

/**
 * __movable_page_unpin() - what an unpin does when something is in its way
 * @mp: handle
 *
 * Context: Any.
 */
void __movable_page_unpin(struct movable_page *mp)
{
	u64 word = mp_word_read(mp);

	if (MP_PINS_CHECKED && mp_word_pins(word))
		mp_conduct_unpin(mp, mp_word_pfn(word));
	do {
		if (!mp_word_pins(word)) {
			mp_misuse("unpin of a page that is not pinned\n");
			return;
		}
	} while (!mp_word_change(mp, &word, word - MP_WORD_PIN));
}
EXPORT_SYMBOL_GPL(__movable_page_unpin);

/**
 * movable_page_page() - the page of a pinned handle
 * @mp: handle that the caller has pinned
 *
 * No reference to it may be kept beyond the pin.
 *
 * Context: Any.
 * Return: the page; NULL if the handle is not pinned.
 */
struct page *movable_page_page(const struct movable_page *mp)
{
	u64 word = mp_word_read(mp);

	if (!mp_word_pins(word)) {
		mp_misuse("use of a page that is not pinned\n");
		return NULL;
	}
	return pfn_to_page(mp_word_pfn(word));
}
EXPORT_SYMBOL_GPL(movable_page_page);

/**
 * __movable_page_map() - what a map does when something is in its way
 * @mp: handle
 *
 * Context: May sleep.  Not in a driver op, nor under a lock that one takes.
 * Return: as movable_page_map().
 */
void *__movable_page_map(struct movable_page *mp)
{
	int err = movable_page_pin(mp);

	if (err)
		return ERR_PTR(err);
	return mp_compat_map(movable_page_page(mp));
}
EXPORT_SYMBOL_GPL(__movable_page_map);

/**
 * __movable_page_unmap() - what an unmap does when something is in its way
 * @mp: handle
 *
 * Context: Process.
 */
void __movable_page_unmap(struct movable_page *mp)
{
	struct page *page = movable_page_page(mp);

	if (!page)
		return;
	mp_compat_unmap(page);
	movable_page_unpin(mp);
}
EXPORT_SYMBOL_GPL(__movable_page_unmap);

/**
 * movable_page_state() - where a handle is in its life
 * @mp: handle
 *
 * Context: Any.
 * Return: the state; it may have changed already unless the caller excludes
 * that.
 */
enum movable_page_state movable_page_state(const struct movable_page *mp)
{
	return mp_word_state(mp_word_read(mp));
}
EXPORT_SYMBOL_GPL(movable_page_state);

/**
 * movable_page_pfn() - the frame a page is in
 * @mp: handle
 *
 * Context: Any.
 * Return: the pfn, 0 for an empty handle; stable only while pinned.
 */
unsigned long movable_page_pfn(const struct movable_page *mp)
{
	return mp_word_pfn(mp_word_read(mp));
}
EXPORT_SYMBOL_GPL(movable_page_pfn);

/**
 * movable_page_pins() - how many pins a page has
 * @mp: handle
 *
 * Context: Any.
 * Return: the number; stable only if the caller excludes other pinners.
 */
unsigned int movable_page_pins(const struct movable_page *mp)
{
	return mp_word_pins(mp_word_read(mp));
}
EXPORT_SYMBOL_GPL(movable_page_pins);
