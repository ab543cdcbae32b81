#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Profiles read back by programs that are not ours: go tool pprof, pprof-format, speedscope's importer in headless
# Chromium, ajv. Nothing is skipped but
# what needs root: scripts/install-deps.sh installs the rest.

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

CASES='small off-cpu hostile'
STALL_CASES='normal stuck no-split hostile'

setup_file() {
	local name format status=0
	export OUT=$BATS_FILE_TMPDIR
	for name in $CASES empty; do
		for format in json folded annotated speedscope speedscope-counts cpuprofile pprof; do
			"$(built tests/golden/profile_report)" "$name" "$format" >"$OUT/$(file_name "$name" "$format")" || return
		done
	done
	for name in $STALL_CASES; do
		for format in json folded trace; do
			"$(built tests/golden/loop_report)" "$name" "$format" >"$OUT/$(file_name "stall-$name" "$format")" || return
		done
	done
	printf 'int main(void) { return 0; }\n' >"$OUT/no-profile.c"
	# One browser for all files; each test looks at its lines.
	cd "$ROOT_DIR/tests/readers" || return
	node speedscope.js "$OUT"/{small,off-cpu,hostile}*.{folded,speedscope.json,cpuprofile,pb.gz} "$OUT"/stall-*.{folded,trace.json} \
		>"$OUT/speedscope.out" 2>"$OUT/speedscope.err" || status=$?
	echo "$status" >"$OUT/speedscope.status"
	status=0
	node speedscope.js "$OUT/no-profile.c" >"$OUT/refused.out" 2>"$OUT/refused.err" || status=$?
	echo "$status" >"$OUT/refused.status"
}

setup() {
	cd "$ROOT_DIR/tests/readers" || return
}

# file_name CASE FORMAT: readers go by how a name ends.
file_name() {
	case $2 in
	speedscope) echo "$1.speedscope.json" ;;
	speedscope-counts) echo "$1-counts.speedscope.json" ;;
	annotated) echo "$1-annotated.folded" ;;
	pprof) echo "$1.pb.gz" ;;
	trace) echo "$1.trace.json" ;;
	*) echo "$1.$2" ;;
	esac
}

weight_of() {
	jq .weight_ns "$OUT/$1.json"
}

count_of() {
	jq .count "$OUT/$1.json"
}

go_pprof() {
	HOME=$BATS_TEST_TMPDIR TZ=UTC go tool pprof -symbolize=none "$@"
}

# row FILE NAME COLUMN: what speedscope shows of a function.
row() {
	jq -r --arg file "$1" --arg name "$2" "select(.file == \$file) | .rows[] | select(.name == \$name) | .$3" "$OUT/speedscope.out"
}

# node_sum FILE EXPRESSION: the sum of a list, in JavaScript, where numbers are what a reader makes of them.
node_sum() {
	node -e '
		const profile = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
		console.log(eval(process.argv[2]).reduce((sum, value) => sum + value, 0));' "$1" "$2"
}

@test "go tool pprof: a table with the functions, the whole weight as its total" {
	go_pprof -top "$OUT/small.pb.gz" >"$BATS_TEST_TMPDIR/top"
	grep -qE 'Total samples = 9900ms \(99.00%\)$' "$BATS_TEST_TMPDIR/top"
	grep -qE '^ +5200ms 52.53% 52.53% +5200ms 52.53% +rotate \(inline\)$' "$BATS_TEST_TMPDIR/top"
	grep -qE '^ +2100ms 21.21% .* 7300ms 73.74% +hash_block$' "$BATS_TEST_TMPDIR/top"
	grep -qE ' 9000ms 90.91% +main$' "$BATS_TEST_TMPDIR/top"
	grep -qE ' 100ms +1.01% +\[unknown stack\]$' "$BATS_TEST_TMPDIR/top"
}

