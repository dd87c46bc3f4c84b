/* Copies the stacks of calls that begin. Part of meter.bpf.c.
 *
 * Of each call up to a rate, for each CPU by itself: so many a second, and half a second's
 * worth at once; larger stacks count as several. A CPU that has used up half of that takes as many
 * at random as it gets anew in each window, judged by the calls of the one before.
 */
#ifndef IO_BPF_STACK_H
#define IO_BPF_STACK_H

enum {
	STACK_WINDOW_NS = 10000000,
	STACK_WINDOWS_A_SECOND = 100,
	SECOND_NS = 1000000000,
	/* Calls and their details keep the other part of the ring. */
	STACK_PART = 2,
	LARGEST_STACK = 8 << 20,    /* the usual limit */
	STACK_UNIT_BYTES = 2048,    /* larger ones count as several */
	UNKNOWN_STACK_BYTES = 4096, /* copied where nobody knows where the stack ends */
	MOST_STACK_BYTES = METER_STACK_BYTES - METER_PAGE_BYTES,
};

const volatile __u32 stacks_a_second; /* 0: none are wanted */

struct stack_budget {
	__u64 window_ns; /* when the window began */
	__u64 odds;      /* of 2^32, for each call of the window; 0: all */
	__u32 n_calls;   /* in the window */
	__u32 n_taken;   /* of these, stacks */
	__u32 n_units;   /* that these count as */
	__u32 n_left;    /* that may be taken at once */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stack_budget);
} stack_budgets SEC(".maps");

/* By CPU: a value of each is not to be larger than 32 KB (PCPU_MIN_UNIT_SIZE). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the driver chooses */
	__type(key, __u32);
	__type(value, struct meter_stack);
} stack_scratch SEC(".maps");

/* By the size of those that were taken: as many again would count as this. */
static __u64 units_of(const struct stack_budget *budget)
{
	return budget->n_taken ? (__u64)budget->n_calls * budget->n_units / budget->n_taken
	                       : budget->n_calls;
}

static void begin_window(struct stack_budget *budget, __u64 now_ns)
{
	__u32 most = stacks_a_second / 2 + 1,
	      a_window = stacks_a_second / STACK_WINDOWS_A_SECOND + 1;
	__u64 elapsed_ns = now_ns - budget->window_ns;
	__u64 n_left = most, n_units = units_of(budget);

	if (elapsed_ns < SECOND_NS)
		n_left = budget->n_left + elapsed_ns * stacks_a_second / SECOND_NS;
	budget->n_left = n_left < most ? n_left : most;
	budget->odds = 0;
	if (budget->n_left < most / 2 && elapsed_ns < 2 * STACK_WINDOW_NS && n_units > a_window)
		budget->odds = ((__u64)a_window << 32) / n_units;
	budget->n_calls = budget->n_taken = budget->n_units = 0;
	budget->window_ns = now_ns;
}

/* Is this call's stack to be taken? */
static bool is_taken(struct stack_budget *budget, __u64 now_ns)
{
	if (now_ns - budget->window_ns >= STACK_WINDOW_NS)
		begin_window(budget, now_ns);
	budget->n_calls++;
	return budget->n_left && (!budget->odds || bpf_get_prandom_u32() < budget->odds);
}

static void pay(struct stack_budget *budget, __u32 len_bytes)
{
	__u32 n_units = 1 + len_bytes / STACK_UNIT_BYTES;

	budget->n_taken++;
	budget->n_units += n_units;
	budget->n_left -= n_units < budget->n_left ? n_units : budget->n_left;
}

/* Nothing above it is of interest: a program's first thread begins there, and the C library has
 * another one's own block behind its stack. */
static __u64 stack_bytes(__u64 sp)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 bytes = READ(__u64, READ(void *, task, task_mm), mm_start_stack) - sp;

	if (bytes >= LARGEST_STACK)
		bytes = READ(__u64, PLACE(task, task_thread), thread_fs_base) - sp;
	if (bytes >= LARGEST_STACK)
		bytes = UNKNOWN_STACK_BYTES;
	return bytes < MOST_STACK_BYTES ? bytes : MOST_STACK_BYTES;
}

