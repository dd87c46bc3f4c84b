/* Addresses to names: equal to addr2line's on programs built here, from every place where names may
 * be. */
#include "core/alloc.h"
#include "core/diag.h"
#include "core/recording.h"
#include "core/stack_table.h"
#include "core/symbolize/demangle.h"
#include "core/symbolize/elf_file.h"
#include "core/symbolize/lack.h"
#include "core/symbolize/symbolize.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char scratch[] = "/tmp/profile-scenario-symbolize.XXXXXX";
static char *source_root;

/* Runs a shell command in the scratch directory; it must succeed. */
__attribute__((format(printf, 1, 2))) static void sh(const char *format, ...)
{
	char *command = NULL;
	char *whole;
	va_list args;

	va_start(args, format);
	assert_true(vasprintf(&command, format, args) > 0);
	va_end(args);
	whole = xasprintf("cd %s && { %s; }", scratch, command);
	if (system(whole))
		fail_msg("failed: %s", command);
	free(whole);
	free(command);
}

static bool sh_succeeds(const char *command)
{
	return system(command) == 0;
}

static void build_c(const char *name, const char *flags)
{
	sh("gcc -I%s -O2 -o %s %s %s/tests/programs/inlines.c", source_root, name, flags,
	   source_root);
}

static int make_scratch(void **state)
{
	(void)state;
	source_root = realpath(".", NULL);
	if (!mkdtemp(scratch))
		return -1;
	build_c("c", "-g");
	sh("g++ -O2 -g -o cxx %s/tests/programs/inlines-cxx.cc", source_root);
	return 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	sh("rm -rf %s", scratch);
	free(source_root);
	return 0;
}

struct subject {
	struct symbolizer *symbolizer;
	struct object object;
};

/* Debug files are looked for below the scratch directory, not in this machine's own. */
static struct subject look_at(const char *name)
{
	struct subject subject = {.symbolizer = symbolizer_new()};
	char *root = xasprintf("%s/debug", scratch);

	symbolizer_set_debug_root(subject.symbolizer, root);
	subject.object = (struct object){.kind = OBJECT_FILE, .fd = -1};
	subject.object.path = xasprintf("%s/%s", scratch, name);
	free(root);
	return subject;
}

static void look_away(struct subject *subject)
{
	symbolizer_free(subject->symbolizer);
	free(subject->object.path);
}

/* What symbolizing all addresses of a file gives, as text: the same text, the same names. */
static char *describe(const char *name, const uint64_t *addresses, size_t n_addresses)
{
	struct subject subject = look_at(name);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < n_addresses; i++) {
		const struct symbol_frame *frames;
		size_t n = symbolizer_look_up(subject.symbolizer, &subject.object, addresses[i],
		                              false, &frames);

		fprintf(out, "%lx", (unsigned long)addresses[i]);
		for (size_t j = 0; j < n; j++)
			fprintf(out, " %s@%s:%u%s", frames[j].function, frames[j].file,
			        frames[j].line, frames[j].inlined ? "[i]" : "");
		fputc('\n', out);
	}
	fclose(out);
	look_away(&subject);
	return text;
}

/* The instruction addresses of .text, by objdump. */
static uint64_t *instructions(const char *name, size_t *n_addresses)
{
	uint64_t *addresses = NULL;
	size_t capacity = 0;
	char *command = xasprintf("objdump -d --no-show-raw-insn -j .text %s/%s", scratch, name);
	FILE *pipe = popen(command, "r");
	char line[1024];

	*n_addresses = 0;
	while (pipe && fgets(line, sizeof(line), pipe)) {
		char *end;
		unsigned long address = strtoul(line, &end, 16);

		if (*line == ' ' && *end == ':')
			*ARRAY_APPEND(addresses, *n_addresses, capacity) = address;
	}
	assert_non_null(pipe);
	pclose(pipe);
	free(command);
	assert_true(*n_addresses > 100);
	return addresses;
}

/* One frame as addr2line prints it. */
struct oracle_frame {
	char function[4096];
	char file[1024];
	unsigned line; /* 0: unknown */
	bool starts;   /* the first frame of its address */
};

/* "0xADDRESS: FUNCTION at FILE:LINE" or " (inlined by) FUNCTION at FILE:LINE", maybe with a
 * discriminator */
static struct oracle_frame read_oracle(const char *line)
{
	static const char inlined[] = " (inlined by) ";
	struct oracle_frame frame = {.starts = strncmp(line, inlined, strlen(inlined)) != 0};
	const char *name = frame.starts ? strchr(line, ':') + 2 : line + strlen(inlined);
	const char *at = strstr(name, " at ");
	const char *colon;

	if (!at) { /* "?? ??:0" */
		strcpy(frame.function, "??");
		strcpy(frame.file, "??");
		return frame;
	}
	for (const char *next; (next = strstr(at + 1, " at "));)
		at = next;
	colon = strrchr(at, ':');
	snprintf(frame.function, sizeof(frame.function), "%.*s", (int)(at - name), name);
	snprintf(frame.file, sizeof(frame.file), "%.*s", (int)(colon - at - 4), at + 4);
	frame.line = (unsigned)strtoul(colon + 1, NULL, 10);
	return frame;
}

static FILE *ask_oracle(const char *oracle, const char *name, const uint64_t *addresses,
                        size_t n_addresses)
{
	char *list_path = xasprintf("%s/addresses", scratch);
	char *command = xasprintf("%s -afipC -e %s/%s <%s", oracle, scratch, name, list_path);
	FILE *list = fopen(list_path, "w");
	FILE *pipe;

	assert_non_null(list);
	for (size_t i = 0; i < n_addresses; i++)
		fprintf(list, "%lx\n", (unsigned long)addresses[i]);
	fclose(list);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	free(command);
	free(list_path);
	return pipe;
}

struct comparison {
	size_t n_frames;
	size_t n_inlined;
	size_t n_equal; /* in function, file and line */
	size_t
	    n_qualified;  /* addr2line left out namespace or class where there is no linkage name */
	size_t n_symbol;  /* addr2line took the name of .symtab */
	size_t n_padding; /* in the unit's range, in no function */
};

static bool short_equal(const char *a, const char *b)
{
	char *short_a = demangle_short(a);
	char *short_b = demangle_short(b);
	bool equal = !strcmp(short_a, short_b);

	free(short_a);
	free(short_b);
	return equal;
}

