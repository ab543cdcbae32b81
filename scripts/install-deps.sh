#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Installs what building, running and testing need. Says nothing when all of it is there.
# For the tests also the TypeScript compiler, as locked in examples/package-lock.json, below examples/node_modules.
# usage: install-deps.sh [--build|--test]     (no argument: both)
# exit: 0 done, 1 apt or npm failed, 2 usage, 4 not root, 5 this system's packages are not known (the programs
# that are missing are listed)
set -euo pipefail

# "a|b": the first the archive knows. "?a": wanted, but its absence only skips tests, as they will say.
BUILD_PACKAGES='clang llvm gcc make pkg-config libc6-dev linux-libc-dev git ca-certificates
	libbpf-dev libelf-dev zlib1g-dev libdw-dev libiberty-dev uthash-dev libcap-ng-dev libcapstone-dev
	liblzma-dev libzstd-dev libseccomp-dev protobuf-c-compiler libprotobuf-c-dev libncurses-dev
	libhiredis-dev libjansson-dev
	libyaml-dev libmicrohttpd-dev libgnutls28-dev libcrypt-dev'
TEST_PACKAGES='g++ perl bats wrk redis-server redis-tools nginx-light|nginx memcached ?haproxy nodejs fonts-dejavu-core curl jq procps util-linux libcap2-bin
	strace binutils python3 python3-jsonschema python3-yaml libxml2-utils help2man mandoc bash-completion
	clang-format clang-tidy cppcheck shellcheck musl-tools golang-go chromium|chromium-browser npm
	libjemalloc2 libtcmalloc-minimal4|libtcmalloc-minimal4t64 ?libmimalloc2.0|libmimalloc3|libmimalloc-dev
	qemu-system-x86 busybox-static cpio e2fsprogs xz-utils zstd ?debootstrap gdb ?rustc linux-perf bsdutils tmux prometheus openssl'
BUILD_PROGRAMS='clang llvm-strip gcc make pkg-config git bpftool protoc-c'
TEST_PROGRAMS='perl prove bats wrk redis-server redis-cli nginx memcached node curl jq ps setpriv strace objcopy
	python3 xmllint help2man mandoc clang-format clang-tidy cppcheck shellcheck musl-gcc go npm
	qemu-system-x86_64 busybox cpio mke2fs xz gdb perf script tmux prometheus promtool openssl'

ROOT_DIR=$(cd "$(dirname "$0")/.." && pwd)

say() { echo "install-deps: $*" >&2; }

group=${1:-all}
case $group in
all) packages="$BUILD_PACKAGES $TEST_PACKAGES" programs="$BUILD_PROGRAMS $TEST_PROGRAMS" ;;
--build) packages=$BUILD_PACKAGES programs=$BUILD_PROGRAMS ;;
--test) packages=$TEST_PACKAGES programs=$TEST_PROGRAMS ;;
*) say "usage: install-deps.sh [--build|--test]"; exit 2 ;;
esac
PATH=$PATH:/usr/sbin:/sbin

# shellcheck source=/dev/null
distribution() { (. /etc/os-release 2>/dev/null && echo "$ID ${VERSION_ID:-} ${ID_LIKE:-}"); }
system=$(distribution || true)

# Elsewhere than on Debian and its children nothing is installed: only told.
if ! [[ $system =~ debian|ubuntu ]] || ! command -v apt-get >/dev/null; then
	missing=
	for p in $programs; do command -v "$p" >/dev/null || missing+=" $p"; done
	libs=$(pkg-config --print-errors --exists 'libbpf >= 1.0' libelf libdw libcap-ng capstone zlib \
		liblzma libseccomp libprotobuf-c ncursesw hiredis jansson yaml-0.1 libmicrohttpd gnutls libxcrypt 2>&1) || true
	[ -n "$missing$libs" ] || exit 0
	say "packages are known for Debian 12, 13 and Ubuntu 22.04, 24.04 only; this is '${system:-unknown}'"
	[ -z "$missing" ] || say "programs needed and not found:$missing"
	[ -z "$libs" ] || say "libraries needed (with headers): libbpf >= 1.0, libelf, libdw, libcap-ng," \
		"capstone, zlib, liblzma, libseccomp, libprotobuf-c, ncursesw, hiredis, jansson, libyaml, libmicrohttpd, gnutls," \
		"libcrypt, libiberty, uthash. pkg-config says: $libs"
	exit 5
