#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=dash
# Process 1 of a guest: makes a system out of the bare disk, runs the tests, powers off.
# The first serial line is the kernel's console; the second carries the tests' output.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
HOME=/root
TMPDIR=/tmp
LC_ALL=C.UTF-8
export PATH HOME TMPDIR LC_ALL

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -sf /proc/self/fd /dev/fd
busybox ifconfig lo 127.0.0.1 up
busybox hostname guest
echo 1 >/proc/sys/vm/overcommit_memory # one test asks for more than the guest has

busybox stty -F /dev/ttyS1 raw -echo
cd /src && tests/kernels/guest.sh </dev/null >/dev/ttyS1 2>&1
echo "# guest finished after $(cut -d' ' -f1 /proc/uptime) s" >/dev/ttyS1
sync
busybox poweroff -f