static bool is_qualified(const char *ours, const char *theirs)
{
	size_t ours_len = strlen(ours);
	size_t theirs_len = strlen(theirs);

	return ours_len > theirs_len + 2 && !strcmp(ours + ours_len - theirs_len, theirs) &&
	       !strncmp(ours + ours_len - theirs_len - 2, "::", 2);
}

/* Files and lines are equal wherever DWARF knows the address. Names may differ, and why:
 *  - a name without DW_AT_linkage_name (constructors, static functions, local templates) is
 *    bare there, with its namespace and class here;
 *  - for the outermost frame without linkage name addr2line asks .symtab, which adds arguments or a
 * clone's suffix ("f.cold"); binutils 2.40 does so for an inlined innermost frame too, and so shows
 * the wrong one of the two functions;
 *  - between functions it takes the nearest symbol below; we name an address only inside a
 * function. */
static void compare_frame(struct comparison *comparison, const struct oracle_frame *theirs,
                          const struct symbol_frame *ours, const struct symbol_frame *outermost)
{
	const char *function = ours->function;

	comparison->n_frames++;
	comparison->n_inlined += ours->inlined;
	if (strcmp(theirs->file, ours->file ? ours->file : "??") || theirs->line != ours->line)
		fail_msg("%s at %s:%u, addr2line: %s at %s:%u", function, ours->file, ours->line,
		         theirs->function, theirs->file, theirs->line);
	if (!function)
		comparison->n_padding++;
	else if (!strcmp(function, theirs->function))
		comparison->n_equal++;
	else if (is_qualified(function, theirs->function))
		comparison->n_qualified++;
	else if (short_equal(theirs->function, function) ||
	         (theirs->starts && outermost->function &&
	          short_equal(theirs->function, outermost->function)))
		comparison->n_symbol++;
	else
		fail_msg("%s at %s:%u, addr2line: %s", function, ours->file, ours->line,
		         theirs->function);
}

static struct comparison compare_with(const char *oracle_name, const char *name)
{
	struct comparison comparison = {0};
	struct subject subject = look_at(name);
	size_t n_addresses;
	uint64_t *addresses = instructions(name, &n_addresses);
	FILE *oracle = ask_oracle(oracle_name, name, addresses, n_addresses);
	const struct symbol_frame *frames = NULL;
	size_t n_frames = 0;
	size_t frame = 0;
	size_t next = 0;
	char *line = NULL;
	size_t capacity = 0;

	while (getline(&line, &capacity, oracle) > 0) {
		struct oracle_frame theirs = read_oracle(line);

		if (theirs.starts) {
			assert_int_equal(frame, n_frames);
			n_frames = symbolizer_look_up(subject.symbolizer, &subject.object,
			                              addresses[next++], false, &frames);
			frame = 0;
		}
		assert_true(frame < n_frames);
		if (theirs.line || frames[frame].line)
			compare_frame(&comparison, &theirs, &frames[frame], &frames[n_frames - 1]);
		frame++;
	}
	assert_int_equal(next, n_addresses);
	pclose(oracle);
	free(line);
	free(addresses);
	look_away(&subject);
	return comparison;
}

static void assert_same_as(const char *oracle, const char *name, size_t least_inlined)
{
	struct comparison comparison = compare_with(oracle, name);

	assert_true(comparison.n_inlined >= least_inlined);
	/* Most names have no reason to differ, and there is little room between functions. */
	assert_true(comparison.n_padding * 20 <= comparison.n_frames);
	assert_true(comparison.n_equal * 10 >= comparison.n_frames * 9);
}

static void c_frames_are_those_of_addr2line(void **state)
{
	(void)state;
	assert_same_as("addr2line", "c", 100);
}

static void cxx_frames_are_those_of_addr2line(void **state)
{
	(void)state;
	assert_same_as("addr2line", "cxx", 1000);
}

static void other_dwarf_versions_and_compilers_too(void **state)
{
	(void)state;
	build_c("dwarf4", "-gdwarf-4");
	assert_same_as("addr2line", "dwarf4", 100);
	build_c("ranges", "-g -ffunction-sections -Wl,--gc-sections -no-pie");
	assert_same_as("addr2line", "ranges", 100);
	build_c("compressed", "-g -gz=zlib");
	sh("readelf -tW compressed 2>/dev/null | grep -q COMPRESSED");
	assert_same_as("addr2line", "compressed", 100);
}

/* clang writes no .debug_aranges and no DW_AT_sibling. binutils 2.40 loses inlined calls with
 * several ranges of clang's DWARF 5, and all of split DWARF, and takes a file for another in units
 * of link-time optimisation, so LLVM's reader is asked. */
static void frames_of_clang_lto_and_split_dwarf_are_those_of_addr2line(void **state)
{
	(void)state;
	if (!sh_succeeds("command -v clang llvm-addr2line >/dev/null")) {
		print_message("no clang or no llvm-addr2line here\n");
		skip();
	}
	sh("clang -I%s -O2 -g -o clang %s/tests/programs/inlines.c", source_root, source_root);
	assert_same_as("llvm-addr2line", "clang", 100);
	sh("clang -I%s -O2 -gdwarf-4 -o clang4 %s/tests/programs/inlines.c", source_root,
	   source_root);
	assert_same_as("llvm-addr2line", "clang4", 100);
	build_c("lto", "-g -flto");
	assert_same_as("llvm-addr2line", "lto", 100);
	build_c("split", "-g -gsplit-dwarf");
	sh("ls *.dwo >/dev/null");
	assert_same_as("llvm-addr2line", "split", 100);
}

/* The first word that a command prints in the scratch directory. */
__attribute__((format(printf, 1, 2))) static char *word_of(const char *format, ...)
{
	char *command = NULL;
	char *whole;
	char word[256];
	FILE *pipe;
	va_list args;

	va_start(args, format);
	assert_true(vasprintf(&command, format, args) > 0);
	va_end(args);
	whole = xasprintf("cd %s && %s", scratch, command);
	pipe = popen(whole, "r");
	assert_non_null(pipe);
	if (fscanf(pipe, "%255s", word) != 1)
		fail_msg("printed nothing: %s", command);
	pclose(pipe);
	free(whole);
	free(command);
	return xstrdup(word);
}

static uint64_t number_of(char *word, int base)
{
	uint64_t number = strtoull(word, NULL, base);

	free(word);
	return number;
}

