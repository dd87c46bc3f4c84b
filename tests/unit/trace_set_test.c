/* The choice of system calls: strace's syntax, and strace's classes as its own filters show them.
 */
#include "io/trace_set.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trace_set *set_of(const char *text)
{
	struct trace_set *set;
	struct diag diag;

	if (trace_set_new(&set, text, &diag))
		fail_msg("%s: %s", text, diag.text);
	return set;
}

/* Is the call of this name in the set, under the ABI? */
static bool has(const char *text, enum syscall_abi abi, const char *name)
{
	struct trace_set *set = set_of(text);
	bool found = false;

	for (uint32_t number = 0; number < 600; number++) {
		const struct syscall_info *info = syscall_find(abi, number);

		found |= !strcmp(info->name, name) && trace_set_has(set, info);
	}
	trace_set_free(set);
	return found;
}

static void names_and_lists(void **state)
{
	(void)state;
	assert_true(has("read", ABI_X86_64, "read"));
	assert_false(has("read", ABI_X86_64, "readv"));
	assert_true(has("close,read", ABI_X86_64, "read"));
	assert_true(has("close,read", ABI_X86_64, "close"));
	assert_true(has("trace=read,,", ABI_X86_64, "read"));
	assert_true(has("0", ABI_X86_64, "read"));
	assert_true(has("3", ABI_I386, "read"));
}

static void all_abis_unless_one_is_named(void **state)
{
	(void)state;
	assert_true(has("readv", ABI_X32, "readv"));
	assert_true(has("readv", ABI_I386, "readv"));
	assert_true(has("_llseek", ABI_I386, "_llseek"));
	assert_true(has("readv@32", ABI_I386, "readv"));
	assert_false(has("readv@32", ABI_X86_64, "readv"));
	assert_true(has("readv@x32", ABI_X32, "readv"));
	assert_false(has("readv@64", ABI_X32, "readv"));
}

static void expressions(void **state)
{
	(void)state;
	assert_true(has("/^read", ABI_X86_64, "readlinkat"));
	assert_false(has("/^read", ABI_X86_64, "pread64"));
	assert_true(has("/(send|recv)m*msg$", ABI_X86_64, "sendmmsg"));
}

static void all_none_and_their_opposites(void **state)
{
	static const char *const all[] = {NULL, "all", "!none", "!!all", "read,all"};
	static const char *const nothing[] = {"none", "!all", "?no_such_call"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct trace_set *set = set_of(all[i]);

		assert_true(trace_set_is_all(set));
		assert_true(trace_set_has(set, syscall_find(ABI_X86_64, 9999)));
		trace_set_free(set);
	}
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
		assert_false(has(nothing[i], ABI_X86_64, "read"));
		assert_false(has(nothing[i], ABI_X86_64, "getpid"));
	}
}

static void an_exclamation_mark_takes_all_others(void **state)
{
	struct trace_set *set = set_of("!read,write");

	(void)state;
	assert_false(has("!read,write", ABI_X86_64, "read"));
	assert_false(has("!read,write", ABI_X86_64, "write"));
	assert_true(has("!read,write", ABI_X86_64, "close"));
	assert_false(has("!%desc", ABI_X86_64, "close"));
	/* Also those that nobody knows yet. */
	assert_true(trace_set_has(set, syscall_find(ABI_X86_64, 9999)));
	assert_false(trace_set_is_all(set));
	trace_set_free(set);
}

static void a_wrong_word_is_refused_with_the_nearest(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
	    {"raed", "'raed'; did you mean 'read'?"},
	    {"close,%fiel", "'%fiel'; did you mean '%file'?"},
	    {"read,!write", "'!write'"},
	    {"status=failed", "'status=failed'; it takes strace's names"},
	    {"999", "'999'"},
	    {"4294967296", "'4294967296'"},
	    {"99999999999999999999", "'99999999999999999999'"},
	    {"/nothing_like_it", "'/nothing_like_it'"},
	    {"", "''"},
	    {"!", "a name is missing behind '!'"},
	    {"!!,", "a name is missing behind '!'"},
	    {"read,none", "'none'"},
	    {"read@16", "'read@16'"},
	};
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(trace_set_check(cases[i].text, &diag), -EINVAL);
		if (!strstr(diag.text, cases[i].says))
			fail_msg("%s", diag.text);
	}
	assert_int_equal(trace_set_check("/[", &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "regular expressions, not '/['"));
}

/* One instruction of the filter that strace shows under -d. */
struct instruction {
	char op[16];
	unsigned long if_true, if_false, operand;
	bool loads_arch, is_trace;
};

enum { MAX_INSTRUCTIONS = 4096 };

