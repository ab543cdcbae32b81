#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Boots one kernel of the matrix in plain qemu and prints what its tests wrote (guest.sh tells the format).
# usage: run.sh NAME    exit: 0 the guest powered off by itself, 1 panic or time over, 77 no such kernel here
#
# No initramfs: Debian's cloud kernels have NVMe and ext4 built in, so the guest starts from the disk
# that image.sh makes.
set -euo pipefail
cd "$(dirname "$0")/../.."
K=$PWD/build/kernels
DIR=$K/$1
GUEST_SECONDS=${GUEST_SECONDS:-900}

say() { echo "kernels: $*" >&2; }

# A private package index, so that neither /etc/apt nor the system's lists are touched or needed.
apt_private() {
	local tool=$1
	shift
	"$tool" -qq -o Dir::State::Lists="$K/lists" -o Dir::Cache="$K/cache" -o APT::Sandbox::User=root "$@"
}

# fetch_kernel PATTERN: the newest package of that name; its kernel becomes DIR/vmlinuz.
fetch_kernel() {
	local package
	mkdir -p "$DIR" "$K/lists/partial" "$K/cache/archives/partial"
	# Guests are started side by side: one fetches the lists, the other waits for all of them.
	exec 9>"$K/lock"
	flock 9
	if [ ! -e "$K/lists.complete" ]; then
		if apt_private apt-get update >"$K/update.log" 2>&1; then
			touch "$K/lists.complete"
		else
			say "apt-get update failed, see build/kernels/update.log"
		fi
	fi
	package=$(apt_private apt-cache search --names-only "$1" | cut -d' ' -f1 | sort -V | tail -n 1)
	[ -n "$package" ] || return 77
	(cd "$DIR" && rm -f ./*.deb && apt_private apt-get download "$package") >&2
	dpkg-deb --fsys-tarfile "$DIR"/*.deb |
		tar -xf - -C "$DIR" --wildcards --strip-components=2 './boot/vmlinuz-*'
	mv "$DIR"/vmlinuz-* "$DIR/vmlinuz"
	rm -f "$DIR"/*.deb
	exec 9>&-
}

# The kernel hands the words it does not know to process 1 as its environment. One thread for both virtual
# CPUs: with one each, qemu 7.2 now and then runs code that the kernel has just patched (an int3 oops in 6.12).
boot() {
	local words="console=ttyS0 quiet panic=-1 root=/dev/nvme0n1 rw rootfstype=ext4 init=/init"
	words+=" BUILD=${BUILD:-build} TEST_SECONDS=${TEST_SECONDS:-300} LOAD_RATE=${LOAD_RATE:-100}"
	rm -f "$DIR/tap" "$DIR/console"
	timeout "$GUEST_SECONDS" qemu-system-x86_64 -accel "${KERNELS_ACCEL:-tcg,thread=single}" -cpu max -smp 2 -m 2G \
		-nodefaults -no-user-config -display none -no-reboot \
		-serial "file:$DIR/console" -serial "file:$DIR/tap" \
		-drive "file=$K/disk.img,format=raw,if=none,id=disk,snapshot=on" -device nvme,drive=disk,serial=disk \
		-kernel "$DIR/vmlinuz" -append "$words" </dev/null
}

pattern=$(awk -v name="$1" '$1 == name { print $2 }' tests/kernels/matrix)
[ -n "$pattern" ] || { say "$1 is not in tests/kernels/matrix"; exit 2; }
[ -s "$DIR/vmlinuz" ] || fetch_kernel "$pattern"
boot || say "$1: qemu ended with status $?"
tr -d '\r' <"$DIR/tap"
if ! grep -q '^# guest finished' "$DIR/tap" || grep -q 'Kernel panic' "$DIR/console"; then
	tail -n 30 "$DIR/console" >&2
	exit 1
fi
