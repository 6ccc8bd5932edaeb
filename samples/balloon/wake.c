// SPDX-License-Identifier: GPL-2.0
/*
 * The host's wish may have woken the system.  It stays awake until the wish is
 * granted, or cannot be for now.
 */

#include <linux/device.h>

#include "balloon.h"

/* Under the lock. */
void balloon_stay_awake(struct balloon *b, unsigned int why)
{
	lockdep_assert_held(&b->lock);
	b->awake |= why;
	pm_stay_awake(&b->vdev->dev);
}

/* In @work, as the last thing, so that it is not pending but for a new wish. */
void balloon_may_sleep(struct balloon *b, unsigned int why,
		       struct work_struct *work)
{
	spin_lock_irq(&b->lock);
	if (!work_pending(work)) {
		b->awake &= ~why;
		if (!b->awake)
			pm_relax(&b->vdev->dev);
	}
	spin_unlock_irq(&b->lock);
}
