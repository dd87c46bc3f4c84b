/* Decodes the symbols that an annotated function was sampled in. */
#include "core/annotate/code.h"

#include "core/alloc.h"
#include "core/annotate/annotation.h"
#include "core/annotate/disassembler.h"
#include "core/diag.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	struct code_list *list;
	struct annotation *annotation;
	const struct recording *recording;
	struct symbolizer *symbolizer;
	struct disassembler *disassembler;
	size_t next; /* of the annotation's addresses */
};

static void add_reason(struct text_list *reasons, const char *reason)
{
	for (size_t i = 0; i < reasons->n_texts; i++)
		if (!strcmp(reasons->texts[i], reason))
			return;
	text_list_add(reasons, reason);
}

/* What was sampled from the line's address to `end`. */
static void take_samples(struct reader *reader, const struct code *code, struct code_line *line,
                         uint64_t end)
{
	const struct annotation *annotation = reader->annotation;

	while (reader->next < annotation->n_addresses) {
		const struct annotated_address *sampled = &annotation->addresses[reader->next];

		if (sampled->object != code->object || sampled->address >= end)
			return;
		line->self += sampled->self;
		line->total += sampled->total;
		reader->next++;
	}
}

static void add_line(struct reader *reader, struct code *code, uint64_t address,
                     const struct instruction *instruction)
{
	const struct object *object = recording_object(reader->recording, code->object);
	struct code_line *line = ARRAY_APPEND(code->lines, code->n_lines, code->capacity);

	line->address = address;
	line->text = xstrdup(instruction->text);
	line->n_frames =
	    symbolizer_look_up(reader->symbolizer, object, address, false, &line->frames);
	for (size_t i = 0; i < line->n_frames; i++) {
		if (!annotation_has(reader->annotation, &line->frames[i]))
			continue;
		line->is_ours = true;
		if (line->frames[i].file && line->frames[i].line)
			annotation_add_line(reader->annotation, line->frames[i].file,
			                    line->frames[i].line);
	}
	take_samples(reader, code, line, address + instruction->len_bytes);
}

static void decode(struct reader *reader, struct code *code, const struct symbol_code *bytes)
{
	size_t at = 0;

	while (at < bytes->len_bytes) {
		struct instruction instruction;

		disassemble(reader->disassembler, bytes->bytes + at, bytes->len_bytes - at,
		            bytes->start + at, &instruction);
		add_line(reader, code, bytes->start + at, &instruction);
		at += instruction.len_bytes;
	}
}

/* The symbol that holds the next sampled address, with all of those in it. */
static void read_next(struct reader *reader)
{
	const struct annotated_address *sampled = &reader->annotation->addresses[reader->next];
	const struct object *object = recording_object(reader->recording, sampled->object);
	struct symbol_code bytes;
	struct diag diag;
	struct code *code;

	if (symbolizer_read_code(reader->symbolizer, object, sampled->address, &bytes, &diag)) {
		add_reason(&reader->list->reasons, diag.text);
		reader->next++;
		return;
	}
	code = ARRAY_APPEND(reader->list->codes, reader->list->n_codes, reader->list->capacity);
	code->object = sampled->object;
	code->start = bytes.start;
	code->end = bytes.start + bytes.len_bytes;
	decode(reader, code, &bytes);
	free(bytes.bytes);
}

void code_list_init(struct code_list *list, struct annotation *annotation,
                    const struct recording *recording, struct symbolizer *symbolizer)
{
	struct reader reader = {
	    .list = list,
	    .annotation = annotation,
	    .recording = recording,
	    .symbolizer = symbolizer,
	};
	struct diag diag;

	*list = (struct code_list){0};
	if (disassembler_open(&reader.disassembler, &diag)) {
		add_reason(&list->reasons, diag.text);
		return;
	}
	while (reader.next < annotation->n_addresses)
		read_next(&reader);
	annotation_sort(annotation);
	disassembler_free(reader.disassembler);
}

void code_list_fini(struct code_list *list)
{
	for (size_t i = 0; i < list->n_codes; i++) {
		for (size_t j = 0; j < list->codes[i].n_lines; j++)
			free(list->codes[i].lines[j].text);
		free(list->codes[i].lines);
	}
	free(list->codes);
	text_list_fini(&list->reasons);
}
