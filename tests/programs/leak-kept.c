/* What glibc keeps of threads that have ended and of what was loaded, and would give back when it
 * is asked to (--run-libc-freeres=yes): the table at the end. With it the answers are of what is
 * lost and suppressed, without it of everything. */
#include "tests/programs/leak.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <search.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static __thread void *volatile local_to_thread;
static sem_t told;

static void *end_only(void *unused)
{
	return unused;
}

static void *sleep_only(void *unused)
{
	sem_post(&told);
	for (;;)
		pause();
	return unused;
}

LEAK_APART void join_some(int n, void *(*body)(void *))
{
	pthread_t threads[8];

	for (int i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, body, NULL))
			abort();
	for (int i = 0; i < n; i++)
		if (pthread_join(threads[i], NULL))
			abort();
}

/* The kernel wipes the id when it has done with the thread: as pthread_join(3) knows it. */
LEAK_APART void wait_for_end(pid_t thread)
{
	while (!syscall(SYS_tgkill, getpid(), thread, 0))
		sched_yield();
}

static void *tell_and_end(void *id)
{
	*(pid_t *)id = (pid_t)syscall(SYS_gettid);
	sem_post(&told);
	return NULL;
}

LEAK_APART void end_unjoined(void *(*body)(void *), int is_detached)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pid_t id;

	pthread_attr_init(&attributes);
	if (is_detached)
		pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attributes, body, &id))
		abort();
	sem_wait(&told);
	wait_for_end(id);
	pthread_attr_destroy(&attributes);
}

static void joined(void)
{
	join_some(3, end_only);
}

static void detached(void)
{
	end_unjoined(tell_and_end, 1);
}

static void forgotten(void)
{
	end_unjoined(tell_and_end, 0);
}

static void forgotten_beside_joined(void)
{
	end_unjoined(tell_and_end, 0);
	join_some(2, end_only);
}

LEAK_APART void start_sleeper(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleep_only, NULL))
		abort();
	sem_wait(&told);
}

static void living_beside_joined(void)
{
	join_some(1, end_only);
	/* On the kept stack. */
	start_sleeper();
	join_some(1, end_only);
}

/* In a variable of the thread, and in what pthread_setspecific(3) has without a destructor. */
static void *end_holding(void *id)
{
	local_to_thread = take(100);
	clear_stack();
	return id ? tell_and_end(id) : NULL;
}

static void held_by_joined(void)
{
	join_some(1, end_holding);
}

static void held_by_detached(void)
{
	end_unjoined(end_holding, 1);
}

static void held_by_forgotten(void)
{
	end_unjoined(end_holding, 0);
}

static void *end_holding_list(void *unused)
{
	void **head = take(24);

	*head = take(40);
	local_to_thread = head;
	clear_stack();
	return unused;
}

static void list_held_by_joined(void)
{
	join_some(1, end_holding_list);
}

static const char *library_path(void)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 32);

	if (length < 0)
		abort();
	path[length] = '\0';
	strcpy(strrchr(path, '/') + 1, "leak-library");
	return path;
}

static void **(*place_of)(int);

LEAK_APART void *open_library(void)
{
	void *library = dlopen(library_path(), RTLD_NOW);

	if (!library)
		abort();
	*(void **)&place_of = dlsym(library, "leak_library_place");
	return library;
}

static void opened(void)
{
	open_library();
	clear_stack();
}

static void closed(void)
{
	dlclose(open_library());
}

/* A thread's variables of a library that was opened after it began are in a block. */
static void *use_library(void *unused)
{
	*place_of(1) = NULL;
	return unused;
}

static void *hold_in_library(void *unused)
{
	*place_of(1) = take(100);
	clear_stack();
	return unused;
}

static void library_in_joined(void)
{
	open_library();
	join_some(2, use_library);
}

static void held_in_library_by_joined(void)
{
	open_library();
	join_some(1, hold_in_library);
}

static void child_of_joined(void)
{
	join_some(2, end_only);
	if (!fork()) {
		take(50);
		clear_stack();
		exit(0);
	}
	wait(NULL);
}

/* A child has one thread: the others' stacks are kept there. */
static void child_beside_living(void)
{
	start_sleeper();
	if (!fork()) {
		take(50);
		clear_stack();
		exit(0);
	}
	wait(NULL);
}

/* memcheck does not ask the library then. */
static void joined_and_killed(void)
{
	join_some(2, end_holding);
	clear_stack();
	raise(SIGKILL);
}

/* What looks like what the library keeps, but is the program's own: a block whose words say of
 * themselves where it begins, and a list like that of kept stacks. */
