#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The in-kernel and live tests on every kernel of the matrix, as one TAP stream: each point is named after
# its kernel and program. A program that ends badly or keeps to no plan is one failed point more, and so
# is a guest that panics, hangs or runs no test at all.
set -u
cd "$(dirname "$0")/../.." || exit 1

if ! command -v qemu-system-x86_64 >/dev/null || ! command -v mke2fs >/dev/null || ! command -v apt-get >/dev/null; then
	echo "1..0 # SKIP needs qemu-system-x86_64, mke2fs and apt"
	exit 0
fi
tests/kernels/image.sh || { echo "Bail out! the guests' disk was not made"; exit 1; }

# flatten NAME STATUS: the guest's output on stdin, numbered on from N; the last line is "N <count>".
flatten() {
	awk -v kernel="$1" -v status="$2" -v n="$3" '
	function point(verdict, text) { printf "%s %d - %s\n", verdict, ++n, text }
	/^#> / { program = $2; planned = -1; seen = 0; next }
	/^#< / {
		programs++
		if (planned < 0 || planned != seen)
			point("not ok", kernel " " $2 " planned " (planned < 0 ? "nothing" : planned) \
				", ran " seen ", status " $3)
		else if ($3 != 0 && !failed[$2])
			point("not ok", kernel " " $2 " ended with status " $3)
		next
	}
	/^1\.\.[0-9]+/ {
		planned = substr($1, 4) + 0
		if (planned == 0) point("ok", kernel " " program " # SKIP " substr($0, index($0, "SKIP") + 5))
		next
	}
	/^(not )?ok( |$)/ {
		verdict = /^not/ ? "not ok" : "ok"
		if (verdict == "not ok") failed[program] = 1
		sub(/^(not )?ok *[0-9]* *(- )?/, "")
		seen++
		point(verdict, kernel " " program ": " $0)
		next
	}
	{ print /^#/ ? $0 : "# " $0 }
	END {
		if (status != 0) point("not ok", kernel " guest ended by itself (status " status ")")
		else if (!programs) point("not ok", kernel " guest ran at least one test program")
		print "N " n
	}'
}

# The guests run at the same time, one host CPU each.
names=()
pids=()
while read -r name _; do
	case $name in '' | \#*) continue ;; esac
	names+=("$name")
	mkdir -p "build/kernels/$name"
	tests/kernels/run.sh "$name" >"build/kernels/$name/out" 2>&1 &
	pids+=($!)
done <tests/kernels/matrix

n=0
for i in "${!names[@]}"; do
	wait "${pids[i]}"
	status=$?
	if [ "$status" -eq 77 ]; then
		echo "ok $((++n)) - ${names[i]} # SKIP no package of this kernel in this system's archive"
		continue
	fi
	while IFS= read -r line; do
		case $line in
		"N "*) n=${line#N } ;;
		*) printf '%s\n' "$line" ;;
		esac
	done < <(flatten "${names[i]}" "$status" "$n" <"build/kernels/${names[i]}/out")
done
echo "1..$n"
