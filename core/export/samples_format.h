/* The layout of samples.bin, for its writer and its reader; docs/formats.md describes it. */
#ifndef CORE_EXPORT_SAMPLES_FORMAT_H
#define CORE_EXPORT_SAMPLES_FORMAT_H

#include "core/recording.h"

#include <stddef.h>
#include <stdint.h>

enum section {
	SECTION_TEXTS,
	SECTION_TYPES,
	SECTION_OBJECTS,
	SECTION_THREADS,
	SECTION_FRAMES,
	SECTION_SAMPLES,
	SECTION_VALUES,
	SECTION_LOSSES,
	SECTION_ADDRESSES,
	SECTION_NAMES,
	N_SECTIONS,
};

struct samples_section {
	const char *name;
	uint32_t row_bytes;
};

static const struct samples_section samples_sections[N_SECTIONS] = {
    [SECTION_TEXTS] = {"texts", 1},          [SECTION_TYPES] = {"value types", 24},
    [SECTION_OBJECTS] = {"objects", 64},     [SECTION_THREADS] = {"threads", 24},
    [SECTION_FRAMES] = {"frames", 16},       [SECTION_SAMPLES] = {"samples", 16},
    [SECTION_VALUES] = {"values", 8},        [SECTION_LOSSES] = {"losses", 16},
    [SECTION_ADDRESSES] = {"addresses", 24}, [SECTION_NAMES] = {"names", 24},
};

static const char samples_magic[8] = "PROFSAMP";

enum {
	FORMAT_VERSION = 2,
	/* The header: magic, version, number of sections, file size, checksum, zero. */
	VERSION_OFFSET = 8,
	N_SECTIONS_OFFSET = 12,
	SIZE_OFFSET = 16,
	CHECKSUM_OFFSET = 24,
	DIRECTORY_OFFSET = 32, /* what the checksum covers begins here */
	DIRECTORY_ROW_BYTES = 24,
	HEADER_BYTES = DIRECTORY_OFFSET + N_SECTIONS * DIRECTORY_ROW_BYTES,
	/* A recording holds every value of every type, a file only those that differ: without a
	 * limit a small file could ask for more memory than there is. */
	MAX_TYPES = 64,
	OBJECT_KINDS = OBJECT_FAILED + 1,
	NAME_IS_JIT = 1,
};

/* In the place of a text that is not known. */
static const uint32_t samples_no_text = UINT32_MAX;

/* Sections are padded with zeros to 8 bytes. */
static inline size_t samples_align(size_t len_bytes)
{
	return (len_bytes + 7) & ~(size_t)7;
}

#endif
