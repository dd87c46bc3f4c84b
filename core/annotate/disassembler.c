/* Loads libcapstone and asks it for one instruction at a time. */
#include "core/annotate/disassembler.h"

#include "core/alloc.h"
#include "core/diag.h"

#include <capstone/capstone.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT(number) #number
#define LIBRARY(major) "libcapstone.so." TEXT(major)

struct disassembler {
	void *library;
	csh handle;
	bool is_open;
	__typeof__(cs_open) *open;
	__typeof__(cs_close) *close;
	__typeof__(cs_option) *option;
	__typeof__(cs_disasm) *disasm;
	__typeof__(cs_free) *free;
};

static bool find_functions(struct disassembler *capstone)
{
	capstone->open = dlsym(capstone->library, "cs_open");
	capstone->close = dlsym(capstone->library, "cs_close");
	capstone->option = dlsym(capstone->library, "cs_option");
	capstone->disasm = dlsym(capstone->library, "cs_disasm");
	capstone->free = dlsym(capstone->library, "cs_free");
	return capstone->open && capstone->close && capstone->option && capstone->disasm &&
	       capstone->free;
}

int disassembler_open(struct disassembler **disassembler, struct diag *diag)
{
	static const char library[] = LIBRARY(CS_API_MAJOR);
	struct disassembler *capstone = xcalloc(1, sizeof(*capstone));

	capstone->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (capstone->library && find_functions(capstone))
		capstone->is_open =
		    capstone->open(CS_ARCH_X86, CS_MODE_64, &capstone->handle) == CS_ERR_OK;
	if (!capstone->is_open) {
		disassembler_free(capstone);
		return diag_fail(diag, ENOENT,
		                 "%s cannot be used; install it (Debian: libcapstone%d) to see "
		                 "instructions",
		                 library, CS_API_MAJOR);
	}
	capstone->option(capstone->handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
	*disassembler = capstone;
	return 0;
}

void disassembler_free(struct disassembler *disassembler)
{
	if (!disassembler)
		return;
	if (disassembler->is_open)
		disassembler->close(&disassembler->handle);
	if (disassembler->library)
		dlclose(disassembler->library);
	free(disassembler);
}

void disassemble(struct disassembler *disassembler, const uint8_t *bytes, size_t len_bytes,
                 uint64_t address, struct instruction *instruction)
{
	cs_insn *decoded;

	if (!disassembler->disasm(disassembler->handle, bytes, len_bytes, address, 1, &decoded)) {
		instruction->len_bytes = 1;
		snprintf(instruction->text, sizeof(instruction->text), "(bad)");
		return;
	}
	instruction->len_bytes = decoded->size;
	snprintf(instruction->text, sizeof(instruction->text), "%s%s%s", decoded->mnemonic,
	         *decoded->op_str ? " " : "", decoded->op_str);
	disassembler->free(decoded, 1);
}
