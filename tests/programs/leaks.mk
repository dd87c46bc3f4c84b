# The catalogues of leaks as compilers and linkers differ about them, as leak-NAME.WAY.
LEAK := $(BUILD)/tests/programs/leak-
LEAK_WAYS := O0 no-pie cet
PROGRAMS += $(foreach way,$(LEAK_WAYS),$(LEAK)shapes.$(way) $(LEAK)places.$(way) $(LEAK)cxx.$(way) $(LEAK)return.$(way))

$(LEAK)%.O0: PROGRAM_CFLAGS = -O0 -g
$(LEAK)%.no-pie: PROGRAM_CFLAGS = -O2 -g -fno-pie -no-pie
$(LEAK)%.cet: PROGRAM_CFLAGS = -O2 -g -fcf-protection=full -Wl,-z,ibt,-z,shstk
# What they load.
$(LEAK)library: PROGRAM_CFLAGS = -O2 -g -shared -fPIC

$(addprefix $(LEAK),shapes places ends cxx cow stale kept return avx512): tests/programs/leak.h

define leak_way
$(LEAK)%.$(1): tests/programs/leak-%.c tests/programs/leak.h tests/programs/leaks.mk
	@mkdir -p $$(@D)
	$$(call say,LINK)
	$$(Q)$$(CC) -I. -D_GNU_SOURCE -std=gnu11 $$(WARNINGS) $$(PROGRAM_CFLAGS) -o $$@ $$< -lpthread

$(LEAK)%.$(1): tests/programs/leak-%.cc tests/programs/leak.h tests/programs/leaks.mk
	@mkdir -p $$(@D)
	$$(call say,CXX)
	$$(Q)$$(CXX) -I. -Wall -Wextra $$(PROGRAM_CFLAGS) -o $$@ $$< -lpthread
endef
$(foreach way,$(LEAK_WAYS),$(eval $(call leak_way,$(way))))
