/* Turns the call frame instructions of one FDE into the rule at one address. */
#include "core/unwind/rule.h"

#include "core/unwind/byte_reader.h"
#include "core/unwind/ucontext_layout.h"

/* DWARF register numbers (psABI 3.7, figure 3.36). */
enum {
	REGISTER_RBP = 6,
	REGISTER_RSP = 7,
	REGISTER_RIP = 16,
};

/* How a caller's register is found (DWARF 5, 6.4.1). What we do not tell apart is HOW_OTHER. */
enum how {
	HOW_SAME,
	HOW_UNDEFINED,
	HOW_AT_CFA,        /* saved at CFA + offset */
	HOW_AT_EXPRESSION, /* saved at the address that the expression gives */
	HOW_OTHER,
};

struct column {
	enum how how;
	int64_t offset;
	struct unwind_span expression;
};

/* The registers that a walk needs; the program sets others too, which are passed over. */
enum { COLUMN_RBP, COLUMN_RSP, COLUMN_RIP, N_COLUMNS };

struct row {
	bool cfa_is_expression;
	uint64_t cfa_register;
	int64_t cfa_offset;
	struct unwind_span cfa_expression;
	struct column columns[N_COLUMNS];
};

/* Compilers nest DW_CFA_remember_state at most twice. */
enum { MAX_REMEMBERED = 8 };

struct machine {
	const struct unwind_fde *fde;
	struct byte_reader program;
	uint64_t target; /* the address whose row is wanted */
	uint64_t location;
	uint64_t row_end; /* where the row that holds the target ends; set when it is found */
	bool arrived;
	bool malformed;
	bool too_deep; /* more remembered states than we keep */
	struct row row;
	struct row initial;
	struct row remembered[MAX_REMEMBERED];
	size_t n_remembered;
	uint64_t slots;     /* as unwind_slots_of_fde() gives them, of what was executed */
	bool has_odd_slots; /* that do not fit there */
};

/* An instruction's operands: numbers as they are encoded, and a block's bytes. */
struct operands {
	uint64_t first;
	uint64_t second;
	struct unwind_span block;
};

static struct column *column(struct machine *machine, uint64_t number)
{
	switch (number) {
	case REGISTER_RBP:
		return &machine->row.columns[COLUMN_RBP];
	case REGISTER_RSP:
		return &machine->row.columns[COLUMN_RSP];
	case REGISTER_RIP:
		return &machine->row.columns[COLUMN_RIP];
	default:
		return NULL;
	}
}

static void set_column(struct machine *machine, uint64_t number, struct column value)
{
	struct column *wanted = column(machine, number);

	if (wanted)
		*wanted = value;
}

/* Unsigned, because a hostile factor may overflow. */
static int64_t factored(const struct machine *machine, uint64_t offset)
{
	return (int64_t)(offset * (uint64_t)machine->fde->cie.data_alignment);
}

static void move_to(struct machine *machine, uint64_t location)
{
	if (location > machine->target) {
		machine->arrived = true;
		machine->row_end = location;
	} else {
		machine->location = location;
	}
}

static void do_nothing(struct machine *machine, const struct operands *operands)
{
	(void)machine;
	(void)operands;
}

static void advance_loc(struct machine *machine, const struct operands *operands)
{
	move_to(machine, machine->location + operands->first * machine->fde->cie.code_alignment);
}

static void set_loc(struct machine *machine, const struct operands *operands)
{
	(void)operands;
	move_to(machine, read_encoded(&machine->program, machine->fde->cie.pointer_encoding, 0));
}

static void save_at(struct machine *machine, uint64_t number, int64_t offset)
{
	uint64_t below = -(uint64_t)offset;

	if (below % 8 || below / 8 < 1 || below / 8 > 63)
		machine->has_odd_slots = true;
	else
		machine->slots |= UINT64_C(1) << below / 8;
	set_column(machine, number, (struct column){HOW_AT_CFA, offset, {0}});
}

static void offset(struct machine *machine, const struct operands *operands)
{
	save_at(machine, operands->first, factored(machine, operands->second));
}

static void offset_negative(struct machine *machine, const struct operands *operands)
{
	save_at(machine, operands->first, factored(machine, -operands->second));
}

static void restore(struct machine *machine, const struct operands *operands)
{
	struct column *wanted = column(machine, operands->first);

	if (wanted)
		*wanted = machine->initial.columns[wanted - machine->row.columns];
}

static void undefined(struct machine *machine, const struct operands *operands)
{
	set_column(machine, operands->first, (struct column){.how = HOW_UNDEFINED});
}

static void same_value(struct machine *machine, const struct operands *operands)
{
	set_column(machine, operands->first, (struct column){.how = HOW_SAME});
}

