#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# flame-render from the outside: what it says, refuses, reads and writes. What its pictures do in a browser is in
# tests/browser.

# shellcheck disable=SC2154 # variables of helpers.bash

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

setup() {
	tool=$(tool flame-render)
	cd "$BATS_TEST_TMPDIR" || return 1
	printf '%s\n' 'app;main;read 30' 'app;main;parse 60' 'app;main;parse;read 10' >a.folded
	printf '%s\n' 'app;main;read 30' 'app;main;parse 20' 'app;idle 50' >b.folded
}

# drawn ARGUMENT...: the picture, which is XML.
drawn() {
	"$tool" "$@" >out.svg
	xml out.svg
}

xml() {
	! command -v xmllint >/dev/null || xmllint --huge --noout "$1"
}

# titles FILE: name and amounts of each frame, on a line.
titles() {
	sed -n '/<g id="frames">/,$p' "$1" | sed -n 'N; s/^<g><title>\(.*\)\n\(.*\)<\/title>.*/\1 \2/p; D'
}

# --- what it says about itself -------------------------------------------------------------------

@test "--help and --version" {
	local option
	run --separate-stderr "$tool" --help
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ "${lines[0]}" == "Usage: flame-render [OPTION...] [FILE...]"* ]]
	for option in --diff --title --palette --minwidth --inverted --reverse --output --force; do
		[[ "$output" == *"$option"* ]] || fail "no $option"
	done
	[[ "$output" != *--pid* ]]
	run -0 "$tool" --version
	[ "$output" = "flame-render $(cat "$ROOT_DIR/VERSION")" ]
}

@test "it needs no library but the C library's" {
	need_command ldd
	run -0 ldd "$tool"
	[[ "$output" != *libbpf* && "$output" != *libelf* && "$output" != *libdw* && "$output" != *libcap* ]]
}

# --- misuse ---------------------------------------------------------------------------------------

@test "misuse" {
	misuse "unrecognized option '--nonsense'" --nonsense
	misuse "unrecognized option '--pid=1'" --pid=1
	misuse '-f png: not one of svg, folded' -f png a.folded
	misuse '--palette puce: not one of hot, mem' --palette puce a.folded
	misuse '--minwidth x: not a width' --minwidth x a.folded
	misuse '--minwidth 101%: not a width' --minwidth 101% a.folded
	misuse '--minwidth -1: not a width' --minwidth=-1 a.folded
	misuse '--width 10: not a number of pixels (320 to 16384)' --width 10 a.folded
	misuse '--columns 3: not 1 or 2' --columns 3 a.folded
	misuse '--diff: two files are compared' --diff a.folded
	misuse '--diff: two files are compared' --diff a.folded b.folded a.folded
	misuse '-: standard input can be read only once' - -
}

@test "files that cannot be read, and output that cannot be written" {
	exits 1 'cannot read none.folded: No such file or directory' none.folded
	exits 1 'cannot read .: Is a directory' .
	exits 1 'cannot write out.svg: File exists' -o out.svg a.folded <<<"$(touch out.svg)"
	"$tool" -o out.svg --force a.folded
	xml out.svg
	[ "$(stat -c %a out.svg)" = 600 ]
	exits 1 'cannot write no/where.svg' -o no/where.svg a.folded
	run --separate-stderr sh -c "'$tool' a.folded >/dev/full"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'No space left on device' ]]
	run -0 sh -c "'$tool' a.folded | head -c 10"
}

@test "a failed run leaves no output behind" {
	printf 'a 1\nb 99999999999999999999999\n' >bad.folded
	exits 1 'bad.folded: line 2: the count is larger than 64 bits' -o out.svg bad.folded
	[ -z "$(find . -name '*out.svg*')" ]
}

# --- input ----------------------------------------------------------------------------------------

@test "reads files, standard input, and several at once" {
	"$tool" a.folded >1.svg
	"$tool" <a.folded >2.svg
	"$tool" - <a.folded >3.svg
	cmp 1.svg 2.svg
	cmp 1.svg 3.svg
	xml 1.svg
	run -0 "$tool" -f folded a.folded b.folded
	[ "$output" = $'app;idle 50\napp;main;parse 80\napp;main;parse;read 10\napp;main;read 60' ]
	run -0 titles 1.svg
	[ "${lines[0]}" = 'all 100 samples, 100.00 %' ]
	[ "${lines[3]}" = 'parse 70 samples, 70.00 %; itself 60.00 %' ]
}

