#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The layer check passes on the tree and fails when a layer is broken, naming the line.

setup() {
	tree=$BATS_TEST_TMPDIR/tree
	mkdir "$tree"
	cp -r user bpf tests examples "$tree"
}

# broken FILE INCLUDE: the check fails for a file with that include added, and says which.
broken() {
	[ -d "$tree/${1%/*}" ]
	[ -e "$tree/$1" ] || : >"$tree/$1"
	printf '#include %s\n' "$2" >>"$tree/$1"
	run scripts/check-layers.sh "$tree"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"$1:"*"may not include"* ]]
	[ "${#lines[@]}" -eq 1 ]
}

@test "the tree keeps to its layers" {
	run scripts/check-layers.sh "$tree"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "base includes only base" { broken user/base/text.c '"symbol/frame.h"'; }
@test "a pure folder includes nothing of host" { broken user/report/added.c '"host/log.h"'; }
@test "a pure folder opens no files" { broken user/symbol/elf.c '<fcntl.h>'; }
@test "a pure folder has no clock" { broken user/profile/added.c '<time.h>'; }
@test "of symbol, profile knows frames and mappings only" { broken user/profile/added.c '"symbol/elf.h"'; }
@test "host does not include libbpf" { broken user/host/log.c '<bpf/libbpf.h>'; }
@test "host does not include probe" { broken user/host/log.c '"probe/attach.h"'; }
@test "a tool does not include libbpf" { broken user/memleak-trace.c '<bpf/bpf.h>'; }
@test "probe does not include collect" { broken user/probe/added.c '"collect/memleak.h"'; }
@test "probe includes no skeleton" { broken user/probe/added.c '"memleak-trace.skel.h"'; }
@test "the kernel side includes nothing of user" { broken bpf/memleak-trace.bpf.c '"base/text.h"'; }
@test "the wire includes nothing of bpf/lib" { broken bpf/abi/base.h '"lib/prelude.bpf.h"'; }
@test "unit tests include pure folders only" { broken tests/unit/vec_test.c '"host/log.h"'; }
@test "tests of the examples include their pure parts only" { broken tests/examples/lru_test.c '"redis_link.h"'; }
@test "a path upwards does not get round the check" { broken user/base/text.c '"base/../host/log.h"'; }
