/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_SWAP_H
#define _SELFTESTS_MP_SWAP_H

/* Swap on zram, and memory that goes to swap and comes back.  0, or -errno. */

#include <sys/mman.h>
#include <sys/swap.h>

#include "mp_file.h"

#define MP_ZRAM		"/sys/block/zram0/"
#define MP_ZRAM_DEVICE	"/dev/zram0"

/* @size: as "192M". */
static inline int mp_swap_on(const char *size)
{
	int err = mp_write_file(MP_ZRAM "disksize", size);

	if (err)
		return err;
	if (system("mkswap " MP_ZRAM_DEVICE " >/dev/null"))
		return -EIO;
	return swapon(MP_ZRAM_DEVICE, 0) ? -errno : 0;
}

static inline int mp_swap_off(void)
{
	return swapoff(MP_ZRAM_DEVICE) ? -errno :
	       mp_write_file(MP_ZRAM "reset", "1");
}

static inline unsigned int mp_swap_word(size_t i)
{
	return i * 2654435761u;
}

/*
 * Compressible: one word of eight is not zero.  The pages go to zram because
 * they are told to: memory that is used up until they must go has, now and
 * then, brought the OOM killer, as zram itself needs memory to store them.
 */
static inline int mp_swap_fill_and_check(unsigned int *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i += 8)
		words[i] = mp_swap_word(i);
	if (madvise(words, n * sizeof(*words), MADV_PAGEOUT))
		return -errno;
	mp_write_file("/proc/sys/vm/compact_memory", "1");
	for (i = 0; i < n; i += 8)
		if (words[i] != mp_swap_word(i))
			return -EILSEQ;
	return 0;
}

static inline int mp_swap_use(size_t size)
{
	unsigned int *words = mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	if (words == MAP_FAILED)
		return -ENOMEM;
	err = mp_swap_fill_and_check(words, size / sizeof(*words));
	munmap(words, size);
	return err;
}

#endif /* _SELFTESTS_MP_SWAP_H */
