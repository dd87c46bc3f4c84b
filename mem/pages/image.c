/* Makes images, and passes turns in the order in which they were asked for. */
#include "mem/pages/image.h"

#include "core/alloc.h"
#include "core/proc_file.h"
#include "core/trace/tracee.h"

#include <stdlib.h>
#include <string.h>

/* Between two looks at resident memory, which take some us. */
enum { FIRST_INTERVAL_NS = 1000000 };

struct pages_image *pages_image_new(pid_t pid, const char *command)
{
	struct pages_image *image = xcalloc(1, sizeof(*image));

	image->pid = pid;
	image->command = xstrdup(command);
	moments_init(&image->moments, FIRST_INTERVAL_NS);
	tracee_read_comm(pid, image->comm, sizeof(image->comm));
	image->executable = proc_file_link(pid, "exe");
	return image;
}

void pages_image_free(struct pages_image *image)
{
	if (!image)
		return;
	pages_space_fini(&image->space);
	moments_fini(&image->moments);
	free(image->command);
	free(image->executable);
	free(image->waiting);
	free(image);
}

static void give_turn(struct pages_image *image, pid_t tid)
{
	image->turn = tid;
	image->turn_sleep = (struct tracee_sleep){0};
}

bool pages_image_take_turn(struct pages_image *image, pid_t tid)
{
	if (image->n_out_of_turn)
		return true;
	if (!image->turn)
		give_turn(image, tid);
	if (image->turn != tid)
		*ARRAY_APPEND(image->waiting, image->n_waiting, image->waiting_capacity) = tid;
	return image->turn == tid;
}

static void remove_waiting(struct pages_image *image, size_t at)
{
	image->n_waiting--;
	memmove(image->waiting + at, image->waiting + at + 1,
	        (image->n_waiting - at) * sizeof(*image->waiting));
}

pid_t pages_image_pass_turn(struct pages_image *image, pid_t tid)
{
	for (size_t i = 0; i < image->n_waiting; i++)
		if (image->waiting[i] == tid)
			remove_waiting(image, i--);
	if (image->turn != tid)
		return 0;
	give_turn(image, image->n_waiting ? image->waiting[0] : 0);
	if (image->turn)
		remove_waiting(image, 0);
	return image->turn;
}