static uint64_t address_of(const char *name, const char *symbol)
{
	return number_of(word_of("nm %s | awk '$3 ~ /^%s$/ { print $1 }'", name, symbol), 16);
}

static uint32_t line_of(const char *source, const char *text)
{
	return (uint32_t)number_of(
	    word_of("grep -nF '%s' %s/tests/programs/%s | cut -d: -f1", text, source_root, source),
	    10);
}

static void expect_function(struct subject *subject, uint64_t vaddr, bool is_return,
                            const char *expected)
{
	const struct symbol_frame *frames;
	size_t n =
	    symbolizer_look_up(subject->symbolizer, &subject->object, vaddr, is_return, &frames);
	const char *function = frames[n - 1].function;

	if (expected)
		assert_string_equal(function, expected);
	else
		assert_null(function);
}

static void a_chain_of_inlined_calls_is_told_with_its_call_sites(void **state)
{
	struct subject subject = look_at("c");
	uint64_t start = address_of("c", "chain");
	const struct symbol_frame *frames;
	size_t n = 0;

	(void)state;
	for (uint64_t vaddr = start; n != 4; vaddr++) {
		assert_true(vaddr < start + 500);
		n = symbolizer_look_up(subject.symbolizer, &subject.object, vaddr, false, &frames);
	}
	assert_string_equal(frames[0].function, "innermost");
	assert_true(frames[0].inlined && frames[1].inlined && frames[2].inlined);
	assert_non_null(strstr(frames[0].file, "/tests/programs/inlines-inner.h"));
	assert_string_equal(frames[1].function, "middle");
	assert_int_equal(frames[1].line, line_of("inlines-inner.h", "innermost(x + i)"));
	assert_string_equal(frames[2].function, "outermost");
	assert_non_null(strstr(frames[2].file, "/tests/programs/inlines.c"));
	assert_int_equal(frames[2].line, line_of("inlines.c", "middle(x, 3)"));
	assert_string_equal(frames[3].function, "chain");
	assert_false(frames[3].inlined);
	look_away(&subject);
}

static void functions_in_functions_and_classes_there_are_found(void **state)
{
	struct subject nested, local;

	(void)state;
	sh("gcc -O2 -g -o nested %s/tests/programs/nested.c", source_root);
	sh("g++ -O2 -g -o local %s/tests/programs/local_class.cc", source_root);
	nested = look_at("nested");
	local = look_at("local");
	/* First those inside: nobody has looked at what is around them. */
	expect_function(&nested, address_of("nested", "inner[.]0"), false, "inner");
	expect_function(&nested, address_of("nested", "outer"), false, "outer");
	expect_function(&local, address_of("local", "_ZZ4hostiEN5LocalC1Ei"), false,
	                "Local::Local");
	expect_function(&local, address_of("local", "_Z4hosti"), false, "host(int)");
	look_away(&nested);
	look_away(&local);
}

static void a_return_address_means_the_call_before_it(void **state)
{
	struct subject subject = look_at("c");
	uint64_t recurse = address_of("c", "recurse");

	(void)state;
	expect_function(&subject, recurse, false, "recurse");
	for (uint64_t vaddr = recurse; vaddr > recurse - 64; vaddr--) {
		const struct symbol_frame *frames;
		const struct symbol_frame *before;

		symbolizer_look_up(subject.symbolizer, &subject.object, vaddr, true, &frames);
		symbolizer_look_up(subject.symbolizer, &subject.object, vaddr - 1, false, &before);
		assert_ptr_equal(frames, before);
	}
	look_away(&subject);
}

/* The first function of nm's that matches, as it is named. */
static void expect_named(const char *program, const char *symbol, const char *expected)
{
	struct subject subject = look_at(program);

	expect_function(&subject, address_of(program, symbol), false, expected);
	look_away(&subject);
}

static void names_without_mangling_are_those_of_the_source(void **state)
{
	(void)state;
	/* gcc describes functions last to first: what follows `local` is outside of it again. */
	sh("printf 'namespace ns { struct S { S(int); int v; }; S::S(int x) : v(x) {} }\\n"
	   "static __attribute__((noinline)) int after(int x) { return x * 3; }\\n"
	   "static __attribute__((noinline)) int around(void *p) { struct local { int a; };"
	   " return ((struct local *)p)->a; }\\n"
	   "extern \"C\" int source_name(int) __asm__(\"__GI_assembler_name\");\\n"
	   "__attribute__((noinline)) int source_name(int x) { return x + 1; }\\n"
	   "int main(int c, char **) { return around(&c) + after(c) + source_name(c); }\\n' "
	   ">names.cc && "
	   "g++ -O1 -fno-ipa-sra -g -o names names.cc");
	expect_named("names", "_ZL5afteri", "after");
	expect_named("names", "_ZL6aroundPv", "around");
	expect_named("names", "__GI_assembler_name", "source_name");
	expect_named("names", "_ZN2ns1SC2Ei", "ns::S::S(int)");
}

static void a_function_with_a_public_alias_has_its_name(void **state)
{
	(void)state;
	sh("printf 'int __private(int x) { return x * 3; }\\n"
	   "int public(int) __attribute__((weak, alias(\"__private\")));\\n"
	   "int main(int c, char **v) { (void)v; return __private(c) + public(c); }\\n' >alias.c "
	   "&& "
	   "gcc -O2 -g -fno-inline -o alias alias.c && strip -g -o alias-stripped alias");
	expect_named("alias", "__private", "public");
	expect_named("alias-stripped", "__private", "public");
}

/* Names of the stripped file found through its debug file are those of the whole file. */
static void assert_same_names(const char *name, const char *whole)
{
	size_t n_addresses;
	uint64_t *addresses = instructions(whole, &n_addresses);
	char *expected = describe(whole, addresses, n_addresses);
	char *got = describe(name, addresses, n_addresses);
	struct subject subject = look_at(name);

	if (strcmp(expected, got))
		fail_msg("%s: %.2000s\nexpected: %.2000s", name, got, expected);
	assert_null(symbolizer_remedy(subject.symbolizer, &subject.object));
	look_away(&subject);
	free(expected);
	free(got);
	free(addresses);
}

static char *build_id_of(const char *name)
{
	return word_of("readelf -n %s | awk '/Build ID/ { print $3 }'", name);
}

static void file_under_build_id(const char *debug, const char *build_id)
{
	sh("mkdir -p debug/.build-id/%.2s && mv %s debug/.build-id/%.2s/%s.debug", build_id, debug,
	   build_id, build_id + 2);
}