static void alike(void)
{
	static void *volatile inner, *volatile ring[2];
	uint64_t *table = zeroed(aligned_alloc(128, 2304), 2304), *page;

	table[17] = (uint64_t)table;
	inner = table + 16;
	__asm__ volatile("" ::"r"(&inner) : "memory");
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	page[512] = page[514] = (uint64_t)(page + 512);
	page[513] = (uint64_t)((char *)take(288) + 16);
	page[600] = page[601] = (uint64_t)ring;
	ring[0] = ring[1] = page + 600;
	clear_stack();
}

/* libc remembers values in a tree, whose pointers say in their lowest bit what colour a node has.
 */
static void environment(void)
{
	clearenv();
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "NAME%d", i * 37 % 100);
		setenv(name, "value", 1);
	}
	clear_stack();
}

/* The first node is a red one then, for a while. */
static void small_environment(void)
{
	clearenv();
	setenv("A", "value", 1);
	setenv("B", "value", 1);
	setenv("C", "value", 1);
	setenv("D", "value", 1);
	clear_stack();
}

/* The same tree is the program's own affair. */
static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void own_tree(void)
{
	static void *root;

	for (int i = 0; i < 100; i++) {
		char *key = take(16);

		snprintf(key, 16, "NAME%d", i * 37 % 100);
		tsearch(key, &root, compare);
	}
	clear_stack();
}

/* The size of a thread's vector depends on the libraries, and is found in it (elf/dl-tls.c). */
static void *find_size(void *unused)
{
	size_t **self;

	(void)unused;
	__asm__("mov %%fs:0, %0" : "=r"(self));
	return (void *)((self[1][-2] + 2) * 16);
}

static size_t vector_size(void)
{
	pthread_t thread;
	void *size;

	if (pthread_create(&thread, NULL, find_size, NULL) || pthread_join(thread, &size))
		abort();
	return (size_t)size;
}

/* "v3" is three vectors. */
static const char *with_sizes(const char *answer, size_t size)
{
	static char texts[64][128];
	static size_t n_texts;
	char *text = texts[n_texts++ % 64], *end = text;

	for (; *answer; answer++) {
		if (*answer == 'v') {
			unsigned long n = strtoul(answer + 1, (char **)&answer, 10);

			end += sprintf(end, "%zu/%lu", n * size, n);
		}
		*end++ = *answer;
		if (!*answer)
			break;
	}
	*end = '\0';
	return text;
}

#define KEPT(name, make, freed, not_freed) LEAKS_BY("freeres", name, make, freed, not_freed)

static struct leak_case cases[] = {
    KEPT("joined", joined, "suppressed v3", "possible v3"),
    KEPT("detached", detached, "suppressed v1", "possible v1"),
    KEPT("forgotten", forgotten, "possible v1", "possible v1"),
    KEPT("forgotten-beside-joined", forgotten_beside_joined, "possible v1 suppressed v2",
         "possible v3"),
    KEPT("living-beside-joined", living_beside_joined, "possible v1 suppressed v1", "possible v2"),
    KEPT("held-by-joined", held_by_joined, "definite 100/1 suppressed v1",
         "possible v1 reachable 100/1"),
    KEPT("held-by-detached", held_by_detached, "definite 100/1 suppressed v1",
         "possible v1 reachable 100/1"),
    KEPT("held-by-forgotten", held_by_forgotten, "possible v1", "possible v1 reachable 100/1"),
    KEPT("list-held-by-joined", list_held_by_joined, "definite 24/1 indirect 40/1 suppressed v1",
         "possible v1 reachable 64/2"),
    KEPT("opened", opened, "suppressed 2304/1", "?"),
    KEPT("closed", closed, "suppressed 2304/1", "possible 2304/1"),
    KEPT("library-in-joined", library_in_joined, "?", "?"),
    KEPT("held-in-library-by-joined", held_in_library_by_joined, "?", "?"),
    KEPT("child-of-joined", child_of_joined, "suppressed v2; definite 50/1 suppressed v2",
         "possible v2; definite 50/1 possible v2"),
    KEPT("child-beside-living", child_beside_living, "possible v1; definite 50/1 suppressed v1",
         "possible v1; definite 50/1 possible v1"),
    KEPT("environment", environment, "?", "?"),
    KEPT("small-environment", small_environment, "?", "?"),
    KEPT("own-tree", own_tree, "?", "?"),
    KEPT("alike", alike, "possible 2592/2", "possible 2592/2"),
};

int main(int argc, char **argv)
{
	static const struct leak_case killed[] = {
	    LEAKS("joined-and-killed", joined_and_killed, "definite 200/2"),
	};

	sem_init(&told, 0, 0);
	if (argc > 1 && !strcmp(argv[1], killed->name))
		return leak_main(argc, argv, killed, 1);
	if (argc > 1 && !strcmp(argv[1], "list")) {
		size_t size = vector_size();

		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			cases[i].answer = with_sizes(cases[i].answer, size);
			cases[i].otherwise = with_sizes(cases[i].otherwise, size);
		}
	}
	return leak_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
