/* Has the programs loaded, attaches them, and empties the ring. */
#include "io/bpf/meter.h"

#include "core/alloc.h"
#include "core/diag.h"
#include "core/proc_file.h"
#include "core/target/capability.h"
#include "core/trace/tracee.h"
#include "io/bpf/loading.h"
#include "io/bpf/plan.h"
#include "io/bpf/wire.h"
#include "io/syscalls.h"
#include "io/trace_set.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Generated, of types in wire.h. */
#include "io/bpf/meter.skel.h"

#ifndef CAP_BPF /* Linux 5.8 */
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

#ifndef PIDFD_THREAD /* Linux 6.9 */
#define PIDFD_THREAD O_EXCL
#endif

_Static_assert(METER_CALL_NUMBERS == (int)SYSCALL_NUMBERS && METER_ABIS == (int)N_ABIS,
               "plans are looked up by what io/syscalls.h numbers");
_Static_assert((int)METER_ABI_X86_64 == ABI_X86_64 && (int)METER_ABI_X32 == ABI_X32 &&
                   (int)METER_ABI_I386 == ABI_I386,
               "records name the entries into the kernel as io/syscalls.h does");

enum {
	/* PROC_USER_INIT_INO and PROC_PID_INIT_INO of linux/proc_ns.h */
	INITIAL_USER_NAMESPACE = (int)0xEFFFFFFD,
	INITIAL_PID_NAMESPACE = (int)0xEFFFFFFC,
	DEFAULT_RING_BYTES = 1 << 24,
	DEFAULT_STACKS_RING_BYTES = 1 << 26,
	LOOK_INTERVAL_MS = 100, /* at the ring, when it does not fill before */
};

struct plans {
	struct meter_plan known[METER_ABIS][METER_CALL_NUMBERS];
	struct meter_plan unknown;
};

struct bpf_meter {
	const struct trace_set *set;
	uint32_t ring_bytes;
	struct bpf_loading *loading; /* NULL: it is over */
	struct bpf_loaded loaded;
	struct meter__bss *shared; /* what the programs share with us, once loaded */
	struct bpf_reader *reader; /* NULL: the ring is not mapped */
	int timer_fd;
	int poll_fd;    /* the timer, or a ring that is filling */
	uint32_t epoch; /* of the repeat that is measured, or was */
	struct bpf_meter_losses former_misses;
};

static bool is_locked_down(void)
{
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char text[128] = "";
	bool is_locked;

	if (!file)
		return false;
	is_locked = fgets(text, sizeof(text), file) && strstr(text, "[confidentiality]");
	fclose(file);
	return is_locked;
}

/* False, too, where nobody knows. */
static bool is_elsewhere(const char *path, unsigned initial)
{
	struct stat namespace;

	return !stat(path, &namespace) && namespace.st_ino != (ino_t)initial;
}

/* Of nothing: who may call it is told that, others why not. */
static int try_call(struct diag *diag)
{
	union bpf_attr attr = {.map_fd = UINT32_MAX};

	if (!syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)))
		return 0;
	if (errno == EPERM || errno == EACCES)
		return diag_fail(
		    diag, errno,
		    "bpf(2) is refused (%s) although the rights for it are there: a seccomp "
		    "filter, as containers have, or lockdown; run the container with "
		    "--security-opt seccomp=unconfined",
		    strerror(errno));
	if (errno == ENOSYS)
		return diag_fail(diag, EOPNOTSUPP,
		                 "this kernel, or a seccomp filter, has no bpf(2): %s",
		                 strerror(errno));
	return 0;
}

