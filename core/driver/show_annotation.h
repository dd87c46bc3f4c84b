/* One function of a stored run: its source lines and instructions with their shares. */
#ifndef CORE_DRIVER_SHOW_ANNOTATION_H
#define CORE_DRIVER_SHOW_ANNOTATION_H

struct diag;
struct show_options;
struct stored_run;

/* To stdout. The run is open; its samples are read here. */
int show_annotation(struct stored_run *run, const struct show_options *options, struct diag *diag);

#endif
