#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who may include whom. Prints one line per include that breaks a layer; docs/architecture.md draws them.
# usage: check-layers.sh [DIR]    exit: 0 in order, 1 broken
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

# allowed FILE: patterns of what the file may include, in our own folders and out of the system's headers.
# "pure" stands for the four pure folders, "system" for any <header> but <bpf/...>.
PURE='base/* symbol/* profile/* report/*'
allowed() {
	case $1 in
	user/base/scope.h) echo 'base/* <unistd.h> pure-system' ;;
	user/base/*) echo 'base/* pure-system' ;;
	user/symbol/*) echo 'base/* symbol/* pure-system' ;;
	user/profile/*) echo 'base/* profile/* symbol/frame.h pure-system' ;;
	user/report/*) echo 'base/* profile/* report/* symbol/frame.h pure-system' ;;
	user/host/*) echo "$PURE host/* system" ;;
	user/probe/*) echo "$PURE host/* probe/* abi/* <bpf/*> system" ;;
	user/collect/*) echo "$PURE host/* probe/* collect/* abi/* *.skel.h <bpf/*> system" ;;
	user/*.c) echo "$PURE host/* probe/* collect/* abi/* *.skel.h system" ;;
	bpf/abi/*) echo 'abi/* vmlinux.h system' ;;
	bpf/*) echo 'abi/* lib/* *.bpf.h vmlinux.h <bpf/*>' ;;
	tests/unit/* | tests/fuzz/*) echo "$PURE LOCAL system" ;;
	tests/host/*) echo "$PURE host/* LOCAL system" ;;
	*) echo '' ;;
	esac
}

# What no pure file may ask of the system: files, clocks, processes.
is_impure() {
	case $1 in
	'<sys/types.h>') return 1 ;;
	'<unistd.h>' | '<fcntl.h>' | '<time.h>' | '<signal.h>' | '<dirent.h>' | '<poll.h>' | '<sys/'* | '<linux/'*) return 0 ;;
	*) return 1 ;;
	esac
}

# resolve FILE WHAT: the path from user/ or bpf/ of a quoted include, also when it is named from its own folder.
resolve() {
	local folder=${1%/*}
	case $1:$2 in
	*:'<'*) echo "$2" ;;
	tests/*:*) if [ -e "$folder/$2" ]; then echo LOCAL; else echo "$2"; fi ;;
	user/*/*:*/*) echo "$2" ;;
	user/*/*:*) echo "${folder#user/}/$2" ;;
	bpf/*/*:*/*) echo "$2" ;;
	bpf/*/*:vmlinux.h) echo "$2" ;;
	bpf/*/*:*) echo "${folder#bpf/}/$2" ;;
	*) echo "$2" ;;
	esac
}

may() {
	local file=$1 what=$2 pattern
	set -f
	for pattern in $(allowed "$file"); do
		case $pattern in
		system) [[ $what == '<'* && $what != '<bpf/'* ]] && return 0 ;;
		pure-system) [[ $what == '<'* && $what != '<bpf/'* ]] && ! is_impure "$what" && return 0 ;;
		*) # shellcheck disable=SC2053 # a pattern it is
			[[ $what == $pattern && $what != *..* ]] && return 0 ;;
		esac
	done
	return 1
}

status=0
while IFS=: read -r file line text; do
	what=$(sed -nE 's/^[ \t]*#[ \t]*include[ \t]*("([^"]*)"|(<[^>]*>)).*/\2\3/p' <<<"$text")
	may "$file" "$(resolve "$file" "$what")" && continue
	echo "$file:$line: may not include $what"
	status=1
done < <(find user bpf tests/unit tests/fuzz tests/host -name '*.[ch]' -print0 2>/dev/null |
	sort -z | xargs -0 -r grep -nHE '^[ 	]*#[ 	]*include' || true)
exit "$status"
