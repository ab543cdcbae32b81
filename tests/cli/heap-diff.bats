#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# heap-diff from the outside: what it says, refuses, reads and writes, on snapshots that tests/support/make_heap.py
# makes. Real ones are a matter of tests/readers/heap.bats.

# shellcheck disable=SC2154 # variables of helpers.bash

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

setup() {
	need_command python3 jq
	tool=$(tool heap-diff)
	cd "$BATS_TEST_TMPDIR" || return 1
	make_heap 100 >a
	make_heap 300 >b
	make_heap 700 >c
}

make_heap() {
	python3 "$SUPPORT_DIR/make_heap.py" "$@"
}

# refused STATUS TEXT ARGUMENT...: nothing on standard output, and a line with TEXT on the other.
refused() {
	local want=$1 text=$2
	shift 2
	run --separate-stderr "$tool" "$@"
	[ "$status" -eq "$want" ] || fail "status $status: $stderr"
	[ -z "$output" ]
	[[ $stderr == *"$text"* ]] || fail "no '$text' in: $stderr"
}

# --- what it says about itself -------------------------------------------------------------------

@test "--help and --version" {
	local option
	run --separate-stderr "$tool" --help
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ "${lines[0]}" == 'Usage: heap-diff [OPTION...] BEFORE AFTER [LATER...]' ]]
	for option in --format --top --min-count --min-bytes --counts --raw --output --force --pid --series --every --yes; do
		[[ "$output" == *"$option"* ]] || fail "no $option"
	done
	[[ "$output" != *--duration* ]]
	run -0 "$tool" --version
	[ "$output" = "heap-diff $(cat "$ROOT_DIR/VERSION")" ]
}

@test "every long option is in the tool's chapter" {
	local option missing='' chapter=$ROOT_DIR/docs/02-memory-leak-detection.md
	for option in $("$tool" --help | grep -oE -- '--[a-z-]+' | sort -u); do
		grep -qF -- "$option" "$chapter" || missing+=" $option"
	done
	[ -z "$missing" ] || fail "not in $chapter:$missing"
}

@test "misuse is told in a line" {
	refused 2 'two or more snapshots' 
	refused 2 'two or more snapshots' a
	refused 2 'one snapshot' top
	refused 2 'one snapshot' top a b
	refused 2 'of which object' retainers a
	refused 2 'one snapshot' retainers
	refused 2 'not one of text' -f xml a b
	refused 2 'not a number of rows' -T 0 a b
	refused 2 'not a number' --min-count many a b
	refused 2 'not a size' --min-bytes 3q a b
	refused 2 'not of retainers' retainers -f svg a Map
	refused 2 'of which process' take
	refused 2 'a process is named by -p' take -p 1 a
	refused 2 'not a process' take -p 0
	refused 2 'snapshots are files' take -p 1 -o -
	refused 2 'not a number of snapshots' take -p 1 --series 17
	refused 2 'not a time' take -p 1 --every soon
	refused 2 '--yes: is of the command take' --yes a b
	refused 2 '-p: is of the command take' -p 1 top a
	refused 2 'there is no process' take -p 2147483647
}

# --- exit statuses, as diff(1) has them ----------------------------------------------------------

@test "0 nothing grows, 1 something does, 2 trouble" {
	run -0 "$tool" a a
	[[ $output == *'Nothing grows.'* ]]
	run -1 "$tool" a b
	run -1 "$tool" a b c
	run -0 "$tool" a c b
	run -0 "$tool" b a
	run -0 "$tool" top a
	run -0 "$tool" retainers a Map
	refused 2 'cannot read nowhere' a nowhere
	refused 2 'there is no object Nobody' retainers a Nobody
	refused 2 'there is no object @999999' retainers a @999999
}

@test "--min-count and --min-bytes say what counts as growth" {
	run -0 "$tool" --min-count 5000 --min-bytes 1G a b
	run -1 "$tool" --min-count 5000 --min-bytes 10k a b
	run -1 "$tool" --min-count 200 --min-bytes 1G a b
	run "$tool" --min-count 201 --min-bytes 1G a b -f json
	[ "$(jq -r '[.classes[] | select(.growing) | .class] | sort | join(" ")' <<<"$output")" = '(string) Object' ]
}

# --- what it reads -------------------------------------------------------------------------------

