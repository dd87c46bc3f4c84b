include tests/programs/stacks.mk

include tests/programs/looks.mk

include tests/programs/leaks.mk

$(BUILD)/tests/programs/heap-pages-static: PROGRAM_CFLAGS = -O2 -g -static
# Functions in functions are GCC's own.
$(BUILD)/tests/programs/nested: override CC = gcc
# A library, for tests that sample themselves while they run its C++ code.
$(BUILD)/tests/programs/cxx_frames: PROGRAM_CFLAGS = -O2 -g -shared -fPIC
$(BUILD)/tests/programs/cpu_static: PROGRAM_CFLAGS = -O2 -g -static
$(BUILD)/tests/programs/refuse_call $(BUILD)/tests/programs/refuse_filter: PROGRAM_LDLIBS = -lseccomp
$(BUILD)/tests/programs/cpu_split_fp: PROGRAM_CFLAGS = -O2 -g -fno-omit-frame-pointer
$(BUILD)/tests/programs/offcpu_waits_fp: PROGRAM_CFLAGS = -O0 -g -fno-omit-frame-pointer
# Or the compiler leaves out pairs of new and delete.
$(BUILD)/tests/programs/heap-operators: PROGRAM_CFLAGS = -O2 -g -std=c++17 -fno-builtin
$(BUILD)/tests/programs/heap-odd: PROGRAM_CFLAGS = -O2 -g -fno-builtin
$(BUILD)/tests/programs/io_batches: PROGRAM_CFLAGS = -O2 -g -static
