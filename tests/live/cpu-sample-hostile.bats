#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Names that were made to do harm, in a table of symbols and in the map of JIT code, and maps that are none or do not keep
# still: cpu-sample ends well, and every format is read by others as what it is (rules S4, S6, S9 of the threat model).

# shellcheck disable=SC2154,SC2030,SC2031 # variables of live.bash

load ../support/helpers.bash
load ../support/live.bash
load ../support/sampler.bash

bats_require_minimum_version 1.5.0

FORMATS=text,folded,svg,speedscope,pprof,cpuprofile,json
PIECES=16

setup() {
	sampler_setup
	need_command jq python3 xmllint iconv go node
	[[ -d $ROOT_DIR/tests/readers/node_modules/ajv ]] || skip 'needs npm ci in tests/readers'
	out=$BATS_TEST_TMPDIR/r
}

teardown() {
	live_teardown
	[[ -z ${map:-} ]] || rm -rf "$map" "$map.new"
}

# --- what every report is, whatever the names -----------------------------------------------------

# every_format OPTION...: a report in each of them, and they are valid.
every_format() {
	sampled -p "$work" -F 499 -f "$FORMATS" -o "$out" --force "$@"
	all_are_valid
}

all_are_valid() {
	json_is_valid
	svg_is_valid
	folded_is_valid
	pprof_is_valid
	python3 "$SUPPORT_DIR/calm_text.py" "$out".{txt,folded,svg,speedscope.json,cpuprofile,json} "$tracer_out.err" \
		"$BATS_TEST_TMPDIR/top"
}

json_is_valid() {
	local schema=$ROOT_DIR/tests/readers/schema.js

	node "$schema" "$ROOT_DIR/docs/schema/cpu-sample.schema.json" "$out.json"
	node "$schema" speedscope "$out.speedscope.json"
	jq -e '([.nodes[].id]) as $ids | all(.samples[]; . as $s | $ids | index($s))' "$out.cpuprofile" >/dev/null
}

# Well-formed, the one script is ours, and no element has a handler.
svg_is_valid() {
	xmllint --noout --nonet "$out.svg"
	python3 - "$out.svg" <<-'PYTHON'
		import sys, xml.etree.ElementTree as tree
		elements = list(tree.parse(sys.argv[1]).iter())
		scripts = [e for e in elements if e.tag.endswith("script")]
		handlers = [a for e in elements for a in e.attrib if a.lower().startswith("on")]
		sys.exit(f"{len(scripts)} scripts, handlers {handlers}" if len(scripts) != 1 or handlers else 0)
	PYTHON
}

# Frames, one blank, a number: they add up to the samples, and our own reader takes each line.
folded_is_valid() {
	same 'lines that are not folded' '' "$(grep -vE '^[^ ].* [0-9]+$' "$out.folded" || true)"
	same 'numbers before the count' '' "$(grep -E '(;|^)[^;]* [0-9]+(;| [0-9]+$)' "$out.folded" || true)"
	same 'sum' "$(jq .count "$out.json")" "$(awk '{ sum += $NF } END { printf "%.0f", sum }' "$out.folded")"
	"$(tool flame-render)" -q -f folded "$out.folded" >"$BATS_TEST_TMPDIR/again"
	same 'read again' '' "$(diff <(without_long_ends "$out.folded") <(without_long_ends "$BATS_TEST_TMPDIR/again"))"
}

# With its mark, _[j], the longest name is too long for our reader, who cuts it.
without_long_ends() {
	LC_ALL=C sed -E 's/([^;]{900})[^;]*(;| [0-9]+$)/\1\2/g' "$1" | LC_ALL=C sort
}

pprof_is_valid() {
	HOME=$BATS_TEST_TMPDIR go tool pprof -symbolize=none -top -sample_index=samples "$out.pb.gz" >"$BATS_TEST_TMPDIR/top"
	grep -q -w "Total samples = $(jq .count "$out.json")" "$BATS_TEST_TMPDIR/top"
}

