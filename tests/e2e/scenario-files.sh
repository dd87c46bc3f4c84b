#!/bin/bash
# A scenario file is read as CONTRACT 2 has it, and what is wrong with one is said with file, line and the nearest right word.
# tier: quick
. "$(dirname "$0")/lib.sh"
export PROFILE_SCENARIO_RESULTS=$scratch/results
type=io # the collector that needs no rights but ptrace

mkdir "$scratch/scenarios"
bad_file() { # TEXT SENTENCE
	printf '%s\n' "$1" >"$scratch/scenarios/bad.ini"
	reason 125 "$2" profile-scenario --scenarios "$scratch/scenarios" --scenario bad
}
promise "an unknown key names file, line and the nearest word" bad_file $'[scenario]\ncommnd = true' "bad.ini:2: unknown key 'commnd' in [scenario]; did you mean 'command'?"
promise "an unknown section is refused" bad_file $'[scenario]\ncommand = true\n[limits]\nlimit = x' "bad.ini:3: unknown section [limits]"
promise "an unknown section without keys is refused" bad_file $'[scenario]\ncommand = true\n[metric]' "bad.ini:3: unknown section [metric]; did you mean [metrics]?"
promise "a key that stands twice is refused" bad_file $'[scenario]\ncommand = true\n[parameters]\na = 1\n[scenario]\ncommand = false' "bad.ini:6: key 'command' stands in [scenario] already, in line 2"
promise "a key before any section is refused" bad_file $'command = true\n[scenario]' "bad.ini:1: key 'command' stands before any [section]"
promise "a key that is not there (yet) is refused" bad_file $'[scenario]\ncommand = true\nrepeat = 3' "bad.ini:3: unknown key 'repeat'"
promise "a threshold that is none is refused" bad_file $'[scenario]\ncommand = true\n[findings]\nself-percent = much' "bad.ini:4: 'self-percent' takes a number"
promise "a finding that is none is refused" bad_file $'[scenario]\ncommand = true\n[findings]\nself-percnt = 1' "did you mean 'self-percent'"
promise "and all are named" bad_file $'[scenario]\ncommand = true\n[findings]\nwhatever = 1' "unknown key 'whatever' in [findings]; it takes "
promise "those of every type" bad_file $'[scenario]\ncommand = true\n[findings]\nwhatever = 1' "temporary-percent"
promise "work without a number is refused" bad_file $'[scenario]\ncommand = true\nwork = much' "bad.ini: work begins with a number"
zero_byte() {
	printf '[scenario]\ncommand = echo \0 lost\n' >"$scratch/scenarios/bad.ini"
	reason 125 "bad.ini:2: the line holds a zero byte" profile-scenario --scenarios "$scratch/scenarios" --scenario bad
}
promise "a zero byte is refused, for it would hide the rest" zero_byte
promise "an unknown key of a type is refused" bad_file $'[scenario]\ncommand = true\n[cpu]\nfreqq = 99' "did you mean 'freq'"
promise "a bad value of a type is refused" bad_file $'[scenario]\ncommand = true\n[cpu]\nfreq = fast' "bad.ini:4:"
promise "an unbuilt type in a file is refused" bad_file $'[scenario]\ncommand = true\ntypes = cpu flames' "bad.ini:3: unknown type 'flames'"
promise "an inline comment is refused" bad_file $'[scenario]\ncommand = true ; really' "would cut"
promise "a line too long is refused" bad_file "[scenario]
command = $(head -c 5000 /dev/zero | tr '\0' x)" "too long"
promise "a line that is nothing is refused" bad_file $'[scenario]\ncommand' "bad.ini:2: this is neither"
promise "an unknown parameter is refused" bad_file $'[scenario]\ncommand = echo ${port}\n[parameters]\nports = 1' 'did you mean ${ports}'
promise "a bad pattern under [metrics] is refused" bad_file $'[scenario]\ncommand = true\n[metrics]\nx = /(/' "malformed"
printf '[scenario]\ncommand = no-such-program\npackage = such-package\n' >"$scratch/scenarios/missing.ini"
promise "a missing program names its package" reason 127 "apt-get install such-package" \
	profile-scenario --scenarios "$scratch/scenarios" --scenario missing --type $type

