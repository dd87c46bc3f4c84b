#!/bin/bash
# The parsers of files that strangers made take damaged inputs for 30 s each, new ones in every run.
# tier: long
. "$(dirname "$0")/lib.sh"
seed=$(date +%s)
echo "# seed $seed"
for source in tests/fuzz/*.c; do
	target=$build/tests/fuzz/$(basename "$source" .c)
	grep -q LLVMFuzzerTestOneInput "$source" && [ "$(basename "$target")" != mutate ] || continue
	promise "$(basename "$target") survives 30 s of them" "$target" -s "$seed" -t 30
done
