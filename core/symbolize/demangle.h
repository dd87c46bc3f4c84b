/* Demangled names, and the short form that people compare by. */
#ifndef CORE_SYMBOLIZE_DEMANGLE_H
#define CORE_SYMBOLIZE_DEMANGLE_H

/* C++ (Itanium), Rust v0 and legacy, D, by libiberty. A name that is not mangled is copied. A
 * legacy Rust hash (::h0123456789abcdef) and a symbol version (@@GLIBC_2.34) are left out, @plt
 * stays. The caller frees the text. */
char *demangle(const char *symbol);

/* The name without arguments, return type, clone suffix and [abi:...] tags: "ns::f<int>::g" of
 * "int ns::f<int>::g(char) const [clone .cold]". Template arguments stay. Parentheses of operator()
 * and of (anonymous namespace) are part of the name, arguments of functions around a local one are
 * not: "f::{lambda(int)#1}::operator()". Outlined code (._omp_fn.0), thunks and @plt keep what
 * tells them from their function. The caller frees the text. */
char *demangle_short(const char *demangled);

#endif
