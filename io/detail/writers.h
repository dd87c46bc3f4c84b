/* Writers of kinds of arguments that calls of one sort alone have: for kinds.def.
 * Each writes d->value. */
#ifndef IO_DETAIL_WRITERS_H
#define IO_DETAIL_WRITERS_H

#include "io/detail/decoding.h"

/* file_kinds.c */
void detail_write_open_how(const struct decoding *d); /* its size behind it */
void detail_write_handle(const struct decoding *d);
void detail_write_handle_read(const struct decoding *d); /* its size before the call is kept */
void detail_write_node_mode(const struct decoding *d);
void detail_write_device(const struct decoding *d);
void detail_write_statx_flags(const struct decoding *d);
void detail_write_utimbuf(const struct decoding *d);
void detail_write_timeval_pair(const struct decoding *d);
void detail_write_timespec_pair(const struct decoding *d);
void detail_write_mount_type(const struct decoding *d);
void detail_write_mount_flags(const struct decoding *d);
void detail_write_mount_data(const struct decoding *d);
void detail_write_swap_flags(const struct decoding *d);
void detail_write_fsconfig_key(const struct decoding *d);
void detail_write_fsconfig_value(const struct decoding *d);
void detail_write_fanotify_flags(const struct decoding *d);
void detail_write_fanotify_at(const struct decoding *d);
void detail_write_uring_parameters(const struct decoding *d);
void detail_write_landlock_rule(const struct decoding *d);
void detail_write_mount_attr(const struct decoding *d); /* its size behind it */

/* ready_kinds.c: poll, select, epoll */
void detail_write_polled(const struct decoding *d); /* how many, behind them */
void detail_write_set(const struct decoding *d);    /* up to the descriptor in argument 0 */
void detail_write_epoll_event(const struct decoding *d);
void detail_write_epoll_events(const struct decoding *d);

/* memory_kinds.c */
void detail_write_policy(const struct decoding *d);
void detail_write_policy_read(const struct decoding *d);
void detail_write_nodes(const struct decoding *d); /* how many, behind them */
void detail_write_nodes_read(const struct decoding *d);
void detail_write_nodes_behind(const struct decoding *d); /* how many: argument 1 */
void detail_write_residence(const struct decoding *d);
void detail_write_pages(const struct decoding *d);
void detail_write_page_nodes(const struct decoding *d);
void detail_write_page_status(const struct decoding *d);

/* requests.c: those of ioctl(2) */
void detail_write_request(const struct decoding *d);
void detail_write_request_value(const struct decoding *d);
bool detail_request_has_value(const uint64_t args[6]);
void detail_keep_request_value(const struct decoding *d);
void detail_write_termios(const struct decoding *d);
void detail_write_interface_read(const struct decoding *d);
void detail_write_interfaces(const struct decoding *d);

/* quotas.c: those of quotactl(2); `group` is the argument with the command */
void detail_write_quota_command(const struct decoding *d);
void detail_write_quota_id(const struct decoding *d);
void detail_write_quota_data(const struct decoding *d);
/* A command has the argument. */
bool detail_quota_has_id(uint64_t command);
bool detail_quota_has_data(uint64_t command);

#endif