cat >"$scratch/scenarios/good.ini" <<'I'
[scenario]
description = a scenario for the tests
command = echo ${greeting} "a b"
types = io
work = 10 words
exit = 0
[parameters]
greeting = found 42 things
[environment]
COLOUR = blue
[metrics]
found = /found ([0-9]+)/
absent = /lost ([0-9]+)/
I
good() { profile-scenario --quiet --scenarios "$scratch/scenarios" --scenario good "$@"; }
promise "a scenario's command is split and expanded" is "$(good)" "found 42 things a b"
promise "words with a dash behind -- replace the arguments" is "$(good -- -n x)" x
promise "other words are the whole command" is "$(good -- printf '%s' $'c' )" c
promise "--parameter wins over the file" is "$(good --parameter greeting=bye)" "bye a b"
promise "a parameter that the file does not know is refused" reason 125 "has no parameter 'greting'; did you mean 'greeting'?" \
	profile-scenario --scenarios "$scratch/scenarios" --scenario good --parameter greting=bye
promise "the scenario's environment is the target's" is "$(good -- printenv COLOUR)" blue
good >/dev/null
good_run=$PROFILE_SCENARIO_RESULTS/good/$type/latest
promise "[metrics] reads a number from the output" is "$(metric "$good_run" user.found)" 42
promise "what did not match is absent" is "$(metric "$good_run" user.absent)" absent
promise "work gives a rate" test "$(metric "$good_run" run.work_per_s)" != absent
no_rate() { # WHY TOOL ARGUMENT...: the run has no rate, and a note says why
	local why=$1 run=$PROFILE_SCENARIO_RESULTS/$2/$type/latest; shift
	"$@" >/dev/null 2>"$scratch/err"
	is "$(metric "$run" run.work_per_s)" absent && { [ -z "$why" ] || contains "$run/run.json" "run.work_per_s is absent: $why"; }
}
promise "arguments of the command line's own have no known work" no_rate "the command line gives a command or arguments of its own" good -- -n x
promise "nor has a command" no_rate "the command line gives a command or arguments of its own" good -- echo found 42 things a b
promise "nor what a changed parameter makes" no_rate "--parameter greeting=bye changes what work does not use, and the scenario's work is '10 words'" \
	good --parameter greeting=bye
promise "nor what another --prepare makes" no_rate "the command line gives a --prepare of its own" good --prepare true
good --parameter "greeting=found 42 things" >/dev/null
promise "a parameter that is typed as the file has it changes nothing" test "$(metric "$good_run" run.work_per_s)" != absent

odd_bytes() { # CRLF, a byte order mark, no newline at the end
	printf '\xef\xbb\xbf[scenario]\r\ntypes = io\r\n\r\n; a comment\r\ncommand = echo "a b"' >"$scratch/scenarios/odd.ini"
	is "$(profile-scenario --quiet --scenarios "$scratch/scenarios" --scenario odd)" "a b"
}
promise "CRLF, a byte order mark and a last line without its end are read" odd_bytes

mkdir -p "$scratch/place/below"
echo "from the file" >"$scratch/place/input"
printf '#!/bin/sh\npwd; cat\n' >"$scratch/place/below/program"
chmod +x "$scratch/place/below/program"
cat >"$scratch/scenarios/place.ini" <<'I'
[scenario]
command = below/program
types = io
cwd = ${where}
stdin = input
work = ${units} units
[parameters]
where = place
units = 12
I
place() { (cd "$scratch" && profile-scenario --quiet --scenarios scenarios --scenario place "$@"); }
promise "cwd is from the caller's directory, program and stdin are from cwd" is "$(place | xargs)" "$scratch/place from the file"
place_run=$PROFILE_SCENARIO_RESULTS/place/$type/latest
promise "the manifest has the target's directory" contains "$place_run/run.json" "\"cwd\": \"$(realpath "$scratch")/place\""
promise "work may come from a parameter" test "$(metric "$place_run" run.work_per_s)" != absent
place --parameter units=24 >/dev/null
promise "which may be changed" python3 - "$place_run/run.json" <<'P'
import json, sys
metrics = json.load(open(sys.argv[1]))["metrics"]
work, wall = metrics["run.work_per_s"]["value"], metrics["run.wall_ns"]["value"]
assert abs(work * wall / 1e9 - 24) < 1e-6, (work, wall)
P
place --parameter units=24 --parameter where="$scratch/place" >/dev/null
promise "but not beside one that work does not use" is "$(metric "$place_run" run.work_per_s)" absent
promise "a cwd that is not there is said" reason 125 "nowhere" profile-scenario --scenarios "$scratch/scenarios" --scenario place --parameter where=nowhere -- true