fi

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
# Not piped into grep -q: it would end apt-cache early, and pipefail make that a failure.
is_known() { [[ $(apt-cache show "$1" 2>/dev/null) == *Package:* ]]; }

# What has another name, or a version in its name. bpftool: Debian's own package, Ubuntu's linux-tools.
extra_packages() {
	local version
	if [[ $system == ubuntu* ]]; then
		echo 'bpftool|linux-tools-generic'
	else
		echo bpftool
	fi
	[ "$group" != --build ] || return 0
	version=$(clang --version 2>/dev/null | sed -nE 's/.*version ([0-9]+)\..*/\1/p' | head -n 1)
	[ -n "$version" ] || version=$(apt-cache depends clang | sed -nE 's/.*Depends: clang-([0-9]+)$/\1/p' | head -n 1)
	[ -z "$version" ] || echo "libclang-rt-$version-dev|libclang-common-$version-dev"
}

# A program that came by another way (node from its maker's archive) needs no package.
is_there() {
	case $1 in
	nodejs) is_installed nodejs || command -v node >/dev/null ;;
	npm) is_installed npm || command -v npm >/dev/null ;;
	golang-go) is_installed golang-go || command -v go >/dev/null ;;
	rustc) is_installed rustc || rustc --version >/dev/null 2>&1 ;; # rustup's may have none
	linux-tools-generic) compgen -G '/usr/lib/linux-tools/*/bpftool' >/dev/null ;;
	*) is_installed "$1" ;;
	esac
}

# missing_of SPEC: nothing when one alternative is installed, else the first alternative known, else "!SPEC".
missing_of() {
	local spec=${1#\?} one
	for one in ${spec//|/ }; do
		if is_there "$one"; then return; fi
	done
	for one in ${spec//|/ }; do
		if is_known "$one"; then echo "$one"; return; fi
	done
	echo "!$1"
}

missing_of_all() {
	local spec
	for spec in $packages $(extra_packages); do missing_of "$spec"; done
}

# What tests read our formats with, and the TypeScript compiler: packages of node, in the versions of their lock files. No
# script of theirs is run.
install_node_packages() {
	local lock folder
	[ "$group" != --build ] && command -v npm >/dev/null || return 0
	for lock in "$ROOT_DIR"/tests/*/package-lock.json "$ROOT_DIR"/examples/package-lock.json; do
		folder=${lock%/*}
		! cmp -s "$lock" "$folder/node_modules/.installed" || continue
		say "installing the packages of ${folder#"$ROOT_DIR"/}"
		(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --silent </dev/null >&2) || { say "npm ci failed in $folder"; exit 1; }
		cp "$lock" "$folder/node_modules/.installed"
	done
}

missing=$(missing_of_all)
grep -qv '^!?' <<<"${missing:-!?}" || { install_node_packages; exit 0; }
if [ "$(id -u)" -ne 0 ]; then
	say "these packages are missing; install them as root (sudo $0): ${missing//$'\n'/ }"
	exit 4
fi

export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >/dev/null || say "apt-get update failed; trying with the lists at hand"
missing=$(missing_of_all)
for package in $missing; do
	case $package in
	!\?*) say "not in this archive, some tests will be skipped: ${package#!\?}" ;;
	!*) say "not in this archive: ${package#!}"; unknown=1 ;;
	esac
done
[ -z "${unknown:-}" ] || exit 5
wanted=$(grep -v '^!' <<<"$missing" || true)
[ -n "$wanted" ] || { install_node_packages; exit 0; }

# The tests start their own servers: the packages' must not be started (a policy of the machine's own stays).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 0755 "$policy"
fi
say "installing ${wanted//$'\n'/ }"
log=$(mktemp)
# shellcheck disable=SC2086 # one word per package
if ! apt-get -qq -y --no-install-recommends install $wanted >"$log" 2>&1 </dev/null; then
	tail -n 30 "$log" >&2
	say "apt-get install failed; the whole log is in $log"
	exit 1
fi
rm -f "$log"
install_node_packages