# named TEXT SHARE: functions of the report that begin with it have this part of it, per cent.
named() {
	local share

	share=$(jq --arg text "$1" '([.functions[] | select(.function // "" | startswith($text)).total_ns] | add // 0)
		* 100 / .weight_ns | floor' "$out.json")
	((share >= $2)) || fail "$1: $share %, not $2 %"
}

longest() {
	awk '{ if (length > max) max = length } END { print max + 0 }' "$1"
}

# --- symbols --------------------------------------------------------------------------------------

@test "functions and threads with hostile names: every format is valid and says what ran" {
	local name

	target_start evil "$programs/cpu-evil"
	work=${target_pid[evil]}
	target_say evil
	every_format -d 3 --threads
	named evil 90
	for name in 'evil\x1b[2J' 'evil;main;init 424242' 'evil 12 40' 'evil</title><script>' "evil','x':{}]}" \
		'evil\u{202E}txt\u{200B}.exe\x9b31m' 'evil\xff\x9b\xc3(\xed\xa0\x80' evilnnnnnnnn; do
		named "$name" 4
	done
	jq -e '[.tasks[].thread] | index("e;\\x1b[7m<b> \\xff 7")' "$out.json"
}

# --- maps of JIT code -----------------------------------------------------------------------------

# jit_start: $PIECES pieces of code, each with a line in $codes (what the map is to begin with); $map is not there yet.
jit_start() {
	target_start work "$programs/cpu-work" jit "$PIECES"
	work=${target_pid[work]}
	map=/tmp/perf-$work.map
	wait_for 5 said_all
	target_say work
}

said_all() {
	sed -n 's/^code //p' "${target_out[work]}" >"$BATS_TEST_TMPDIR/codes"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/codes") -eq $PIECES ]]
}

# map_lines: a map on standard output, a hostile name each.
map_lines() {
	python3 - "$BATS_TEST_TMPDIR/codes" <<-'PYTHON'
		import sys
		names = [b"jit;main;init 424242", b"jit 12 40", b"jit</title><script>alert(1)</script>", b"jit\x1b[31m\x07\x08\x7f",
		         b"jit\xff\xfe\xc3(", b"jit" + 100000 * b"n", "jit\u202etxt\u200b\u2028\ufeff".encode(), b"jit\rcarriage",
		         b'jit"},{"name":"\\u0000', b"jit\xc2\x9b31m", b"jit\0hidden", b"jit  two  blanks ", b"jit_[k]",
		         b"LazyCompile:*jit<img src=x onerror=1> /a;b/\x1b[1mfile.js:12:3", b"Function:*jit 9 file:///x 8:1:2",
		         b"jit" + "\u20ac".encode() * 30000]
		with open(sys.argv[1], "rb") as codes:
		    for code, name in zip(codes, names, strict=True):
		        sys.stdout.buffer.write(code.strip() + b" " + name + b"\n")
	PYTHON
}

@test "a map with hostile names: every format is valid and says what ran" {
	jit_start
	map_lines >"$map"
	every_format -d 3
	named jit 80
	for name in 'jit;main;init 424242' 'jit 12 40' 'jit</title>' 'jit\x1b[31m\x07\x08\x7f' 'jit\xff\xfe\xc3(' jitnnnn \
		'jit\u{202E}txt\u{200B}\u{2028}\u{FEFF}' 'jit"},{"name":"\u0000' 'jit<img src=x onerror=1>'; do
		named "$name" 2
	done
	(($(longest "$out.folded") < 10000)) || fail "folded: a line of $(longest "$out.folded")"
	(($(longest "$out.txt") < 2000)) || fail "text: a line of $(longest "$out.txt")"
}

# refused WHY: one warning, no names.
refused() {
	sampled -p "$work" -F 499 -d 1 -f json -o "$out.json" --force
	python3 "$SUPPORT_DIR/calm_text.py" "$out.json" "$tracer_out.err"
	named burn_jit 90
	named made_at_run_time 0
	same 'names' 0 "$(jq '[.functions[] | select(.function == "made_at_run_time")] | length' "$out.json")"
	same 'warnings' 1 "$(grep -c "names of JIT code: $map: refused, $1" "$tracer_out.err")"
}

plain_map() {
	sed 's/$/ made_at_run_time/' "$BATS_TEST_TMPDIR/codes"
}

@test "what is no map, or not the target's: refused, once" {
	jit_start
	plain_map >"$BATS_TEST_TMPDIR/elsewhere"
	ln -s "$BATS_TEST_TMPDIR/elsewhere" "$map"
	refused 'it is a symbolic link'
	rm "$map"
	ln -s /etc/passwd "$map"
	refused 'it is a symbolic link'
	rm "$map"
	mkfifo "$map"
	refused 'it is not a regular file'
	rm "$map"
	mkdir "$map"
	refused 'it is not a regular file'
	rmdir "$map"
	plain_map >"$map"
	chown 65534 "$map"
	refused 'it belongs to another user'
	chown 0 "$map"
	chmod 0622 "$map"
	refused 'others may write to it'
	chmod 0600 "$map"
	ln "$map" "$map.new"
	refused 'it has more names'
	rm "$map.new"
	truncate -s 257M "$map"
	refused 'it is larger than 256 MiB'
	# and what was refused was no more than that
	plain_map >"$map"
	every_format -d 1
	named made_at_run_time 80
}

@test "a map of junk, of holes, without an end: no names, no harm" {
	jit_start
	head -c 20M /dev/urandom >"$map"
	every_format -d 1
	named burn_jit 90
	truncate -s 0 "$map"
	truncate -s 200M "$map"
	every_format -d 1
	named burn_jit 90
	{ plain_map && head -c 30M /dev/zero | tr '\0' a; } >"$map"
	every_format -d 1
	named made_at_run_time 80
}

# Grows, is cut, replaced, removed, becomes a link and a FIFO, until it is killed.
restless() {
	while :; do
		map_lines >"$map.new"
		mv "$map.new" "$map"
		plain_map >>"$map"
		: >"$map"
		head -c 5M /dev/urandom >>"$map"
		rm -f "$map"
		ln -s /dev/zero "$map"
		rm "$map"
		mkfifo "$map"
		rm "$map"
		map_lines >"$map"
	done
}

@test "a map that changes while it is read: every format is valid" {
	local writer

	jit_start
	background "$BATS_TEST_TMPDIR/restless" restless
	writer=$job
	for _ in 1 2 3; do
		every_format -d 2500ms
		named burn_jit 90
	done
	kill -0 "$writer" # it went on all the time
	kill -KILL "$writer"
	wait "$writer" || true
	rm -rf "$map"
}