static void other(struct machine *machine, const struct operands *operands)
{
	machine->has_odd_slots = true;
	set_column(machine, operands->first, (struct column){.how = HOW_OTHER});
}

static void expression(struct machine *machine, const struct operands *operands)
{
	struct column at_expression = {HOW_AT_EXPRESSION, 0, operands->block};

	machine->has_odd_slots = true;
	set_column(machine, operands->first, at_expression);
}

static void remember_state(struct machine *machine, const struct operands *operands)
{
	(void)operands;
	if (machine->n_remembered == MAX_REMEMBERED)
		machine->too_deep = true;
	else
		machine->remembered[machine->n_remembered++] = machine->row;
}

static void restore_state(struct machine *machine, const struct operands *operands)
{
	(void)operands;
	if (machine->n_remembered == 0)
		machine->malformed = true;
	else
		machine->row = machine->remembered[--machine->n_remembered];
}

static void def_cfa_register(struct machine *machine, const struct operands *operands)
{
	machine->row.cfa_is_expression = false;
	machine->row.cfa_register = operands->first;
}

static void def_cfa_offset(struct machine *machine, const struct operands *operands)
{
	machine->row.cfa_offset = (int64_t)operands->first;
}

static void def_cfa_offset_sf(struct machine *machine, const struct operands *operands)
{
	machine->row.cfa_offset = factored(machine, operands->first);
}

static void def_cfa(struct machine *machine, const struct operands *operands)
{
	def_cfa_register(machine, operands);
	machine->row.cfa_offset = (int64_t)operands->second;
}

static void def_cfa_sf(struct machine *machine, const struct operands *operands)
{
	def_cfa_register(machine, operands);
	machine->row.cfa_offset = factored(machine, operands->second);
}

static void def_cfa_expression(struct machine *machine, const struct operands *operands)
{
	machine->row.cfa_is_expression = true;
	machine->row.cfa_expression = operands->block;
}

/* How operands are encoded. */
enum operand { NO_OPERAND, U8, U16, U32, ULEB, SLEB, BLOCK };

struct instruction {
	void (*execute)(struct machine *machine, const struct operands *operands);
	enum operand first;
	enum operand second;
};

/* DWARF 5, 7.24 and LSB 5.0, 10.5.2; the numbers are those of DW_CFA_*. What is not here is not for
 * x86-64. */
static const struct instruction instructions[] = {
    [0x00] = {do_nothing, NO_OPERAND, NO_OPERAND},
    [0x01] = {set_loc, NO_OPERAND, NO_OPERAND}, /* reads its own operand: an encoded pointer */
    [0x02] = {advance_loc, U8, NO_OPERAND},
    [0x03] = {advance_loc, U16, NO_OPERAND},
    [0x04] = {advance_loc, U32, NO_OPERAND},
    [0x05] = {offset, ULEB, ULEB},        /* offset_extended */
    [0x06] = {restore, ULEB, NO_OPERAND}, /* restore_extended */
    [0x07] = {undefined, ULEB, NO_OPERAND},
    [0x08] = {same_value, ULEB, NO_OPERAND},
    [0x09] = {other, ULEB, ULEB}, /* register */
    [0x0a] = {remember_state, NO_OPERAND, NO_OPERAND},
    [0x0b] = {restore_state, NO_OPERAND, NO_OPERAND},
    [0x0c] = {def_cfa, ULEB, ULEB},
    [0x0d] = {def_cfa_register, ULEB, NO_OPERAND},
    [0x0e] = {def_cfa_offset, ULEB, NO_OPERAND},
    [0x0f] = {def_cfa_expression, BLOCK, NO_OPERAND},
    [0x10] = {expression, ULEB, BLOCK},
    [0x11] = {offset, ULEB, SLEB}, /* offset_extended_sf */
    [0x12] = {def_cfa_sf, ULEB, SLEB},
    [0x13] = {def_cfa_offset_sf, SLEB, NO_OPERAND},
    [0x14] = {other, ULEB, ULEB},            /* val_offset */
    [0x15] = {other, ULEB, SLEB},            /* val_offset_sf */
    [0x16] = {other, ULEB, BLOCK},           /* val_expression */
    [0x2e] = {do_nothing, ULEB, NO_OPERAND}, /* GNU_args_size: for landing pads only */
    [0x2f] = {offset_negative, ULEB, ULEB},  /* GNU_negative_offset_extended */
};

/* The first two bits of these carry the instruction, the others its first operand. */
static const struct instruction short_instructions[4] = {
    [1] = {advance_loc, NO_OPERAND, NO_OPERAND},
    [2] = {offset, NO_OPERAND, ULEB},
    [3] = {restore, NO_OPERAND, NO_OPERAND},
};

