#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Makes build/kernels/disk.img, the guests' only disk: the host's copy of tests/kernels/packages and of all
# they depend on (kept in system.tar, remade when a package changes), and in /src the source tree with its
# build products.
set -euo pipefail
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
K=$PWD/build/kernels

# Everything the packages have put on this machine, less what no test reads.
system_files() {
	# shellcheck disable=SC2046 # one word per package
	apt-cache depends --recurse --installed --no-recommends --no-suggests --no-conflicts --no-breaks \
		--no-replaces --no-enhances $(sed '/^#/d' tests/kernels/packages) 2>/dev/null |
		grep '^[a-z0-9]' | sort -u | { xargs dpkg-query -L 2>/dev/null || true; } |
		grep -vE '^/(boot|var)|^/usr/(include|share/(doc|man|locale|info|zoneinfo|perl)|lib/node_modules)/' |
		sort -u | while IFS= read -r f; do
			if [ -L "$f" ] || [ -f "$f" ]; then echo "$f"; fi
		done
	find /usr/lib/python3* -name '*.pyc'
	find /etc/alternatives /etc/ssl -type l -o -type f
	find /usr/bin /usr/sbin -lname "/etc/alternatives/*"
	printf '%s\n' /etc/passwd /etc/group /etc/nsswitch.conf /etc/hosts /bin/sh
}

make_system() {
	local root=$1 dir
	for dir in bin sbin lib lib64; do
		mkdir -p "$root/usr/$dir"
		ln -s "usr/$dir" "$root/$dir"
	done
	mkdir -p "$root"/{proc,sys,dev,run,tmp,root,var/lib/{redis,nginx},var/log/{redis,nginx},var/tmp}
	ln -s /run "$root/var/run"
	sed -E 's,^/(bin|sbin|lib|lib64)/,/usr/\1/,' "$K/files" | sort -u |
		tar -C / --no-recursion --ignore-failed-read -cf - -T - 2>/dev/null |
		tar -xf - -C "$root" --keep-directory-symlink
	ldconfig -r "$root" 2>/dev/null
	tar -C "$root" -cf "$K/system.tar" .
}

mkdir -p "$K"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sha256sum /var/lib/dpkg/status tests/kernels/{image.sh,packages} >"$K/key.new"
if [ -s "$K/system.tar" ] && cmp -s "$K/key.new" "$K/key"; then
	tar -xf "$K/system.tar" -C "$work"
else
	system_files >"$K/files"
	make_system "$work"
	mv "$K/key.new" "$K/key"
fi

install -m 0755 tests/kernels/init.sh "$work/init"
mkdir "$work/src"
{
	git ls-files -co --exclude-standard
	find "$BUILD"/{bin,examples,tests/bpf,tests/live} -type f -perm -u+x 2>/dev/null || true
} | tar --ignore-failed-read -cf - -T - 2>/dev/null | tar -xf - -C "$work/src"

rm -f "$K/disk.img"
size=$(($(du -sm "$work" | cut -f1) * 12 / 10 + 128))
mke2fs -q -t ext4 -O ^has_journal -m 0 -N 65536 -d "$work" "$K/disk.img" "${size}M" >/dev/null