int bpf_meter_check(struct diag *diag)
{
	static const struct {
		int number;
		const char *name;
	} needed[] = {{CAP_BPF, "CAP_BPF"}, {CAP_PERFMON, "CAP_PERFMON"}};
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(needed) && !capability_is_held(CAP_SYS_ADMIN); i++)
		if (!capability_is_held(needed[i].number))
			return diag_fail(diag, EPERM,
			                 "BPF programs take %s, which is missing; run as root",
			                 needed[i].name);
	/* There root has these rights, but the kernel asks for those of the initial one. */
	if (is_elsewhere("/proc/self/ns/user", INITIAL_USER_NAMESPACE))
		return diag_fail(diag, EPERM,
		                 "BPF programs take CAP_BPF and CAP_PERFMON outside of user "
		                 "namespaces, and this is one (unshare -U, a rootless container); "
		                 "run as root outside of it (ptrace works inside)");
	if (is_locked_down())
		return diag_fail(diag, EPERM,
		                 "kernel lockdown is at confidentiality, which keeps BPF programs "
		                 "from reading; boot with lockdown=integrity or less");
	err = try_call(diag);
	if (err)
		return err;
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return diag_fail(diag, EOPNOTSUPP,
		                 "the kernel does not tell its types (/sys/kernel/btf/vmlinux: "
		                 "%s), which BPF programs take; use one with CONFIG_DEBUG_INFO_BTF",
		                 strerror(errno));
	/* The kernel's side has the thread ids of the initial one. */
	if (is_elsewhere("/proc/self/ns/pid", INITIAL_PID_NAMESPACE))
		return diag_fail(diag, EOPNOTSUPP,
		                 "in a PID namespace BPF programs see other thread ids than we do; "
		                 "run the container with --pid=host");
	return 0;
}

static void make_plans(struct plans *plans, const struct trace_set *set)
{
	for (int abi = 0; abi < METER_ABIS; abi++)
		for (uint32_t number = 0; number < METER_CALL_NUMBERS; number++)
			plans->known[abi][number] =
			    bpf_plan_of(syscall_find((enum syscall_abi)abi, number), set);
	plans->unknown.tasks = trace_set_has_unnamed(set) ? METER_TELL | METER_IS_CHOSEN : 0;
}

static int watch(const struct bpf_meter *meter, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events};

	return epoll_ctl(meter->poll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Every record would make a polled ring readable; so it counts when it is woken for alone. */
static int make_waitable(struct bpf_meter *meter, struct diag *diag)
{
	meter->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	meter->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (meter->timer_fd < 0 || meter->poll_fd < 0 || watch(meter, meter->timer_fd, EPOLLIN) ||
	    watch(meter, meter->loaded.ring_fd, EPOLLIN | EPOLLET))
		return diag_fail(diag, errno, "cannot wait for the BPF programs: %s",
		                 strerror(errno));
	return 0;
}

int bpf_meter_new(struct bpf_meter **result, const struct bpf_meter_spec *spec, struct diag *diag)
{
	uint32_t default_bytes =
	    spec->stacks_a_second ? DEFAULT_STACKS_RING_BYTES : DEFAULT_RING_BYTES;
	const struct bpf_loading_spec loading = {
	    .ring_bytes = spec->ring_bytes ? spec->ring_bytes : default_bytes,
	    .stacks_a_second = spec->stacks_a_second,
	};
	struct bpf_meter *meter;
	int err = bpf_meter_check(diag);

	if (err)
		return err;
	meter = xcalloc(1, sizeof(*meter));
	meter->timer_fd = meter->poll_fd = meter->loaded.ring_fd = -1;
	meter->ring_bytes = loading.ring_bytes;
	meter->loading = bpf_loading_begin(&loading);
	meter->set = spec->set;
	*result = meter;
	return 0;
}

int bpf_meter_wait(struct bpf_meter *meter, struct diag *diag)
{
	struct bpf_loading *loading = meter->loading;
	struct plans plans;
	int err;

	if (!loading)
		return 0;
	bpf_loading_half(loading);
	make_plans(&plans, meter->set);
	meter->loading = NULL;
	err = bpf_loading_end(loading, &meter->loaded, diag);
	if (err)
		return err;
	meter->shared = meter->loaded.maps->bss;
	memcpy(meter->shared->plans, plans.known, sizeof(plans.known));
	meter->shared->plan_of_unknown = plans.unknown;
	return make_waitable(meter, diag);
}

int bpf_meter_map(struct bpf_meter *meter, struct diag *diag)
{
	int err = meter->reader
	              ? 0
	              : bpf_reader_new(&meter->reader, meter->loaded.ring_fd, meter->ring_bytes);

	return err ? diag_fail(diag, -err, "cannot map the ring of the BPF programs: %s",
	                       strerror(-err))
	           : 0;
}

void bpf_meter_free(struct bpf_meter *meter)
{
	struct diag unsaid;

	if (!meter)
		return;
	if (meter->loading)
		bpf_loading_end(meter->loading, &meter->loaded, &unsaid);
	if (meter->poll_fd >= 0)
		close(meter->poll_fd);
	if (meter->timer_fd >= 0)
		close(meter->timer_fd);
	bpf_reader_free(meter->reader);
	bpf_loaded_free(&meter->loaded);
	free(meter);
}

/* How often the program did not run because it ran already; 0 where it is of the other part. */
static uint64_t misses_of(const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);
	int fd = bpf_program__fd(program);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.recursion_misses;
}

