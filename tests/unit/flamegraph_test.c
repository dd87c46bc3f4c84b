/* The SVG of a flame graph, as it is without scripts; tests/e2e/viewers.sh tries the rest in a
 * browser. */
#include "core/export/exporter.h"

#include "core/export/picture.h"
#include "core/export/xml.h"
#include "tests/unit/folded_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

static const struct value_type types[] = {{"samples", "count"}};

static void add(struct fixture *fixture, const char *stack, uint64_t samples)
{
	fixture_add(fixture, 1, "prog", stack, &samples);
}

static char *write_svg(const struct profile *profile, const struct export_options *options)
{
	struct diag diag = {""};
	char *svg;
	size_t len;
	FILE *out = open_memstream(&svg, &len);

	assert_int_equal(flamegraph_exporter.write(profile, options, out, &diag), 0);
	assert_int_equal(fclose(out), 0);
	return svg;
}

static char *draw(struct fixture *fixture, const struct export_options *options)
{
	struct profile *profile = fixture_profile(fixture);
	char *svg = write_svg(profile, options);

	profile_free(profile);
	fixture_fini(fixture);
	return svg;
}

static char *draw_plain(struct fixture *fixture)
{
	return draw(fixture, &(struct export_options){.title = "t"});
}

/* The box whose tooltip begins with this name; NULL: there is none. */
static const char *find_box(const char *svg, const char *name)
{
	char *tooltip = xasprintf("<title>%s\n", name);
	const char *box = strstr(svg, tooltip);

	free(tooltip);
	return box;
}

static double attribute(const char *box, const char *name)
{
	char *start = xasprintf(" %s=\"", name);
	const char *at;

	assert_non_null(box);
	at = strstr(strstr(box, "<rect"), start);
	assert_non_null(at);
	at += strlen(start);
	free(start);
	return strtod(at, NULL);
}

static void a_box_is_as_wide_as_its_share_and_stands_on_its_caller(void **state)
{
	struct fixture fixture;
	char *svg;

	(void)state;
	fixture_init(&fixture, types, 1);
	add(&fixture, "main;a", 25);
	add(&fixture, "main;b", 75);
	svg = draw_plain(&fixture);
	/* 1,180 px for all; a gap of half a pixel on the right of each. */
	assert_float_equal(attribute(find_box(svg, "main"), "width"), 1179.5, 0.01);
	assert_float_equal(attribute(find_box(svg, "a"), "width"), 294.5, 0.01);
	assert_float_equal(attribute(find_box(svg, "b"), "width"), 884.5, 0.01);
	assert_float_equal(attribute(find_box(svg, "b"), "x"), 10 + 295, 0.01);
	assert_float_equal(
	    attribute(find_box(svg, "main"), "y") - attribute(find_box(svg, "a"), "y"), 18, 0.01);
	assert_true(attribute(find_box(svg, "all"), "y") > attribute(find_box(svg, "prog"), "y"));
	free(svg);
}

static char *draw_as(const struct picture_options *picture)
{
	struct fixture fixture;

	fixture_init(&fixture, types, 1);
	add(&fixture, "main;a;read_[k]", 25);
	add(&fixture, "main;b", 74);
	add(&fixture, "main;c", 1);
	return draw(&fixture,
	            &(struct export_options){.title = "t", .subtitle = "s", .picture = picture});
}

static void an_inverted_graph_hangs_on_its_root(void **state)
{
	char *svg = draw_as(&(struct picture_options){.inverted = true});

	(void)state;
	assert_float_equal(
	    attribute(find_box(svg, "a"), "y") - attribute(find_box(svg, "main"), "y"), 18, 0.01);
	assert_float_equal(attribute(find_box(svg, "all"), "y"), 100, 0.01);
	assert_non_null(strstr(svg, "isInverted: true"));
	assert_non_null(strstr(svg, "its callers are above it"));
	free(svg);
}

