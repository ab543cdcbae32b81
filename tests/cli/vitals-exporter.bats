#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The contract of vitals-exporter's command line and file: help, misuse, one line with file, line, key and what is allowed for
# each thing that is wrong, nothing started, no root.

# shellcheck disable=SC2030,SC2031,SC2154 # variables of helpers.bash; each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

setup() {
	tool=$(tool vitals-exporter)
	config=$BATS_TEST_TMPDIR/exporter.yaml
}

# long_options: those of --help, one per line.
long_options() {
	"$tool" --help | grep -oE '(^|[ ,])--[a-z][a-z.-]+' | grep -oE -- '--[a-z.-]+' | sort -u
}

# refused WHY: the file, with its line; exit status 2; one line.
refused() {
	run --separate-stderr "$tool" --config "$config" "${@:2}"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ] || fail "$stderr"
	[[ ${stderr_lines[0]} == "vitals-exporter: $config:"*"$1"* ]] || fail "$stderr"
}

@test "--help: usage and every option on stdout, without any privilege" {
	local option
	run --separate-stderr "$tool" --help
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ "${lines[0]}" == "Usage: vitals-exporter [OPTION...] --config FILE"* ]]
	for option in --config --name --pid --check-config --web.listen-address --web.config.file --web.allow-remote --verbose; do
		[[ "$output" == *"$option"* ]] || fail "no $option"
	done
	[[ "$output" != *--output* ]]
}

@test "--version: name, version, libbpf" {
	run --separate-stderr "$tool" --version
	[ "$status" -eq 0 ]
	[[ "$output" == "vitals-exporter $(cat "$ROOT_DIR/VERSION") (libbpf v1."* ]]
}

@test "every long option is in the man page, and every key of the file" {
	local option key missing=
	need_command help2man man
	make -s -C "$ROOT_DIR" B="${BUILD:-build}" "${BUILD:-build}/man/vitals-exporter.8"
	MANWIDTH=200 man -l "$(built man/vitals-exporter.8)" | col -b >"$BATS_TEST_TMPDIR/page"
	for option in $(long_options); do
		grep -qF -- "$option" "$BATS_TEST_TMPDIR/page" || missing+=" $option"
	done
	while read -r key; do
		grep -qE "(^| )$key:" "$BATS_TEST_TMPDIR/page" || missing+=" $key"
	done < <(grep -oE '\{ "[a-z_]+", read_' "$ROOT_DIR/user/profile/exporter_config.c" | cut -d'"' -f2)
	[ -z "$missing" ] || fail "not in the man page:$missing"
}

@test "misuse: no target, stray words, bad numbers, unknown options" {
	local words
	while read -r words; do
		# shellcheck disable=SC2086 # one word each
		run --separate-stderr "$tool" $words
		[ "$status" -eq 2 ] || fail "$words: $status"
		[[ ${stderr_lines[0]} == "vitals-exporter: "* ]]
		[[ ${stderr_lines[1]} == "Try 'vitals-exporter --help'" ]] || fail "$words: $stderr"
	done <<-'WORDS'

		node
		-p 0
		-p 12x
		-p 99999999
		--no-such-option
	WORDS
}

@test "a file that is right: nothing is said, nothing started; its targets may be on the command line" {
	printf '%s\n' 'interval: 10s' 'cpu_budget: 1.5%' 'targets:' '  - name: api' '    cmdline: "node .*server[.]js"' \
		'  - {cgroup: /system.slice/nginx.service, collect: [loop, memory]}' >"$config"
	run --separate-stderr "$tool" --config "$config" --check-config
	[ "$status" -eq 0 ] || fail "$stderr"
	[ -z "$output$stderr" ]
	printf 'interval: 10s\n' >"$config"
	run --separate-stderr "$tool" --config "$config" -n node --check-config
	[ "$status" -eq 0 ] || fail "$stderr"
	run --separate-stderr "$tool" --config "$config" --check-config
	[ "$status" -eq 2 ]
	[[ $stderr == *"no target: "* ]]
}

@test "a file that is wrong: its line, the key, what is allowed" {
	printf '%s\n' 'max_targets: 8' 'interval: 5' 'targets:' '  - comm: node' >"$config"
	refused '2: key "interval": "5": not a duration from 1s to 5m (10s, 1m)'
	refused '2: key "interval"' --check-config
	printf '%s\n' 'targets:' '  - comm: node' '    colect: [loop]' >"$config"
	refused '3: key "colect"'
	refused 'allowed: name, comm, cmdline, cgroup, pid, stall_threshold, collect'
	printf '%s\n' 'targets:' '  - name: api' >"$config"
	refused '2: '
	refused 'a target needs comm, cmdline, cgroup or pid'
	printf '%s\n' 'targets:' '  - cmdline: "node ["' >"$config"
	refused '2: key "cmdline": "node [": not a POSIX extended regular expression'
	printf '%s\n' 'targets: [' >"$config"
	refused ''
	printf '%s\n' 'max_series: 10' 'targets:' '  - pid: 1' >"$config"
	refused '1: key "max_series": "10": not a number from 100 to 1000000'
}

@test "a file that is not there, or is none" {
	run --separate-stderr "$tool" --config "$BATS_TEST_TMPDIR/none" --check-config
	[ "$status" -ne 0 ]
	[[ $stderr == "vitals-exporter: "*none*"No such file or directory" ]]
	run --separate-stderr "$tool" --config "$BATS_TEST_TMPDIR" --check-config
	[ "$status" -ne 0 ]
	[[ $stderr == "vitals-exporter: "* ]]
}

@test "an address that others reach takes TLS or a password, and a word" {
	run --separate-stderr "$tool" -n node --web.listen-address 0.0.0.0:9435 --check-config
	[ "$status" -eq 2 ]
	[[ $stderr == *"--web.config.file"*"--web.allow-remote"* ]] || fail "$stderr"
	run --separate-stderr "$tool" -n node --web.listen-address 0.0.0.0:9435 --web.allow-remote --check-config
	[ "$status" -eq 2 ]
	run --separate-stderr "$tool" -n node --web.listen-address nowhere --check-config
	[ "$status" -eq 2 ]
}

@test "a PID that is no process: status 3, one line" {
	run --separate-stderr "$tool" -p 4194303
	[ "$status" -eq 3 ]
	[ "$stderr" = 'vitals-exporter: no process 4194303' ]
	printf '%s\n' 'targets:' '  - pid: 4194303' >"$config"
	run --separate-stderr "$tool" --config "$config"
	[ "$status" -eq 3 ]
}

@test "without privileges: one line that says which, and what to do" {
	need_root
	need_command setpriv
	chmod 755 "$BATS_TEST_TMPDIR"
	run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$tool" -n node \
		--web.listen-address 127.0.0.1:0
	[ "$status" -eq 4 ] || fail "$status $stderr"
	[[ ${stderr_lines[0]} == "vitals-exporter: "*"missing CAP_"* ]]
	[[ ${stderr_lines[1]} == *"hint: run it with sudo"* ]]
}
