// SPDX-License-Identifier: GPL-2.0
/*
 * A host that does not answer, answers late, or lies; a device that breaks or
 * goes.  Whoever waits sleeps, whoever ends it gets all pages back.
 */

#include <ctype.h>

#include "mp_fake_test.h"

#define RESETS		"the host does not answer: resetting the device"
#define BROKEN		"a queue is broken: resetting the device"
#define NO_ANSWER	"the host has not answered for 10 s"

static int patience(int seconds)
{
	return mp_write_long(MP_FAKE_DRIVER "patience", seconds);
}

static long mem_total(void)
{
	return mp_read_field("/proc/meminfo", "MemTotal");
}

/* Return: whether @path is of a kworker of the driver's that works. */
static int is_worker(const char *pid)
{
	char path[300], name[80];

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	return isdigit(*pid) && mp_read_file(path, name, sizeof(name)) > 0 &&
	       !strncmp(name, "kworker/", 8) && strstr(name, "+movable_ball");
}

/* Return: the thread that works for the driver, or 0. */
static int worker(void)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	int pid = 0;

	while (proc && !pid && (entry = readdir(proc)))
		if (is_worker(entry->d_name))
			pid = atoi(entry->d_name);
	if (proc)
		closedir(proc);
	return pid;
}

static char state_of(int pid)
{
	char path[64], text[256];
	const char *name_end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (mp_read_file(path, text, sizeof(text)) <= 0)
		return '?';
	name_end = strrchr(text, ')');
	return name_end && name_end[1] ? name_end[2] : '?';
}

/* A message about pages that the host does not read. */
static void inflate_unread(struct __test_metadata *_metadata, int host)
{
	ASSERT_EQ(0, mp_fake_plug_features(host, MP_FAKE_MUST_TELL));
	ASSERT_EQ(0, mp_fake_reach(host, MP_FAKE_MESSAGE));
	ASSERT_EQ(0, mp_fake_silence(host));
	ASSERT_EQ(0, mp_fake_want(host, MP_FAKE_IN));
	ASSERT_EQ(0, mp_fake_pends(host, MP_FAKE_INFLATE, 1));
}

FAKE_F(inflating_waits_asleep_R27)
{
	int i, pid, awake = 0;

	inflate_unread(_metadata, self->host);
	usleep(100000);
	pid = worker();
	ASSERT_NE(0, pid);
	for (i = 0; i < 40; i++) {
		usleep(50000);
		awake += state_of(pid) != 'D';
	}
	EXPECT_GE(MP_ONCE_AWAKE, awake);
	EXPECT_EQ(1, mp_fake_queue(self->host, MP_FAKE_INFLATE).pending);
	EXPECT_EQ(MP_FAKE_MESSAGE, mp_fake_state(self->host).frames);
	EXPECT_EQ(MP_FAKE_MESSAGE, mp_vb_stat("pages"));
}

/* The driver says so, once, and goes on when there is an answer after all. */
FAKE_F(late_answer_is_as_good)
{
	int log = mp_kmsg_listen(SEEK_END), tries = 300;

	inflate_unread(_metadata, self->host);
	while (tries-- && !mp_kmsg_heard(dup(log), NO_ANSWER))
		usleep(100000);
	EXPECT_LT(0, tries);
	close(log);
	ASSERT_EQ(0, mp_fake_allow_all(self->host));
	EXPECT_EQ(0, mp_fake_becomes(self->host, MP_FAKE_IN));
	EXPECT_EQ(0, mp_vb_pool_becomes(MP_FAKE_IN));
	EXPECT_EQ(0, mp_fake_state(self->host).resets);
}

/* As long as patience lasts: the host may still read what it was sent. */
static void unbind_waits(struct __test_metadata *_metadata, int host)
{
	struct mp_once unbind;
	int log;

	ASSERT_EQ(0, patience(100));
	ASSERT_EQ(0, mp_fake_unbind(&unbind));
	EXPECT_EQ(1, mp_once_waits(&unbind));
	EXPECT_GE(MP_ONCE_AWAKE, mp_once_awake(&unbind));
	EXPECT_EQ(0, mp_once_done(&unbind));
	EXPECT_EQ(0, mp_fake_state(host).resets);
	log = mp_kmsg_listen(SEEK_END);
	ASSERT_EQ(0, patience(1));
	EXPECT_EQ(0, mp_once_join(&unbind));
	EXPECT_EQ(1, mp_kmsg_heard(log, RESETS));
	EXPECT_EQ(1, mp_fake_state(host).resets);
}

