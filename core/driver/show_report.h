/* The samples of a stored run as a table in perf report's shape, cut as show's options say. */
#ifndef CORE_DRIVER_SHOW_REPORT_H
#define CORE_DRIVER_SHOW_REPORT_H

struct diag;
struct show_options;
struct stored_run;

/* To stdout. The run is open; its samples are read here. */
int show_report(struct stored_run *run, const struct show_options *options, struct diag *diag);

#endif
