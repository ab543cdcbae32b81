#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A target in mount and PID namespaces of its own, with its own root and its own copy of libc, as in a
# container: found by its host PID, probed in its own files, and nothing of it believed about paths.
# May run beside another.

# shellcheck disable=SC2154,SC2016,SC2034 # variables of live.bash and helpers.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash

setup() {
	live_setup
	need_command jq curl unshare ldd
}

teardown() {
	live_teardown
}

# A root with leak-example and the libraries it needs, at other paths than the host's: $box
make_box() {
	local library

	box=$BATS_TEST_TMPDIR/box
	mkdir -p "$box/srv" "$box/lib" "$box/lib64"
	cp "$(built examples/memory/leak-example)" "$box/srv/server"
	while read -r library; do
		case $library in
		*/ld-*) cp "$library" "$box/lib64/" ;;
		*) cp "$library" "$box/lib/" ;;
		esac
	done < <(ldd "$box/srv/server" | grep -oE '/[^ ]+')
}

# start_box: the server as process 1 or 2 of its own namespace; $inner is its host PID, $SERVER_PORT its port.
start_box() {
	background "$BATS_TEST_TMPDIR/box.out" unshare --mount --pid --fork --kill-child \
		chroot "$box" /srv/server --port 0
	wait_for 10 grep -q 'listening on' "$BATS_TEST_TMPDIR/box.out"
	SERVER_PORT=$(sed -n 's/.*listening on .*://p' "$BATS_TEST_TMPDIR/box.out" | head -n 1)
	inner=$(pgrep -P "$job")
	[ "$(awk '/^NSpid/ { print NF }' "/proc/$inner/status")" -eq 3 ] || fail 'it has no PID namespace of its own'
}

@test "another root and PID namespace: blocks exact, its own libc named, by its host PID" {
	make_box
	start_box
	tracer_start -p "$inner" -f json
	for _ in 1 2 3 4 5 6 7; do http_get /closure >/dev/null; done
	tracer_end
	same 'exit status' 0 "$tracer_status"
	report_is_exact
	same 'blocks' 7 "$(report '[.data[] | select(.frames[0].function == "closure_capture").blocks] | add')"
	# by the path the kernel shows, which is longer when these tests run in a root of their own
	report -e --arg path "$box/lib/libc.so.6)" \
		'.targets[0].allocator | startswith("glibc (/") and endswith($path)'
}

@test "the files are replaced under it: still traced, from what it has mapped" {
	make_box
	start_box
	rm "$box/srv/server" "$box/lib/libc.so.6"
	ln -s /etc/shadow "$box/lib/libc.so.6"
	tracer_start -p "$inner" -f json
	for _ in 1 2 3; do http_get /closure >/dev/null; done
	tracer_end
	same 'exit status' 0 "$tracer_status"
	same 'blocks' 3 "$(report '[.data[] | select(.frames[0].function == "closure_capture").blocks] | add')"
}
