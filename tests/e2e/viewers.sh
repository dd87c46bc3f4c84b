#!/bin/bash
# A flame graph works in a browser, from the file system and without network: hover, zoom, search, reset, keys.
# tier: long
. "$(dirname "$0")/lib.sh"
command -v chromium >/dev/null || { skip "a flame graph in a browser" "chromium is not installed (package chromium)"; exit; }
if [ "$(status_of profile-scenario --results "$scratch/results" --type cpu -- "$programs/cpu_split" 1000)" = 3 ]; then
	skip "a flame graph in a browser" "no cpu sampling here: $(tail -n 1 "$scratch/err")"
	exit
fi
run=$scratch/results/cpu_split/cpu/latest
svg=$run/flamegraph.svg

# browse ADDRESS: the document after its scripts ran. No name resolves, so nothing can come from elsewhere.
browse() {
	timeout 300 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir="$scratch/browser" \
		--virtual-time-budget=3000 --dump-dom "$1" 2>>"$scratch/browser.err"
}

promise "the file is well-formed XML" python3 -c "import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])" "$svg"

# The same file with somebody at the mouse and the keys.
driven=$scratch/driven.svg
{
	sed '$d' "$svg"
	echo '<script><![CDATA['
	cat tests/readers/flamegraph-drive.js
	echo ']]></script></svg>'
} >"$driven"
promise "the last line of the file is its end" is "$(tail -n 1 "$svg")" '</svg>'
browse "file://$driven" | sed -n '/^BEGIN$/,/^END$/p' | sed 's/&gt;/>/g' >"$scratch/said"
said() { matches "$scratch/said" "^$1\$"; }

# What stacks.folded says of a function in the tree.
share_of() {
	awk -v f="(^|;)$1(;| )" '{ all += $NF } $0 ~ f { n += $NF } END { printf "%.2f", 100 * n / all }' "$run/stacks.folded"
}
# Which of two percents it is that a share is halfway between, its two decimals do not say.
width_is_share() {
	local width; width=$(sed -n 's/^share of burn_seventy: //p' "$scratch/said")
	awk -v width="${width:--1}" -v share="$(share_of burn_seventy)" 'BEGIN { print width, share; exit !(width - share < 0.52 && share - width < 0.52) }'
}
promise "a box is as wide as the function's share" width_is_share
promise "hovering tells function, samples, share, object and place" \
	said "details: burn_seventy  ·  [0-9,]+ samples, $(share_of burn_seventy) %.*  ·  cpu_split  ·  .*cpu_split\.c:[0-9-]+"
for promised in "zoomed frame is whole" "its caller is whole and stands back" "its neighbour is hidden" \
	"reset is off" "reset shows all" "address keeps the zoom" "ctrl-f is taken" "ctrl-f focuses the search" \
	"a second ctrl-f is the browser's" "cleared" "enter zooms" "escape goes back"; do
	promise "$promised" said "$promised: true"
done
promise "a search tells its share of all" said "matched one: matched: $(share_of burn_seventy) % of all, 1 frame"
promise "nested matches count once" said "matched nested: matched: $(share_of main) % of all, 2 frames"
promise "the search of the outer alone agrees" said "matched main: matched: $(share_of main) % of all, 1 frame"
promise "capitals are meant when there are any" \
	said "matched any case: matched: 0\.00 % of all, 0 framesmatched: 0\.00 % of all, 0 frames\|matched: [0-9.]+ % of all, [0-9]+ frames"
promise "a broken expression is searched as text" said "a broken expression is text: matched: 0\.00 % of all, 0 frames"
promise "the arrow keys walk the frames" said "keys walk: main, burn_seventy"

# The same with the root on top: the keys lead the other way.
profile-scenario --results "$scratch/results" export cpu_split/cpu --format flamegraph --inverted --width 900 -o "$scratch/inverted"
{
	sed '$d' "$scratch/inverted"
	echo '<script><![CDATA['
	cat tests/readers/flamegraph-drive.js
	echo ']]></script></svg>'
} >"$scratch/inverted.svg"
browse "file://$scratch/inverted.svg" | sed -n '/^BEGIN$/,/^END$/p' >"$scratch/said-inverted"
promise "with the root on top the arrow keys lead the other way" matches "$scratch/said-inverted" '^keys walk: (burn_seventy, main|[^m][^,]*, burn_seventy)$'
promise "and it zooms as well" matches "$scratch/said-inverted" '^zoomed frame is whole: true$'
promise "and goes back" matches "$scratch/said-inverted" '^escape goes back: true$'

# An address with a view in it, as it was kept above.
browse "file://$(realpath "$svg")#s=burn_ten" >"$scratch/recalled"
promise "an address with a search shows it" matches "$scratch/recalled" \
	"class=\"matched\"[^>]*>matched: $(share_of burn_ten) % of all"

# In an <img> scripts do not run: the picture must be there without them.
cat >"$scratch/page.html" <<P
<body><img id="graph" src="file://$(realpath "$svg")"><p id="size"></p>
<script>onload = () => { size.textContent = graph.naturalWidth + " wide"; };</script>
P
browse "file://$scratch/page.html" >"$scratch/page"
promise "it is a picture in a page" contains "$scratch/page" "1200 wide"