static void copy_registers(struct meter_stack *stack, const struct pt_regs *regs)
{
	stack->registers[0] = regs->ax;
	stack->registers[1] = regs->bx;
	stack->registers[2] = regs->cx;
	stack->registers[3] = regs->dx;
	stack->registers[4] = regs->si;
	stack->registers[5] = regs->di;
	stack->registers[6] = regs->bp;
	stack->registers[7] = regs->sp;
	stack->registers[8] = regs->ip;
	stack->registers[9] = regs->r8;
	stack->registers[10] = regs->r9;
	stack->registers[11] = regs->r10;
	stack->registers[12] = regs->r11;
	stack->registers[13] = regs->r12;
	stack->registers[14] = regs->r13;
	stack->registers[15] = regs->r14;
	stack->registers[16] = regs->r15;
}

struct page_copying {
	struct meter_stack *stack;
	__u64 sp;
	__u32 done;
};

/* What the helper cannot read it leaves zero. */
static long copy_page(__u32 index, struct page_copying *copying)
{
	__u32 left = copying->stack->len_bytes - copying->done;
	__u64 addr = copying->sp + copying->done;
	__u64 at = copying->done;
	__u64 bytes = METER_PAGE_BYTES - addr % METER_PAGE_BYTES;

	if (bytes > left)
		bytes = left;
	barrier_var(bytes);
	barrier_var(at);
	if (!bytes || bytes > METER_PAGE_BYTES || at > MOST_STACK_BYTES)
		return 1;
	if (bpf_probe_read_user(copying->stack->data + at, bytes, (void *)addr))
		copying->stack->missing |= 1u << index;
	copying->done += bytes;
	return 0;
}

/* At once; where some of it is not in RAM, or was never used, page by page. */
static void copy_stack(struct meter_stack *stack, __u64 sp)
{
	__u64 len_bytes = stack->is_32_bit ? 0 : stack_bytes(sp);
	struct page_copying copying = {stack, sp, 0};

	barrier_var(len_bytes); /* the verifier wants this very number compared */
	if (len_bytes > MOST_STACK_BYTES)
		len_bytes = MOST_STACK_BYTES;
	stack->len_bytes = len_bytes;
	stack->missing = 0;
	if (len_bytes && bpf_probe_read_user(stack->data, len_bytes, (void *)sp))
		bpf_loop(METER_STACK_BYTES / METER_PAGE_BYTES, copy_page, &copying, 0);
}

static __u8 tell_copy(const struct meter_stack *stack, __u64 unread)
{
	__u64 len_bytes = stack->len_bytes, mark = ring_bytes / 4;
	__u64 flags =
	    unread < mark && unread + len_bytes >= mark ? BPF_RB_FORCE_WAKEUP : flags_at(unread);

	barrier_var(len_bytes);
	if (len_bytes > METER_STACK_BYTES ||
	    bpf_ringbuf_output(&ring, (void *)stack, offsetof(struct meter_stack, data) + len_bytes,
	                       flags))
		return METER_STACK_LOST;
	return METER_STACK_TOLD;
}

/* Returns an enum meter_stack_state. */
static __noinline int tell_stack(const struct pt_regs *regs, __u64 now_ns)
{
	__u32 zero = 0, cpu = bpf_get_smp_processor_id();
	struct stack_budget *budget = bpf_map_lookup_elem(&stack_budgets, &zero);
	struct meter_stack *stack = bpf_map_lookup_elem(&stack_scratch, &cpu);
	__u64 unread = unread_bytes();

	if (!stack || !budget || !is_taken(budget, now_ns))
		return METER_STACK_NOT_TAKEN;
	if (unread > ring_bytes / STACK_PART)
		return METER_STACK_LOST;
	stack->head = (struct meter_head){METER_STACK, current_tid(), now_ns};
	stack->is_32_bit = regs->cs == USER32_CS;
	copy_registers(stack, regs);
	copy_stack(stack, regs->sp);
	pay(budget, stack->len_bytes);
	return tell_copy(stack, unread);
}

#endif
