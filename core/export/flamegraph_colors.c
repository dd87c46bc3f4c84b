/* Bands and palettes, and the shades that they are made of. */
#include "core/export/flamegraph_colors.h"

#include <math.h>
#include <stdint.h>

/* style, legend and its width, hues, saturation, lightnesses, whether they are a scale */
const struct band flamegraph_bands[N_BANDS] = {
    [FRAME_USER] = {"u", "user", 28, 14, 38, 0.95, 0.62, 0.70, false},
    [FRAME_INLINED] = {"i", "inlined", 42, 50, 60, 0.85, 0.78, 0.85, false},
    [FRAME_KERNEL] = {"k", "kernel", 38, 202, 226, 0.75, 0.68, 0.78, false},
    [FRAME_JIT] = {"j", "JIT", 20, 90, 140, 0.50, 0.60, 0.70, false},
    [FRAME_UNRESOLVED] = {"n", "no name", 54, 0, 0, 0, 0.70, 0.78, false},
    [FRAME_FAILED] = {"f", "unwind failed", 82, 335, 350, 0.80, 0.68, 0.74, false},
    [BAND_COMMAND] = {"c", "command", 62, 210, 230, 0.16, 0.82, 0.88, false},
    /* Warm for what comes first, cold for the next: their names come with the parts. */
    [BAND_PARTS] = {"p", NULL, 0, 14, 38, 0.95, 0.62, 0.70, false},
    [BAND_PARTS + 1] = {"q", NULL, 0, 202, 226, 0.75, 0.68, 0.78, false},
    [BAND_PARTS + 2] = {"r", NULL, 0, 280, 310, 0.45, 0.70, 0.78, false},
    [BAND_MIXED] = {"m", "several", 46, 75, 100, 0.25, 0.74, 0.82, false},
    /* flamegraph.pl --diff's. Paler is less of it, on both sides of nearly white. */
    [BAND_MORE] = {"g", "more", 34, 8, 0, 0.90, 0.90, 0.62, true},
    [BAND_LESS] = {"s", "less", 28, 205, 218, 0.85, 0.90, 0.62, true},
    [BAND_SAME] = {"e", "no difference", 86, 210, 210, 0.10, 0.93, 0.93, true},
};

const char *const picture_colors[] = {
    [COLORS_KINDS] = "kinds",   [COLORS_HOT] = "hot",       [COLORS_MEM] = "mem",
    [COLORS_IO] = "io",         [COLORS_RED] = "red",       [COLORS_GREEN] = "green",
    [COLORS_BLUE] = "blue",     [COLORS_AQUA] = "aqua",     [COLORS_YELLOW] = "yellow",
    [COLORS_PURPLE] = "purple", [COLORS_ORANGE] = "orange", NULL,
};

/* flamegraph.pl's palettes, one for all code, whatever its kind. */
static const struct band palettes[] = {
    [COLORS_HOT] = {.first_hue = 0,
                    .last_hue = 54,
                    .saturation = 0.95,
                    .first_lightness = 0.58,
                    .last_lightness = 0.68},
    [COLORS_MEM] = {.first_hue = 120,
                    .last_hue = 172,
                    .saturation = 0.60,
                    .first_lightness = 0.58,
                    .last_lightness = 0.70},
    [COLORS_IO] = {.first_hue = 225,
                   .last_hue = 245,
                   .saturation = 0.55,
                   .first_lightness = 0.70,
                   .last_lightness = 0.82},
    [COLORS_RED] = {.first_hue = 355,
                    .last_hue = 362,
                    .saturation = 0.85,
                    .first_lightness = 0.66,
                    .last_lightness = 0.80},
    [COLORS_GREEN] = {.first_hue = 105,
                      .last_hue = 135,
                      .saturation = 0.55,
                      .first_lightness = 0.62,
                      .last_lightness = 0.76},
    [COLORS_BLUE] = {.first_hue = 210,
                     .last_hue = 225,
                     .saturation = 0.80,
                     .first_lightness = 0.70,
                     .last_lightness = 0.82},
    [COLORS_AQUA] = {.first_hue = 178,
                     .last_hue = 190,
                     .saturation = 0.55,
                     .first_lightness = 0.62,
                     .last_lightness = 0.76},
    [COLORS_YELLOW] = {.first_hue = 52,
                       .last_hue = 60,
                       .saturation = 0.80,
                       .first_lightness = 0.58,
                       .last_lightness = 0.70},
    [COLORS_PURPLE] = {.first_hue = 288,
                       .last_hue = 305,
                       .saturation = 0.55,
                       .first_lightness = 0.72,
                       .last_lightness = 0.82},
    [COLORS_ORANGE] = {.first_hue = 24,
                       .last_hue = 34,
                       .saturation = 0.90,
                       .first_lightness = 0.60,
                       .last_lightness = 0.70},
};

bool flamegraph_palette_has(enum picture_palette palette, size_t band)
{
	return palette && band < FRAME_FAILED;
}

unsigned flamegraph_shade_of(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
	return (hash ^ hash >> 32) % N_SHADES;
}

/* From HSL to a byte of red (0), green (8) or blue (4); CSS Color 4, section 7.1. */
static unsigned hsl_channel(double hue, double saturation, double lightness, double n)
{
	double k = fmod(n + hue / 30, 12);
	double a = saturation * fmin(lightness, 1 - lightness);

	return (unsigned)lround(255 * (lightness - a * fmax(-1, fmin(fmin(k - 3, 9 - k), 1))));
}

void flamegraph_write_shades(enum picture_palette palette, FILE *out)
{
	for (size_t i = 0; i < N_BANDS; i++) {
		const struct band *band =
		    flamegraph_palette_has(palette, i) ? &palettes[palette] : &flamegraph_bands[i];

		for (int shade = 0; shade < N_SHADES; shade++) {
			double hue_at = shade / (N_SHADES - 1.0);
			/* Lightness takes another order than hue, so that neighbours differ more.
			 */
			double light_at =
			    band->is_scale ? hue_at : shade * 3 % N_SHADES / (N_SHADES - 1.0);
			double hue = band->first_hue + hue_at * (band->last_hue - band->first_hue);
			double light = band->first_lightness +
			               light_at * (band->last_lightness - band->first_lightness);

			fprintf(out, ".flamegraph .%s%d{fill:#%02x%02x%02x}\n",
			        flamegraph_bands[i].style, shade,
			        hsl_channel(hue, band->saturation, light, 0),
			        hsl_channel(hue, band->saturation, light, 8),
			        hsl_channel(hue, band->saturation, light, 4));
		}
	}
}