static void a_picture_has_the_size_and_the_words_asked_for(void **state)
{
	char *svg = draw_as(&(struct picture_options){
	    .width = 620, .height = 30, .title = "A & B", .subtitle = "two"});

	(void)state;
	assert_float_equal(attribute(find_box(svg, "main"), "width"), 599.5, 0.01);
	assert_float_equal(attribute(find_box(svg, "main"), "height"), 29, 0.01);
	assert_float_equal(
	    attribute(find_box(svg, "main"), "y") - attribute(find_box(svg, "a"), "y"), 30, 0.01);
	assert_non_null(strstr(svg,
	                       "<svg class=\"flamegraph\" xmlns=\"http://www.w3.org/2000/svg\" "
	                       "version=\"1.1\" width=\"620\""));
	assert_non_null(strstr(svg, "y=\"27\">A &amp; B</text>"));
	assert_non_null(strstr(svg, "y=\"47\">two</text>"));
	assert_non_null(strstr(svg, "isFixed: true"));
	free(svg);
}

static void the_least_width_is_pixels_or_a_share(void **state)
{
	char *pixels = draw_as(&(struct picture_options){.min_width = {13, false}});
	char *share = draw_as(&(struct picture_options){.min_width = {2, true}});
	char *neither = draw_as(&(struct picture_options){.min_width = {11, false}});

	(void)state;
	/* c is 1 % of 1,180 px. */
	assert_null(find_box(pixels, "c"));
	assert_null(find_box(share, "c"));
	assert_non_null(find_box(neither, "c"));
	assert_non_null(find_box(share, "b"));
	assert_non_null(strstr(share, "narrower than 23.6 px"));
	assert_non_null(strstr(share, "minWidth: 0.1")); /* what is there is shown when zoomed in */
	free(pixels);
	free(share);
	free(neither);
}

static void a_palette_is_for_all_kinds_of_code(void **state)
{
	char *kinds = draw_as(NULL);
	char *blue = draw_as(&(struct picture_options){.colors = COLORS_BLUE});

	(void)state;
	assert_non_null(strstr(kinds, ">kernel</text>"));
	assert_null(strstr(blue, ">kernel</text>"));
	assert_non_null(strstr(blue, ">command</text>"));
	for (int shade = 0; shade < 8; shade++) {
		char *user = xasprintf(".flamegraph .u%d{fill:", shade);
		char *kernel = xasprintf(".flamegraph .k%d{fill:", shade);
		const char *a = strstr(blue, user) + strlen(user);
		const char *b = strstr(blue, kernel) + strlen(kernel);

		assert_memory_equal(a, b, 7);
		/* #rrggbb: blue is the most. */
		assert_true(strncmp(a + 5, a + 1, 2) > 0 && strncmp(a + 5, a + 3, 2) > 0);
		free(user);
		free(kernel);
	}
	free(kinds);
	free(blue);
}

static void a_tooltip_has_value_share_object_and_place(void **state)
{
	struct fixture fixture;
	char *svg;

	(void)state;
	fixture_init(&fixture, types, 1);
	add(&fixture, "main@m.c:3;f@src/f.c:10!libf.so", 1000);
	add(&fixture, "main@m.c:3;f@src/f.c:17!libf.so", 500);
	add(&fixture, "main@m.c:3", 500);
	svg = draw(&fixture, &(struct export_options){.count_name = "samples"});
	assert_non_null(
	    strstr(svg, "<title>f\n1,500 samples, 75.00 %\nlibf.so\nsrc/f.c:10-17</title>"));
	assert_non_null(strstr(
	    svg, "<title>main\n2,000 samples, 100.00 % (self 500, 25.00 %)\nprog\nm.c:3</title>"));
	free(svg);
}

static void merged_frames_claim_only_what_holds_for_all(void **state)
{
	struct fixture fixture;
	char *svg;

	(void)state;
	fixture_init(&fixture, types, 1);
	add(&fixture, "main@m.c:3;init@a.c:10!liba.so", 1);
	add(&fixture, "main@m.c:3;init@b.c:20!libb.so", 1);
	svg = draw_plain(&fixture);
	assert_non_null(strstr(svg, "<title>init\n2 samples, 100.00 %</title>"));
	free(svg);
}

