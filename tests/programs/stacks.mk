# stack_cases.c as linkers and compilers differ about it, as stack-WAY; each takes the WAY as its process's name.
STACK := $(BUILD)/tests/programs/stack-
STACKS := plt-lazy plt-now plt-ibt dynsym static static-pie no-pie musl no-hdr debug-frame debug-frame-z no-tables
PROGRAMS += $(addprefix $(STACK),$(STACKS)) $(addprefix $(BUILD)/tests/programs/,stack_i386 pages_i386 hung_i386)

STACK_CC = $(CC)
STACK_CFLAGS = -O2 -g
$(STACK)plt-lazy: STACK_CFLAGS += -Wl,-z,lazy
$(STACK)plt-now: STACK_CFLAGS += -Wl,-z,now
$(STACK)plt-ibt: STACK_CFLAGS += -fcf-protection=full -Wl,-z,lazy -Wl,-z,ibtplt
$(STACK)dynsym: STACK_CFLAGS += -rdynamic -s
$(STACK)static: STACK_CFLAGS += -static -DSTATIC
$(STACK)static-pie: STACK_CFLAGS += -static-pie -DSTATIC
$(STACK)no-pie: STACK_CFLAGS += -no-pie
$(STACK)musl: STACK_CC = musl-gcc
$(STACK)musl: STACK_CFLAGS += -static -DSTATIC
$(STACK)no-hdr: STACK_CFLAGS += -Wl,--no-eh-frame-hdr
$(STACK)debug-frame $(STACK)debug-frame-z $(STACK)no-tables: STACK_CFLAGS += -fomit-frame-pointer -fno-asynchronous-unwind-tables
$(STACK)debug-frame-z: STACK_CFLAGS += -gz=zlib
$(STACK)no-tables: STACK_CFLAGS += -s

$(STACK)%: tests/programs/stack_cases.c tests/programs/stacks.mk
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(STACK_CC) -D_GNU_SOURCE -std=gnu11 $(WARNINGS) -o $@ $< $(STACK_CFLAGS) -lpthread

$(BUILD)/tests/programs/%_i386: tests/programs/%_i386.S
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -m32 -static -nostdlib -o $@ $<

# Libraries, for stack_cases to load.
$(BUILD)/tests/programs/stack_library_a $(BUILD)/tests/programs/stack_library_b: PROGRAM_CFLAGS = -O2 -g -shared -fPIC