@test "go tool pprof: sources of an inlined function, labels, the other value" {
	go_pprof -list 'mix|rotate' -source_path=/nowhere "$OUT/small.pb.gz" >"$BATS_TEST_TMPDIR/list" 2>&1 || true
	grep -q 'src/hash.h' "$BATS_TEST_TMPDIR/list"
	go_pprof -top -sample_index=samples "$OUT/small.pb.gz" >"$BATS_TEST_TMPDIR/top"
	grep -q 'Total samples = 990' "$BATS_TEST_TMPDIR/top"
	go_pprof -tags "$OUT/off-cpu.pb.gz" >"$BATS_TEST_TMPDIR/tags"
	grep -qE 'libuv-worker' "$BATS_TEST_TMPDIR/tags"
	grep -qE 'futex' "$BATS_TEST_TMPDIR/tags"
	go_pprof -top -tagfocus=thread=libuv-worker "$OUT/off-cpu.pb.gz" >"$BATS_TEST_TMPDIR/top"
	grep -qE ' 6100.12ms 38.73% +futex_wait$' "$BATS_TEST_TMPDIR/top"
}

@test "go tool pprof: what it writes again has the same samples" {
	for name in $CASES; do
		go_pprof -proto -output "$BATS_TEST_TMPDIR/again.pb.gz" "$OUT/$name.pb.gz"
		node pprof.js "$BATS_TEST_TMPDIR/again.pb.gz" | jq -c '.totals' >"$BATS_TEST_TMPDIR/again"
		node pprof.js "$OUT/$name.pb.gz" | jq -c '.totals' | diff - "$BATS_TEST_TMPDIR/again"
	done
}

@test "go tool pprof: one without samples can be read" {
	go_pprof -raw "$OUT/empty.pb.gz" | grep -qE '^Comment: cpu-sample '
}

@test "pprof-format: totals, types, labels, mappings, comments" {
	for name in $CASES; do
		node pprof.js "$OUT/$name.pb.gz" >"$BATS_TEST_TMPDIR/read"
		[ "$(jq -c .totals "$BATS_TEST_TMPDIR/read")" = "[$(count_of "$name"),$(weight_of "$name")]" ]
	done
	node pprof.js "$OUT/small.pb.gz" >"$BATS_TEST_TMPDIR/read"
	jq -e '.types == ["samples/count", "cpu/nanoseconds"] and .default == "cpu" and .period == 10000000' "$BATS_TEST_TMPDIR/read"
	jq -e '.time == "1795415174000000000" and .duration == 10000000000' "$BATS_TEST_TMPDIR/read"
	jq -e '.mappings[0] == {"file": "server", "build_id": "a1b2c3", "has_functions": true}' "$BATS_TEST_TMPDIR/read"
	jq -e '.samples[0].frames == ["rotate", "mix", "hash_block", "handle_request", "main", "__libc_start_main"]' "$BATS_TEST_TMPDIR/read"
	jq -e '.samples[0].files | length == 4' "$BATS_TEST_TMPDIR/read"
	jq -e '.samples[2].files[0] == "[kernel.kallsyms]" and .samples[0].labels.pid == 4242' "$BATS_TEST_TMPDIR/read"
	jq -e '.comments | index("lost: 4") and index("complete: yes")' "$BATS_TEST_TMPDIR/read"
	node pprof.js "$OUT/off-cpu.pb.gz" >"$BATS_TEST_TMPDIR/read"
	jq -e '.types[1] == "delay/nanoseconds"' "$BATS_TEST_TMPDIR/read"
	jq -e '.samples[1].labels == {"pid": 77, "process": "node", "tid": 78, "thread": "libuv-worker", "state": "blocked", "wait": "futex"}' \
		"$BATS_TEST_TMPDIR/read"
}

# build_id FILE: as readelf has it.
build_id() {
	readelf -n "$1" 2>/dev/null | sed -n 's/^ *Build ID: //p'
}