static void names_of_any_bytes_are_safe(void **state)
{
	struct fixture fixture;
	char *svg;

	(void)state;
	fixture_init(&fixture, types, 1);
	add(&fixture, "std::map<int, a&b>::at;say\"hi'\xff\xc0\xaf_end;gr\xc3\xbc\xc3\x9f]]>", 1);
	svg = draw(&fixture, &(struct export_options){.title = "<t>&", .subtitle = "\"s\"\x01"});
	assert_non_null(strstr(svg, "std::map&lt;int, a&amp;b&gt;::at"));
	assert_non_null(strstr(svg, "say&quot;hi&#39;\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd_end"));
	assert_non_null(strstr(svg, "gr\xc3\xbc\xc3\x9f]]&gt;"));
	assert_non_null(strstr(svg, "&lt;t&gt;&amp;"));
	assert_non_null(strstr(svg, "&quot;s&quot;\xef\xbf\xbd"));
	assert_null(strstr(svg, "\xff"));
	free(svg);
}

static void utf8_is_told_from_other_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} cases[] = {
	    {"a", 1},
	    {"\x7f", 1},
	    {"\x1b", 0}, /* not in XML */
	    {"\xc3\xbc", 2},
	    {"\xe2\x82\xac", 3},
	    {"\xf0\x9f\x94\xa5", 4},
	    {"\xc3", 0},             /* cut off */
	    {"\xe2\x82", 0},         /* cut off */
	    {"\xbc", 0},             /* a follower alone */
	    {"\xc0\xaf", 0},         /* overlong */
	    {"\xe0\x80\xaf", 0},     /* overlong */
	    {"\xed\xa0\x80", 0},     /* a surrogate */
	    {"\xef\xbf\xbf", 0},     /* U+FFFF: not in XML */
	    {"\xf4\x90\x80\x80", 0}, /* beyond U+10FFFF */
	    {"\xf8\x88\x80\x80", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(utf8_length(cases[i].bytes), cases[i].length);
	assert_int_equal(utf8_count("gr\xc3\xbc\xc3\x9f\xff"), 5);
}

static void a_long_name_is_cut_to_its_box(void **state)
{
	struct fixture fixture;
	char *svg;

	(void)state;
	fixture_init(&fixture, types, 1);
	add(&fixture, "main;a_rather_long_name_of_a_function_[k]", 10);
	add(&fixture, "main;b", 90);
	svg = draw_plain(&fixture);
	/* 118 px less 6 hold 16 characters of 6.63 px, the last of which is the ellipsis. */
	assert_non_null(strstr(svg, ">a_rather_long_n\xe2\x80\xa6</text>"));
	free(svg);
}

static void kinds_and_functions_have_their_colours_in_every_graph(void **state)
{
	struct fixture fixture;
	const char *first_class;
	char *first;
	char *second;

	(void)state;
	fixture_init(&fixture, types, 1);
	add(&fixture, "main;work;sys_read_[k]", 1);
	add(&fixture, "main;inner_[i]", 1);
	first = draw_plain(&fixture);
	fixture_init(&fixture, types, 1);
	add(&fixture, "other;work", 7);
	second = draw_plain(&fixture);
	assert_non_null(strstr(first, ">kernel</text>"));
	assert_non_null(strstr(first, ">inlined</text>"));
	assert_null(strstr(second, ">kernel</text>"));
	/* `<g class="uN"><title>work`: the class is 4 bytes before the tooltip's tag. */
	first_class = find_box(first, "work") - strlen("uN\">");
	assert_memory_equal(first_class, find_box(second, "work") - strlen("uN\">"), 2);
	assert_int_equal(first_class[0], 'u');
	assert_int_equal(find_box(first, "sys_read_[k]")[-(int)strlen("kN\">")], 'k');
	free(first);
	free(second);
}

static void what_is_too_narrow_is_left_out_and_said(void **state)
{
	struct fixture fixture;
	char *svg;

	(void)state;
	fixture_init(&fixture, types, 1);
	add(&fixture, "main;wide", 1000000);
	add(&fixture, "main;thin;thinner", 70); /* 0.083 px */
	add(&fixture, "main;thin2", 5);
	svg = draw_plain(&fixture);
	assert_null(find_box(svg, "thin"));
	assert_null(find_box(svg, "thinner"));
	assert_non_null(strstr(svg,
	                       "1,000,075 samples in all; not drawn: 3 frames narrower than 0.1 "
	                       "px, at the ends of stacks with 75 samples, 0.01 %"));
	free(svg);
}

static void every_box_has_its_numbers_for_the_script(void **state)
{
	struct fixture fixture;
	char *svg;

	(void)state;
	fixture_init(&fixture, types, 1);
	add(&fixture, "main;a", 3);
	add(&fixture, "main;b", 4);
	svg = draw_plain(&fixture);
	assert_non_null(strstr(svg, "const data = [0,0,7,1,0,7,2,0,7,3,0,3,3,3,4];"));
	free(svg);
}

/* The letter of the box's band of colours. */
static char band(const char *svg, const char *name)
{
	const char *box = find_box(svg, name);

	assert_non_null(box);
	while (strncmp(box, "<g class=\"", 10) != 0)
		box--;
	return box[10];
}

static void several_values_are_told_apart_by_colour(void **state)
{
	static const struct value_type times[] = {
	    {"blocked", "nanoseconds"}, {"waits", "count"}, {"cpu", "nanoseconds"}};
	static const struct export_part parts[] = {{2, "on a CPU"}, {0, "blocked"}};
	struct fixture fixture;
	char *svg;

	(void)state;
	fixture_init(&fixture, times, 3);
	fixture_add(&fixture, 1, "prog", "main;runs", (uint64_t[]){0, 0, 300});
	fixture_add(&fixture, 1, "prog", "main;waits;sleep", (uint64_t[]){600, 7, 0});
	/* 10 % and less of another kind do not change a colour. */
	fixture_add(&fixture, 1, "prog", "main;waits", (uint64_t[]){0, 0, 60});
	fixture_add(&fixture, 1, "prog", "main;both", (uint64_t[]){30, 1, 10});
	svg = draw(&fixture,
	           &(struct export_options){.count_name = "ns", .parts = parts, .n_parts = 2});
	assert_int_equal(band(svg, "runs"), 'p');
	assert_int_equal(band(svg, "waits"), 'q');
	assert_int_equal(band(svg, "sleep"), 'q');
	assert_int_equal(band(svg, "both"), 'm');
	assert_int_equal(band(svg, "main"), 'm');
	assert_int_equal(band(svg, "prog"), 'c');
	assert_non_null(
	    strstr(svg, "<title>both\n40 ns, 4.00 %\non a CPU 25.0 %, blocked 75.0 %\n"));
	assert_non_null(strstr(svg, ">on a CPU</text>"));
	assert_non_null(strstr(svg, ">blocked</text>"));
	assert_non_null(strstr(svg, "1,000 ns in all"));
	free(svg);
}

static void a_profile_without_values_says_so(void **state)
{
	struct fixture fixture;
	char *svg;

	(void)state;
	fixture_init(&fixture, types, 1);
	add(&fixture, "main", 0);
	svg = draw_plain(&fixture);
	assert_non_null(strstr(svg, "There is nothing to draw: no stack has any samples."));
	assert_null(strstr(svg, "nan"));
	assert_null(strstr(svg, "<script>"));
	free(svg);
}

static void nothing_is_loaded_from_elsewhere(void **state)
{
	struct fixture fixture;
	char *svg;
	size_t n_addresses = 0;

	(void)state;
	fixture_init(&fixture, types, 1);
	add(&fixture, "main", 1);
	svg = draw_plain(&fixture);
	for (const char *at = svg; (at = strstr(at, "://")); at++)
		n_addresses++;
	/* The names of the SVG and XHTML name spaces: one in the markup, two in the script. */
	assert_int_equal(n_addresses, 3);
	assert_null(strstr(svg, "url("));
	assert_null(strstr(svg, "@import"));
	assert_null(strstr(svg, "href"));
	free(svg);
}

/* 100,000 stacks of up to 40 frames, shared towards the root as those of real programs are. */
static void add_many(struct fixture *fixture)
{
	uint64_t random = 88172645463325252u;

	for (int i = 0; i < 100000; i++) {
		char stack[40 * 16] = "main";
		size_t len = strlen(stack);
		uint64_t function = 0;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		for (uint64_t depth = 5 + random % 35; depth > 0; depth--) {
			function = (function * 5 + (random >> depth) % 16 / 13) % 2000;
			len +=
			    (size_t)sprintf(stack + len, ";function_%lu", (unsigned long)function);
		}
		add(fixture, stack, 1 + random % 9);
	}
}

static void a_hundred_thousand_stacks_are_drawn_fast_and_small(void **state)
{
	struct fixture fixture;
	struct profile *profile;
	struct timespec start;
	struct timespec end;
	char *svg;

	(void)state;
	fixture_init(&fixture, types, 1);
	add_many(&fixture);
	profile = fixture_profile(&fixture);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	svg = write_svg(profile, &(struct export_options){.title = "t"});
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	assert_true(strlen(svg) < 4000000);
	/* It takes 0.2 s; the rest is for sanitizers and busy machines. */
	assert_in_range(end.tv_sec - start.tv_sec, 0, 2);
	free(svg);
	svg = write_svg(profile, &(struct export_options){.title = "t", .most_bytes = 200000});
	assert_in_range(strlen(svg), 100000, 250000); /* with its script */
	assert_non_null(strstr(svg, " frames narrower than "));
	free(svg);
	profile_free(profile);
	fixture_fini(&fixture);
}

static void a_box_that_can_be_seen_is_drawn_however_small_the_file_is_to_be(void **state)
{
	struct fixture fixture;
	struct profile *profile;
	char *svg;

	(void)state;
	fixture_init(&fixture, types, 1);
	for (int i = 0; i < 50; i++) {
		char stack[40];

		snprintf(stack, sizeof(stack), "main;function_%d", i);
		add(&fixture, stack, 1);
	}
	profile = fixture_profile(&fixture);
	svg = write_svg(profile, &(struct export_options){.title = "t", .most_bytes = 1});
	assert_non_null(find_box(svg, "function_0"));
	assert_non_null(find_box(svg, "function_49"));
	free(svg);
	profile_free(profile);
	fixture_fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_box_is_as_wide_as_its_share_and_stands_on_its_caller),
	    cmocka_unit_test(an_inverted_graph_hangs_on_its_root),
	    cmocka_unit_test(a_picture_has_the_size_and_the_words_asked_for),
	    cmocka_unit_test(the_least_width_is_pixels_or_a_share),
	    cmocka_unit_test(a_palette_is_for_all_kinds_of_code),
	    cmocka_unit_test(a_tooltip_has_value_share_object_and_place),
	    cmocka_unit_test(merged_frames_claim_only_what_holds_for_all),
	    cmocka_unit_test(names_of_any_bytes_are_safe),
	    cmocka_unit_test(utf8_is_told_from_other_bytes),
	    cmocka_unit_test(a_long_name_is_cut_to_its_box),
	    cmocka_unit_test(a_box_that_can_be_seen_is_drawn_however_small_the_file_is_to_be),
	    cmocka_unit_test(kinds_and_functions_have_their_colours_in_every_graph),
	    cmocka_unit_test(what_is_too_narrow_is_left_out_and_said),
	    cmocka_unit_test(every_box_has_its_numbers_for_the_script),
	    cmocka_unit_test(several_values_are_told_apart_by_colour),
	    cmocka_unit_test(a_profile_without_values_says_so),
	    cmocka_unit_test(nothing_is_loaded_from_elsewhere),
	    cmocka_unit_test(a_hundred_thousand_stacks_are_drawn_fast_and_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
