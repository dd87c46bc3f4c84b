/* The kinds of arguments that calls have: rows of kinds.def. Each bounds what it reads and writes
 * as decoding.h says; of an environment 2^20 addresses are counted at most. */
#ifndef IO_DETAIL_KINDS_H
#define IO_DETAIL_KINDS_H

#include "io/detail/decoding.h"

#define KIND(name, write, when, words) name,
enum detail_kind {
	K_NONE, /* no argument */
#include "io/detail/kinds.def"
};
#undef KIND

/* The call may write what this kind shows. */
bool detail_kind_is_late(enum detail_kind kind);
/* The call, as it is, has such an argument. */
bool detail_kind_is_there(enum detail_kind kind, const uint64_t args[6], unsigned at);
/* At the entry, before anything is written: keeps what the call will change. */
void detail_kind_keep(enum detail_kind kind, const struct decoding *d);
void detail_kind_write(enum detail_kind kind, struct decoding *d);

/* ready_kinds.c, behind the number: what the result of poll and select tells. */
void detail_add_polled(const struct decoding *d, bool has_left);
void detail_add_selected(const struct decoding *d, bool is_pselect);

#endif
