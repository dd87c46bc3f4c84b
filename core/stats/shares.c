/* Wilson, Newcombe, Fisher. */
#include "core/stats/shares.h"

#include <math.h>

/* Of a 95 % interval: normal_quantile(0.975). */
#define Z 1.959963984540054

struct share_interval share_estimate(uint64_t part, uint64_t whole)
{
	double n = (double)whole, share = (double)part / n;
	double centre, spread, scale;

	if (whole == 0)
		return (struct share_interval){NAN, NAN, NAN};
	scale = 1 / (1 + Z * Z / n);
	centre = (share + Z * Z / (2 * n)) * scale;
	spread = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) * scale;
	/* The ends of nothing and of all are known; rounding would miss them. */
	return (struct share_interval){share, part == 0 ? 0 : fmax(0, centre - spread),
	                               part == whole ? 1 : fmin(1, centre + spread)};
}

struct share_interval share_difference(uint64_t base_part, uint64_t base_whole, uint64_t new_part,
                                       uint64_t new_whole)
{
	struct share_interval base = share_estimate(base_part, base_whole);
	struct share_interval new = share_estimate(new_part, new_whole);
	double difference = new.value - base.value;

	return (struct share_interval){
	    difference, difference - hypot(new.value - new.low, base.high - base.value),
	    difference + hypot(new.high - new.value, base.value - base.low)};
}

/* Of tables with the same sums: how much likelier one more in the new side's part is. */
struct table {
	double part; /* of both sides together */
	double base_whole, new_whole;
};

static double odds_of_next(const struct table *table, double new_part)
{
	return (table->part - new_part) * (table->new_whole - new_part) /
	       ((new_part + 1) * (table->base_whole - table->part + new_part + 1));
}

/* Adds up the likelihoods, to that of the likeliest table, of the tables to one side of it; those
 * at most as likely as `seen` apart. */
static void add_tables(const struct table *table, double likeliest, int step, double end,
                       double seen, double *all, double *unlikely)
{
	double likelihood = 1;

	for (double at = likeliest; at != end; at += step) {
		likelihood *= step > 0 ? odds_of_next(table, at) : 1 / odds_of_next(table, at - 1);
		if (likelihood < 1e-300)
			break;
		*all += likelihood;
		if (likelihood <= seen)
			*unlikely += likelihood;
	}
}

static double likelihood_at(const struct table *table, double likeliest, double new_part)
{
	double likelihood = 1;

	for (double at = likeliest; at < new_part; at++)
		likelihood *= odds_of_next(table, at);
	for (double at = likeliest; at > new_part; at--)
		likelihood /= odds_of_next(table, at - 1);
	return likelihood;
}

double share_test_p(uint64_t base_part, uint64_t base_whole, uint64_t new_part, uint64_t new_whole)
{
	struct table table = {(double)base_part + (double)new_part, (double)base_whole,
	                      (double)new_whole};
	double least = fmax(0, table.part - table.base_whole);
	double most = fmin(table.part, table.new_whole);
	double all = 1, unlikely = 0, likeliest, seen;

	if (base_whole == 0 || new_whole == 0)
		return 1;
	likeliest = floor((table.part + 1) * (table.new_whole + 1) /
	                  (table.base_whole + table.new_whole + 2));
	likeliest = fmin(most, fmax(least, likeliest));
	/* Tables as likely as the one that was seen but for rounding belong to it. */
	seen = likelihood_at(&table, likeliest, (double)new_part) * (1 + 1e-7);
	if (seen >= 1)
		return 1;
	add_tables(&table, likeliest, 1, most, seen, &all, &unlikely);
	add_tables(&table, likeliest, -1, least, seen, &all, &unlikely);
	return unlikely / all;
}
