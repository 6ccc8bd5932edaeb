/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOVABLE_POOL_INLINE_H
#define _LINUX_MOVABLE_POOL_INLINE_H

/*
 * Pins when nothing is in their way, in the driver's own code: a look at the
 * handle's word and one compare-and-exchange.  For everything else, and on
 * kernels that look for mistakes, the framework is called.  How the word is
 * made up is its business alone (drivers/movable-pool/word.h); what is here is
 * all that drivers are compiled with, and MODVERSIONS does not see it: with
 * another layout the functions get other names.  Included by
 * linux/movable_pool.h.
 */

#include <linux/mm.h>

#define MP_WORD_STATE		0x3ULL
#define MP_WORD_DYING		BIT_ULL(2)
#define MP_WORD_PIN_SHIFT	4
#define MP_WORD_PIN		BIT_ULL(MP_WORD_PIN_SHIFT)
#define MP_WORD_PINS		((u64)MOVABLE_PAGE_MAX_PINS << \
				 MP_WORD_PIN_SHIFT)
#define MP_WORD_POISONED	BIT_ULL(22)
#define MP_WORD_PFN_SHIFT	24

/* Of a page that can be pinned at once these are LIVE, and half of the pins. */
#define MP_WORD_PIN_MASK	(MP_WORD_STATE | MP_WORD_DYING | \
				 MP_WORD_POISONED | BIT_ULL(21))

int __must_check __movable_page_pin(struct movable_page *mp);
int __must_check __movable_page_trypin(struct movable_page *mp);
void __movable_page_unpin(struct movable_page *mp);
void *__movable_page_map(struct movable_page *mp);
void __movable_page_unmap(struct movable_page *mp);

#if defined(MOVABLE_POOL_TEST) || defined(CONFIG_LOCKDEP) || \
	defined(CONFIG_DEBUG_ATOMIC_SLEEP)
#define MP_PINS_CHECKED		1
#else
#define MP_PINS_CHECKED		0
#endif

/*
 * A driver that is built with MOVABLE_POOL_PINS_CALLED (ccflags-y) calls the
 * framework for each pin, so that a probe can be put on them
 * (Documentation/debugging.rst).
 */
#if MP_PINS_CHECKED || defined(MOVABLE_POOL_PINS_CALLED)

static inline u64 mp_pin_inline(struct movable_page *mp)
{
	return 0;
}

static inline bool mp_unpin_inline(struct movable_page *mp)
{
	return false;
}

#else

/* Return: the word before it had the pin, or 0. */
static inline u64 mp_pin_inline(struct movable_page *mp)
{
	s64 word = atomic64_read(&mp->word);

	if (likely((word & MP_WORD_PIN_MASK) == MOVABLE_PAGE_LIVE &&
		   atomic64_try_cmpxchg(&mp->word, &word, word + MP_WORD_PIN)))
		return word;
	return 0;
}

static inline bool mp_unpin_inline(struct movable_page *mp)
{
	s64 word = atomic64_read(&mp->word);

	return likely(word & MP_WORD_PINS &&
		      atomic64_try_cmpxchg(&mp->word, &word,
					   word - MP_WORD_PIN));
}

#endif

/**
 * movable_page_pin() - keep a page where it is
 * @mp: handle with a page
 *
 * Waits while the page is being moved.  May be held over a sleep, but for as
 * long as it is, whoever wants the frame cannot have it.
 *
 * Context: May sleep.  Not in a driver op, nor under a lock that one takes.
 * Return: 0; -ENOENT if there is no page; -EHWPOISON if a memory failure has
 * hit it: it can only be freed; -EOVERFLOW at MOVABLE_PAGE_MAX_PINS; -EDEADLK
 * in a driver op when it would have had to wait.
 */
static inline int __must_check movable_page_pin(struct movable_page *mp)
{
	return mp_pin_inline(mp) ? 0 : __movable_page_pin(mp);
}

/**
 * movable_page_trypin() - keep a page where it is, without waiting
 * @mp: handle with a page
 *
 * Context: Any.  Allowed in driver ops.
 * Return: 0; -EAGAIN while the page is being moved; -ENOENT if there is no
 * page; -EHWPOISON if a memory failure has hit it; -EOVERFLOW at
 * MOVABLE_PAGE_MAX_PINS.
 */
static inline int __must_check movable_page_trypin(struct movable_page *mp)
{
	return mp_pin_inline(mp) ? 0 : __movable_page_trypin(mp);
}

/**
 * movable_page_unpin() - let a page move again
 * @mp: handle that the caller has pinned
 *
 * Context: Any.
 */
static inline void movable_page_unpin(struct movable_page *mp)
{
	if (!mp_unpin_inline(mp))
		__movable_page_unpin(mp);
}

/**
 * movable_page_map() - pin a page and get its kernel address
 * @mp: handle with a page
 *
 * The address is good in every context and thread until movable_page_unmap(),
 * which may be called by another thread; the caller may sleep meanwhile.
 *
 * Context: May sleep.  Not in a driver op, nor under a lock that one takes.
 * Return: the address, or ERR_PTR() as movable_page_pin() returns.
 */
static inline void *movable_page_map(struct movable_page *mp)
{
	if (!IS_ENABLED(CONFIG_HIGHMEM)) {
		u64 word = mp_pin_inline(mp);

		if (word)
			return page_to_virt(pfn_to_page(word >>
							MP_WORD_PFN_SHIFT));
	}
	return __movable_page_map(mp);
}

/**
 * movable_page_unmap() - end movable_page_map()
 * @mp: handle that the caller has mapped
 *
 * Context: Process.
 */
static inline void movable_page_unmap(struct movable_page *mp)
{
	if (IS_ENABLED(CONFIG_HIGHMEM) || !mp_unpin_inline(mp))
		__movable_page_unmap(mp);
}

#endif /* _LINUX_MOVABLE_POOL_INLINE_H */
