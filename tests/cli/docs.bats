#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The documents tell the truth: links lead somewhere, commands marked as runnable run, and every tool has its chapter,
# man page and tests.
#
# A runnable command is a fenced block with the info string "sh runnable", or "sh runnable root" when it traces. It is
# run by bash from the root of the tree, with "sudo" doing nothing, in a process group that is ended afterwards.

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

setup() {
	cd "$ROOT_DIR" || return 1
}

documents() {
	find . -name '*.md' -not -path './build/*' -not -path './.git/*' -not -path '*/node_modules/*' | sort
}

tools() {
	basename -s .c user/*.c
}

# anchors FILE: what the headings of a document are called in links.
anchors() {
	awk '/^```/ { fenced = !fenced; next } !fenced && /^#+ / { sub(/^#+ /, ""); print }' "$1" |
		tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# links FILE: the targets of its links, less those in code.
links() {
	awk '/^```/ { fenced = !fenced; next } !fenced && !/^    /' "$1" | sed -E 's/`[^`]*`//g' |
		grep -oE '\]\([^) ]+\)' | sed -E 's/^\]\(//; s/\)$//'
}

# check_link FILE TARGET
check_link() {
	local file=${2%%#*} anchor=
	[[ $2 != *'#'* ]] || anchor=${2#*#}
	case $2 in
	https://* | http://*) return ;;
	esac
	[ -z "$file" ] || file=$(dirname "$1")/$file
	[ -n "$file" ] || file=$1
	[ -e "$file" ] || {
		echo "$1: $2 leads nowhere"
		return 1
	}
	[ -z "$anchor" ] || anchors "$file" | grep -qxF -- "$anchor" || {
		echo "$1: $2: no such heading"
		return 1
	}
}

@test "links between documents lead somewhere" {
	local file link broken=0 seen=0
	while read -r file; do
		while read -r link; do
			seen=$((seen + 1))
			check_link "$file" "$link" || broken=1
		done < <(links "$file")
	done < <(documents)
	[ "$seen" -gt 20 ]
	[ "$broken" -eq 0 ]
}

@test "a link that leads nowhere would be found" {
	run -1 check_link README.md docs/nothing.md
	run -1 check_link README.md 'docs/README.md#no-such-heading'
	check_link README.md 'docs/architecture.md#exit-statuses'
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

# blocks WHERE: the runnable blocks of that kind ("root" or ""), as files in BATS_TEST_TMPDIR; prints their names.
blocks() {
	local file
	while read -r file; do
		awk -v kind="sh runnable${1:+ }$1" -v name="$BATS_TEST_TMPDIR/$(tr '/.' '__' <<<"${file#./}")" '
			!open && $0 == "```" kind { open = 1; out = name "-" FNR ".sh"; print out; next }
			open && /^```$/ { open = 0; close(out); next }
			open { print > out }' "$file"
	done < <(documents)
}

# run_block FILE: status 0; everything that it started is ended.
run_block() {
	local status=0 group
	# shellcheck disable=SC2016 # for the inner shell
	setsid bash -c 'sudo() { "$@"; }; set -eo pipefail; . "$1"' block "$1" >"$1.out" 2>&1 3>&- &
	group=$!
	wait "$group" || status=$?
	kill -KILL -- "-$group" 2>/dev/null || true
	[ "$status" -eq 0 ] || {
		cat "$1" "$1.out"
		fail "$(basename "$1"): status $status"
	}
}

run_blocks() {
	local names name
	names=$(blocks "$1")
	[ -n "$names" ] || fail "no runnable block found"
	for name in $names; do run_block "$name"; done
}

@test "commands marked as runnable run" {
	run_blocks ''
}

@test "commands marked as runnable as root run" {
	need_root
	need_command curl jq
	run_blocks root
}

@test "every tool has a chapter, a man page, tests of its command line and live tests, a line in the README" {
	local tool
	for tool in $(tools); do
		grep -qF "\`$tool\`" docs/[0-9]*.md || fail "$tool: no chapter"
		[ -f "docs/man/$tool.h2m" ] || fail "$tool: no docs/man/$tool.h2m"
		[ -f "tests/cli/$tool.bats" ] || fail "$tool: no tests/cli/$tool.bats"
		compgen -G "tests/live/${tool%%-*}*.bats" >/dev/null || fail "$tool: no live tests"
		grep -qE "^\| \`$tool\` \|" README.md || fail "$tool: not in the table of README.md"
	done
}

@test "every chapter has the headings that a reader looks for" {
	local chapter heading
	for chapter in docs/[0-9]*.md; do
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