/* Sections as gcc and Go compressed them before ELF had a flag for it; binutils 2.40 reads them
 * only in part. */
static void old_compressed_sections_are_read(void **state)
{
	(void)state;
	sh("objcopy --compress-debug-sections=zlib-gnu c zdebug && readelf -SW zdebug | grep -q "
	   "zdebug_info");
	assert_same_names("zdebug", "c");
}

/* .debug_aranges tells of one unit, and not of the one that is asked for. */
static void what_debug_aranges_leaves_out_has_names_too(void **state)
{
	(void)state;
	sh("gcc -I%s -O2 -g -c -o part.o %s/tests/programs/inlines.c && "
	   "echo 'int told(void) { return 1; }' | gcc -O2 -g -c -o told.o -xc - && "
	   "gcc -o whole part.o told.o && "
	   "objcopy -R .debug_aranges -R .rela.debug_aranges part.o && "
	   "gcc -o part part.o told.o && readelf -SW part | grep -q debug_aranges",
	   source_root, source_root);
	assert_same_as("addr2line", "whole", 100);
	assert_same_names("part", "whole");
}

static void a_debug_file_is_found_by_build_id(void **state)
{
	char *build_id = build_id_of("cxx");

	(void)state;
	sh("objcopy --only-keep-debug --compress-debug-sections=zlib cxx cxx.dbg && strip -o "
	   "cxx-id cxx");
	file_under_build_id("cxx.dbg", build_id);
	assert_same_names("cxx-id", "cxx");
	sh("rm -r debug");
	free(build_id);
}

static void a_debug_file_is_found_by_its_link(void **state)
{
	char *const places[] = {xstrdup("."), xstrdup(".debug"), xasprintf("debug%s", scratch)};

	(void)state;
	sh("objcopy --only-keep-debug c c.dbg && strip -R .note.gnu.build-id -o c-link c && "
	   "objcopy --add-gnu-debuglink=c.dbg c-link && mv c.dbg kept");
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		sh("mkdir -p %s && cp kept %s/c.dbg", places[i], places[i]);
		assert_same_names("c-link", "c");
		sh("rm %s/c.dbg", places[i]);
		free(places[i]);
	}
}

static void a_debug_file_of_another_build_is_refused_and_said(void **state)
{
	struct subject subject;
	uint64_t chain = address_of("c", "chain");
	const char *remedy;

	(void)state;
	sh("objcopy --only-keep-debug c other.dbg && strip -R .note.gnu.build-id -o other c && "
	   "objcopy --add-gnu-debuglink=other.dbg other && echo >>other.dbg");
	subject = look_at("other");
	expect_function(&subject, chain, false, NULL);
	remedy = symbolizer_remedy(subject.symbolizer, &subject.object);
	assert_non_null(remedy);
	assert_non_null(strstr(remedy, "other.dbg"));
	assert_non_null(strstr(remedy, "checksum"));
	look_away(&subject);
}

static void debug_files_that_share_through_dwz_are_whole(void **state)
{
	char *build_ids[2];

	(void)state;
	if (!sh_succeeds("command -v dwz >/dev/null")) {
		print_message("no dwz here\n");
		skip();
	}
	build_c("two", "-g -DTWO");
	sh("for f in c two; do objcopy --only-keep-debug $f $f.dwz; cp $f $f.whole; strip -o "
	   "$f-dwz $f; done && "
	   "dwz -m shared.debug -M %s/absent/shared.debug c.dwz two.dwz && readelf -SW c.dwz "
	   "2>/dev/null | grep -q debugaltlink",
	   scratch);
	build_ids[0] = build_id_of("shared.debug");
	build_ids[1] = build_id_of("c");
	file_under_build_id("shared.debug", build_ids[0]);
	file_under_build_id("c.dwz", build_ids[1]);
	assert_same_names("c-dwz", "c");
	sh("objcopy --compress-debug-sections=zlib debug/.build-id/%.2s/%s.debug", build_ids[0],
	   build_ids[0] + 2);
	assert_same_names("c-dwz", "c");
	sh("rm -r debug");
	free(build_ids[0]);
	free(build_ids[1]);
}

/* `split` with its tree in split.dwo has the names that `c`, of the same code, has. */
static void build_split(unsigned dwarf_version)
{
	sh("gcc -I%s -O2 -g -gdwarf-%u -gsplit-dwarf -ffunction-sections -c -o split.o "
	   "%s/tests/programs/inlines.c && gcc -o split split.o && rm split.o && "
	   "gcc -I%s -O2 -g -gdwarf-%u -ffunction-sections -o unsplit %s/tests/programs/inlines.c",
	   source_root, dwarf_version, source_root, source_root, dwarf_version, source_root);
}

static void split_dwarf_is_read_from_single_files_and_packages(void **state)
{
	static const char *const packers[] = {[4] = "dwp", [5] = "llvm-dwp"};

	(void)state;
	for (unsigned version = 4; version <= 5; version++) {
		char *has_packer = xasprintf("command -v %s >/dev/null", packers[version]);

		build_split(version);
		assert_same_names("split", "unsplit");
		/* binutils 2.40 packs no DWARF 5. */
		if (sh_succeeds(has_packer)) {
			sh("%s -e split -o split.dwp && mv split.dwo away", packers[version]);
			assert_same_names("split", "unsplit");
			sh("rm split.dwp");
		} else {
			print_message("no %s here: DWARF %u is not tested in a package\n",
			              packers[version], version);
		}
		free(has_packer);
	}
}

static void split_dwarf_that_is_missing_or_no_file_is_said(void **state)
{
	static const char *const damages[] = {"rm split.dwo", "mkfifo split.dwo",
	                                      "rm split.dwo && : >split.dwo",
	                                      ("gcc -g -gsplit-dwarf -O2 -c -o split.o -xc - "
	                                       "<<<'int other(void) { return 1; }' && rm split.o")};
	uint64_t chain;

	(void)state;
	build_split(5);
	chain = address_of("split", "chain");
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		struct subject subject;
		const char *remedy;

		sh("bash -c \"%s\"", damages[i]);
		subject = look_at("split");
		expect_function(&subject, chain, false, "chain");
		remedy = symbolizer_remedy(subject.symbolizer, &subject.object);
		assert_non_null(remedy);
		assert_non_null(strstr(remedy, "split.dwo"));
		look_away(&subject);
	}
}

