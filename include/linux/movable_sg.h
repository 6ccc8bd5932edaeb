/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOVABLE_SG_H
#define _LINUX_MOVABLE_SG_H

/**
 * DOC: Scatterlists
 *
 * What a device transfers to or from in one go: the pages of an array, pinned
 * for as long as the table is there::
 *
 *	err = movable_sg_pin(&table, pages, n, dma_get_max_seg_size(dev));
 *	err = dma_map_sgtable(dev, &table, DMA_TO_DEVICE, 0);
 *	... the transfer ...
 *	dma_unmap_sgtable(dev, &table, DMA_TO_DEVICE, 0);
 *	movable_sg_unpin(&table, pages, n);
 *
 * A device's addresses end with dma_unmap_sgtable(): the next time the pages
 * may be elsewhere.  For one page there is linux/movable_dma.h, for a table
 * that stays for long movable_page_pin_longterm() of each page before.
 */

#include <linux/movable_array.h>
#include <linux/scatterlist.h>

int __must_check movable_sg_pin(struct sg_table *table,
				struct movable_page *mps, unsigned int n,
				unsigned int max_segment);
void movable_sg_unpin(struct sg_table *table, struct movable_page *mps,
		      unsigned int n);

#endif /* _LINUX_MOVABLE_SG_H */