/* Without the start of a call its end is counted all the same. */
static struct bpf_meter_losses misses(const struct bpf_meter *meter)
{
	struct bpf_meter_losses sum = {0};

	for (int i = 0; i < BPF_PARTS; i++) {
		const struct meter *part = meter->loaded.parts[i];

		sum.calls += misses_of(part->progs.call_ends);
		sum.events += misses_of(part->progs.thread_forks) +
		              misses_of(part->progs.program_begins) +
		              misses_of(part->progs.thread_ends);
	}
	return sum;
}

static int mark(struct bpf_meter *meter, pid_t pid)
{
	struct meter_thread thread = {.epoch = ++meter->epoch};
	int process = (int)syscall(SYS_pidfd_open, pid, 0), err;

	if (process < 0)
		return -errno;
	err = bpf_map__update_elem(meter->loaded.maps->maps.threads, &process, sizeof(process),
	                           &thread, sizeof(thread), BPF_ANY);
	close(process);
	return err;
}

/* 0: never. */
static void set_timer(const struct bpf_meter *meter, long first_ns, long interval_ms)
{
	const struct itimerspec times = {
	    .it_interval = {.tv_nsec = interval_ms * 1000000},
	    .it_value = {.tv_nsec = first_ns},
	};

	timerfd_settime(meter->timer_fd, 0, &times, NULL);
}

static int attach(struct bpf_meter *meter, uint64_t begun_ns, struct diag *diag)
{
	struct meter__bss *bss = meter->shared;
	int err = 0;

	bpf_meter_begin(meter, begun_ns);
	bss->lost_calls = bss->lost_details = 0;
	bss->n_children = 0;
	bss->lost_events = bss->lost_threads = 0;
	bss->epoch = meter->epoch;
	meter->former_misses = misses(meter);
	for (int i = 0; i < BPF_PARTS && !err; i++)
		err = meter__attach(meter->loaded.parts[i]);
	if (err)
		return diag_fail(diag, -err, "cannot attach the BPF programs: %s", strerror(-err));
	set_timer(meter, LOOK_INTERVAL_MS * 1000000, LOOK_INTERVAL_MS);
	return 0;
}

int bpf_meter_attach(struct bpf_meter *meter, pid_t pid, uint64_t begun_ns, struct diag *diag)
{
	int err = mark(meter, pid);

	if (err)
		return diag_fail(diag, -err, "cannot mark the target for the BPF programs: %s",
		                 strerror(-err));
	return attach(meter, begun_ns, diag);
}

int bpf_meter_attach_running(struct bpf_meter *meter, uint64_t begun_ns, struct diag *diag)
{
	struct meter__bss *bss = meter->shared;
	int err;

	meter->epoch++;
	bss->root_tid = (uint32_t)gettid();
	err = attach(meter, begun_ns, diag);
	/* Any call will do: it is seen by the program that takes our root. */
	if (!err)
		syscall(SYS_getpid);
	return err;
}

