# profile-scenario: deps build check fuzz bench demo help; DEBUG=1 SAN=address,undefined V=1; objects under build/.
VERSION := 0.1.0

# A collector is a word here and defines `const struct collector WORD_collector`; those that see alike share a folder.
COLLECTORS := cpu offcpu mem io stat
COLLECTOR_FOLDERS := cpu mem io

# Debian packages, each list once: `make deps` installs what building needs, `make demo` and `make check` add theirs.
BUILD_PACKAGES := gcc libc6-dev libdw-dev libelf-dev libunwind-dev libseccomp-dev libjansson-dev \
	libinih-dev libiberty-dev liblzma-dev libzstd-dev zlib1g-dev libdeflate-dev libcapstone-dev \
	libcurl4-openssl-dev clang libbpf-dev bpftool
DEMO_PACKAGES := $(BUILD_PACKAGES)
CHECK_PACKAGES := $(BUILD_PACKAGES) g++ binutils libcmocka-dev linux-perf strace valgrind heaptrack python3 sqlite3 \
	gzip libcap2-bin iproute2 musl-tools procps dwz xz-utils zstd git openssl \
	libjemalloc-dev libgoogle-perftools-dev libmimalloc-dev
# An npm that is no package of Debian's brings its own Node.js, beside which Debian's cannot be.
LONG_PACKAGES := $(CHECK_PACKAGES) curl libclang-rt-dev llvm gfortran rustc chromium protobuf-compiler redis-server redis-tools nginx-light wrk nmap \
	prometheus prometheus-pushgateway \
	$(if $(shell command -v npm),,npm)
FUZZ_PACKAGES := $(CHECK_PACKAGES) libclang-rt-dev llvm
BENCH_PACKAGES := $(BUILD_PACKAGES) linux-perf strace valgrind heaptrack python3 sqlite3 \
	g++ binutils llvm elfutils redis-server redis-tools

# Where Debian has bpftool, which an ordinary user's PATH does not name.
export PATH := $(PATH):/usr/sbin

# Objects of different flags do not mix.
BUILD ?= build$(if $(SAN),-san)$(if $(DEBUG),-debug)
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=$(shell nproc)
endif
# One short line a command; V=1 shows them whole.
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '%-8s %s\n' $(1) $@)
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(CI),-Werror)
OPTIMISE := $(if $(DEBUG),-O0,-O2)
SANITIZE := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
CFLAGS += -std=gnu11 -g $(OPTIMISE) $(WARNINGS)
CPPFLAGS += -I. -I$(BUILD) -D_GNU_SOURCE -DVERSION='"$(VERSION)"'
LDLIBS := -lbpf -ldw -lelf -ldeflate -lunwind-x86_64 -lunwind -lseccomp -ljansson -linih -liberty -llzma -lzstd -lz -lpthread -lm

