/* Demangles by libiberty, and cuts demangled names down to what people call a function. */
#include "core/symbolize/demangle.h"

#include "core/alloc.h"
#include "core/symbolize/mangling.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char plt_suffix[] = "@plt";

static char *demangle_base(const char *symbol)
{
	char *text = mangling_undo(symbol);

	return text ? text : xstrdup(symbol);
}

char *demangle(const char *symbol)
{
	const char *at = strchr(symbol, '@');
	char *base = at && at > symbol ? xstrndup(symbol, (size_t)(at - symbol)) : xstrdup(symbol);
	char *text = demangle_base(base);

	free(base);
	if (at && !strcmp(at, plt_suffix)) {
		base = text;
		text = xasprintf("%s%s", base, plt_suffix);
		free(base);
	}
	return text;
}

/* What compilers append to the copies of a function that they make; a number may follow. Outlined
 * code (._omp_fn.0) is a function of its own and not among them. */
static const char *const clone_kinds[] = {
    "cold", "part", "isra", "constprop", "lto_priv", "localalias", "llvm",
};

/* What stands before the name of code made for a function; the name without it would be wrong. */
static const char *const kept_prefixes[] = {
    "non-virtual thunk to ",        "virtual thunk to ",
    "covariant return thunk to ",   "transaction clone for ",
    "non-transaction clone for ",   "TLS wrapper function for ",
    "TLS init function for ",       "global constructors keyed to ",
    "global destructors keyed to ",
};

/* Longest first, so that the first that fits is right. */
static const char *const operator_symbols[] = {
    "->*", "<=>", "<<=", ">>=", "->", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||",
    "++",  "--",  "+=",  "-=",  "*=", "/=", "%=", "^=", "&=", "|=", "()", "[]", "+",
    "-",   "*",   "/",   "%",   "^",  "&",  "|",  "~",  "!",  "=",  "<",  ">",  ",",
};

static const char *const operator_words[] = {
    " new[]", " delete[]", " new", " delete", " co_await", "\"\" ", "\"\"",
};

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static size_t prefix_len(const char *text, const char *const *prefixes, size_t n_prefixes)
{
	for (size_t i = 0; i < n_prefixes; i++) {
		size_t len = strlen(prefixes[i]);

		if (!strncmp(text, prefixes[i], len))
			return len;
	}
	return 0;
}

/* Is the word `operator` here? `text` is where the whole name begins. */
static bool at_operator(const char *text, const char *at)
{
	return !strncmp(at, "operator", 8) && !is_name_char(at[8]) &&
	       (at == text || !is_name_char(at[-1]));
}

/* The length of "operator->" and the like at `at`; just of the word for a conversion operator. */
static size_t operator_len(const char *at)
{
	const size_t word = strlen("operator");
	size_t len = prefix_len(at + word, operator_words, ARRAY_SIZE(operator_words));

	if (!len)
		len = prefix_len(at + word, operator_symbols, ARRAY_SIZE(operator_symbols));
	return word + len;
}

static char opening_of(char closing)
{
	switch (closing) {
	case '>':
		return '<';
	case ')':
		return '(';
	case ']':
		return '[';
	case '}':
		return '{';
	default:
		return 0;
	}
}

/* The end of the bracketed group that begins at `at`. A `>` closes only what `<` opened last:
 * others are comparisons, arrows or operators. */
static const char *group_end(const char *text, const char *at)
{
	enum { MAX_OPEN = 512 };
	char open[MAX_OPEN];
	size_t n_open = 0;

	do {
		char opening = opening_of(*at);

		if (at_operator(text, at)) {
			at += operator_len(at);
			continue;
		}
		if (*at == '>' && (at[-1] == '-' || open[n_open - 1] != '<'))
			opening = 0;
		if (strchr("<([{", *at) && n_open < MAX_OPEN)
			open[n_open++] = *at;
		else if (opening)
			while (n_open && open[--n_open] != opening)
				;
		at++;
	} while (n_open && *at);
	return at;
}

/* The end of a conversion operator's type: its empty argument list is the last of what
 * may be several groups in a row ("operator void (*)(int)()"). */
static const char *conversion_end(const char *text, const char *at)
{
	while (*at && strncmp(at, " [clone ", 8)) {
		const char *end;

		if (!strchr("<([{", *at)) {
			at++;
			continue;
		}
		end = group_end(text, at);
		if (end - at == 2 && *at == '(' && *end != '(')
			return at;
		at = end;
	}
	return at;
}

/* After an argument list: what qualifies a function that encloses the rest of the name. */
static const char *skip_qualifiers(const char *at)
{
	static const char *const qualifiers[] = {" const", " volatile", " &&", " &", "&&", "&"};
	size_t len;

	while ((len = prefix_len(at, qualifiers, ARRAY_SIZE(qualifiers))))
		at += len;
	return at;
}

