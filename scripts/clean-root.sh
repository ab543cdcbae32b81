#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Shows that a fresh clone works on a clean machine: a bare Debian 12 in FOLDER, the committed tree cloned
# into it, and the README's two commands run there. Needs root, debootstrap, git and the network.
# usage: clean-root.sh FOLDER [COMMAND...]    (default: the two commands)
# The mounts live in a namespace of their own and end with it; FOLDER stays, to be looked at and removed.
# shellcheck disable=SC2016 # $(SITE) is apt's, and the quoted script another shell's
set -euo pipefail
[ "$#" -ge 1 ] || { echo "usage: clean-root.sh FOLDER [COMMAND...]" >&2; exit 2; }
[ "$(id -u)" -eq 0 ] || { echo "clean-root: needs root" >&2; exit 4; }
source_tree=$(cd "$(dirname "$0")/.." && pwd)
root=$(realpath -m "$1")
shift
[ "$#" -gt 0 ] || set -- ./scripts/quickstart.sh ./scripts/test.sh

# One archive for all: the first Debian archive that this system's apt uses.
mirror_of() { apt-get indextargets --format '$(SITE)' "Codename: $1" 2>/dev/null | grep -m 1 debian || true; }
mirror=$(mirror_of bookworm)
security=$(mirror_of bookworm-security)
mirror=${mirror:-http://deb.debian.org/debian}

if [ ! -e "$root/etc/debian_version" ]; then
	mkdir -p "$root"
	debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror"
	{
		echo "deb $mirror bookworm main"
		echo "deb $mirror bookworm-updates main"
		echo "deb ${security:-http://deb.debian.org/debian-security} bookworm-security main"
	} >"$root/etc/apt/sources.list"
	# How apt reaches the archive from here (a proxy) is of this machine, not of the clean one.
	apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-)' >"$root/etc/apt/apt.conf.d/90here" || true
fi
rm -rf "$root/root/bpf-vitals"
git clone --quiet --no-hardlinks "$source_tree" "$root/root/bpf-vitals"

# In a namespace of mounts: what the commands need of a machine, and nothing of it stays behind.
# No HOME and no input, as a build service would call it.
export root
status=0
unshare --mount --propagation private bash -euc '
	mount --bind "$root" "$root" # a root is a mount point, also for the tests that remount it
	mount -t proc proc "$root/proc"
	mount --rbind /sys "$root/sys"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs tmpfs "$root/tmp"
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	for command in "$@"; do
		echo "== clean root: $command"
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
			chroot "$root" sh -c "cd /root/bpf-vitals && exec $command" </dev/null
	done' clean-root "$@" || status=$?
echo "clean root: status $status"
exit "$status"
