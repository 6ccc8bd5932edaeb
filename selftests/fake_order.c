// SPDX-License-Identifier: GPL-2.0
/*
 * What samples/balloon says to its host, and in which order: a frame is the
 * host's or ours, never both.
 */

#include "mp_fake_test.h"
#include "mp_fragment.h"

/* The host is asked for all it has, and does not read the first message. */
static void deflate_unread(struct __test_metadata *_metadata, int host,
			   __u64 features, struct mp_fake_peek *peek)
{
	ASSERT_EQ(0, mp_fake_plug_features(host, features));
	ASSERT_EQ(0, mp_fake_reach(host, MP_FAKE_IN));
	ASSERT_EQ(0, mp_fake_allow(host, MP_FAKE_DEFLATE, 0));
	ASSERT_EQ(0, mp_fake_want(host, 0));
	ASSERT_EQ(0, mp_fake_pends(host, MP_FAKE_DEFLATE, 1));
	ASSERT_EQ(MP_FAKE_MESSAGE, mp_fake_peek(host, MP_FAKE_DEFLATE, peek));
}

FAKE_F(told_before_pages_are_free)
{
	struct mp_fake_peek peek;
	int i;

	deflate_unread(_metadata, self->host, MP_FAKE_MUST_TELL, &peek);
	for (i = 0; i < 5; i++) {
		usleep(100000);
		EXPECT_EQ(0, mp_fake_free(self->fd, &peek));
	}
	EXPECT_EQ(MP_FAKE_IN, mp_fake_state(self->host).frames);
	EXPECT_EQ(1, mp_fake_queue(self->host, MP_FAKE_DEFLATE).pending);
	ASSERT_EQ(0, mp_fake_allow(self->host, MP_FAKE_DEFLATE, 1));
	EXPECT_EQ(0, mp_fake_answers(self->host, MP_FAKE_DEFLATE, 1));
	EXPECT_EQ(0, mp_fake_most_free(self->fd, &peek));
	ASSERT_EQ(0, mp_fake_allow_all(self->host));
	EXPECT_EQ(0, mp_fake_reach(self->host, 0));
	EXPECT_EQ(MP_FAKE_IN,
		  mp_fake_queue(self->host, MP_FAKE_DEFLATE).pages);
}

FAKE_F(free_at_once_if_nobody_insists)
{
	struct mp_fake_peek peek;

	deflate_unread(_metadata, self->host, 0, &peek);
	EXPECT_EQ(0, mp_fake_most_free(self->fd, &peek));
	EXPECT_EQ(MP_FAKE_IN, mp_fake_state(self->host).frames);
	EXPECT_EQ(1, mp_fake_queue(self->host, MP_FAKE_DEFLATE).pending);
	ASSERT_EQ(0, mp_fake_allow_all(self->host));
	EXPECT_EQ(0, mp_fake_reach(self->host, 0));
}

/* A move that the host has not heard the first word of. */
static __u64 move_unread(struct __test_metadata *_metadata, int host, int fd,
			 __u64 features, struct mp_once *vm)
{
	__u64 pfn;

	ASSERT_EQ(0, mp_fake_plug_features(host, features));
	ASSERT_EQ(0, mp_fake_reach(host, MP_FAKE_IN));
	ASSERT_EQ(0, mp_fake_silence(host));
	pfn = mp_fake_move(host, vm, fd);
	ASSERT_NE(0, pfn);
	return pfn;
}

/* Return: the new frame, of which the host has been told, and nothing else. */
static __u64 move_half_read(struct __test_metadata *_metadata, int host,
			    struct mp_once *vm, __u64 pfn)
{
	struct mp_fake_peek in = {}, out = {};

	ASSERT_EQ(1, mp_fake_peek(host, MP_FAKE_INFLATE, &in));
	EXPECT_NE(pfn, in.pfns[0]);
	EXPECT_EQ(1, mp_once_waits(vm));
	EXPECT_EQ(0, mp_fake_queue(host, MP_FAKE_DEFLATE).pending);
	ASSERT_EQ(0, mp_fake_allow(host, MP_FAKE_INFLATE, 1));
	ASSERT_EQ(0, mp_fake_pends(host, MP_FAKE_DEFLATE, 1));
	EXPECT_EQ(MP_FAKE_IN + 1, mp_fake_state(host).frames);
	ASSERT_EQ(1, mp_fake_peek(host, MP_FAKE_DEFLATE, &out));
	EXPECT_EQ(pfn, out.pfns[0]);
	return in.pfns[0];
}

FAKE_F(move_is_in_then_out)
{
	struct mp_fake_queue_state in, out;
	struct mp_once vm;
	__u64 pfn, dst;

	pfn = move_unread(_metadata, self->host, self->fd, MP_FAKE_MUST_TELL,
			  &vm);
	dst = move_half_read(_metadata, self->host, &vm, pfn);
	EXPECT_EQ(1, mp_once_waits(&vm));
	EXPECT_LT(0, mp_frame_refs(self->fd, pfn));
	ASSERT_EQ(0, mp_fake_allow_all(self->host));
	EXPECT_EQ(0, mp_once_join(&vm));
	in = mp_fake_queue(self->host, MP_FAKE_INFLATE);
	out = mp_fake_queue(self->host, MP_FAKE_DEFLATE);
	EXPECT_EQ(MP_FAKE_IN / MP_FAKE_MESSAGE + 1, in.messages);
	EXPECT_EQ(1, out.messages);
	EXPECT_EQ(MP_FAKE_IN, mp_fake_state(self->host).frames);
	EXPECT_EQ(0, mp_fake_in(self->host, pfn, 1));
	EXPECT_EQ(1, mp_fake_in(self->host, dst, 1));
	EXPECT_EQ(1, mp_vb_stat("migrated"));
}

