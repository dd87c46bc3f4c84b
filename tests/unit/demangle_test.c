/* Names people know: demangled, and short. */
#include "core/alloc.h"
#include "core/symbolize/demangle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct pair {
	const char *from;
	const char *to;
};

static char *append(char *text, const char *more)
{
	char *longer = xasprintf("%s%s", text, more);

	free(text);
	return longer;
}

static void check_pairs(char *(*convert)(const char *), const struct pair *pairs, size_t n_pairs)
{
	for (size_t i = 0; i < n_pairs; i++) {
		char *got = convert(pairs[i].from);

		if (strcmp(got, pairs[i].to))
			fail_msg("'%s' gave '%s', expected '%s'", pairs[i].from, got, pairs[i].to);
		free(got);
	}
}

static void symbols_of_each_language_are_demangled(void **state)
{
	static const struct pair pairs[] = {
	    {"_ZN2ns1fIiE1gEc", "ns::f<int>::g(char)"},
	    {"_ZN12_GLOBAL__N_15scaleEi", "(anonymous namespace)::scale(int)"},
	    {"_ZN2ns1gEv.isra.0.cold", "ns::g() [clone .isra.0] [clone .cold]"},
	    {"_ZN1A1fB5cxx11Ev", "A::f[abi:cxx11]()"},
	    /* Rust, legacy: the hash goes. */
	    {"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"},
	    {"_ZN66_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..ops..drop..Drop$GT$"
	     "4drop17h0123456789abcdefE",
	     "<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop"},
	    {"_ZN4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE", "main::{{closure}}"},
	    /* Rust, v0 (RFC 2603) */
	    {"_RNvC6_123foo3bar", "123foo::bar"},
	    {"_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_", "cc::spawn::{closure#0}::{closure#0}"},
	    {"_RNvMsr_NtCs3ssYzQotkvD_3std4pathNtB5_7PathBuf3newCs15kBYyAo9fc_7mycrate",
	     "<std::path::PathBuf>::new"},
	    {"_D3foo3barFiZv", "foo.bar(int)"},
	    {"main", "main"},
	    {"_Zen", "_Zen"},
	    {"memcpy@@GLIBC_2.14", "memcpy"},
	    {"memcpy@plt", "memcpy@plt"},
	    {"_ZN1A1fEi@plt", "A::f(int)@plt"},
	    {"", ""},
	};

	(void)state;
	check_pairs(demangle, pairs, ARRAY_SIZE(pairs));
}

static void short_names_keep_the_function_alone(void **state)
{
	static const struct pair pairs[] = {
	    {"main", "main"},
	    {"int ns::f<int>::g(char) const [clone .cold]", "ns::f<int>::g"},
	    {"void f<int, char>(std::pair<int, char> const&)", "f<int, char>"},
	    {"unsigned long const& A::get() const &", "A::get"},
	    {"int& A::get() &&", "A::get"},
	    {"(anonymous namespace)::f(int)", "(anonymous namespace)::f"},
	    {"unsigned long (anonymous namespace)::f<1>()", "(anonymous namespace)::f<1>"},
	    {"std::__cxx11::basic_string<char>::f[abi:cxx11](int)",
	     "std::__cxx11::basic_string<char>::f"},
	    {"A<int (*)(char)>::f(void (*)(int))", "A<int (*)(char)>::f"},
	    /* return types with parentheses */
	    {"void (*f<int>(int))(char)", "f<int>"},
	    {"void (A::*pick<int>(int))(char)", "pick<int>"},
	    {"decltype ({parm#1}+{parm#2}) add<int, int>(int, int)", "add<int, int>"},
	    {"decltype (((declval<int>)())+(1)) g<int>(int)", "g<int>"},
	    /* operators */
	    {"A::operator()(int) const", "A::operator()"},
	    {"A::operator[](unsigned long)", "A::operator[]"},
	    {"A::operator->() const", "A::operator->"},
	    {"A::operator<(A const&) const", "A::operator<"},
	    {"A::operator<=>(A const&) const", "A::operator<=>"},
	    {"bool operator< <int>(A<int>, B)", "operator< <int>"},
	    {"bool operator><int>(A<int>, B)", "operator><int>"},
	    {"std::ostream& operator<< <std::char_traits<char> >(std::ostream&, char const*)",
	     "operator<< <std::char_traits<char> >"},
	    {"A::operator int() const", "A::operator int"},
	    {"A::operator bool", "A::operator bool"},
	    {"A::operator std::vector<int, std::allocator<int> >() const",
	     "A::operator std::vector<int, std::allocator<int> >"},
	    {"A::operator void (*)(int)()", "A::operator void (*)(int)"},
	    {"operator new(unsigned long)", "operator new"},
	    {"operator delete[](void*)", "operator delete[]"},
	    {"long double operator\"\" _km(long double)", "operator\"\" _km"},
	    {"A<&(B::operator>(int))>::f(int)", "A<&(B::operator>(int))>::f"},
	    {"A<(1>2)>::f(int)", "A<(1>2)>::f"},
	    {"operatorial(int)", "operatorial"},
	    /* local functions and lambdas */
	    {"f(int)::{lambda(int)#1}::operator()(int) const", "f::{lambda(int)#1}::operator()"},
	    {"A::f() const::{lambda()#1}::operator()() const", "A::f::{lambda()#1}::operator()"},
	    {"auto f(int)::{lambda(auto:1)#1}::operator()<int>(int) const",
	     "f::{lambda(auto:1)#1}::operator()<int>"},
	    {"f(int)::Local::operator=(Local&&)", "f::Local::operator="},
	    /* copies that compilers make */
	    {"foo.cold", "foo"},
	    {"foo.isra.0", "foo"},
	    {"foo.part.12.constprop.3.cold", "foo"},
	    {"foo.lto_priv.0", "foo"},
	    {"foo() [clone .isra.0] [clone .cold]", "foo"},
	    {"main._omp_fn.0", "main._omp_fn.0"},
	    {"compute(int) [clone ._omp_fn.0]", "compute._omp_fn.0"},
	    {"f<g [clone .part.0123456789]>", "f<g [clone .part.0123456789]>"},
	    {"foo.partial", "foo.partial"},
	    {"foo.1", "foo.1"},
	    {".cold", ".cold"},
	    {"non-virtual thunk to A::f(int)", "non-virtual thunk to A::f"},
	    {"A::f(int)@plt", "A::f@plt"},
	    {"printf@plt", "printf@plt"},
	    /* Rust */
	    {"<T as Trait>::f", "<T as Trait>::f"},
	    {"<fn(u8) -> u8 as core::ops::FnOnce<(u8,)>>::call_once",
	     "<fn(u8) -> u8 as core::ops::FnOnce<(u8,)>>::call_once"},
	    {"main::{closure#0}", "main::{closure#0}"},
	    {"my::{impl#3}::run", "my::{impl#3}::run"},
	    {"core::ptr::drop_in_place<alloc::string::String>",
	     "core::ptr::drop_in_place<alloc::string::String>"},
	    /* others */
	    {"main.(*Server).Serve.func1", "main.(*Server).Serve.func1"},
	    {"-[Window close:]", "-[Window close:]"},
	};

	(void)state;
	check_pairs(demangle_short, pairs, ARRAY_SIZE(pairs));
}