static size_t read_filter(const char *class_word, struct instruction *program)
{
	char command[128], line[256], field[32];
	size_t n = 0;
	FILE *shown;

	snprintf(command, sizeof(command),
	         "strace -d -f --seccomp-bpf -e trace=%s true 2>&1 >/dev/null", class_word);
	shown = popen(command, "r");
	assert_non_null(shown);
	while (fgets(line, sizeof(line), shown) && n < MAX_INSTRUCTIONS) {
		struct instruction *at = &program[n];

		*at = (struct instruction){0};
		if (sscanf(line, "strace: JUMP(BPF_%15[A-Z], %li, %li, %li)", at->op, &at->if_true,
		           &at->if_false, &at->operand) < 1 &&
		    sscanf(line, "strace: STMT(BPF_%15[A-Z], %31[^)])", at->op, field) < 1)
			continue;
		if (!strncmp(line, "strace: STMT", 12)) {
			at->operand = strtoul(field, NULL, 0);
			at->loads_arch = !strcmp(field, "data->arch");
			at->is_trace = !strcmp(field, "SECCOMP_RET_TRACE");
		}
		n++;
	}
	pclose(shown);
	return n;
}

/* Does strace's filter stop the call? */
static bool stops(const struct instruction *program, size_t n, uint32_t arch, uint32_t number)
{
	uint32_t a = 0, x = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct instruction *at = &program[pc];
		uint32_t k = (uint32_t)at->operand;
		bool jumps = false;

		if (!strcmp(at->op, "RET"))
			return at->is_trace;
		if (!strcmp(at->op, "LDWABS"))
			a = at->loads_arch ? arch : number;
		else if (!strcmp(at->op, "LDWIMM"))
			a = k;
		else if (!strcmp(at->op, "AND"))
			a &= k;
		else if (!strcmp(at->op, "RSH"))
			a >>= k;
		else if (!strcmp(at->op, "LSH"))
			a <<= x;
		else if (!strcmp(at->op, "TAX"))
			x = a;
		else if (!strcmp(at->op, "TXA"))
			a = x;
		else if (!strcmp(at->op, "JA"))
			pc += at->if_true;
		else
			jumps = true;
		if (jumps)
			pc += (!strcmp(at->op, "JEQ")   ? a == k
			       : !strcmp(at->op, "JGE") ? a >= k
			                                : (a & k) != 0)
			          ? at->if_true
			          : at->if_false;
	}
	fail_msg("strace's filter does not return");
	return false;
}

/* strace's filter always stops these, and so tells nothing of them; calls newer than it are in no
 * class. */
static bool is_told(const char *name)
{
	static const char *const untold[] = {"execve",     "execveat",  "ipc",
	                                     "socketcall", "umount",    "fchmodat2",
	                                     "statmount",  "listmount", "cachestat"};

	for (size_t i = 0; i < ARRAY_SIZE(untold); i++)
		if (!strcmp(name, untold[i]))
			return false;
	return true;
}

static void compare_class(const char *class_word, const struct instruction *program, size_t n)
{
	static const struct {
		enum syscall_abi abi;
		uint32_t arch, base;
	} abis[] = {
	    {ABI_X86_64, AUDIT_ARCH_X86_64, 0},
	    {ABI_X32, AUDIT_ARCH_X86_64, 0x40000000},
	    {ABI_I386, AUDIT_ARCH_I386, 0},
	};
	struct trace_set *set = set_of(class_word);

	for (size_t i = 0; i < ARRAY_SIZE(abis); i++)
		for (uint32_t number = 0; number < 450; number++) {
			const struct syscall_info *info = syscall_find(abis[i].abi, number);

			if (info->is_named && is_told(info->name) &&
			    trace_set_has(set, info) !=
			        stops(program, n, abis[i].arch, abis[i].base | number))
				fail_msg("%s: %s of %s differs from strace", class_word, info->name,
				         syscall_abi_name(info->abi) ? syscall_abi_name(info->abi)
				                                     : "x86-64");
		}
	trace_set_free(set);
}

static void classes_are_those_of_strace(void **state)
{
	static const char *const words[] = {
	    "%desc",  "%file",   "%process", "%network", "%net",   "%signal",    "%memory",
	    "%ipc",   "%creds",  "%clock",   "%pure",    "%stat",  "%lstat",     "%fstat",
	    "%%stat", "%statfs", "%fstatfs", "%%statfs", "desc",   "file",       "process",
	    "signal", "network", "memory",   "/^read",   "!%desc", "!read,write"};
	struct instruction *program = xcalloc(MAX_INSTRUCTIONS, sizeof(*program));
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char quoted[32];

		snprintf(quoted, sizeof(quoted), "'%s'", words[i]);
		n = read_filter(quoted, program);
		if (!n)
			break;
		compare_class(words[i], program, n);
	}
	free(program);
	if (!n) {
		print_message("strace is not here, cannot trace here, or shows no filter\n");
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_and_lists),
	    cmocka_unit_test(all_abis_unless_one_is_named),
	    cmocka_unit_test(expressions),
	    cmocka_unit_test(all_none_and_their_opposites),
	    cmocka_unit_test(an_exclamation_mark_takes_all_others),
	    cmocka_unit_test(a_wrong_word_is_refused_with_the_nearest),
	    cmocka_unit_test(classes_are_those_of_strace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