printf '[scenario]\ncommand = echo $((${a} + 1)) | cat\nshell = yes\ntypes = io\n[parameters]\na = 41\n' >"$scratch/scenarios/shell.ini"
promise "shell = yes gives pipes" is "$(profile-scenario --quiet --scenarios "$scratch/scenarios" --scenario shell)" 42
promise "a shell's arguments cannot be replaced alone" reason 125 "runs under a shell" \
	profile-scenario --scenarios "$scratch/scenarios" --scenario shell -- -x

printf '[scenario]\ncommand = yes found 1\ntypes = io\ntimeout = 20\n[metrics]\nfound = /found ([0-9]+)/\n' >"$scratch/scenarios/endless.ini"
endless() { profile-scenario --quiet --scenarios "$scratch/scenarios" --scenario endless 2>"$scratch/err" | head -n 1; is "${PIPESTATUS[0]}" 141; }
promise "a target whose output is read for [metrics] still gets SIGPIPE" endless
printf '[scenario]\ncommand = yes found 1 &\nshell = yes\ntypes = cpu\n[metrics]\nfound = /found ([0-9]+)/\n' >"$scratch/scenarios/noisy.ini"
promise "a descendant that goes on writing is not waited for" timeout 300 profile-scenario --quiet -i --scenarios "$scratch/scenarios" --scenario noisy --type $type

printf '[scenario]\ncommand = sh -c "exit 3"\ntypes = io\nexit = 3\n' >"$scratch/scenarios/three.ini"
promise "exit = 3 makes 3 a good end" is "$(status_of profile-scenario --scenarios "$scratch/scenarios" --scenario three)" 0
printf '[scenario]\ncommand = sleep ${seconds}\ntypes = io\nwork = ${seconds} s\n[parameters]\nseconds = 5\n' >"$scratch/scenarios/half.ini"
half() { profile-scenario --quiet --scenarios "$scratch/scenarios" --scenario half "$@"; }
promise "half a run has not done the work" no_rate "" half --duration 0.1
promise "nor has one that failed" no_rate "" half -i --parameter seconds=1x
promise "and 0 a bad one" reason 1 "status 0, and exit = 3 is expected" profile-scenario --scenarios "$scratch/scenarios" --scenario three -- true

finding() { # THRESHOLD: is one function's share a finding then, as it is beyond it?
	printf '[scenario]\ncommand = %s\ntypes = cpu\n[findings]\nself-percent = %s\n' "$programs/cpu_split" "$1" >"$scratch/scenarios/shares.ini"
	profile-scenario --quiet --scenarios "$scratch/scenarios" --scenario shares >/dev/null
	grep -c 'the place to look' "$PROFILE_SCENARIO_RESULTS/shares/cpu/latest/run.json"
	awk -v least="$1" '{ all += $NF } /;burn_seventy [0-9]+$/ { n += $NF } END { print (100 * n / all > least) }' \
		"$PROFILE_SCENARIO_RESULTS/shares/cpu/latest/stacks.folded"
}
# What interrupts takes of a program's 70 % is the machine's affair.
is_as_it_says() {
	local said; said=$(finding "$1" | xargs)
	is "${said% *}" "${said#* }"
}
promise "a share beyond the threshold is a finding" is_as_it_says 60
promise "[findings] moves the threshold" is "$(finding 90 | xargs)" "0 0"

rm "$scratch/scenarios/bad.ini"
printf '[scenario]\nkommand = true\n' >"$scratch/scenarios/broken.ini"
promise "list says which file is broken" reason 125 "did you mean 'command'" profile-scenario --scenarios "$scratch/scenarios" list
promise "and goes on with the others" matches "$scratch/out" '^three '
promise "with their types and last runs" matches "$scratch/out" "^    place/io: 20"

printf '[scenario]\ncommand = ls ${scratch}\nprepare = touch ${scratch}/made\n' >"$scratch/scenarios/scratch.ini"
export TMPDIR=$scratch/tmp
mkdir -m 1777 "$TMPDIR"
promise "\${scratch} is a directory for the scenario" is \
	"$(profile-scenario --quiet --scenarios "$scratch/scenarios" --scenario scratch --type $type)" made
promise "it is gone after the run" is "$(ls "$TMPDIR")" ""
promise "a scenario that wants one says so when it cannot be made" reason 125 "TMPDIR names another place" \
	env TMPDIR=/nowhere profile-scenario --scenarios "$scratch/scenarios" --scenario scratch --type $type
