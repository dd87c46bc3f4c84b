#!/bin/bash
# The parsers of files that strangers made take some thousand damaged inputs without a crash, always the same ones.
# tier: quick
# beside: others
. "$(dirname "$0")/lib.sh"
for source in tests/fuzz/*.c; do
	target=$build/tests/fuzz/$(basename "$source" .c)
	grep -q LLVMFuzzerTestOneInput "$source" && [ "$(basename "$target")" != mutate ] || continue
	promise "$(basename "$target") survives 2,000 damaged inputs" "$target" -n 2000
done