/* All pages are back, and a host that has come to its senses can have them. */
static void all_is_well(struct __test_metadata *_metadata, int host,
			const char *device, long total)
{
	EXPECT_EQ(total, mem_total());
	EXPECT_EQ(-ENOENT, mp_vb_stat("pages"));
	ASSERT_EQ(0, mp_fake_allow_all(host));
	ASSERT_EQ(0, mp_write_file(MP_VB_DRIVER "bind", device));
	EXPECT_EQ(0, mp_fake_reach(host, MP_FAKE_IN));
}

FAKE_F(unbind_while_inflating_R27)
{
	const char *device;

	inflate_unread(_metadata, self->host);
	device = mp_vb_device();
	ASSERT_NE(NULL, device);
	unbind_waits(_metadata, self->host);
	all_is_well(_metadata, self->host, device, self->total);
}

FAKE_F(unbind_while_deflating_R27)
{
	const char *device;

	ASSERT_EQ(0, mp_fake_plug_features(self->host, MP_FAKE_MUST_TELL));
	device = mp_vb_device();
	ASSERT_NE(NULL, device);
	ASSERT_EQ(0, mp_fake_reach(self->host, MP_FAKE_IN));
	ASSERT_EQ(0, mp_fake_silence(self->host));
	ASSERT_EQ(0, mp_fake_want(self->host, 0));
	ASSERT_EQ(0, mp_fake_pends(self->host, MP_FAKE_DEFLATE, 1));
	unbind_waits(_metadata, self->host);
	all_is_well(_metadata, self->host, device, self->total);
}

/* The VM has a page in its hands, which the host was told of @queue. */
static const char *move_unread(struct __test_metadata *_metadata, int host,
			       int fd, enum mp_fake_queue queue,
			       struct mp_once *vm)
{
	const char *device;

	ASSERT_EQ(0, mp_fake_plug_features(host, MP_FAKE_MUST_TELL));
	device = mp_vb_device();
	ASSERT_NE(NULL, device);
	ASSERT_EQ(0, mp_fake_reach(host, MP_FAKE_IN));
	ASSERT_EQ(0, mp_fake_silence(host));
	ASSERT_NE(0, mp_fake_move(host, vm, fd));
	if (queue == MP_FAKE_DEFLATE) {
		ASSERT_EQ(0, mp_fake_allow(host, MP_FAKE_INFLATE, 1));
		ASSERT_EQ(0, mp_fake_pends(host, queue, 1));
	}
	return device;
}

/*
 * Both have sent a message: the move its own, and the driver as many as it
 * takes to empty the balloon.  The VM may say that it got its frame or not.
 */
FAKE_F(unbind_while_a_page_moves_in_R6_R27)
{
	struct mp_once vm;
	const char *device;

	device = move_unread(_metadata, self->host, self->fd, MP_FAKE_INFLATE,
			     &vm);
	unbind_waits(_metadata, self->host);
	mp_once_join(&vm);
	all_is_well(_metadata, self->host, device, self->total);
}

FAKE_F(unbind_while_a_page_moves_out_R6_R27)
{
	struct mp_once vm;
	const char *device;

	device = move_unread(_metadata, self->host, self->fd, MP_FAKE_DEFLATE,
			     &vm);
	unbind_waits(_metadata, self->host);
	EXPECT_EQ(0, mp_once_join(&vm));
	all_is_well(_metadata, self->host, device, self->total);
}

/* The host answers everyone but the mover: then the driver waits for that. */
FAKE_F(unbind_waits_for_the_last_page_R6_R27)
{
	struct mp_once vm, unbind;

	move_unread(_metadata, self->host, self->fd, MP_FAKE_INFLATE, &vm);
	ASSERT_EQ(0, patience(100));
	ASSERT_EQ(0, mp_fake_allow(self->host, MP_FAKE_DEFLATE, MP_FAKE_ALL));
	ASSERT_EQ(0, mp_fake_unbind(&unbind));
	EXPECT_EQ(0, mp_fake_becomes(self->host, 1));
	/* The looks become rarer. */
	sleep(1);
	EXPECT_GE(MP_ONCE_AWAKE, mp_once_awake(&unbind));
	EXPECT_EQ(0, mp_once_done(&unbind));
	ASSERT_EQ(0, mp_fake_allow_all(self->host));
	EXPECT_EQ(0, mp_once_join(&unbind));
	EXPECT_EQ(0, mp_once_join(&vm));
	EXPECT_EQ(self->total, mem_total());
	EXPECT_EQ(1, mp_fake_state(self->host).resets);
}