@test "what memleak-trace and others write is read" {
	printf 'srv-1;[truncated];f 10\r\nsrv-1;operator new(unsigned long) 2.6\r\n\r\n# a comment\r\n' >x.folded
	run -0 --separate-stderr "$tool" -f folded x.folded
	[ "$output" = $'srv-1;[truncated];f 10\nsrv-1;operator new(unsigned long) 3' ]
	[ -z "$stderr" ]
}

@test "lines without a number are passed over, and told" {
	printf 'a 1\nnonsense\nb;c\nd 2\n' >x.folded
	run -0 --separate-stderr "$tool" -f folded x.folded
	[ "$output" = $'a 1\nd 2' ]
	[ "$stderr" = 'flame-render: x.folded: 2 lines without a number at their end were passed over, the first is line 2' ]
	run -0 --separate-stderr "$tool" -q -f folded x.folded
	[ -z "$stderr" ]
	exits 1 'x.folded: 2 lines without a number' x.folded < <(printf 'x\ny\n' >x.folded)
	[[ "$stderr" == *'no line of it is a folded stack'* ]]
}

@test "sums and lines without bounds are refused" {
	printf 'a 18446744073709551615\nb 1\n' >x.folded
	exits 1 'x.folded: line 2: the sum of all counts is larger than 64 bits' x.folded
	head -c 5000000 /dev/zero | tr '\0' x >x.folded
	exits 1 'x.folded: line 1: too much' x.folded
}

@test "no stacks: a picture that says so" {
	: >x.folded
	run -0 --separate-stderr "$tool" -o out.svg x.folded
	[ "$stderr" = 'flame-render: no stacks: the output says so' ]
	xml out.svg
	grep -q 'There are no stacks with a weight to draw' out.svg
}

@test "deep stacks are cut and counted" {
	{
		printf 'f;%.0s' {1..5000}
		echo 'leaf 3'
	} >x.folded
	run --separate-stderr "$tool" -o out.svg x.folded
	[ "$status" -eq 0 ]
	[ "$stderr" = 'flame-render: 1 stacks were cut at 4096 frames' ]
	grep -q '1 stacks were cut at 4096 frames' out.svg
	xml out.svg
}

@test "hostile names: nothing gets out of its text" {
	{
		printf 'app;<script>alert(1)</script>;"x" onload="alert(2) 3\n'
		printf 'app;]]></script><script>;</style> 4\n'
		printf 'app;\033[31mred\007;\377\376;\342\200\256 5\n'
		printf 'app;f 12;g 12 6\n'
		printf 'app;&amp;#60\n'
		head -c 100000 /dev/zero | tr '\0' n
		printf ' 7\n'
	} >x.folded
	drawn -q --title '</title><script>x</script>' --subtitle $'\033]0;x\007' --notes '<&>' --count-name '"' x.folded
	[ "$(grep -c '<script' out.svg)" -eq 1 ]
	[ "$(grep -c '<style' out.svg)" -eq 1 ]
	run ! env LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' out.svg
	run ! env LC_ALL=C grep -qP '(?<!http://www.w3.org/2000/svg)" on[a-z]+="' out.svg
	grep -qF '\x1b[31mred\x07' out.svg
	[ "$(awk '{ if (length > max) max = length } END { print max }' out.svg)" -lt 3000 ]
	run -0 "$tool" -q -f folded x.folded
	run ! env LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]' <<<"$output"
}

@test "a number before the count: part of the name, or a second count" {
	printf 'a 5\nworker 12 40\n' >x.folded
	run -0 "$tool" -f folded x.folded
	[ "$output" = $'a 5\nworker_12 40' ]
	printf 'worker 12 40\na 5\n' >x.folded
	exits 1 'x.folded: line 2: one count, where the lines before have two' x.folded
	[[ "${stderr_lines[1]}" == '  hint: --columns 1'* ]]
	run -0 "$tool" --columns 1 -f folded x.folded
	[ "$output" = $'a 5\nworker_12 40' ]
}

# --- options --------------------------------------------------------------------------------------

@test "titles, notes, count name, palettes, layouts" {
	local palette
	for palette in hot mem io js kernel blue green red safe; do drawn --palette "$palette" a.folded; done
	drawn --title T1 --subtitle S1 --notes N1 --count-name bytes --inverted --width 800 a.folded
	grep -q '<title>T1</title>' out.svg
	grep -q 'id="subtitle"[^>]*>S1<' out.svg
	grep -q '>N1</text>' out.svg
	grep -q '100 bytes, 100.00 %' out.svg
	grep -q '<svg [^>]*width="800"' out.svg
	grep -q 'data-fluid="0"' out.svg
	grep -q 'data-up="0"' out.svg
}