static void without_dwarf_the_symbols_name_functions(void **state)
{
	struct subject subject;

	(void)state;
	sh("strip -g -o symbols-only cxx");
	subject = look_at("symbols-only");
	expect_function(&subject, address_of("cxx", "main"), false, "main");
	expect_function(&subject, address_of("cxx", "_ZN12_GLOBAL__N_15scaleEi"), false,
	                "(anonymous namespace)::scale(int)");
	assert_null(symbolizer_remedy(subject.symbolizer, &subject.object));
	look_away(&subject);
}

static void a_stripped_file_says_what_would_help(void **state)
{
	struct subject subject;
	const char *remedy;
	char *build_id, *place;

	(void)state;
	sh("strip -o stripped c");
	subject = look_at("stripped");
	expect_function(&subject, address_of("c", "main"), false, NULL);
	remedy = symbolizer_remedy(subject.symbolizer, &subject.object);
	assert_non_null(remedy);
	build_id = build_id_of("c");
	place = xasprintf("%s/debug/.build-id/%.2s/%s.debug", scratch, build_id, build_id + 2);
	assert_non_null(strstr(remedy, "only exported names in"));
	assert_non_null(strstr(remedy, place));
	look_away(&subject);
	free(place);
	free(build_id);
}

/* The remedy for a file of a package is the debug package, and the line that fetches by build-id.
 */
static void a_stripped_file_of_a_package_names_its_debug_package(void **state)
{
	char *package, *none;

	(void)state;
	sh("mkdir lists && printf '/.\\n/usr\\n/usr/lib/libx.so.1.2\\n' >lists/libx1:amd64.list && "
	   "printf '/lib/liby.so\\n' >lists/liby2.0.list && : >lists/liby2.0.md5sums");
	none = xasprintf("%s/lists", scratch);
	package = lack_owning_package(none, "/lib/libx.so.1.2");
	assert_string_equal(package, "libx1");
	free(package);
	package = lack_owning_package(none, "/usr/lib/liby.so");
	assert_string_equal(package, "liby2.0");
	free(package);
	assert_null(lack_owning_package(none, "/usr/lib/libx.so.1"));
	/* Lines that no piece of a long list begins or ends with. */
	sh("seq -f /usr/share/doc/%%0.f 1000 21000 >lists/long.list");
	for (unsigned i = 1000; i <= 21000; i += 7) {
		char *path = xasprintf("/usr/share/doc/%u", i);

		package = lack_owning_package(none, path);
		assert_string_equal(package, "long");
		free(package);
		free(path);
	}
	assert_null(lack_owning_package(none, "/usr/share/doc/100"));
	assert_null(lack_owning_package("/nowhere", "/usr/lib/libx.so.1.2"));
	free(none);
}

static void what_debuginfod_has_fetched_is_found(void **state)
{
	char *build_id = build_id_of("c");
	char *cache = xasprintf("%s/cache", scratch);

	(void)state;
	sh("mkdir -p cache/%s && objcopy --only-keep-debug c cache/%s/debuginfo && strip -o "
	   "c-fetched c",
	   build_id, build_id);
	setenv("DEBUGINFOD_CACHE_PATH", cache, 1);
	assert_same_names("c-fetched", "c");
	unsetenv("DEBUGINFOD_CACHE_PATH");
	sh("rm -r cache");
	free(cache);
	free(build_id);
}

/* As Fedora's find-debuginfo makes it: .debug_frame and the symbols that .dynsym has not, packed.
 */
static void the_small_symbol_table_of_stripped_programs_is_read(void **state)
{
	static const char *const functions[] = {"chain", "recurse", "main"};
	struct subject subject;

	(void)state;
	if (!sh_succeeds("command -v xz >/dev/null")) {
		print_message("no xz here\n");
		skip();
	}
	sh("nm -D c --format=posix --defined-only | awk '{ print $1 }' | sort >dynamic && "
	   "nm c --format=posix --defined-only | awk '$2 ~ /[TtD]/ { print $1 }' | sort >all && "
	   "comm -13 dynamic all >kept && objcopy --only-keep-debug c c.mini && "
	   "objcopy -S --remove-section .comment --keep-symbols=kept c.mini && xz -f c.mini && "
	   "strip -o c-mini c && objcopy --add-section .gnu_debugdata=c.mini.xz c-mini");
	subject = look_at("c-mini");
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		expect_function(&subject, address_of("c", functions[i]), false, functions[i]);
	assert_null(symbolizer_remedy(subject.symbolizer, &subject.object));
	look_away(&subject);
	sh("head -c 200 c.mini.xz >cut.xz && objcopy --update-section .gnu_debugdata=cut.xz "
	   "c-mini");
	subject = look_at("c-mini");
	expect_function(&subject, address_of("c", "main"), false, NULL);
	assert_non_null(
	    strstr(symbolizer_remedy(subject.symbolizer, &subject.object), ".gnu_debugdata"));
	look_away(&subject);
}

/* elfutils 0.189 and later may know zstd: then there is nothing to say. */
static void dwarf_that_cannot_be_unpacked_is_said_with_the_line_that_helps(void **state)
{
	struct subject subject;
	const struct symbol_frame *frames;
	const char *remedy;

	(void)state;
	if (!sh_succeeds("objcopy --help | grep -q compress-debug-sections.*zstd")) {
		print_message("this objcopy knows no zstd\n");
		skip();
	}
	sh("objcopy --compress-debug-sections=zstd c zstd");
	subject = look_at("zstd");
	expect_function(&subject, address_of("c", "chain"), false, "chain");
	symbolizer_look_up(subject.symbolizer, &subject.object, address_of("c", "chain"), false,
	                   &frames);
	remedy = symbolizer_remedy(subject.symbolizer, &subject.object);
	if (!frames->file) {
		assert_non_null(remedy);
		assert_non_null(strstr(remedy, "objcopy --decompress-debug-sections"));
	}
	look_away(&subject);
}