/* Nobody has asked for the end, but there is no going on. */
static void gives_up(struct __test_metadata *_metadata, int host, long total)
{
	EXPECT_EQ(0, mp_fake_resets(host, 1));
	EXPECT_EQ(0, mp_vb_pool_becomes(0));
	EXPECT_EQ(total, mem_total());
	EXPECT_EQ(0, mp_fake_state(host).status);
}

FAKE_F(broken_device_is_reset)
{
	ASSERT_EQ(0, mp_fake_plug_features(self->host, MP_FAKE_MUST_TELL));
	ASSERT_EQ(0, mp_fake_reach(self->host, MP_FAKE_IN));
	ASSERT_EQ(0, mp_fake_break(self->host));
	ASSERT_EQ(0, mp_fake_want(self->host, 2 * MP_FAKE_IN));
	gives_up(_metadata, self->host, self->total);
}

static void lied_to(struct __test_metadata *_metadata, int host, long total,
		    enum mp_fake_queue queue, enum mp_fake_bogus bogus)
{
	int log;

	inflate_unread(_metadata, host);
	log = mp_kmsg_listen(SEEK_END);
	ASSERT_EQ(0, mp_fake_lie(host, queue, bogus));
	gives_up(_metadata, host, total);
	EXPECT_EQ(1, mp_kmsg_heard(log, BROKEN));
	ASSERT_EQ(0, mp_fake_unplug(host, 0));
}

FAKE_F(answers_to_nothing)
{
	lied_to(_metadata, self->host, self->total, MP_FAKE_INFLATE,
		MP_FAKE_NO_SUCH_ID);
	lied_to(_metadata, self->host, self->total, MP_FAKE_INFLATE,
		MP_FAKE_NOT_SENT);
	lied_to(_metadata, self->host, self->total, MP_FAKE_DEFLATE,
		MP_FAKE_NO_SUCH_ID);
}

FAKE_F(kicks_are_not_heard)
{
	ASSERT_EQ(0, mp_fake_plug(self->host, (struct mp_fake_setup) {
		.queue_size = MP_FAKE_SIZE,
		.deaf = 1,
	}));
	ASSERT_EQ(0, mp_fake_want(self->host, MP_FAKE_IN));
	gives_up(_metadata, self->host, self->total);
}

/* Without patience: it is clear that nobody will answer. */
FAKE_F(device_goes_while_inflating)
{
	inflate_unread(_metadata, self->host);
	ASSERT_EQ(0, patience(1000));
	EXPECT_EQ(0, mp_fake_unplug(self->host, 1));
	EXPECT_EQ(self->total, mem_total());
	EXPECT_EQ(1, mp_fake_state(self->host).resets);
}

FAKE_F(device_goes_while_a_page_moves_R6)
{
	struct mp_once vm;

	move_unread(_metadata, self->host, self->fd, MP_FAKE_INFLATE, &vm);
	ASSERT_EQ(0, patience(1000));
	EXPECT_EQ(0, mp_fake_unplug(self->host, 1));
	mp_once_join(&vm);
	EXPECT_EQ(self->total, mem_total());
	EXPECT_EQ(1, mp_fake_state(self->host).resets);
}

static int step_compact(struct mp_worker *worker)
{
	return mp_compact();
}

/* Plugged and pulled out, again and again. */
FAKE_F(devices_come_and_go_R7)
{
	struct mp_worker compactor = { .step = step_compact };
	int i;

	ASSERT_EQ(0, mp_worker_start(&compactor));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, mp_fake_plug_features(self->host,
						   MP_FAKE_MUST_TELL));
		ASSERT_EQ(0, mp_fake_want(self->host, 2 * MP_FAKE_IN));
		EXPECT_EQ(0, mp_fake_answers(self->host, MP_FAKE_INFLATE, 1));
		ASSERT_EQ(0, mp_fake_unplug(self->host, i % 2));
		EXPECT_EQ(self->total, mem_total());
	}
	EXPECT_EQ(0, mp_worker_stop(&compactor));
}

TEST_HARNESS_MAIN