@test "packed files, pipes, records of six and of seven fields" {
	run -1 "$tool" a b
	plain=$(tail -n +6 <<<"$output")
	gzip -k a
	run -1 "$tool" a.gz b
	[ "$(tail -n +6 <<<"$output")" = "$plain" ]
	run -1 sh -c "'$tool' - b <a"
	[ "$(tail -n +6 <<<"$output")" = "$plain" ]
	if command -v zstd; then
		zstd -q a b
		run -1 "$tool" a.zst b.zst
		[ "$(tail -n +6 <<<"$output")" = "$plain" ]
	fi
	{ head -c 5000 a | gzip; tail -c +5001 a | gzip; } >two.gz
	run -1 "$tool" two.gz b
	[ "$(tail -n +6 <<<"$output")" = "$plain" ]
	make_heap 100 --fields 7 >seven
	run -0 "$tool" seven a
	run -1 "$tool" seven b -f json
	[ "$(jq -c '[.files[].node_fields]' <<<"$output")" = '[7,6]' ]
}

@test "damaged files: what is wrong, and where" {
	head -c 20000 a >cut.json
	refused 2 'cut.json: byte 20000: ' top cut.json
	gzip -c a | head -c 3000 >cut.gz
	refused 2 'damaged or cut off' top cut.gz
	gzip -c a | tr '\100-\120' '\101-\121' >bad.gz
	refused 2 'bad.gz: byte ' top bad.gz
	head -c 100000 /dev/urandom >noise
	refused 2 'noise: byte ' top noise
	: >empty
	refused 2 'empty: byte 0: ' top empty
	refused 2 'folder' a "$(mkdir folder && echo folder)"
	tr '[' '{' <a >brackets
	refused 2 'byte ' top brackets
}

@test "a file that claims more than it has costs no memory" {
	sed 's/"node_count":[0-9]*/"node_count":4294967294/; s/"edge_count":[0-9]*,/"edge_count":4294967294,/' a >claims
	(
		ulimit -v 200000
		refused 2 'not as many nodes' top claims
	)
}

# 22 bytes per node, 9 per edge and the text of the snapshot that is read, 24 and 4 more while it is worked on, 5 per
# object of the first: see MEMORY in the manual page. A seventh and 2 MiB more are the program and what malloc keeps.
@test "memory: what the manual page says" {
	make_heap 40000 >large
	make_heap 42000 >larger
	python3 - "$tool" large larger <<-'EOF' || fail 'it takes more'
		import json, os, subprocess, sys
		with subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL) as p:
		    peak = os.wait4(p.pid, 0)[2].ru_maxrss * 1024
		    p.returncode = 0
		heap = json.load(open(sys.argv[3]))
		nodes, edges = (heap["snapshot"][k] for k in ("node_count", "edge_count"))
		due = 46 * nodes + 13 * edges + sum(len(s) + 5 for s in heap["strings"]) + 5 * nodes
		print(f"# {peak} of {due} due")
		sys.exit(not due / 2 < peak < due * 1.15 + (2 << 20))
	EOF
}

# --- what it writes ------------------------------------------------------------------------------

@test "every format, to standard output and to a file" {
	need_command xmllint
	run -1 "$tool" a b c -f json -T 3 -o out.json
	[ -z "$output" ]
	jq -e '.command == "diff" and (.files | length) == 3' out.json
	refused 2 'cannot write out.json' a b c -f json -o out.json
	run -1 "$tool" a b c -f json -o out.json --force
	run -0 "$tool" a b -f folded
	[[ $output == *'(GC roots);Function;system / Context;Map'* ]]
	"$tool" a b -f svg | xmllint --noout -
	run -0 "$tool" top a -f svg -o out.svg
	xmllint --noout out.svg
}

@test "a full disk and a reader that leaves" {
	run -2 sh -c "'$tool' a b >/dev/full"
	run sh -c "'$tool' a b | head -n 1"
	[ "${#lines[@]}" -eq 1 ]
}

@test "-T: so many rows, and how many there are" {
	run -1 "$tool" a b -T 2
	[[ $output == *'Growing, the first 2 of 4:'* ]]
}

@test "as root it reads as nobody" {
	need_root
	need_command strace
	strace -f -qq -e trace=setresuid,openat -o trace "$tool" top a >/dev/null
	grep -qE 'setresuid\(65534, 65534, 65534\) += 0' trace
	sed '0,/setresuid(65534/d' trace | grep openat | grep -v ENOENT | grep -vE 'EMFILE|/etc/localtime' >opened || true
	[ ! -s opened ]
}
