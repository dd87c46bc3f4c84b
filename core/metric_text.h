/* A metric's value as people read it. */
#ifndef CORE_METRIC_TEXT_H
#define CORE_METRIC_TEXT_H

/* "1.23 s", "1.50 MB", "1,234", "12.5 %", "1,234 /s": three digits or, of counts, all. NaN is "-",
 * for it was not measured. */
struct metric_text {
	char text[32];
};
struct metric_text metric_text_of(double value, const char *unit);

#endif