static void plt_stubs_are_named_after_their_function(void **state)
{
	static const struct {
		const char *name;
		const char *flags;
	} kinds[] = {
	    {"plt-lazy", "-g -Wl,-z,lazy -fcf-protection=none"},
	    {"plt-now", "-g -Wl,-z,now"},
	    {"plt-ibt", "-g -fcf-protection -Wl,-z,ibtplt"},
	    {"plt-stripped", "-s -Wl,-z,lazy"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char *command;
		FILE *pipe;
		struct subject subject;
		unsigned long address;
		char name[256];
		size_t n_stubs = 0;

		build_c(kinds[i].name, kinds[i].flags);
		subject = look_at(kinds[i].name);
		/* objdump is the oracle: "0000000000001030 <printf@plt>:" */
		command = xasprintf(
		    "objdump -d %s/%s | sed -n 's/^\\([0-9a-f]*\\) <\\(.*@plt\\)>:$/\\1 \\2/p'",
		    scratch, kinds[i].name);
		pipe = popen(command, "r");
		assert_non_null(pipe);
		while (fscanf(pipe, "%lx %255s", &address, name) == 2) {
			expect_function(&subject, address + 3, false, name);
			n_stubs++;
		}
		assert_true(n_stubs >= 4);
		pclose(pipe);
		free(command);
		look_away(&subject);
	}
}

static void slots_of_the_got_have_the_names_of_their_relocations(void **state)
{
	FILE *pipe;
	struct subject subject;
	unsigned long address;
	char name[256], *command;
	size_t n_slots = 0;

	(void)state;
	build_c("got", "-s -fno-plt");
	subject = look_at("got");
	command = xasprintf("readelf -rW %s/got | awk '/_(GLOB_DAT|JUMP_SLO)/ { print $1, $5 }'",
	                    scratch);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (fscanf(pipe, "%lx %255s", &address, name) == 2) {
		name[strcspn(name, "@")] = '\0';
		assert_string_equal(
		    symbolizer_slot_name(subject.symbolizer, &subject.object, address), name);
		n_slots++;
	}
	assert_true(n_slots >= 4);
	assert_null(symbolizer_slot_name(subject.symbolizer, &subject.object, 0x40));
	pclose(pipe);
	free(command);
	look_away(&subject);
}

/* Without sizes, and with a label inside: `first` reaches to `second`, that to the section's end.
 */
static void assembly_without_sizes_is_named(void **state)
{
	struct subject subject;
	uint64_t first;

	(void)state;
	sh("printf '.globl first\\nfirst: nop\\nnop\\ninside: nop\\nnop\\n.globl second\\n"
	   ".type second,@function\\nsecond: nop\\nret\\n.section .note.GNU-stack\\n' >asm.s && "
	   "gcc -shared -nostdlib -o asm asm.s");
	subject = look_at("asm");
	first = address_of("asm", "first");
	for (uint64_t i = 0; i < 4; i++)
		expect_function(&subject, first + i, false, "first");
	expect_function(&subject, first + 4, false, "second");
	expect_function(&subject, first + 5, false, "second");
	expect_function(&subject, first + 6, false, NULL);
	expect_function(&subject, first - 1, false, NULL);
	look_away(&subject);
}

/* Somewhere in the 64 bytes from an address there is an inlined call of `function`, whose call
 * stands in that line. */
static void expect_inlined(struct subject *subject, uint64_t start, const char *function,
                           const char *file, uint32_t line)
{
	for (uint64_t vaddr = start; vaddr < start + 64; vaddr++) {
		const struct symbol_frame *frames;
		size_t n = symbolizer_look_up(subject->symbolizer, &subject->object, vaddr, false,
		                              &frames);

		for (size_t i = 0; i + 1 < n; i++)
			if (frames[i].inlined && !strcmp(frames[i].function, function) &&
			    frames[i + 1].line == line && strstr(frames[i + 1].file, file))
				return;
	}
	fail_msg("no %s is inlined at %s:%u", function, file, line);
}

/* An exported alias is the name people know, without its version; an IFUNC's code is its resolver;
 * _init has neither size nor DWARF. */
static void versions_resolvers_and_symbols_without_size_are_named(void **state)
{
	static const struct {
		const char *symbol, *name;
	} names[] = {
	    {"old_api", "api"}, {"new_api", "api"}, {"chosen", "chosen"}, {"_init", "_init"}};
	uint64_t addresses[ARRAY_SIZE(names)];

	(void)state;
	sh("printf 'int old_api(int x) { return x + 1; }\\nint new_api(int x) { return x + 2; }\\n"
	   "__asm__(\".symver old_api,api@V1\\\\n.symver new_api,api@@V2\\\\n\");\\n"
	   "static int fast(int x) { return x; }\\n"
	   "static int (*resolve(void))(int) { return fast; }\\n"
	   "int chosen(int x) __attribute__((ifunc(\"resolve\")));\\n' >versions.c && "
	   "printf 'V1 { global: api; };\\nV2 { global: api; chosen; local: *; } V1;\\n' "
	   ">versions.map "
	   "&& gcc -O1 -shared -fPIC -o versions versions.c -Wl,--version-script=versions.map && "
	   "strip -o versions-stripped versions");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct subject subject = look_at("versions");

		addresses[i] = address_of("versions", names[i].symbol);
		expect_function(&subject, addresses[i], false, names[i].name);
		look_away(&subject);
	}
	for (size_t i = 0; i < 3; i++) {
		struct subject subject = look_at("versions-stripped");

		expect_function(&subject, addresses[i], false, names[i].name);
		look_away(&subject);
	}
}

/* The leaf's name at the symbol's address. */
static void assert_linkage(const char *name, const char *symbol, bool prefers_symbols,
                           const char *expected)
{
	struct subject subject = look_at(name);
	uint64_t address = address_of(name, symbol);
	const struct symbol_frame *frames;
	size_t n;

	if (prefers_symbols)
		symbolizer_prefer_symbols(subject.symbolizer);
	n = symbolizer_look_up(subject.symbolizer, &subject.object, address, false, &frames);
	if (expected)
		assert_string_equal(frames[n - 1].linkage, expected);
	else
		assert_null(frames[n - 1].linkage);
	look_away(&subject);
}

static void symbols_tell_clones_and_static_functions_when_asked_for(void **state)
{
	(void)state;
	sh("printf '%%s\\n' 'static __attribute__((noinline)) void quiet() { asm volatile(\"\"); "
	   "}' "
	   "'static __attribute__((noinline)) int half(int n, int m) { asm volatile(\"\"); "
	   "return n / m; }' "
	   "'extern \"C\" int plain(int n) { quiet(); return half(n, 2); }' "
	   "'int main(int n, char **) { return plain(n) + half(n + 1, 2); }' >symbols.cc && "
	   "g++ -O2 -g -o symbols symbols.cc");
	assert_linkage("symbols", "_ZL5quietv", false, NULL);
	assert_linkage("symbols", "_ZL5quietv", true, "_ZL5quietv");
	assert_linkage("symbols", "_ZL4halfii.constprop.0", true, "_ZL4halfii.constprop.0");
	assert_linkage("symbols", "plain", true, NULL);
}