@test "pprof-format: build ids of a program, its libraries and the kernel are those of readelf and sysfs" {
	local file mapping expected path
	need_root
	"$(tool cpu-sample)" -q -F 499 -f pprof -o "$BATS_TEST_TMPDIR/run.pb.gz" -- \
		bash -c 'for ((i = 0; i < 200000; i++)); do echo $i; done' >/dev/null
	node pprof.js "$BATS_TEST_TMPDIR/run.pb.gz" >"$BATS_TEST_TMPDIR/read"
	jq -e '.mappings | map(.file) | contains(["bash", "libc.so.6", "[kernel.kallsyms]"])' "$BATS_TEST_TMPDIR/read"
	while read -r file mapping; do
		case $file in
		'[kernel.kallsyms]')
			expected=$(od -An -v -tx1 /sys/kernel/notes | tr -d ' \n' | grep -oP '040000001400000003000000474e5500\K.{40}' || true)
			;;
		'['*) expected= ;;
		bash) expected=$(build_id "$(readlink -f "$(command -v bash)")") ;;
		*)
			path=$(ldd "$(command -v bash)" | awk -v name="$file" '$1 == name { print $3 }')
			expected=$(build_id "$(readlink -f "$path")")
			;;
		esac
		[ "$mapping" = "\"$expected\"" ] || fail "$file: $mapping, not \"$expected\""
	done < <(jq -r '.mappings[] | "\(.file) \(.build_id | tojson)"' "$BATS_TEST_TMPDIR/read")
}

@test "speedscope opens every file, each as the format it is" {
	[ "$(cat "$OUT/speedscope.status")" -eq 0 ] || fail "$(cut -c1-500 "$OUT/speedscope.out" "$OUT/speedscope.err")"
	[ "$(wc -l <"$OUT/speedscope.out")" -eq 26 ]
	[ "$(jq -r 'select(.file | endswith(".folded")).importer' "$OUT/speedscope.out" | sort -u)" = 'collapsed stack format' ]
	[ "$(jq -r 'select(.file | endswith(".speedscope.json")).importer' "$OUT/speedscope.out" | sort -u)" = 'speedscope json file' ]
	[ "$(jq -r 'select(.file | endswith(".cpuprofile")).importer' "$OUT/speedscope.out" | sort -u)" = 'Chrome CPU Profile' ]
	[ "$(jq -r 'select(.file | endswith(".pb.gz")).importer' "$OUT/speedscope.out" | sort -u)" = 'protobuf encoded pprof file' ]
	[ "$(jq -r 'select(.file | endswith(".trace.json")).importer' "$OUT/speedscope.out" | sort -u)" = 'Trace Event Format profile' ]
}

@test "speedscope refuses what is none of them" {
	[ "$(cat "$OUT/refused.status")" -eq 1 ]
	[[ $(jq -r .error "$OUT/refused.out") == 'Unrecognized format!'* ]]
}

@test "speedscope shows the same numbers from each format" {
	local file
	for file in small.speedscope.json small.cpuprofile; do
		[ "$(row "$file" rotate self)" = '5.20s (53%)' ]
		[ "$(row "$file" hash_block total)" = '7.30s (74%)' ]
		[ "$(row "$file" hash_block self)" = '2.10s (21%)' ]
		[ "$(row "$file" main total)" = '9.00s (91%)' ]
		[ "$(row "$file" '[unknown stack]' self)" = '100.00ms (1.0%)' ]
	done
	[ "$(row small.folded rotate self)" = '5,200,000,000 (53%)' ]
	[ "$(row small.folded main total)" = '9,000,000,000 (91%)' ]
	[ "$(row small-annotated.folded 'rotate_[i]' self)" = '520 (53%)' ]
	[ "$(row small-counts.speedscope.json rotate self)" = '520 (53%)' ]
	# Of several functions in one place it shows the last (docs/formats.md).
	[ "$(row small.pb.gz hash_block self)" = '7.30s (74%)' ]
	[ "$(row small.pb.gz main total)" = '9.00s (91%)' ]
	[ "$(row off-cpu.speedscope.json '[blocked: futex]' self)" = '6.10s (39%)' ]
	[ "$(row off-cpu.folded '[runnable]' self)" = '450,000,000 (2.9%)' ]
}

