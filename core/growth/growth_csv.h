/* growth.csv, fits.csv and sites.csv: what a scan has found, for programs (docs/formats.md). */
#ifndef CORE_GROWTH_GROWTH_CSV_H
#define CORE_GROWTH_GROWTH_CSV_H

#include "core/growth/scan_growth.h"

#include <stdio.h>

/* A row a metric and point that was measured. */
void growth_csv_write(const struct scan_growth *growth, FILE *out);
/* A row a metric and series. */
void growth_csv_write_fits(const struct scan_growth *growth, FILE *out);
/* A row a site and point; nothing but the head where memory was not measured. */
void growth_csv_write_sites(const struct scan_growth *growth, FILE *out);

#endif
