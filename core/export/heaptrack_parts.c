/* Cuts what each stack of a heap did into blocks. */
#include "core/export/heaptrack_parts.h"

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	if (high < low)
		high = low;
	return value < low ? low : value > high ? high : value;
}

uint64_t part_bytes(const struct part *part, uint64_t n)
{
	return n * part->size + smaller(n, part->n_large);
}

uint64_t part_largest(const struct part *part)
{
	return part->size + (part->n_large > 0);
}

/* Gives the part n blocks that have so many bytes together; what no block can have is lacking. */
static void fill(struct heaptrack_lack *lack, struct part *part, uint64_t n, uint64_t bytes)
{
	part->n = n;
	if (!n) {
		lack->bytes += bytes;
		return;
	}
	part->size = bytes / n;
	part->n_large = bytes % n;
}

/* How many of a site's blocks there are of which kind; see part_kind. */
struct split {
	uint64_t kept, falling, rising, rest; /* bytes */
};

static struct split split_of(const struct heaptrack_site *site, bool is_apart)
{
	uint64_t kept = is_apart ? 0 : smaller(site->peak_bytes, site->exit_bytes);
	struct split split = {
	    .kept = kept, .falling = site->peak_bytes - kept, .rising = site->exit_bytes - kept};

	split.rest = less(site->bytes, split.kept + split.falling + split.rising);
	return split;
}

/* Are there blocks enough, and of sizes that can be, for those of the end to be those of the peak?
 */
static bool can_be_same(const struct heaptrack_site *site)
{
	struct split split = split_of(site, false);
	uint64_t n_needed = site->temporary ? site->temporary : split.rest > 0;

	if (split.kept && split.rising && site->exit_blocks < 2)
		return false;
	return site->exit_blocks + (split.falling > 0) + n_needed <= site->allocations;
}

/* Can what was in use at the peak and what was at the end be different blocks? */
static bool can_be_apart(const struct heaptrack_site *site)
{
	return site->bytes >= site->peak_bytes &&
	       site->bytes - site->peak_bytes >= site->exit_bytes &&
	       site->allocations > site->exit_blocks &&
	       site->allocations - site->exit_blocks > site->temporary;
}

static void fill_lasting(struct heaptrack_lack *lack, struct part *parts, const struct split *split,
                         uint64_t n_exit)
{
	uint64_t n_rising = n_exit;

	if (split->kept && split->rising)
		n_rising = clamp(scale(n_exit, split->rising, split->kept + split->rising), 1,
		                 less(n_exit, 1));
	else if (split->kept)
		n_rising = 0;
	fill(lack, &parts[RISING], n_rising, split->rising);
	n_exit = less(n_exit, n_rising);
	fill(lack, &parts[KEPT], split->kept && !n_exit ? 1 : n_exit, split->kept);
}

static void fill_site(struct heaptrack_lack *lack, const struct heaptrack_site *from,
                      struct part *parts, bool is_apart)
{
	struct split split = split_of(from, is_apart);
	uint64_t n_rest, n_needed, n_falling = 0, n_temporary, bytes;

	fill_lasting(lack, parts, &split, from->exit_blocks);
	n_rest = less(from->allocations, parts[KEPT].n + parts[RISING].n);
	n_needed = from->temporary ? from->temporary : split.rest > 0;
	if (split.falling && from->peak_blocks)
		n_falling = less(from->peak_blocks, parts[KEPT].n);
	else if (split.falling)
		n_falling = scale(from->allocations, split.falling, from->bytes);
	if (split.falling)
		n_falling = clamp(n_falling, 1, less(n_rest, n_needed));
	fill(lack, &parts[FALLING], n_falling, split.falling);
	lack->extra_calls += less(parts[KEPT].n + parts[RISING].n + n_falling, from->allocations);
	n_rest = less(n_rest, n_falling);
	n_temporary = smaller(from->temporary, n_rest);
	lack->temporary += from->temporary - n_temporary;
	bytes = scale(split.rest, n_temporary, n_rest);
	fill(lack, &parts[TEMPORARY], n_temporary, bytes);
	fill(lack, &parts[SHORT], n_rest - n_temporary, split.rest - bytes);
}

void parts_fill(struct site *sites, const struct heaptrack_site *from, size_t n_sites,
                uint64_t valley, uint64_t sums[N_PARTS], struct heaptrack_lack *lack)
{
	uint64_t kept = 0;

	for (size_t i = 0; i < n_sites; i++)
		kept += split_of(&from[i], false).kept;
	for (size_t i = 0; i < n_sites; i++) {
		struct part *parts = sites[i].parts;
		bool is_apart = can_be_apart(&from[i]) && (kept > valley || !can_be_same(&from[i]));

		if (is_apart)
			kept -= split_of(&from[i], false).kept;
		fill_site(lack, &from[i], parts, is_apart);
		for (size_t kind = 0; kind < N_PARTS; kind++)
			sums[kind] += part_bytes(&parts[kind], parts[kind].n);
	}
}
