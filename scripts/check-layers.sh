#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who may include whom. Prints one line per include that breaks a layer; docs/architecture.md draws them.
# usage: check-layers.sh [DIR]    exit: 0 in order, 1 broken
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

# FILES: WHAT THEY MAY INCLUDE. The first line that fits a file counts; a pattern's * also spans slashes.
#   pure    base/ symbol/ profile/ heap/ report/        system  any <header> but libbpf's
#   calm    system, less files, clocks, processes and sockets
#   near    a header beside the file, of tests/unit (for tests) or of examples/lib (for examples)
rules() {
	cat <<'RULES'
user/base/scope.h: base/* <unistd.h> calm
user/base/*: base/* calm
user/symbol/*: base/* symbol/* abi/unwind.h calm
user/profile/*: base/* profile/* symbol/frame.h symbol/smaps.h abi/stacks.h abi/loop-stall.h abi/gc-trace.h abi/log_buckets.h calm
user/heap/*: base/* heap/* calm
user/report/*: base/* profile/* heap/* report/* symbol/frame.h abi/stacks.h abi/loop-stall.h *.pb-c.h <time.h> calm
user/host/*: pure host/* system
user/probe/unwind_look.[ch]: pure host/* probe/* abi/* lib/unwind_walk.h <bpf/*> system
user/probe/*: pure host/* probe/* abi/* <bpf/*> system
user/collect/*: pure host/* probe/* collect/* abi/* *.skel.h <bpf/*> system
user/*: pure host/* probe/* collect/* abi/* *.skel.h system
bpf/abi/*: abi/* <linux/types.h>
bpf/*: abi/* lib/* vmlinux.h <bpf/*> <linux/types.h>
tests/unit/*: pure lib/*.h abi/* near system
tests/fuzz/*: pure lib/unwind_walk.h abi/* near system
tests/examples/*: breaker.h backoff.h lru.h growth.h number.h near system
tests/host/*: pure host/* lib/unwind_walk.h abi/* near system
examples/*: base/scope.h near system
RULES
}

files=$(mktemp)
trap 'rm -f "$files"' EXIT
find user bpf examples tests/{unit,fuzz,host,examples} -name '*.[ch]' 2>/dev/null | sort >"$files" || true

xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include' <"$files" | awk -v rules="$(rules)" -v files="$files" '
function regex(pattern) {
	gsub(/\./, "[.]", pattern)
	gsub(/\*/, ".*", pattern)
	return "^" pattern "$"
}
function beside(file, what,   folder) {
	folder = file
	sub(/[^\/]*$/, "", folder)
	if ((folder what) in exists) return folder what
	if (file ~ /^tests\// && ("tests/unit/" what) in exists) return "near"
	if (file ~ /^examples\// && ("examples/lib/" what) in exists) return "near"
	return ""
}
# An include that is named from its own folder is looked at as if it were named from the root of includes.
function resolve(file, what,   path) {
	path = what ~ /^</ ? "" : beside(file, what)
	if (path == "") return what
	if (file ~ /^(tests|examples)\//) return "near"
	sub(/^(user|bpf)\//, "", path)
	return path
}
function is_allowed(word, what) {
	if (word == "pure") return what ~ /^(base|symbol|profile|heap|report)\//
	if (word == "system") return what ~ /^</ && what !~ /^<bpf\//
	if (word == "calm")
		return what ~ /^</ && what !~ /^<(bpf|linux|net|netinet|arpa)\// && (what == "<sys/types.h>" || what !~ /^<sys\//) &&
			what !~ /^<(unistd|fcntl|time|signal|dirent|poll|pthread|sched|spawn|stdio_ext)[.]h>$/
	return what ~ regex(word)
}
function may(file, what,   i, n, words) {
	if (what ~ /[.][.]/) return 0
	for (i = 1; i <= rule_count; i++)
		if (file ~ regex(rule_files[i])) break
	n = split(rule_words[i], words, " ")
	for (i = 1; i <= n; i++)
		if (is_allowed(words[i], what)) return 1
	return 0
}
BEGIN {
	while ((getline line < files) > 0) exists[line] = 1
	rule_count = split(rules, lines, "\n")
	for (i = 1; i <= rule_count; i++) {
		rule_files[i] = substr(lines[i], 1, index(lines[i], ":") - 1)
		rule_words[i] = substr(lines[i], index(lines[i], ":") + 1)
	}
}
{
	split($0, at, ":")
	what = $0
	sub(/^[^"<]*/, "", what)
	sub(/[">][^">]*$/, what ~ /^</ ? ">" : "", what)
	sub(/^"/, "", what)
	if (!may(at[1], resolve(at[1], what))) {
		print at[1] ":" at[2] ": may not include " what
		broken = 1
	}
}
END { exit broken }'