static uint64_t read_operand(struct byte_reader *program, enum operand operand,
                             struct unwind_span *block)
{
	switch (operand) {
	case NO_OPERAND:
		break;
	case U8:
		return read_u8(program);
	case U16:
		return read_fixed(program, 2);
	case U32:
		return read_u32(program);
	case ULEB:
		return read_uleb128(program);
	case SLEB:
		return (uint64_t)read_sleb128(program);
	case BLOCK:
		block->size_bytes = read_uleb128(program);
		block->data = read_block(program, block->size_bytes);
		break;
	}
	return 0;
}

static void execute_next(struct machine *machine)
{
	uint8_t opcode = read_u8(&machine->program);
	const struct instruction *instruction = &short_instructions[opcode >> 6];
	struct operands operands = {.first = opcode & 0x3f};

	if (!instruction->execute) {
		if (opcode >= sizeof(instructions) / sizeof(instructions[0]) ||
		    !instructions[opcode].execute) {
			machine->malformed = true;
			return;
		}
		instruction = &instructions[opcode];
		operands.first =
		    read_operand(&machine->program, instruction->first, &operands.block);
	}
	operands.second = read_operand(&machine->program, instruction->second, &operands.block);
	if (!machine->program.failed)
		instruction->execute(machine, &operands);
}

static void run(struct machine *machine, const struct unwind_section *eh_frame,
                struct unwind_span program)
{
	machine->program =
	    (struct byte_reader){eh_frame, program.data, program.data + program.size_bytes, false};
	while (byte_reader_left(&machine->program) && !machine->arrived && !machine->malformed)
		execute_next(machine);
	if (machine->program.failed)
		machine->malformed = true;
}

/* DWARF 5, 7.7.1: the operations that appear in the expressions we know. */
enum {
	OP_DEREF = 0x06,
	OP_AND = 0x1a,
	OP_PLUS = 0x22,
	OP_SHL = 0x24,
	OP_GE = 0x2a,
	OP_LIT0 = 0x30,
	OP_BREG0 = 0x70,
};

/* Whether the expression is `breg NUMBER: OFFSET` and, where wanted, `deref`. */
static bool is_register_plus(struct unwind_span span, unsigned number, int64_t wanted_offset,
                             bool wants_deref)
{
	const struct unwind_section section = {span.data, span.size_bytes, 0};
	struct byte_reader reader = byte_reader_at(&section, 0);

	return read_u8(&reader) == OP_BREG0 + number && read_sleb128(&reader) == wanted_offset &&
	       (!wants_deref || read_u8(&reader) == OP_DEREF) && !reader.failed &&
	       byte_reader_left(&reader) == 0;
}

static bool is_saved_in_ucontext(const struct column *column, int64_t wanted_offset)
{
	return column->how == HOW_AT_EXPRESSION &&
	       is_register_plus(column->expression, REGISTER_RSP, wanted_offset, false);
}

/* __restore_rt: sysdeps/unix/sysv/linux/x86_64 of glibc describes the ucontext by expressions over
 * RSP. */
static bool is_signal_trampoline(const struct row *row)
{
	return row->cfa_is_expression &&
	       is_register_plus(row->cfa_expression, REGISTER_RSP, UCONTEXT_RSP, true) &&
	       is_saved_in_ucontext(&row->columns[COLUMN_RBP], UCONTEXT_RBP) &&
	       is_saved_in_ucontext(&row->columns[COLUMN_RSP], UCONTEXT_RSP) &&
	       is_saved_in_ucontext(&row->columns[COLUMN_RIP], UCONTEXT_RIP);
}

/* What binutils writes for .plt (elf_x86_64_eh_frame_lazy_plt and its IBT and BND sisters): RSP +
 * 8, and 8 more from the instruction on at which the entry has pushed its index. They differ in
 * that threshold alone. */
static bool is_plt(const struct row *row, unsigned *threshold)
{
	static const uint8_t before[] = {
	    OP_BREG0 + REGISTER_RSP, 8, OP_BREG0 + REGISTER_RIP, 0, OP_LIT0 + 15, OP_AND};
	static const uint8_t after[] = {OP_GE, OP_LIT0 + 3, OP_SHL, OP_PLUS};
	const struct unwind_span *span = &row->cfa_expression;

	if (!row->cfa_is_expression || span->size_bytes != sizeof(before) + 1 + sizeof(after))
		return false;
	*threshold = (unsigned)span->data[sizeof(before)] - OP_LIT0;
	return *threshold <= 31 && memcmp(span->data, before, sizeof(before)) == 0 &&
	       memcmp(span->data + sizeof(before) + 1, after, sizeof(after)) == 0;
}

