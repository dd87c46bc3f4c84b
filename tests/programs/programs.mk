
include tests/programs/looks.mk