CORE_SRCS := $(filter-out core/driver/% core/trace/keeper.c,$(wildcard core/*.c core/*/*.c))
KEEPER_SRCS := core/trace/keeper.c core/trace/filter_stop.c
COLLECTOR_SRCS := $(foreach c,$(COLLECTOR_FOLDERS),$(filter-out $c/preload/% %.bpf.c,$(wildcard $c/*.c $c/*/*.c)))
DRIVER_SRCS := $(wildcard core/driver/*.c)
PRELOAD_SRCS := $(wildcard mem/preload/*.c) mem/timeline.c
WORKLOAD_SRCS := $(wildcard scenarios/workloads/*.c)
UNIT_SRCS := $(wildcard tests/unit/*_test.c)
PROGRAM_SRCS := $(wildcard tests/programs/*.c tests/programs/*.cc)
BENCH_SRCS := $(filter-out tests/bench/forward.c,$(wildcard tests/bench/*.c))
FUZZ_PARTS := tests/fuzz/file.c tests/fuzz/seeds.c tests/fuzz/mutate.c
FUZZ_SRCS := $(filter-out $(FUZZ_PARTS),$(wildcard tests/fuzz/*.c))

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIBCORE := $(BUILD)/libcore.a
LIBCOLLECTORS := $(BUILD)/libcollectors.a
TOOL := $(BUILD)/profile-scenario
PRELOAD := $(BUILD)/libprofile-scenario-preload.so
KEEPER := $(BUILD)/profile-scenario-keeper
DEFAULT_SUPPRESSIONS := $(BUILD)/profile-scenario-default.supp
WORKLOADS := $(patsubst scenarios/workloads/%.c,$(BUILD)/workloads/%,$(WORKLOAD_SRCS))
UNITS := $(patsubst %.c,$(BUILD)/%,$(UNIT_SRCS))
PROGRAMS := $(patsubst %,$(BUILD)/%,$(basename $(PROGRAM_SRCS)))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(BENCH_SRCS))
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(FUZZ_SRCS))

.PHONY: help deps build tests benches check bench demo clean
.DEFAULT_GOAL := build
.SECONDARY: $(call objects,$(UNIT_SRCS) $(FUZZ_SRCS)) $(BUILD)/io/bpf/meter.bpf.o

help:
	@echo 'make deps    install what building needs (Debian packages)'
	@echo 'make build   build $(TOOL) and the workload programs'
	@echo 'make check   set up, build and run the tests; LONG=1 adds the long tier; SAN=address,undefined'
	@echo 'make fuzz    each parser on mutated input, with libFuzzer; SECONDS=30 TARGETS="names unwind"'
	@echo 'make bench   measure against the bare program and the peers; GROUPS="cpu offcpu memory leaks io names trend stat" ROUNDS=5'
	@echo 'make demo    set up, build and run the scenario syn-1k under every type'
	@echo 'make clean   remove build/'

# $(call install,PACKAGES): installs those that are missing, through sudo when not root.
install = @.ci/install-packages $(1)

deps:
	$(call install,$(BUILD_PACKAGES))

# A recipe, if an empty one, has make say nothing when all is there.
build: $(TOOL) $(PRELOAD) $(KEEPER) $(DEFAULT_SUPPRESSIONS) $(WORKLOADS) $(BUILD)/libcore.so
	@:

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -fPIC -MMD -MP -c -o $@ $<

# Programs for the kernel: clang compiles them, the tool has them as data and tells them where the running kernel has what
# (io/bpf/offsets.c).
BPF_CLANG ?= clang
BPF_CPPFLAGS := -I. -D__TARGET_ARCH_x86 -idirafter /usr/include/$(shell uname -m)-linux-gnu

$(BUILD)/%.bpf.o: %.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF)
	$(Q)$(BPF_CLANG) -target bpf $(BPF_CPPFLAGS) -O2 -g -Wall -Wextra -Wno-unused-parameter $(if $(CI),-Werror) -MMD -MP -c -o $@ $<

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(call say,SKEL)
	$(Q)bpftool gen skeleton $< name $(basename $(basename $(@F))) >$@.new && mv $@.new $@

$(BUILD)/io/bpf/meter.o $(BUILD)/io/bpf/loading.o: $(BUILD)/io/bpf/meter.skel.h

$(BUILD)/core/driver/%.o: CPPFLAGS += -DCOLLECTORS='$(foreach c,$(COLLECTORS),COLLECTOR($c))'
$(BUILD)/core/driver/collectors.o: Makefile

# The assembler includes these two as they are (.incbin), which -MMD does not see.
$(BUILD)/core/export/flamegraph_parts.o: core/export/flamegraph.css core/export/flamegraph.js

$(LIBCORE): $(call objects,$(CORE_SRCS))
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

# The proof that core knows no collector: it links whole and alone.
$(BUILD)/libcore.so: $(LIBCORE)
	$(call say,LINK)
	$(Q)$(CC) $(SANITIZE) -shared $(if $(SAN),,-Wl,-z,defs) -o $@ -Wl,--whole-archive $< -Wl,--no-whole-archive $(LDLIBS)

$(BUILD)/libcollectors.a: $(call objects,$(COLLECTOR_SRCS))
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(TOOL): $(call objects,$(DRIVER_SRCS)) $(LIBCOLLECTORS) $(LIBCORE)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS)

# Lives on with a filtered target after the tool: libc only, and no sanitizer.
$(KEEPER): $(KEEPER_SRCS) $(wildcard core/trace/*.h)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(KEEPER_SRCS)

$(DEFAULT_SUPPRESSIONS): mem/leaks/default.supp
	@mkdir -p $(@D)
	$(call say,COPY)
	$(Q)cp $< $@

# The preload is built apart from the tool: libc only, no thread-local storage, nothing exported but what it interposes, and
# the shared unwinder from the same source. Never with a sanitizer: it lives in the target.
$(BUILD)/preload/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -O0,$(CFLAGS)) -O2 -fno-tree-vectorize -fPIC -fvisibility=hidden -fno-builtin-malloc -MMD -MP -c -o $@ $<

$(PRELOAD): $(patsubst %.c,$(BUILD)/preload/%.o,$(PRELOAD_SRCS) $(wildcard core/unwind/*.c))
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,-z,defs -Wl,-z,now -o $@ $^

$(BUILD)/workloads/%: scenarios/workloads/%.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d -o $@ $< -lm -lpthread

$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(LIBCOLLECTORS) $(LIBCORE)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS) -lcmocka

$(BUILD)/tests/unit/cpu_test: LDFLAGS += -Wl,--wrap=perf_record_decode
$(BUILD)/tests/unit/follow_cpu_test: LDFLAGS += -Wl,--wrap=pread
$(BUILD)/tests/unit/process_memory_test: LDFLAGS += -Wl,--wrap=process_vm_readv,--wrap=open
# It reads whole stacks, guard zones included.
$(BUILD)/tests/unit/stacks_test.o: SANITIZE :=

# A fuzz target with our own mutator, and with libFuzzer.
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(call objects,$(FUZZ_PARTS)) $(LIBCOLLECTORS) $(LIBCORE)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/fuzz/%.coverage: $(BUILD)/tests/fuzz/%.o $(call objects,tests/fuzz/file.c tests/fuzz/seeds.c) $(LIBCOLLECTORS) $(LIBCORE)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) $(SANITIZE) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

# Programs that the tests profile: release flags unless programs.mk says otherwise for one.
PROGRAM_CFLAGS = -O2 -g
-include tests/programs/programs.mk

$(BUILD)/tests/programs/%: tests/programs/%.c tests/programs/programs.mk
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -I. -D_GNU_SOURCE -std=gnu11 $(WARNINGS) $(PROGRAM_CFLAGS) -MMD -MP -MF $@.d -MT $@ -o $@ $< $(PROGRAM_LDLIBS) -lpthread
	$(PROGRAM_POST)

$(BUILD)/tests/programs/%: tests/programs/%.cc tests/programs/programs.mk
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) -I. -Wall -Wextra $(PROGRAM_CFLAGS) -o $@ $< $(PROGRAM_LDLIBS) -lpthread
	$(PROGRAM_POST)

$(BUILD)/tests/bench/unwind: $(LIBCORE)
$(BUILD)/tests/bench/unwind: BENCH_LDLIBS = -lunwind

$(BUILD)/tests/bench/names: $(LIBCORE)
$(BUILD)/tests/bench/names: BENCH_LDLIBS = $(LDLIBS)

$(BUILD)/tests/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -MMD -MP -MF $@.d -o $@ $(filter %.c %.a,$^) $(BENCH_LDLIBS) -lpthread

$(BUILD)/tests/bench/mill: tests/bench/mill.cc
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) -O2 -g -Wall -Wextra -o $@ $< -lpthread

# As optimised as the preload, and without a sanitizer as it is.
$(BUILD)/tests/bench/forward.so: tests/bench/forward.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 -O2 -g $(WARNINGS) -fPIC -fno-builtin-malloc -shared -MMD -MP -MF $@.d -o $@ $<

# `make check` sets up, then builds with what is now there: hence the second make.
check:
	$(call install,$(if $(LONG),$(LONG_PACKAGES),$(CHECK_PACKAGES)))
	@$(MAKE) --no-print-directory tests
	@BUILD=$(BUILD) SAN=$(SAN) tests/run $(if $(LONG),--long) $(TESTS)

bench:
	$(call install,$(BENCH_PACKAGES))
	@$(MAKE) --no-print-directory benches
	@BUILD=$(BUILD) tests/bench/run $(GROUPS)

demo:
	$(call install,$(DEMO_PACKAGES))
	@$(MAKE) --no-print-directory build
	@BUILD=$(BUILD) scenarios/demo

# All that the tests need, without running them.
tests: benches $(UNITS) $(FUZZERS) $(PROGRAMS)
	@:

# With clang's coverage, which finds ways that plain mutations do not; all of core is built apart for it.
fuzz:
	$(call install,$(FUZZ_PACKAGES))
	@$(MAKE) --no-print-directory BUILD=build-fuzz CC=clang SAN=address,undefined,fuzzer-no-link coverage-fuzzers
	@BUILD=build-fuzz tests/fuzz/run $(or $(SECONDS),30) $(TARGETS)

coverage-fuzzers: $(addsuffix .coverage,$(FUZZERS)) $(FUZZERS)
	@:

benches: build $(BENCHES) $(BUILD)/tests/bench/mill $(BUILD)/tests/bench/forward.so $(BUILD)/tests/programs/offcpu_pingpong $(BUILD)/tests/programs/udp_batches
	@:

clean:
	rm -rf build build-san build-debug build-san-debug build-fuzz

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