static void fortran_names_tell_their_module(void **state)
{
	(void)state;
	if (!sh_succeeds("command -v gfortran >/dev/null")) {
		print_message("no gfortran here\n");
		skip();
	}
	sh("printf 'module solver\\ncontains\\nsubroutine step(x)\\nreal, intent(inout) :: x\\n"
	   "x = sin(x)\\nend subroutine\\nend module\\nprogram p\\nuse solver\\nreal :: x = 1.0\\n"
	   "call step(x)\\nprint *, x\\nend program\\n' >solver.f90 && "
	   "gfortran -O1 -g -fno-inline -o fortran solver.f90");
	expect_named("fortran", "__solver_MOD_step", "solver::step");
}

static void rust_names_of_both_manglings_are_whole(void **state)
{
	static const char *const manglings[] = {"legacy", "v0"};

	(void)state;
	if (!sh_succeeds("command -v rustc >/dev/null")) {
		print_message("no rustc here\n");
		skip();
	}
	sh("printf 'struct S(u64);\\ntrait Grow { fn grow(&mut self, by: u64) -> u64; }\\n"
	   "#[inline(always)] fn twist(a: u64, by: u64) -> u64 { a.rotate_left(7) ^ (by * a) }\\n"
	   "impl Grow for S { #[inline(never)] fn grow(&mut self, by: u64) -> u64 {\\n"
	   "self.0 = twist(self.0, by); self.0 } }\\n"
	   "fn main() { let mut s = S(std::env::args().count() as u64); println!(\"{}\", "
	   "s.grow(3)); }\\n' >rust.rs");
	for (size_t i = 0; i < ARRAY_SIZE(manglings); i++) {
		struct subject subject;
		char *mangled;

		/* A stable compiler takes -Z only with RUSTC_BOOTSTRAP. */
		sh("RUSTC_BOOTSTRAP=1 rustc -O -g -Z unstable-options -C "
		   "symbol-mangling-version=%s "
		   "-o rust-%s rust.rs",
		   manglings[i], manglings[i]);
		mangled = xasprintf("rust-%s", manglings[i]);
		subject = look_at(mangled);
		expect_function(&subject, address_of(mangled, ".*Grow.*grow.*"), false,
		                "<rust::S as rust::Grow>::grow");
		expect_inlined(&subject, address_of(mangled, ".*Grow.*grow.*"), "rust::twist",
		               "rust.rs", 5);
		look_away(&subject);
		free(mangled);
	}
}

static void a_descriptor_is_enough(void **state)
{
	struct subject subject = look_at("c");
	uint64_t chain = address_of("c", "chain");
	FILE *file = fopen(subject.object.path, "r");

	(void)state;
	assert_non_null(file);
	subject.object.fd = fileno(file);
	free(subject.object.path);
	subject.object.path = xstrdup("/nowhere/c");
	expect_function(&subject, chain, false, "chain");
	fclose(file);
	/* It was duplicated: the rest is found without it. */
	subject.object.fd = -1;
	expect_function(&subject, chain + 1, false, "chain");
	look_away(&subject);
}

static void another_build_in_the_same_place_is_refused(void **state)
{
	struct subject subject = look_at("c");

	(void)state;
	subject.object.build_id_len = 20;
	expect_function(&subject, address_of("c", "chain"), false, NULL);
	assert_non_null(strstr(symbolizer_remedy(subject.symbolizer, &subject.object),
	                       "no longer the file that ran"));
	look_away(&subject);
}

static void what_is_no_elf_file_is_said(void **state)
{
	static const char *const names[] = {"absent", "text", "fifo", "empty"};

	(void)state;
	sh("echo text >text && mkfifo fifo && : >empty");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct subject subject = look_at(names[i]);

		expect_function(&subject, 0x1000, false, NULL);
		assert_non_null(
		    strstr(symbolizer_remedy(subject.symbolizer, &subject.object), names[i]));
		look_away(&subject);
	}
}

static void the_vdso_has_names(void **state)
{
	struct object vdso = {.kind = OBJECT_VDSO, .path = "[vdso]", .fd = -1};
	struct symbolizer *symbolizer = symbolizer_new();
	bool found = false;

	(void)state;
	for (uint64_t vaddr = 0; vaddr < 8192 && !found; vaddr++) {
		const struct symbol_frame *frames;

		symbolizer_look_up(symbolizer, &vdso, vaddr, false, &frames);
		found = frames->function && strstr(frames->function, "clock_gettime");
	}
	assert_true(found);
	symbolizer_free(symbolizer);
}

/* An executable part of each library of this process, as a frame of a recording. */
static int add_library(struct dl_phdr_info *info, size_t size, void *recording)
{
	(void)size;
	for (int i = 0; *info->dlpi_name && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		struct object object = {
		    .kind = OBJECT_FILE, .path = (char *)info->dlpi_name, .fd = -1};

		if (header->p_type == PT_LOAD && header->p_flags & PF_X)
			recording_add_frame(recording, 0,
			                    (struct recorded_frame){
			                        .object = recording_add_object(recording, &object),
			                        .vaddr = header->p_vaddr + header->p_memsz / 2});
	}
	return 0;
}

/* The first name of each frame, as text. */
static char *name_frames(struct symbolizer *symbolizer, const struct recording *recording)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (uint32_t id = 1; id <= stack_table_count(recording_stacks(recording)); id++) {
		const struct symbol_frame *frames;
		uint32_t parent;
		struct recorded_frame frame = recording_frame(recording, id, &parent);

		symbolizer_look_up(symbolizer, recording_object(recording, frame.object),
		                   frame.vaddr, false, &frames);
		fprintf(out, "%s@%s:%u\n", frames->function, frames->file, frames->line);
	}
	fclose(out);
	return text;
}

