/* A recording gives back what was put in, each object, thread and stack once. */
#include "core/recording.h"

#include "core/stack_table.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const struct value_type types[] = {{"samples", "count"}, {"cpu", "nanoseconds"}};

static struct recording *new_recording(void)
{
	return recording_new(types, 2);
}

static struct object file_object(char *path, uint64_t inode)
{
	return (struct object){
	    .kind = OBJECT_FILE, .path = path, .pid = 7, .fd = -1, .device = 3, .inode = inode};
}

static int any_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void one_file_of_two_processes_is_one_object(void **state)
{
	struct recording *recording = new_recording();
	struct object libc = file_object("/lib/libc.so.6", 10);
	uint32_t id = recording_add_object(recording, &libc);

	(void)state;
	libc.pid = 8;
	assert_int_equal(recording_add_object(recording, &libc), id);
	assert_int_equal(recording_n_objects(recording), 1);
	assert_string_equal(recording_object(recording, id)->path, "/lib/libc.so.6");
	assert_ptr_not_equal(recording_object(recording, id)->path, libc.path);
	recording_free(recording);
}

static void a_replaced_file_is_another_object(void **state)
{
	struct recording *recording = new_recording();
	struct object object = file_object("/bin/x", 10);
	uint32_t old = recording_add_object(recording, &object);

	(void)state;
	object.inode = 11;
	assert_int_not_equal(recording_add_object(recording, &object), old);
	object.build_id_len = 4;
	memcpy(object.build_id, "\1\2\3\4", 4);
	recording_add_object(recording, &object);
	object.build_id[3] = 5;
	recording_add_object(recording, &object);
	assert_int_equal(recording_n_objects(recording), 4);
	recording_free(recording);
}

static void anonymous_memory_belongs_to_one_process(void **state)
{
	struct recording *recording = new_recording();
	struct object object = {.kind = OBJECT_ANONYMOUS, .pid = 7, .fd = -1};
	uint32_t first = recording_add_object(recording, &object);

	(void)state;
	assert_string_equal(recording_object(recording, first)->path, "");
	object.pid = 8;
	assert_int_not_equal(recording_add_object(recording, &object), first);
	object.pid = 7;
	assert_int_equal(recording_add_object(recording, &object), first);
	recording_free(recording);
}

static void every_handle_given_is_closed_at_the_end(void **state)
{
	struct recording *recording = new_recording();
	struct object object = file_object("/bin/x", 10);
	int kept;
	int surplus;

	(void)state;
	recording_add_object(recording, &object);
	object.fd = kept = any_fd();
	recording_add_object(recording, &object);
	assert_int_equal(recording_object(recording, 0)->fd, kept);
	object.fd = surplus = any_fd();
	recording_add_object(recording, &object);
	assert_int_equal(recording_object(recording, 0)->fd, kept);
	assert_false(is_open(surplus));
	assert_true(is_open(kept));
	recording_free(recording);
	assert_false(is_open(kept));
}

static void pointers_to_objects_last(void **state)
{
	struct recording *recording = new_recording();
	struct object object = file_object("/bin/x", 0);
	uint32_t id = recording_add_object(recording, &object);
	const struct object *first = recording_object(recording, id);

	(void)state;
	for (uint64_t inode = 1; inode < 100; inode++) {
		object.inode = inode;
		recording_add_object(recording, &object);
	}
	assert_ptr_equal(recording_object(recording, id), first);
	recording_free(recording);
}

static void a_thread_that_renames_itself_is_two_rows(void **state)
{
	struct recording *recording = new_recording();
	uint32_t sh = recording_add_thread(recording, 7, 7, "sh");
	uint32_t ls = recording_add_thread(recording, 7, 7, "ls");

	(void)state;
	assert_int_not_equal(sh, ls);
	assert_int_equal(recording_add_thread(recording, 7, 7, "sh"), sh);
	assert_int_not_equal(recording_add_thread(recording, 7, 8, "sh"), sh);
	assert_int_equal(recording_n_threads(recording), 3);
	recording_add_thread(recording, 9, 9, "a name of more than fifteen bytes");
	assert_string_equal(recording_thread(recording, 3)->comm, "a name of more ");
	recording_free(recording);
}

static void frames_come_back_as_they_went_in(void **state)
{
	struct recording *recording = new_recording();
	struct object object = file_object("/bin/x", 10);
	uint32_t x = recording_add_object(recording, &object);
	const struct recorded_frame frames[] = {
	    {.object = x, .vaddr = 0x30},
	    {.object = x, .is_return = true, .vaddr = 0xffffffffffff0020},
	    {.object = x, .is_return = true, .vaddr = 0x10},
	};
	uint32_t stack = recording_add_stack(recording, frames, 3);

	(void)state;
	assert_int_equal(recording_add_stack(recording, NULL, 0), 0);
	assert_int_equal(recording_add_stack(recording, frames, 3), stack);
	for (size_t i = 0; i < 3; i++) {
		struct recorded_frame frame = recording_frame(recording, stack, &stack);

		assert_int_equal(frame.object, frames[i].object);
		assert_int_equal(frame.is_return, frames[i].is_return);
		assert_true(frame.vaddr == frames[i].vaddr);
	}
	assert_int_equal(stack, 0);
	assert_int_equal(stack_table_count(recording_stacks(recording)), 3);
	recording_free(recording);
}

static void samples_keep_their_order_and_values(void **state)
{
	enum { N_SAMPLES = 1000 };
	struct recording *recording = new_recording();

	(void)state;
	recording_add_thread(recording, 7, 7, "x");
	for (uint64_t i = 0; i < N_SAMPLES; i++)
		recording_add_sample(recording, (struct sample){.time_ns = i},
		                     (uint64_t[]){1, i * i});
	assert_int_equal(recording_n_samples(recording), N_SAMPLES);
	for (uint64_t i = 0; i < N_SAMPLES; i++) {
		const uint64_t *values;
		struct sample sample = recording_sample(recording, i, &values);

		assert_int_equal(sample.time_ns, i);
		assert_int_equal(values[0], 1);
		assert_int_equal(values[1], i * i);
	}
	recording_free(recording);
}

static void losses_of_one_kind_add_up(void **state)
{
	struct recording *recording = new_recording();
	char what[] = "samples lost by the kernel ring";

	(void)state;
	recording_add_loss(recording, what, 3);
	recording_add_loss(recording, "stacks truncated", 1);
	recording_add_loss(recording, what, 4);
	memset(what, 'x', sizeof(what) - 1); /* the text was copied */
	assert_int_equal(recording_n_losses(recording), 2);
	assert_int_equal(recording_loss(recording, 0).count, 7);
	assert_string_equal(recording_loss(recording, 0).what, "samples lost by the kernel ring");
	recording_free(recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_file_of_two_processes_is_one_object),
	    cmocka_unit_test(a_replaced_file_is_another_object),
	    cmocka_unit_test(anonymous_memory_belongs_to_one_process),
	    cmocka_unit_test(every_handle_given_is_closed_at_the_end),
	    cmocka_unit_test(pointers_to_objects_last),
	    cmocka_unit_test(a_thread_that_renames_itself_is_two_rows),
	    cmocka_unit_test(frames_come_back_as_they_went_in),
	    cmocka_unit_test(samples_keep_their_order_and_values),
	    cmocka_unit_test(losses_of_one_kind_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