/* Whatever a symbol table holds: the sanitizers watch this one. */
static void any_text_gives_some_name(void **state)
{
	static const char alphabet[] =
	    "a1_:<>()[]{} *&.,-~@$\"operator[abi: [clone decltype _ZNIEiR";
	unsigned random = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		char text[40];
		size_t len;
		char *full;
		char *name;

		random = random * 1103515245 + 12345;
		len = (random >> 16) % sizeof(text);
		for (size_t i = 0; i < len; i++) {
			random = random * 1103515245 + 12345;
			text[i] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
		}
		text[len ? len - 1 : 0] = 0;
		full = demangle(text);
		name = demangle_short(full);
		assert_non_null(name);
		assert_true(*name || !*full);
		free(full);
		free(name);
	}
}

static void brackets_without_end_are_no_trap(void **state)
{
	static const char kinds[] = "(<[{";

	(void)state;
	for (size_t i = 0; i < strlen(kinds); i++) {
		enum { MANY = 100000 };
		char *text = xmalloc(MANY + 1);

		memset(text, kinds[i], MANY);
		text[MANY] = 0;
		text[0] = 'f';
		free(demangle_short(text));
		free(text);
	}
}

/* f(p<p<...int> > >): libiberty takes no symbol of more than 1,024 characters unless it is asked
 * to. */
static void long_symbols_are_demangled(void **state)
{
	enum { DEPTH = 300 };
	char *symbol = xstrdup("_Z1f"), *expected = xstrdup("f("), *got;

	(void)state;
	for (int i = 0; i < DEPTH; i++) {
		symbol = append(symbol, "1pI");
		expected = append(expected, "p<");
	}
	symbol = append(symbol, "i");
	expected = append(expected, "int>");
	for (int i = 0; i < DEPTH; i++) {
		symbol = append(symbol, "E");
		expected = append(expected, i ? " >" : "");
	}
	expected = append(expected, ")");
	assert_true(strlen(symbol) > 1024);
	got = demangle(symbol);
	assert_string_equal(got, expected);
	free(got);
	free(expected);
	free(symbol);
}

/* f(p<int, int>, p<p<int, int>, p<int, int> >, ...): each substitution doubles the text. */
static void symbols_that_stand_for_gigabytes_stay_as_they_are(void **state)
{
	char *symbol = xstrdup("_Z1f1pIiiE"), *got;

	(void)state;
	for (int i = 0; i < 34; i++) {
		char *doubled =
		    xasprintf("%sS_IS%c_S%c_E", symbol, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i],
		              "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i]);

		free(symbol);
		symbol = doubled;
	}
	got = demangle(symbol);
	assert_string_equal(got, symbol);
	free(got);
	free(symbol);
}

static void symbols_of_any_length_and_depth_are_survived(void **state)
{
	static const char *const units[] = {"P", "ng", "1pI", "N", "I", "XadL_Z", "FvS_E"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		for (size_t n = 1000; n < 100000; n *= 5) {
			char *symbol = xcalloc(8 + n * strlen(units[i]), 1);

			strcpy(symbol, i % 2 ? "_Z1fDT" : "_Z1f");
			for (char *end = symbol + strlen(symbol); n > (size_t)(end - symbol);)
				end = stpcpy(end, units[i]);
			free(demangle(symbol));
			free(symbol);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(long_symbols_are_demangled),
	    cmocka_unit_test(symbols_that_stand_for_gigabytes_stay_as_they_are),
	    cmocka_unit_test(symbols_of_any_length_and_depth_are_survived),
	    cmocka_unit_test(symbols_of_each_language_are_demangled),
	    cmocka_unit_test(short_names_keep_the_function_alone),
	    cmocka_unit_test(any_text_gives_some_name),
	    cmocka_unit_test(brackets_without_end_are_no_trap),
	};

	return cmocka_run_group_tests_name("demangle", tests, NULL, NULL);
}
