# looked_at.c in the ways that the look at a binary has to tell apart, as look-WAY.
LOOK := $(BUILD)/tests/programs/look-
LOOKS := plain stripped static static-pie musl musl-static asan tsan ubsan own-malloc own-name jemalloc debug \
	debuglink frame-pointers secure object
PROGRAMS += $(addprefix $(LOOK),$(LOOKS))

LOOK_CC = $(CC)
LOOK_CFLAGS = -O2
$(LOOK)stripped: LOOK_CFLAGS += -s
$(LOOK)static: LOOK_CFLAGS += -static
$(LOOK)static-pie: LOOK_CFLAGS += -static-pie
$(LOOK)musl $(LOOK)musl-static: LOOK_CC = musl-gcc
$(LOOK)musl-static: LOOK_CFLAGS += -static
$(LOOK)asan: LOOK_CFLAGS += -fsanitize=address
$(LOOK)tsan: LOOK_CFLAGS += -fsanitize=thread
$(LOOK)ubsan: LOOK_CFLAGS += -fsanitize=undefined
$(LOOK)own-malloc: LOOK_CFLAGS += -DOWN_MALLOC
$(LOOK)own-name: LOOK_CFLAGS += -DOWN_NAME
$(LOOK)frame-pointers: LOOK_CFLAGS += -fno-omit-frame-pointer
$(LOOK)secure: LOOK_CFLAGS += -DSECURE
$(LOOK)debug $(LOOK)debuglink: LOOK_CFLAGS += -g
$(LOOK)debuglink: LOOK_POST = objcopy --only-keep-debug $@ $@.debug && objcopy -g --add-gnu-debuglink=$@.debug $@
$(LOOK)object: LOOK_CFLAGS += -c
# Only the name of a needed library counts, so an empty one will do.
$(LOOK)jemalloc: LOOK_CFLAGS += -Wl,--no-as-needed $(BUILD)/tests/programs/libjemalloc.so.2
$(LOOK)jemalloc: $(BUILD)/tests/programs/libjemalloc.so.2

$(LOOK)%: tests/programs/looked_at.c tests/programs/looks.mk
	@mkdir -p $(@D)
	$(LOOK_CC) -Wall -Wextra -Wl,--build-id -o $@ $< $(LOOK_CFLAGS)
	$(LOOK_POST)

$(BUILD)/tests/programs/libjemalloc.so.2:
	@mkdir -p $(@D)
	$(CC) -shared -nostdlib -Wl,-soname,$(@F) -o $@ -x c /dev/null
