// SPDX-License-Identifier: GPL-2.0
/* The test driver as a device that does DMA, and reaches all memory. */

#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/movable_dma.h>

#include "mp_test.h"

static struct device *mp_test_dma_dev(int *err)
{
	struct device *dev = mp_test_dev();

	dev->dma_mask = &dev->coherent_dma_mask;
	*err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	return dev;
}

/*
 * Somebody wants the memory that CMA has set apart for him: a device that is
 * given large contiguous memory, which movable pages have used meanwhile.
 */
int mp_test_cma(struct mp_test_cma *cma)
{
	const unsigned long attrs = DMA_ATTR_NO_WARN;
	struct device *dev;
	dma_addr_t addr;
	void *memory;
	int err;

	dev = mp_test_dma_dev(&err);
	if (err)
		return err;
	memory = dma_alloc_attrs(dev, cma->bytes, &addr, GFP_KERNEL, attrs);
	if (!memory)
		return -ENOMEM;
	cma->pfn = page_to_pfn(virt_to_page(memory));
	dma_free_attrs(dev, cma->bytes, memory, addr, attrs);
	return 0;
}

int mp_test_dma(struct mp_test_item *item, struct mp_test_call *call)
{
	struct device *dev;
	dma_addr_t addr;
	int err;

	dev = mp_test_dma_dev(&err);
	if (err)
		return err;
	err = movable_page_dma_map(&item->mp, dev, DMA_TO_DEVICE, &addr);
	if (err)
		return err;
	call->value = movable_page_pins(&item->mp);
	movable_page_dma_unmap(&item->mp, dev, DMA_TO_DEVICE, addr);
	return 0;
}
