/* Reads call instructions for the operator that they call. */
#include "mem/leaks/operators.h"

#include "core/alloc.h"
#include "core/recording.h"
#include "core/symbolize/symbolize.h"

#include <stdlib.h>
#include <string.h>

/* All that jump, and what they jump to; the nothrow ones call, and have frames. */
static const struct called_operator operators[] = {
    {"_Znwm", "operator new(unsigned long)"},
    {"_Znam", "operator new[](unsigned long)"},
    {"_ZnwmSt11align_val_t", "operator new(unsigned long, std::align_val_t)"},
    {"_ZnamSt11align_val_t", "operator new[](unsigned long, std::align_val_t)"},
};

/* A function, or the PLT stub that jumps to it. */
static bool is_called(const char *symbol, const char *operator)
{
	size_t len = strlen(operator);

	return !strncmp(symbol, operator, len) && (!symbol[len] || !strcmp(symbol + len, "@plt"));
}

static const struct called_operator *operator_named(const char *symbol)
{
	for (size_t i = 0; symbol && i < ARRAY_SIZE(operators); i++)
		if (is_called(symbol, operators[i].linkage))
			return &operators[i];
	return NULL;
}

static const char *symbol_at(struct symbolizer *symbolizer, const struct object *object,
                             uint64_t addr)
{
	const struct symbol_frame *frames;
	size_t n = symbolizer_look_up(symbolizer, object, addr, false, &frames);

	return frames[n - 1].linkage;
}

/* Instructions that end in a displacement from their end, and what is at that address. */
static const struct {
	size_t n_bytes; /* of the opcode */
	uint8_t bytes[2];
	const char *(*name)(struct symbolizer *symbolizer, const struct object *object,
	                    uint64_t addr);
} calls[] = {
    {1, {0xe8}, symbol_at},                  /* call rel32 */
    {2, {0xff, 0x15}, symbolizer_slot_name}, /* call *rel32(%rip): of -fno-plt */
};

/* The operator that is called before a return address. */
static const struct called_operator *read_call(struct symbolizer *symbolizer,
                                               const struct object *object, uint64_t return_addr)
{
	const struct called_operator *called = NULL;
	int32_t displacement;

	for (size_t i = 0; i < ARRAY_SIZE(calls) && !called; i++) {
		size_t len = calls[i].n_bytes + sizeof(displacement);
		uint8_t *call = symbolizer_read_bytes(symbolizer, object, return_addr - len, len);

		if (call && !memcmp(call, calls[i].bytes, calls[i].n_bytes)) {
			memcpy(&displacement, call + calls[i].n_bytes, sizeof(displacement));
			called = operator_named(calls[i].name(
			    symbolizer, object, return_addr + (uint64_t)(int64_t)displacement));
		}
		free(call);
	}
	return called;
}

const struct called_operator *operator_called(struct symbolizer *symbolizer,
                                              const struct recording *recording, uint32_t stack,
                                              size_t n_operators)
{
	struct recorded_frame caller;

	while (stack && n_operators--)
		recording_frame(recording, stack, &stack);
	if (!stack)
		return NULL;
	caller = recording_frame(recording, stack, &stack);
	if (!caller.is_return || !recorded_has_address(caller.vaddr))
		return NULL;
	return read_call(symbolizer, recording_object(recording, caller.object), caller.vaddr);
}
