#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every check that runs no program of ours: format, static analysis, shell, layers, sizes, man pages.
# usage: lint.sh [CHECK...]    (no argument: all; the checks are the functions check_* below)
# exit: 0 clean, 1 findings
# Looks at what git tracks and at new files it does not ignore.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}

files() { git ls-files -co --exclude-standard --deduplicate -- "$@" | while IFS= read -r f; do [ ! -f "$f" ] || echo "$f"; done; }
cflags() {
	echo -std=gnu11 -D_GNU_SOURCE -DVERSION='"lint"' -Iuser -Ibpf "-I$BUILD/skel" "-I$BUILD/gen" -Itests/unit -Itests/fuzz -Iexamples/lib
	pkg-config --cflags libbpf libelf libdw libcap-ng capstone zlib liblzma libseccomp libprotobuf-c ncursesw yaml-0.1 libmicrohttpd gnutls
}

check_format() {
	files '*.[ch]' ':!vmlinux/*' | xargs -r clang-format --dry-run -Werror
}

# BPF sources are compiled by clang with the warnings of the Makefile; here only what runs in user space.
# The paths that led to a finding are in build/tidy.log.
check_tidy() {
	files 'user/*.c' 'examples/*.c' | cflags="$(cflags | paste -sd' ')" \
		xargs -r -n 1 -P "$(nproc)" sh -c 'clang-tidy --quiet "$@" -- $cflags 2>&1; true' tidy >"$BUILD/tidy.log"
	! grep -E '(error|warning): ' "$BUILD/tidy.log"
}

# Leaks are left to ASan and clang's analyzer: cppcheck does not know about _release_, nor about
# statement expressions (AssignmentAddressToInteger).
check_cppcheck() {
	files 'user/*.c' 'examples/*.c' 'tests/*.c' ':!*.bpf.c' | cppcheck --quiet --error-exitcode=1 --inline-suppr -j "$(nproc)" \
		--enable=warning,performance,portability --std=c11 --suppress=missingInclude --suppress=missingIncludeSystem \
		--suppress=memleak --suppress=memleakOnRealloc --suppress=resourceLeak --suppress=AssignmentAddressToInteger \
		-Iuser -Ibpf -Itests/unit -Itests/fuzz -Iexamples/lib -D_GNU_SOURCE -D__x86_64__ '-DVERSION="lint"' \
		--include=/usr/include/uthash.h --include=/usr/include/bpf/libbpf_common.h --file-list=-
}

shell_files() {
	files '*.sh' '*.bats' '*.bash' '*.t'
	files scripts .ci | xargs -r awk 'FNR == 1 && /^#!.*sh\>?$/ { print FILENAME }'
}

check_shell() {
	shell_files | sort -u | xargs -r shellcheck -x -e SC2016 -P SCRIPTDIR
}

check_python() {
	files '*.py' | xargs -r -n 1 python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])'
}

check_javascript() {
	command -v node >/dev/null || return 0
	files '*.js' | xargs -r -n 1 node --check
}

check_layers() {
	scripts/check-layers.sh
}

check_spdx() {
	files ':!tests/corpus/*' ':!tests/golden/*' ':!*.md' ':!*.json' ':!.gitignore' ':!*.svg' ':!LICENSE*' ':!VERSION' | xargs -r awk '
		FNR == 1 { if (file != "" && !seen) bad(file); file = FILENAME; seen = 0 }
		FNR <= 3 && /SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause/ { seen = 1 }
		function bad(f) { print f ": no SPDX line in its first three"; failed = 1 }
		END { if (file != "" && !seen) bad(file); exit failed }'
}

# A function's body is what stands between "{" and "}" in the first column. A file may be longer
# when its header comment says why, in a line with the words "longer than 500 lines".
check_size() {
	files 'user/*.[ch]' 'bpf/*.[ch]' 'examples/*.[ch]' 'tests/*.[ch]' | xargs -r awk '
		function report(text) { print text; failed = 1 }
		function end_file() { if (lines > 500 && !excused) report(file ": " lines " lines, at most 500") }
		FNR == 1 { end_file(); file = FILENAME; excused = 0; open = 0 }
		{ lines = FNR }
		/longer than 500 lines/ { excused = 1 }
		/^[a-zA-Z].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
		/^{/ { open = FNR }
		/^}/ && open {
			limit = name == "main" ? 40 : 60
			if (FNR - open + 1 > limit) report(file ":" open ": " name " has " FNR - open + 1 " lines, at most " limit)
			open = 0
		}
		END { end_file(); exit failed }'
}

# Numbers are read by base/parse, strings are bounded, no shell is asked; pure code has no clock and no voice.
check_poison() {
	local found=0 pure=(user/base user/symbol user/profile user/heap user/report)
	calls_of '(strto(l|ul|ll|ull|d|f|imax|umax)|ato[ilf]|atoll|str(n?cpy|n?cat)|v?sprintf|gets|system|popen|tmpnam|mktemp|alloca)' \
		user examples bpf && found=1
	calls_of '(time|clock|clock_gettime|gettimeofday|localtime(_r)?|mktime|v?printf|puts|putchar|perror|getenv|f?open|exit|_exit)' \
		"${pure[@]}" && found=1
	return "$found"
}

# calls_of PATTERN FOLDER...: the lines that call one of these functions, comments and strings left aside.
calls_of() {
	local pattern=$1
	shift
	grep -rnE --include='*.[ch]' "(^|[^a-zA-Z0-9_>.])$pattern\(" "$@" | grep -vE '^[^:]+:[0-9]+:[[:space:]]*(/?\*|//)' |
		grep -vE "\"[^\"]*$pattern\([^\"]*\"|/\*.*$pattern\(.*\*/"
}

check_man() {
	[ -n "$(files 'docs/man/*.h2m')" ] || return 0
	make --no-print-directory -s B="$BUILD" man && mandoc -Tlint -Wwarning "$BUILD"/man/*.[18]
}

mkdir -p "$BUILD"
failed=
[ "$#" -gt 0 ] || set -- format tidy cppcheck shell python javascript layers spdx size poison man
for check; do
	if out=$("check_$check" 2>&1); then
		echo "lint: $check: clean"
	else
		printf '%s\n' "$out"
		echo "lint: $check: FAILED"
		failed+=" $check"
	fi
done
[ -z "$failed" ] || { echo "lint: findings in:$failed"; exit 1; }
