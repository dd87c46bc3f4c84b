/* Assembly whose frames only full CFI describes, and some that nothing describes, between main and
 * burn(): stack_cfi MILLISECONDS. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

static volatile uint64_t sink;
static uint64_t wanted_ns;

static __attribute__((noinline)) void burn(void)
{
	struct timespec now;
	uint64_t start = 0, ns;

	do {
		for (unsigned i = 0; i < 20000; i++)
			sink = sink * 6364136223846793005u + i;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
		ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
		if (!start)
			start = ns;
	} while (ns - start < wanted_ns);
}

#define FUNCTION(name, body)                                                                       \
	void name(void (*inner)(void), void *stack);                                               \
	__asm__(".text\n.type " #name ", @function\n" #name ":\n.cfi_startproc\n" body             \
	        ".cfi_endproc\n.size " #name ", .-" #name "\n")

/* The CFA is what lies at RSP + 8, plus 16: DW_OP_breg7 8, deref, plus_uconst 16. */
FUNCTION(by_cfa_expression, "push %rbx\n"
                            ".cfi_def_cfa_offset 16\n"
                            ".cfi_offset %rbx, -16\n"
                            "mov %rsp, %rbx\n"
                            "sub $32, %rsp\n"
                            "and $-16, %rsp\n"
                            "mov %rbx, 8(%rsp)\n"
                            ".cfi_escape 0x0f, 5, 0x77, 8, 0x06, 0x23, 16\n"
                            "call *%rdi\n"
                            "mov %rbx, %rsp\n"
                            ".cfi_def_cfa %rsp, 16\n"
                            "pop %rbx\n"
                            ".cfi_def_cfa_offset 8\n"
                            "ret\n");

/* RBP is saved where RSP + 16 points to (DW_CFA_expression 6: breg7 16, deref), and so is RBX, in
 * which the frame outside of it keeps its CFA. */
FUNCTION(by_expression, "push %rbp\n"
                        ".cfi_def_cfa_offset 16\n"
                        ".cfi_offset %rbp, -16\n"
                        "mov %rsp, %rax\n"
                        "sub $48, %rsp\n"
                        ".cfi_def_cfa_offset 64\n"
                        "mov %rax, 16(%rsp)\n"
                        ".cfi_escape 0x10, 6, 3, 0x77, 16, 0x06\n"
                        "mov $1, %ebp\n"
                        "call *%rdi\n"
                        "add $48, %rsp\n"
                        ".cfi_def_cfa_offset 16\n"
                        ".cfi_offset %rbp, -16\n"
                        "pop %rbp\n"
                        ".cfi_def_cfa_offset 8\n"
                        "ret\n");

/* RBP was what RSP + 8 holds less 1 (DW_CFA_val_expression 6: breg7 8, deref, lit1, minus). */
FUNCTION(by_value_expression, "push %rbp\n"
                              ".cfi_def_cfa_offset 16\n"
                              ".cfi_offset %rbp, -16\n"
                              "sub $32, %rsp\n"
                              ".cfi_def_cfa_offset 48\n"
                              "lea 1(%rbp), %rax\n"
                              "mov %rax, 8(%rsp)\n"
                              ".cfi_escape 0x16, 6, 5, 0x77, 8, 0x06, 0x31, 0x1c\n"
                              "mov $2, %ebp\n"
                              "call *%rdi\n"
                              "add $32, %rsp\n"
                              ".cfi_def_cfa_offset 16\n"
                              ".cfi_offset %rbp, -16\n"
                              "pop %rbp\n"
                              ".cfi_def_cfa_offset 8\n"
                              "ret\n");

/* The call stands behind a branch that ends the frame: its row is the remembered one. */
FUNCTION(by_remembered_state, "push %rbp\n"
                              ".cfi_def_cfa_offset 16\n"
                              ".cfi_offset %rbp, -16\n"
                              "mov %rsp, %rbp\n"
                              ".cfi_def_cfa_register %rbp\n"
                              "test %rdi, %rdi\n"
                              "jnz 1f\n"
                              ".cfi_remember_state\n"
                              "pop %rbp\n"
                              ".cfi_restore %rbp\n"
                              ".cfi_def_cfa %rsp, 8\n"
                              "ret\n"
                              ".cfi_restore_state\n"
                              "1: sub $64, %rsp\n"
                              "call *%rdi\n"
                              "leave\n"
                              ".cfi_restore %rbp\n"
                              ".cfi_def_cfa %rsp, 8\n"
                              "ret\n");

/* Goes on on the stack in RSI, as run-times do that give a function more room. */
FUNCTION(on_other_stack, "push %rbp\n"
                         ".cfi_def_cfa_offset 16\n"
                         ".cfi_offset %rbp, -16\n"
                         "mov %rsp, %rbp\n"
                         ".cfi_def_cfa_register %rbp\n"
                         "mov %rsi, %rsp\n"
                         "call *%rdi\n"
                         "mov %rbp, %rsp\n"
                         "pop %rbp\n"
                         ".cfi_restore %rbp\n"
                         ".cfi_def_cfa %rsp, 8\n"
                         "ret\n");

/* No CFI: RBP is a frame pointer. */
void by_frame_pointer(void (*inner)(void), void *stack);
__asm__(".text\n.type by_frame_pointer, @function\nby_frame_pointer:\n"
        "push %rbp\n"
        "mov %rsp, %rbp\n"
        "call *%rdi\n"
        "pop %rbp\n"
        "ret\n"
        ".size by_frame_pointer, .-by_frame_pointer\n");

/* No CFI, and RBP is none. */
void by_nothing(void (*inner)(void), void *stack);
__asm__(".text\n.type by_nothing, @function\nby_nothing:\n"
        "push %rbp\n"
        "sub $32, %rsp\n"
        "mov $3, %ebp\n"
        "call *%rdi\n"
        "add $32, %rsp\n"
        "pop %rbp\n"
        "ret\n"
        ".size by_nothing, .-by_nothing\n");

int main(int argc, char **argv)
{
	enum { STACK_BYTES = 64 * 1024 };
	static const struct {
		const char *name;
		void (*call)(void (*inner)(void), void *stack);
	} cases[] = {
	    {"cfa-expression", by_cfa_expression},   {"expression", by_expression},
	    {"val-expression", by_value_expression}, {"remembered", by_remembered_state},
	    {"frame-pointer", by_frame_pointer},     {"nothing", by_nothing},
	    {"split-below", on_other_stack},         {"split-above", on_other_stack},
	};
	/* Below and above this stack: the frame outside of it is then at a higher and at a lower
	 * address. */
	static uint8_t below[STACK_BYTES] __attribute__((aligned(16)));
	void *above = mmap((void *)0x7fffff000000, STACK_BYTES, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	wanted_ns = (argc > 1 ? strtoull(argv[1], NULL, 10) : 100) * 1000000u;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *stack = strcmp(cases[i].name, "split-above") == 0 ? above : below;

		prctl(PR_SET_NAME, cases[i].name);
		cases[i].call(burn, stack + STACK_BYTES);
		__asm__ volatile("" ::: "memory");
	}
	return 0;
}