@test "speedscope shows the stalls of a trace: verdicts, parts, functions" {
	[ "$(row stall-normal.trace.json computing total)" = '860.00ms (43%)' ]
	[ "$(row stall-normal.trace.json 'RegExp:^(a+)+$' self)" = '1.19s (60%)' ]
	[ "$(row stall-normal.trace.json 'CPU wait' total)" = '550.60ms (28%)' ]
	[ "$(row stall-normal.trace.json disk self)" = '9.00ms (0.45%)' ]
	[ "$(row stall-normal.folded '[runnable]' self)" = '550,600,000 (28%)' ]
	[ -n "$(row stall-hostile.trace.json '</script><script>alert(1)</script>' total)" ]
}

@test "speedscope shows names as they are" {
	local script='</script><script>alert(1)</script>'
	[ -n "$(row hostile.speedscope.json "$script" total)" ]
	[ -n "$(row hostile.cpuprofile "$script" total)" ]
	[ -n "$(row hostile.folded "$script '&amp:.js:1" total)" ] # a script's function has its place
	[ -n "$(row hostile.speedscope.json 'f;main 12' total)" ]
	[ -n "$(row hostile.folded 'f:main_12' total)" ]
}

@test "ajv: speedscope's own schema, and ours" {
	node schema.js speedscope "$OUT"/*.speedscope.json
	node schema.js ../../docs/schema/cpu-sample.schema.json "$OUT"/{small,off-cpu,hostile,empty}.json
	node schema.js ../../docs/schema/loop-stall.schema.json "$OUT"/stall-{normal,stuck,no-split,hostile}.json
	run -1 node schema.js speedscope "$OUT/small.json"
	run -1 node schema.js ../../docs/schema/cpu-sample.schema.json "$OUT/small.cpuprofile"
}

@test "the weight is the same in every format" {
	local name weight
	for name in $CASES empty; do
		weight=$(weight_of "$name")
		[ "$(jq '[.data[].weight_ns] | add // 0' "$OUT/$name.json")" -eq "$weight" ]
		[ "$(jq '[.tasks[].weight_ns] | add // 0' "$OUT/$name.json")" -eq "$weight" ]
		[ "$(awk '{ sum += $NF } END { printf "%.0f", sum }' "$OUT/$name.folded")" -eq "$weight" ]
		[ "$(awk '{ sum += $NF } END { printf "%.0f", sum }' "$OUT/$name-annotated.folded")" -eq "$(count_of "$name")" ]
		[ "$(node_sum "$OUT/$name.speedscope.json" 'profile.profiles[0].weights')" -eq "$weight" ]
		[ "$(node_sum "$OUT/$name.speedscope.json" 'profile.profiles.slice(1).flatMap((p) => p.weights)')" -eq "$weight" ] ||
			[ "$(jq '.profiles | length' "$OUT/$name.speedscope.json")" -eq 1 ]
		[ "$(node_sum "$OUT/$name-counts.speedscope.json" 'profile.profiles[0].weights')" -eq "$(count_of "$name")" ]
		[ "$(node_sum "$OUT/$name.cpuprofile" 'profile.timeDeltas')" -eq $((weight / 1000)) ]
		[ "$(node_sum "$OUT/$name.cpuprofile" 'profile.nodes.map((n) => n.hitCount)')" -eq "$(count_of "$name")" ]
		[ "$(jq '.endTime - .startTime' "$OUT/$name.cpuprofile")" -eq $((weight / 1000)) ]
	done
}

@test "cpuprofile: each node but the root is the child of one, each sample is of a node" {
	for name in $CASES empty; do
		jq -e '([.nodes[].children[]] | sort) == ([.nodes[].id] | sort | .[1:])' "$OUT/$name.cpuprofile"
		jq -e '([.nodes[].id] | contains([])) and (.samples | length) == (.timeDeltas | length)' "$OUT/$name.cpuprofile"
		jq -e '([.nodes[].id]) as $ids | all(.samples[]; . as $s | $ids | index($s))' "$OUT/$name.cpuprofile"
	done
}
