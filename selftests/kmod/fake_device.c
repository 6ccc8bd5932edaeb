// SPDX-License-Identifier: GPL-2.0
/* /dev/mp_fake_host: what the host shall do, and what it has seen. */

#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mp_fake.h"

static struct fake_host fake_host;

static bool fake_size_is_good(u32 size)
{
	return is_power_of_2(size) && size <= 1024;
}

static int fake_ioc_setup(struct fake_host *host, void __user *arg)
{
	struct mp_fake_setup setup;

	if (copy_from_user(&setup, arg, sizeof(setup)))
		return -EFAULT;
	if (!fake_size_is_good(setup.queue_size) || setup.find_error > 0 ||
	    (setup.hint_size && !fake_size_is_good(setup.hint_size)))
		return -EINVAL;
	mutex_lock(&host->lock);
	host->setup = setup;
	mutex_unlock(&host->lock);
	return 0;
}

static int fake_ioc_unplug(struct fake_host *host, u32 __user *arg)
{
	u32 surprise;

	if (get_user(surprise, arg))
		return -EFAULT;
	return fake_virtio_unplug(host, surprise);
}

static int fake_ioc_config(struct fake_host *host, __le32 *field,
			   u32 __user *arg)
{
	u32 value;

	if (get_user(value, arg))
		return -EFAULT;
	return fake_virtio_config(host, field, value);
}

static int fake_ioc_allow(struct fake_host *host, void __user *arg)
{
	struct mp_fake_allow allow;

	if (copy_from_user(&allow, arg, sizeof(allow)))
		return -EFAULT;
	return fake_host_allow(host, &allow);
}

static int fake_ioc_answer(struct fake_host *host, void __user *arg)
{
	struct mp_fake_answer answer;
	struct fake_queue *queue;
	int err = -ENODEV;

	if (copy_from_user(&answer, arg, sizeof(answer)))
		return -EFAULT;
	if (answer.queue >= MP_FAKE_QUEUES)
		return -EINVAL;
	mutex_lock(&host->lock);
	queue = &host->queues[answer.queue];
	if (fake_virtio_runs(host) && queue->vq) {
		fake_ring_answer(queue, answer.bogus == MP_FAKE_NO_SUCH_ID ?
					queue->ring.num : queue->ring.num - 1);
		err = 0;
	}
	mutex_unlock(&host->lock);
	return err;
}

static void fake_state(struct fake_host *host, struct mp_fake_state *state)
{
	int i;

	mutex_lock(&host->lock);
	*state = host->state;
	state->faults.odd += atomic_read(&host->stray);
	state->status = host->status;
	state->plugged = !!host->vdev;
	state->target = le32_to_cpu(host->config.num_pages);
	state->actual = le32_to_cpu(host->config.actual);
	state->poison = le32_to_cpu(host->config.poison_val);
	for (i = 0; i < MP_FAKE_QUEUES; i++) {
		struct fake_queue *queue = &host->queues[i];

		state->queues[i] = (struct mp_fake_queue_state){
			.size = queue->vq ? queue->ring.num : 0,
			.pending = fake_ring_pending(queue),
			.messages = queue->messages,
			.pages = queue->pages,
		};
	}
	mutex_unlock(&host->lock);
}

static int fake_ioc_state(struct fake_host *host, void __user *arg)
{
	struct mp_fake_state state;

	fake_state(host, &state);
	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

static int fake_ioc_peek(struct fake_host *host, void __user *arg)
{
	struct mp_fake_peek *peek = memdup_user(arg, sizeof(*peek));
	int err;

	if (IS_ERR(peek))
		return PTR_ERR(peek);
	err = fake_host_peek(host, peek);
	if (!err && copy_to_user(arg, peek, sizeof(*peek)))
		err = -EFAULT;
	kfree(peek);
	return err;
}

static int fake_ioc_range(struct fake_host *host, void __user *arg)
{
	struct mp_fake_range range;

	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	mutex_lock(&host->lock);
	range.in = fake_account_range(host, range.pfn, range.count);
	mutex_unlock(&host->lock);
	return copy_to_user(arg, &range, sizeof(range)) ? -EFAULT : 0;
}

static int fake_ioc_stats(struct fake_host *host, void __user *arg)
{
	struct mp_fake_stats stats;

	mutex_lock(&host->lock);
	stats = host->stats;
	mutex_unlock(&host->lock);
	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

/* What changes something. */
static int fake_command(struct fake_host *host, unsigned int cmd,
			void __user *user)
{
	switch (cmd) {
	case MP_FAKE_IOC_SETUP:
		return fake_ioc_setup(host, user);
	case MP_FAKE_IOC_PLUG:
		return fake_virtio_plug(host);
	case MP_FAKE_IOC_UNPLUG:
		return fake_ioc_unplug(host, user);
	case MP_FAKE_IOC_BREAK:
		return fake_virtio_break(host);
	case MP_FAKE_IOC_TARGET:
		return fake_ioc_config(host, &host->config.num_pages, user);
	case MP_FAKE_IOC_HINT:
		return fake_ioc_config(host,
				       &host->config.free_page_hint_cmd_id,
				       user);
	case MP_FAKE_IOC_ALLOW:
		return fake_ioc_allow(host, user);
	case MP_FAKE_IOC_ANSWER:
		return fake_ioc_answer(host, user);
	}
	return -ENOTTY;
}

static long fake_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct fake_host *host = &fake_host;
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case MP_FAKE_IOC_STATE:
		return fake_ioc_state(host, user);
	case MP_FAKE_IOC_PEEK:
		return fake_ioc_peek(host, user);
	case MP_FAKE_IOC_RANGE:
		return fake_ioc_range(host, user);
	case MP_FAKE_IOC_STATS:
		return fake_ioc_stats(host, user);
	}
	return fake_command(host, cmd, user);
}

static const struct file_operations fake_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = fake_ioctl,
};

static struct miscdevice fake_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mp_fake_host",
	.fops = &fake_fops,
	.mode = 0600,
};

static int __init fake_init(void)
{
	struct fake_host *host = &fake_host;
	int err;

	mutex_init(&host->plug_lock);
	mutex_init(&host->lock);
	host->setup.queue_size = 128;
	err = fake_account_open(host);
	if (err)
		return err;
	err = fake_host_start(host);
	if (err)
		goto close;
	err = misc_register(&fake_device);
	if (err)
		goto stop;
	return 0;

stop:
	fake_host_stop(host);
close:
	fake_account_close(host);
	return err;
}

static void __exit fake_exit(void)
{
	struct fake_host *host = &fake_host;

	misc_deregister(&fake_device);
	fake_virtio_unplug(host, false);
	fake_host_stop(host);
	fake_account_close(host);
}

module_init(fake_init);
module_exit(fake_exit);
MODULE_DESCRIPTION("A host for the tests of balloon drivers");
MODULE_LICENSE("GPL");