FAKE_F(move_ends_unread_if_nobody_insists)
{
	struct mp_once vm;
	__u64 pfn;

	pfn = move_unread(_metadata, self->host, self->fd, 0, &vm);
	move_half_read(_metadata, self->host, &vm, pfn);
	EXPECT_EQ(0, mp_once_join(&vm));
	EXPECT_EQ(1, mp_fake_in(self->host, pfn, 1));
	EXPECT_EQ(1, mp_vb_stat("migrated"));
}

/* Asynchronous and synchronous, while nobody else has work. */
FAKE_F(waiting_for_the_host_costs_nothing_R27)
{
	struct mp_once vm;

	move_unread(_metadata, self->host, self->fd, MP_FAKE_MUST_TELL, &vm);
	EXPECT_GE(MP_ONCE_AWAKE, mp_once_awake(&vm));
	EXPECT_EQ(0, mp_once_done(&vm));
	ASSERT_EQ(0, mp_fake_allow_all(self->host));
	EXPECT_EQ(0, mp_once_join(&vm));
}

static int step_compact(struct mp_worker *worker)
{
	return mp_compact();
}

/* Up and down, and the VM moves what is in meanwhile. */
static long storm(struct __test_metadata *_metadata, int host, int fd)
{
	struct mp_worker compactor = { .step = step_compact };
	struct mp_fragment fragment;
	unsigned int seed = 5;
	int i;

	ASSERT_EQ(0, mp_fragment_make(&fragment, fd, 60, 0));
	ASSERT_EQ(0, mp_worker_start(&compactor));
	for (i = 0; i < 200 && mp_vb_stat("migrated") < 500; i++)
		ASSERT_EQ(0, mp_fake_reach(host, rand_r(&seed) % 8192));
	EXPECT_EQ(0, mp_worker_stop(&compactor));
	mp_fragment_end(&fragment);
	return mp_vb_stat("migrated");
}

FAKE_F(account_agrees_after_moves_R1_R2_R3)
{
	struct mp_fake_queue_state in, out;
	long moved, allocated, freed;

	ASSERT_EQ(0, mp_fake_plug_features(self->host, MP_FAKE_MUST_TELL));
	moved = storm(_metadata, self->host, self->fd);
	EXPECT_LE(500, moved);
	ASSERT_EQ(0, mp_fake_reach(self->host, 1000));
	in = mp_fake_queue(self->host, MP_FAKE_INFLATE);
	out = mp_fake_queue(self->host, MP_FAKE_DEFLATE);
	allocated = mp_vb_stat("allocated");
	freed = mp_vb_stat("freed");
	printf("# figure: %ld pages in, %ld out, %ld moved; the host agrees\n",
	       allocated, freed, moved);
	EXPECT_EQ(1000, allocated - freed);
	EXPECT_EQ(1000, in.pages - out.pages);
	/* Two messages for a page that moves: one in, one out. */
	EXPECT_EQ(allocated + moved, in.pages);
	EXPECT_EQ(freed + moved, out.pages);
}

/* The kernel tells of the kill it was asked for by a stack. */
static int oom_child(void)
{
	pid_t child = fork();

	if (child)
		return child;
	if (mp_write_file("/proc/self/oom_score_adj", "1000"))
		_exit(1);
	for (;;)
		pause();
}

static int oom_kill(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		return -errno;
	return WIFSIGNALED(status) ? WTERMSIG(status) : -EINVAL;
}

/*
 * Somebody is out of memory.  The host does not read what the driver can spare,
 * so a process has to go; the pages still are the host's.
 */
FAKE_F(oom_relief_is_owed_to_a_silent_host)
{
	struct mp_fake_peek peek;
	pid_t child;

	ASSERT_EQ(0, mp_fake_plug_features(self->host, MP_FAKE_MUST_TELL |
					   MP_FAKE_ON_OOM));
	ASSERT_EQ(0, mp_fake_reach(self->host, MP_FAKE_IN));
	ASSERT_EQ(0, mp_fake_allow(self->host, MP_FAKE_DEFLATE, 0));
	child = oom_child();
	ASSERT_LT(0, child);
	usleep(100000);
	mp_kmsg_say("mp-allow-begin: ", "out_of_memory");
	ASSERT_EQ(0, mp_write_file("/proc/sysrq-trigger", "f"));
	ASSERT_EQ(0, mp_fake_pends(self->host, MP_FAKE_DEFLATE, 1));
	ASSERT_EQ(MP_FAKE_MESSAGE,
		  mp_fake_peek(self->host, MP_FAKE_DEFLATE, &peek));
	EXPECT_EQ(SIGKILL, oom_kill(child));
	mp_kmsg_say("mp-expect-end", "");
	EXPECT_EQ(0, mp_fake_free(self->fd, &peek));
	ASSERT_EQ(0, mp_fake_want(self->host, MP_FAKE_IN - MP_FAKE_MESSAGE));
	ASSERT_EQ(0, mp_fake_allow_all(self->host));
	EXPECT_EQ(0, mp_fake_most_free(self->fd, &peek));
	EXPECT_EQ(0, mp_fake_becomes(self->host,
				     MP_FAKE_IN - MP_FAKE_MESSAGE));
}

TEST_HARNESS_MAIN