/* The short name in the making; what was taken for name turns out to be return type at the next
 * space, and is dropped. */
struct short_name {
	char *text;
	size_t len;
};

static const char *take(struct short_name *name, const char *from, const char *to)
{
	memcpy(name->text + name->len, from, (size_t)(to - from));
	name->len += (size_t)(to - from);
	return to;
}

static const char *take_operator(struct short_name *name, const char *text, const char *at)
{
	size_t len = operator_len(at);
	const char *end = at + len;

	if (len == strlen("operator"))
		return take(name, at, conversion_end(text, end));
	at = take(name, at, end);
	/* "operator< <int>": a space keeps the symbol and the template arguments apart. */
	if (!strncmp(at, " <", 2))
		at = take(name, at, group_end(text, at + 1));
	return at;
}

/* Returns NULL when the parentheses were the function's own arguments: the name is complete. */
static const char *take_parentheses(struct short_name *name, const char *text, const char *at)
{
	static const char anonymous[] = "(anonymous namespace)";
	const char *end;

	if (!strncmp(at, anonymous, strlen(anonymous)))
		return take(name, at, at + strlen(anonymous));
	if (at - text >= 9 && !strncmp(at - 9, "decltype ", 9))
		return group_end(text, at);
	/* "void (*f(int))(char)": the name is inside. */
	if (!name->len)
		return at + 1;
	end = group_end(text, at);
	/* Go's receiver: "main.(*Server).Serve" */
	if (name->text[name->len - 1] == '.')
		return take(name, at, end);
	end = skip_qualifiers(end);
	return strncmp(end, "::", 2) ? NULL : end;
}

/* Returns where the name ends: at the function's arguments, the first clone, or the text's end. */
static const char *take_name(struct short_name *name, const char *text)
{
	const char *at = text;

	while (*at && strncmp(at, " [clone ", 8)) {
		if (at_operator(text, at)) {
			at = take_operator(name, text, at);
		} else if (*at == '(') {
			const char *after = take_parentheses(name, text, at);

			if (!after)
				return at;
			at = after;
		} else if (!strncmp(at, "[abi:", 5)) {
			at = group_end(text, at);
		} else if (strchr("<[{", *at)) {
			at = take(name, at, group_end(text, at));
		} else if (strchr(" *&)", *at)) {
			name->len = 0;
			at++;
		} else {
			at = take(name, at, at + 1);
		}
	}
	return at;
}

/* "f(int) [clone .isra.0]" is f.isra.0, as C spells it. */
static void take_clones(struct short_name *name, const char *text)
{
	static const char clone[] = " [clone ";

	while ((text = strstr(text, clone))) {
		text += strlen(clone);
		text = take(name, text, text + strcspn(text, "]"));
	}
}

/* A stub is not the function it jumps to. */
static void take_plt(struct short_name *name, const char *text)
{
	size_t len = strlen(plt_suffix);
	size_t text_len = strlen(text);

	if (name->len >= len && !strncmp(name->text + name->len - len, plt_suffix, len))
		return;
	if (text_len >= len && !strcmp(text + text_len - len, plt_suffix))
		take(name, plt_suffix, plt_suffix + len);
}

/* Cuts one clone suffix, ".cold" or ".part.0"; false when there is none. */
static bool cut_clone(char *name)
{
	char *dot = strrchr(name, '.');
	char *number = dot;

	if (dot && dot[1] && !dot[1 + strspn(dot + 1, "0123456789")]) {
		*number = 0;
		dot = strrchr(name, '.');
		*number = '.';
	}
	if (!dot || dot == name)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(clone_kinds); i++) {
		size_t len = strlen(clone_kinds[i]);
		const char *after = dot + 1 + len;

		if (!strncmp(dot + 1, clone_kinds[i], len) && (!*after || after == number)) {
			*dot = 0;
			return true;
		}
	}
	return false;
}

char *demangle_short(const char *demangled)
{
	size_t kept = prefix_len(demangled, kept_prefixes, ARRAY_SIZE(kept_prefixes));
	struct short_name name = {xmalloc(strlen(demangled) + 1), 0};
	const char *rest;
	char *text;

	/* Objective-C: "-[Class method:]" is the name. */
	if (!strncmp(demangled, "-[", 2) || !strncmp(demangled, "+[", 2)) {
		free(name.text);
		return xstrdup(demangled);
	}
	/* No part of the text is taken twice: the copy has room for it once. */
	rest = take_name(&name, demangled + kept);
	take_clones(&name, rest);
	take_plt(&name, demangled);
	name.text[name.len] = 0;
	while (cut_clone(name.text))
		;
	text =
	    *name.text ? xasprintf("%.*s%s", (int)kept, demangled, name.text) : xstrdup(demangled);
	free(name.text);
	return text;
}