/* RBP unchanged, or saved in one of the 255 words below the CFA. */
static bool fit_rbp(const struct column *column, struct unwind_rule *rule)
{
	uint64_t below = -(uint64_t)column->offset;

	if (column->how == HOW_SAME)
		return true;
	if (column->how != HOW_AT_CFA || below % 8 || below / 8 < 1 || below / 8 > UINT8_MAX)
		return false;
	rule->rbp_slot = below / 8;
	return true;
}

static bool fit_cfa(const struct row *row, struct unwind_rule *rule)
{
	enum { MAX_OFFSET = (1 << 20) - 1 };
	uint64_t words = (uint64_t)row->cfa_offset / 8;
	unsigned threshold;

	if (is_plt(row, &threshold)) {
		rule->kind = UNWIND_RULE_PLT;
		rule->cfa_offset = threshold;
		return row->columns[COLUMN_RBP].how == HOW_SAME;
	}
	if (row->cfa_is_expression || row->cfa_offset < 0 || row->cfa_offset % 8 ||
	    words > MAX_OFFSET)
		return false;
	rule->kind = row->cfa_register == REGISTER_RSP ? UNWIND_RULE_RSP : UNWIND_RULE_RBP;
	rule->cfa_offset = (uint32_t)words;
	return row->cfa_register == REGISTER_RSP || row->cfa_register == REGISTER_RBP;
}

static struct unwind_rule fit(const struct machine *machine)
{
	const struct row *row = &machine->row;
	const struct column *rip = &row->columns[COLUMN_RIP];
	struct unwind_rule rule = {0};

	if (machine->malformed || machine->fde->cie.return_register != REGISTER_RIP)
		return (struct unwind_rule){.kind = UNWIND_RULE_BAD};
	if (rip->how == HOW_UNDEFINED)
		return (struct unwind_rule){.kind = UNWIND_RULE_OUTERMOST};
	if (machine->fde->cie.is_signal_frame && is_signal_trampoline(row))
		return (struct unwind_rule){.kind = UNWIND_RULE_SIGNAL};
	if (machine->too_deep || machine->fde->cie.is_signal_frame || rip->how != HOW_AT_CFA ||
	    rip->offset != -8 || row->columns[COLUMN_RSP].how != HOW_SAME || !fit_cfa(row, &rule) ||
	    !fit_rbp(&row->columns[COLUMN_RBP], &rule))
		return (struct unwind_rule){.kind = UNWIND_RULE_COMPLEX};
	return rule;
}

struct unwind_rule unwind_rule_of_fde(const struct unwind_section *eh_frame,
                                      const struct unwind_fde *fde, uint64_t vaddr,
                                      uint64_t *row_end)
{
	struct machine machine = {
	    .fde = fde, .target = vaddr, .location = fde->start, .row_end = fde->end};

	/* A CIE that moves the location is malformed, but harmlessly so: the row is just found
	 * early. */
	run(&machine, eh_frame, fde->cie.instructions);
	machine.initial = machine.row;
	run(&machine, eh_frame, fde->instructions);
	if (row_end)
		*row_end = machine.row_end < fde->end ? machine.row_end : fde->end;
	return fit(&machine);
}

uint64_t unwind_slots_of_fde(const struct unwind_section *eh_frame, const struct unwind_fde *fde)
{
	struct machine machine = {.fde = fde, .target = UINT64_MAX, .location = fde->start};

	run(&machine, eh_frame, fde->cie.instructions);
	machine.initial = machine.row;
	run(&machine, eh_frame, fde->instructions);
	return machine.malformed || machine.has_odd_slots ? 0 : machine.slots;
}

struct unwind_rule unwind_rule_decode(const struct unwind_tables *tables, uint64_t vaddr)
{
	struct unwind_fde fde;

	switch (unwind_fde_find(tables, vaddr, &fde)) {
	case FDE_FOUND:
		return unwind_rule_of_fde(&tables->eh_frame, &fde, vaddr, NULL);
	case FDE_NONE:
		return (struct unwind_rule){.kind = UNWIND_RULE_NONE};
	case FDE_BAD:
		break;
	}
	return (struct unwind_rule){.kind = UNWIND_RULE_BAD};
}

struct unwind_rule unwind_rule_of_made_return(const struct unwind_tables *tables, uint64_t vaddr)
{
	struct unwind_rule rule = {.kind = UNWIND_RULE_NONE};
	struct unwind_fde fde;

	if (unwind_fde_find(tables, vaddr, &fde) != FDE_FOUND || fde.start != vaddr)
		return rule;
	rule = unwind_rule_of_fde(&tables->eh_frame, &fde, vaddr, NULL);
	if (rule.kind == UNWIND_RULE_SIGNAL || rule.kind == UNWIND_RULE_BAD)
		return rule;
	return (struct unwind_rule){.kind = UNWIND_RULE_OUTERMOST};
}
