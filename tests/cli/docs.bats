#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The documents tell the truth: links lead somewhere, commands marked as runnable run, and every tool has its chapter,
# man page and tests. Commands that trace are run by tests/live/docs.bats.

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/docs.bash

setup() {
	cd "$ROOT_DIR" || return 1
}

tools() {
	basename -s .c user/*.c
}

# is_tracer TOOL: whether it traces, and so has live tests.
is_tracer() {
	! grep -qE "^UNPRIVILEGED_TOOLS := (.* )?$1( |\$)" Makefile
}

@test "docs_check.py passes what is right, and names the fault of what was made wrong" {
	python3 -B "$SUPPORT_DIR/docs_check_test.py" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	grep -qE '^Ran 20 tests' "$BATS_TEST_TMPDIR/said"
}

@test "docs_check.py: status 1 for a fault, 2 for misuse" {
	echo '[a](nothing.md)' >"$BATS_TEST_TMPDIR/a.md"
	run -1 docs_check links "$BATS_TEST_TMPDIR/a.md"
	[[ $output == *'nothing.md leads nowhere' ]]
	printf '```sh runnable maybe\n```\n' >"$BATS_TEST_TMPDIR/b.md"
	run -2 docs_check blocks "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/b.md"
	run -2 docs_check links "$BATS_TEST_TMPDIR/c.md"
	run -2 docs_check
}

@test "links between documents lead somewhere" {
	# shellcheck disable=SC2046 # names without blanks
	docs_check links $(documents)
}

@test "the table of options of each tool's chapter has every long option, and no other" {
	local tool
	for tool in $(tools); do
		"$(tool "$tool")" --help | docs_check chapter "$tool" || fail "$tool: see above"
	done
}

@test "a translation has the commands, figures and headings of its chapter; none or all are translated" {
	local chapter
	[ -d docs/zh ] || skip "no translations"
	for chapter in docs/[0-9]*.md; do
		docs_check twin "$chapter" "docs/zh/${chapter#docs/}" || fail "see above"
	done
	[ "$(find docs/zh -name '[0-9]*.md' | wc -l)" -eq "$(find docs -maxdepth 1 -name '[0-9]*.md' | wc -l)" ]
}

@test "every file that a document names is there" {
	local file path missing=
	while read -r file; do
		while read -r path; do
			[ -e "$path" ] || [ -e "$path.c" ] || missing+=" $file:$path"
		done < <(grep -oE '`(bpf|docs|examples|scripts|tests|user|vmlinux)/[a-z0-9_./-]+`' "$file" | tr -d '`' |
			grep -vE 'loop[-_]x')
	done < <(documents)
	[ -z "$missing" ] || fail "not there:$missing"
}

@test "every document is in the order to read" {
	local file missing=
	for file in docs/*.md; do
		[ "$file" = docs/README.md ] || grep -qF "](${file#docs/})" docs/README.md || missing+=" $file"
	done
	[ -z "$missing" ] || fail "not in docs/README.md:$missing"
}

@test "no document names a place of the machine it was written on" {
	local file
	while read -r file; do
		! grep -nHE '(^|[^.a-zA-Z0-9])/(work|home|root)/' "$file" || fail 'see above'
	done < <(documents)
}

@test "commands marked as runnable run" {
	need_command curl jq wrk redis-server
	run_blocks
}

@test "a block that fails, or does not end, is seen" {
	echo 'false; true' >"$BATS_TEST_TMPDIR/one.sh"
	run -1 run_block "$BATS_TEST_TMPDIR/one.sh"
	echo 'sleep 600' >"$BATS_TEST_TMPDIR/two.sh"
	BLOCK_SECONDS=0.2 run -1 run_block "$BATS_TEST_TMPDIR/two.sh"
	echo 'sleep 600 & echo $!' >"$BATS_TEST_TMPDIR/three.sh"
	run_block "$BATS_TEST_TMPDIR/three.sh"
	wait_for 5 test ! -d "/proc/$(cat "$BATS_TEST_TMPDIR/three.sh.out")"
}

@test "a block that fails twice is a failure; one that fails once is not" {
	documents() { echo "$BATS_TEST_TMPDIR/made.md"; }
	printf '```sh runnable\nfalse\n```\n' >"$BATS_TEST_TMPDIR/made.md"
	run -1 run_blocks
	printf '```sh runnable\nmkdir "%s/once" || exit 0\nfalse\n```\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/made.md"
	run_blocks
	[ -d "$BATS_TEST_TMPDIR/once" ]
}

@test "every tool has a chapter, a man page, tests of its command line and live tests, a line in the README" {
	local tool
	for tool in $(tools); do
		grep -qF "\`$tool\`" docs/[0-9]*.md || fail "$tool: no chapter"
		[ -f "docs/man/$tool.h2m" ] || fail "$tool: no docs/man/$tool.h2m"
		[ -f "tests/cli/$tool.bats" ] || fail "$tool: no tests/cli/$tool.bats"
		! is_tracer "$tool" || compgen -G "tests/live/${tool%%-*}*.bats" >/dev/null || fail "$tool: no live tests"
		grep -qE "^\| \`$tool\` \|" README.md || fail "$tool: not in the table of README.md"
	done
}

@test "the chapter of each tool has the headings that a reader looks for" {
	local chapter heading
	for chapter in $(docs_check tools); do
		for heading in 'The question' 'Quick start' 'Reading the report' 'How it works' 'Kernel side' \
			'User side' 'Cost' 'Limits and losses' 'Recipes'; do
			grep -qE "^##+ $heading\$" "$chapter" || fail "$chapter: no heading '$heading'"
		done
	done
}

@test "every exit status of the code is in the documents and in the man pages" {
	local value
	while read -r value; do
		grep -qE "^\| $value \|" docs/architecture.md || fail "status $value: not in architecture.md"
		for page in docs/man/*.h2m; do
			grep -qxE "$value" "$page" || fail "status $value: not in $page"
		done
	done < <(sed -nE 's/^\tEXIT_[A-Z_]+ = ([0-9]+),.*/\1/p' user/host/cli.h)
}

@test "every counter of the report is explained" {
	local counter
	for counter in $(grep -oE '(COUNTER|LOSS)\([a-z_]+[,)]' user/report/leak_report_parts.c | tr -d '(,)' |
		sed -E 's/^(COUNTER|LOSS)//' | grep -vx field); do
		grep -qE "^\|.*\`$counter\`" docs/02-memory-leak-detection.md || fail "$counter"
	done
}

@test "every long option is completed by bash" {
	local completion=/usr/share/bash-completion/bash_completion
	[ -r "$completion" ] || skip "needs bash-completion"
	local tool option missing=
	for tool in $(tools); do
		run -0 bash --norc -c '
			. "$1"
			. scripts/bash-completion "$2"
			complete -p "$2" >/dev/null || exit
			function=$(complete -p "$2" | sed -E "s/.*-F ([^ ]+) .*/\1/")
			compopt() { :; }
			COMP_WORDS=("$2" --) COMP_CWORD=1 COMP_LINE="$2 --" COMP_POINT=$((${#2} + 3))
			"$function" "$2" -- "$2"
			printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" "$(tool "$tool")"
		for option in $("$(tool "$tool")" --help | grep -oE '^ .{0,7}--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
			grep -qE -- "^$option=?\$" <<<"$output" || missing+=" $option"
		done
		[ -z "$missing" ] || fail "$tool: not completed:$missing"
	done
}
