# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of bats
# After helpers.bash: what the tests of the load test share. $tool, $result (a file), $server and $fixed_rate.

load_setup() {
	need_command wrk taskset
	tool=$ROOT_DIR/scripts/load-test
	result=$BATS_TEST_TMPDIR/result.json
	said=$BATS_TEST_TMPDIR/said
	server=$(built examples/benchmark/benchmark-server)
	# shellcheck disable=SC2034 # for the tests
	fixed_rate=$(built examples/benchmark/fixed-rate)
	[ -x "$server" ] || fail "$server is not built"
}

# load_test OPTION...: short windows; the result in $result, what it says in $said and $said.progress.
load_test() {
	"$tool.sh" --window 300ms --warm-up 200ms --connections 4 -o "$result" "$@" >"$said" 2>"$said.progress" 3>&-
}

# result_is EXPRESSION...: Python, over the document in $result.
result_is() {
	local expression
	for expression; do
		[ "$(json_get "$result" "$expression")" = true ] || fail "not so: $expression in $(cat "$result")"
	done
}

valid() {
	python3 "$SUPPORT_DIR/validate_json.py" "$ROOT_DIR/docs/schema/load-test.schema.json" <"$result"
}

# servers: the process ids of those that were started.
servers() {
	sed -nE 's/.*\(server ([0-9]+)\)$/\1/p' "$said.progress" | uniq
}

servers_are_gone() {
	local pid
	[ -n "$(servers)" ] || fail 'no server was started'
	for pid in $(servers); do [ ! -d "/proc/$pid" ] || fail "server $pid still runs"; done
}