bool bpf_meter_watch(struct bpf_meter *meter, pid_t tid, pid_t pid)
{
	struct meter__bss *bss = meter->shared;
	const struct meter_child child = {
	    .epoch = meter->epoch, .n_returns = 1, .running_pid = (uint32_t)pid};
	const struct bpf_map *children = meter->loaded.maps->maps.children;
	uint32_t key = (uint32_t)tid;
	struct tracee_state state;
	int err;

	__atomic_fetch_add(&bss->n_children, 1, __ATOMIC_SEQ_CST);
	err = bpf_map__update_elem(children, &key, sizeof(key), &child, sizeof(child), BPF_NOEXIST);
	if (err && err != -EEXIST)
		__atomic_fetch_add(&bss->lost_threads, 1, __ATOMIC_SEQ_CST);
	/* One that ended before that would leave its entry. */
	if (!err && (!tracee_read_state(tid, &state) || state.has_ended))
		err = bpf_map__delete_elem(children, &key, sizeof(key), 0) ? 0 : -ESRCH;
	if (err)
		__atomic_fetch_add(&bss->n_children, -1, __ATOMIC_SEQ_CST);
	return !err;
}

void bpf_meter_begin(struct bpf_meter *meter, uint64_t begun_ns)
{
	meter->shared->begun_ns = begun_ns;
}

/* They are detached one by one, and the one that sees calls begin is not the last: a call that
 * began unseen would be taken for one that the target's own filter answered. So all are over at
 * once. */
void bpf_meter_detach(struct bpf_meter *meter)
{
	__atomic_store_n(&meter->shared->epoch, 0, __ATOMIC_SEQ_CST);
	for (int i = 0; i < BPF_PARTS; i++)
		meter__detach(meter->loaded.parts[i]);
	set_timer(meter, 0, 0);
}

/* The kernel waits for a grace period of RCU, in which programs run, after each change of a map of
 * maps, so that whoever made it knows that none runs with what was there before
 * (maybe_wait_bpf_programs()). */
bool bpf_meter_settle(const struct bpf_meter *meter)
{
	int map_fd = bpf_map__fd(meter->loaded.maps->maps.children);
	LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = (uint32_t)map_fd);
	const uint32_t zero = 0;
	int maps_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, NULL, sizeof(zero), sizeof(map_fd),
	                             1, &options);
	bool has_waited;

	if (maps_fd < 0)
		return false;
	has_waited = !bpf_map_update_elem(maps_fd, &zero, &map_fd, BPF_ANY);
	close(maps_fd);
	return has_waited;
}

int bpf_meter_fd(const struct bpf_meter *meter)
{
	return meter->poll_fd;
}

void bpf_meter_read(struct bpf_meter *meter, size_t n_records, bpf_reader_take_fn *take,
                    void *context)
{
	struct epoll_event events[2];
	uint64_t ticks;

	epoll_wait(meter->poll_fd, events, ARRAY_SIZE(events), 0);
	if (read(meter->timer_fd, &ticks, sizeof(ticks)) < 0)
		ticks = 0; /* it was the ring that woke us */
	/* The rest soon, after whatever else waits for the driver. */
	if (bpf_reader_read(meter->reader, n_records, take, context))
		set_timer(meter, 1, LOOK_INTERVAL_MS);
}

static int open_thread(pid_t tid)
{
	int fd = (int)syscall(SYS_pidfd_open, tid, 0);

	return fd < 0 ? (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD) : fd;
}

bool bpf_meter_reaches(pid_t tid)
{
	int fd = open_thread(tid);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool bpf_meter_thread(const struct bpf_meter *meter, pid_t tid, struct meter_thread *thread)
{
	int fd = open_thread(tid), err;

	if (fd < 0)
		return false;
	err = bpf_map__lookup_elem(meter->loaded.maps->maps.threads, &fd, sizeof(fd), thread,
	                           sizeof(*thread), 0);
	close(fd);
	return !err && thread->epoch == meter->epoch;
}

struct bpf_meter_losses bpf_meter_losses(const struct bpf_meter *meter)
{
	const struct meter__bss *bss = meter->shared;
	struct bpf_meter_losses missed = misses(meter);

	return (struct bpf_meter_losses){
	    .calls = bss->lost_calls + missed.calls - meter->former_misses.calls,
	    .details = bss->lost_details,
	    .events =
	        bss->lost_events + bss->lost_threads + missed.events - meter->former_misses.events,
	};
}