@test "--reverse merges callers, --base begins at a function, --strip-hex merges addresses" {
	run -0 "$tool" --reverse -f folded a.folded
	[ "$output" = $'parse;main;app 60\nread;main;app 30\nread;parse;main;app 10' ]
	run -0 --separate-stderr "$tool" --base parse -f folded a.folded
	[ "$output" = $'parse 60\nparse;read 10' ]
	[ "$stderr" = 'flame-render: 1 stacks without parse were left out' ]
	printf 'a;lib+0x1234 1\na;lib+0x5678 2\n' >x.folded
	run -0 "$tool" --strip-hex -f folded x.folded
	[ "$output" = 'a;lib+0x... 3' ]
}

@test "--minwidth leaves frames out and says so" {
	drawn --minwidth 15% a.folded
	run -0 titles out.svg
	[ "${#lines[@]}" -eq 5 ]
	grep -q '1 frames narrower than 175 px (15 %) are not drawn' out.svg
	drawn --minwidth 0 a.folded
	run ! grep -q 'not drawn' out.svg
}

@test "60,000 equal frames: capped, and told" {
	seq -f 'main;f%.0f 1' 60000 >x.folded
	run -0 --separate-stderr "$tool" --minwidth 0 -o out.svg x.folded
	[[ "$stderr" == 'flame-render: only the widest 2 frames are drawn, 60000 are narrower than '* ]]
	grep -q 'the graph is kept to 50,000 frames' out.svg
}

@test "--diff: widths of now, colours by change, three columns that read back" {
	drawn --diff a.folded b.folded
	grep -q '>less</text>' out.svg
	run -0 titles out.svg
	[ "${lines[0]}" = 'all now 100 samples, 100.00 %; before 100 samples, 100.00 %: +0.00 points' ]
	grep -q '<title>idle' out.svg
	"$tool" --diff -f folded a.folded b.folded >two.folded
	[ "$(cat two.folded)" = $'app;idle 0 50\napp;main;parse 60 20\napp;main;parse;read 10 0\napp;main;read 30 30' ]
	"$tool" two.folded | cmp - out.svg
	exits 1 'two.folded: has two counts a stack' --diff a.folded two.folded
	drawn --diff --raw a.folded - <b.folded
	grep -q 'in absolute numbers' out.svg
	run -0 "$tool" --diff a.folded a.folded
	run ! grep -qE 'class="[np][1-9][0-9]?"/><text[^>]*>(app|main|read|parse)' <<<"$output"
}

@test "the same input gives the same bytes, in whatever order it comes" {
	"$tool" a.folded >1.svg
	sort -r a.folded | "$tool" >2.svg
	cmp 1.svg 2.svg
}

# --- privileges -----------------------------------------------------------------------------------

@test "as root, input is read by nobody: what needs no file still works" {
	need_root
	chmod 600 a.folded
	"$tool" -o out.svg a.folded
	[ "$(stat -c %u out.svg)" -eq "${SUDO_UID:-0}" ]
	mkfifo pipe
	"$tool" -o late.svg pipe 3>&- &
	local parent=$! child
	exec 4>pipe
	wait_for 10 pgrep -P "$parent"
	child=$(pgrep -P "$parent")
	wait_for 10 grep -q '^Uid:[[:space:]]*65534' "/proc/$child/status"
	grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$child/status"
	grep -q '^Max open files *0 ' "/proc/$child/limits"
	exec 4>&-
	wait "$parent"
	"$tool" --as-root -o kept.svg a.folded
	cmp kept.svg out.svg
}

@test "a signal ends it and leaves nothing behind" {
	local signal
	mkfifo pipe
	for signal in INT TERM; do
		env --default-signal=INT "$tool" -o out.svg pipe 3>&- &
		local parent=$! status=0
		exec 4>pipe
		wait_for 10 pgrep -P "$parent"
		kill "-$signal" "$parent"
		wait "$parent" || status=$?
		exec 4>&-
		[ "$status" -eq $((128 + $(kill -l "$signal"))) ] || fail "status $status"
		[ -z "$(find . -name '*out.svg*')" ]
	done
}
