# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# After helpers.bash: what the tests of the example servers share. A truth that was looked at is in $saved.

examples_setup() {
	need_command curl python3
	saved=$BATS_TEST_TMPDIR/truth
}

# start_node_server FILE.js [OPTION...]: as start_server, with node.
start_node_server() {
	need_command node
	[ -f "$(built "examples/$1")" ] || skip "needs make examples-ts"
	# shellcheck disable=SC2034 # for start_server
	RUN_AS=(node)
	start_server "$@"
}

# holds FILE EXPRESSION...: each Python expression over the document is true.
holds() {
	local file=$1 expression
	shift
	for expression; do
		[ "$(json_get "$file" "$expression")" = true ] || fail "not so: $expression in $(cat "$file")"
	done
}

# truth_holds EXPRESSION...: right now; the truth is in $saved.
truth_holds() {
	truth >"$saved"
	holds "$saved" "$@"
}

# truth_has EXPRESSION: the same, as a condition.
truth_has() {
	truth >"$saved" && [ "$(json_get "$saved" "$1")" = true ]
}

# The truth at the end is the last line on standard error.
end_well() {
	stop_server
	[ "$SERVER_STATUS" -eq 0 ] || fail "status $SERVER_STATUS: $(cat "$SERVER_ERR")"
	tail -n 1 "$SERVER_ERR" >"$saved"
}