static void objects_opened_at_once_give_the_same_names(void **state)
{
	static const struct value_type type = {"samples", "count"};
	struct recording *recording = recording_new(&type, 1);
	struct object kernel = {.kind = OBJECT_KERNEL, .path = "[kernel]", .fd = -1};
	struct symbolizer *at_once = symbolizer_new(), *one_by_one = symbolizer_new();
	char *text, *expected;

	(void)state;
	dl_iterate_phdr(add_library, recording);
	recording_add_frame(
	    recording, 0,
	    (struct recorded_frame){.object = recording_add_object(recording, &kernel),
	                            .vaddr = 0xffffffff81000100});
	assert_true(recording_n_objects(recording) >= 4);
	symbolizer_open(at_once, recording);
	symbolizer_open(at_once, recording); /* nothing is left to do */
	text = name_frames(at_once, recording);
	expected = name_frames(one_by_one, recording);
	assert_string_equal(text, expected);
	free(text);
	free(expected);
	symbolizer_free(at_once);
	symbolizer_free(one_by_one);
	recording_free(recording);
}

/* An object that is this process's C library, but for its build-id. */
static struct object libc_with_build_id(const uint8_t *build_id, size_t len_bytes)
{
	struct object object = {.kind = OBJECT_FILE, .fd = -1};
	Dl_info library;

	assert_true(dladdr((void *)gnu_get_libc_version, &library));
	object.path = (char *)library.dli_fname;
	if (len_bytes)
		memcpy(object.build_id, build_id, len_bytes);
	object.build_id_len = (uint8_t)len_bytes;
	return object;
}

static uint64_t libc_vaddr(void)
{
	Dl_info library;

	assert_true(dladdr((void *)gnu_get_libc_version, &library));
	return (uint64_t)gnu_get_libc_version - (uint64_t)library.dli_fbase;
}

static void the_c_library_that_was_foreseen_has_the_same_names(void **state)
{
	struct symbolizer *plain = symbolizer_new(), *foreseeing = symbolizer_new();
	const struct symbol_frame *expected, *frames;
	struct object object = libc_with_build_id(NULL, 0);
	struct elf_file *file;
	struct diag diag;
	const uint8_t *build_id;
	size_t len_bytes;

	(void)state;
	assert_int_equal(elf_file_open_path(&file, object.path, &diag), 0);
	build_id = elf_file_build_id(file, &len_bytes);
	object = libc_with_build_id(build_id, len_bytes);
	symbolizer_foresee(foreseeing);
	symbolizer_foresee(foreseeing); /* is under way */
	symbolizer_look_up(plain, &object, libc_vaddr(), false, &expected);
	symbolizer_look_up(foreseeing, &object, libc_vaddr(), false, &frames);
	assert_string_equal(frames->function, expected->function);
	assert_string_equal(frames->file ? frames->file : "", expected->file ? expected->file : "");
	assert_int_equal(frames->line, expected->line);
	elf_file_free(file);
	symbolizer_free(foreseeing);
	symbolizer_free(plain);
}

static void a_library_of_another_build_is_not_the_one_foreseen(void **state)
{
	static const uint8_t other[20] = {1, 2, 3};
	struct symbolizer *symbolizer = symbolizer_new();
	struct object object = libc_with_build_id(other, sizeof(other));
	const struct symbol_frame *frames;

	(void)state;
	symbolizer_foresee(symbolizer);
	symbolizer_look_up(symbolizer, &object, libc_vaddr(), false, &frames);
	assert_null(frames->function);
	assert_non_null(
	    strstr(symbolizer_remedy(symbolizer, &object), "is no longer the file that ran"));
	symbolizer_free(symbolizer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(c_frames_are_those_of_addr2line),
	    cmocka_unit_test(cxx_frames_are_those_of_addr2line),
	    cmocka_unit_test(other_dwarf_versions_and_compilers_too),
	    cmocka_unit_test(what_debug_aranges_leaves_out_has_names_too),
	    cmocka_unit_test(frames_of_clang_lto_and_split_dwarf_are_those_of_addr2line),
	    cmocka_unit_test(a_chain_of_inlined_calls_is_told_with_its_call_sites),
	    cmocka_unit_test(functions_in_functions_and_classes_there_are_found),
	    cmocka_unit_test(a_return_address_means_the_call_before_it),
	    cmocka_unit_test(names_without_mangling_are_those_of_the_source),
	    cmocka_unit_test(a_function_with_a_public_alias_has_its_name),
	    cmocka_unit_test(old_compressed_sections_are_read),
	    cmocka_unit_test(a_debug_file_is_found_by_build_id),
	    cmocka_unit_test(a_debug_file_is_found_by_its_link),
	    cmocka_unit_test(a_debug_file_of_another_build_is_refused_and_said),
	    cmocka_unit_test(debug_files_that_share_through_dwz_are_whole),
	    cmocka_unit_test(split_dwarf_is_read_from_single_files_and_packages),
	    cmocka_unit_test(split_dwarf_that_is_missing_or_no_file_is_said),
	    cmocka_unit_test(without_dwarf_the_symbols_name_functions),
	    cmocka_unit_test(a_stripped_file_says_what_would_help),
	    cmocka_unit_test(a_stripped_file_of_a_package_names_its_debug_package),
	    cmocka_unit_test(what_debuginfod_has_fetched_is_found),
	    cmocka_unit_test(the_small_symbol_table_of_stripped_programs_is_read),
	    cmocka_unit_test(dwarf_that_cannot_be_unpacked_is_said_with_the_line_that_helps),
	    cmocka_unit_test(plt_stubs_are_named_after_their_function),
	    cmocka_unit_test(slots_of_the_got_have_the_names_of_their_relocations),
	    cmocka_unit_test(assembly_without_sizes_is_named),
	    cmocka_unit_test(versions_resolvers_and_symbols_without_size_are_named),
	    cmocka_unit_test(symbols_tell_clones_and_static_functions_when_asked_for),
	    cmocka_unit_test(fortran_names_tell_their_module),
	    cmocka_unit_test(rust_names_of_both_manglings_are_whole),
	    cmocka_unit_test(a_descriptor_is_enough),
	    cmocka_unit_test(another_build_in_the_same_place_is_refused),
	    cmocka_unit_test(what_is_no_elf_file_is_said),
	    cmocka_unit_test(the_vdso_has_names),
	    cmocka_unit_test(objects_opened_at_once_give_the_same_names),
	    cmocka_unit_test(the_c_library_that_was_foreseen_has_the_same_names),
	    cmocka_unit_test(a_library_of_another_build_is_not_the_one_foreseen),
	};

	return cmocka_run_group_tests_name("symbolize", tests, make_scratch, remove_scratch);
}
