/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOVABLE_DMA_H
#define _LINUX_MOVABLE_DMA_H

/**
 * DOC: DMA
 *
 * A page that a device reads or writes is pinned for the time of the transfer,
 * and moves between transfers.  A pool whose policy has the device's mask has
 * no page that the device cannot reach:
 *
 *	policy.dma_mask = dma_get_mask(dev);
 *
 * Where an IOMMU or bounce buffers stand between, other pages can be mapped,
 * too, and no policy is needed.
 */

#include <linux/dma-mapping.h>
#include <linux/movable_pool.h>

int __must_check movable_page_dma_map(struct movable_page *mp,
				      struct device *dev,
				      enum dma_data_direction dir,
				      dma_addr_t *addr);
void movable_page_dma_unmap(struct movable_page *mp, struct device *dev,
			    enum dma_data_direction dir, dma_addr_t addr);

#endif /* _LINUX_MOVABLE_DMA_H */
