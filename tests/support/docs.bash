# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# After helpers.bash: the documents, and the runnable blocks of commands in them (tests/support/docs_check.py says how
# they are marked).
#
# A block is run by bash from the root of the tree, with "sudo" doing nothing, in a process group that is ended
# afterwards. It has to end by itself, within BLOCK_SECONDS.

BLOCK_SECONDS=${BLOCK_SECONDS:-180}

docs_check() {
	python3 -B "$SUPPORT_DIR/docs_check.py" "$@"
}

documents() {
	find . -name '*.md' -not -path './build/*' -not -path './.git/*' -not -path '*/node_modules/*' | sort
}

# run_block FILE: status 0; everything that it started is ended.
run_block() {
	local status=0 group
	# shellcheck disable=SC2016 # for the inner shell
	setsid timeout --foreground "$BLOCK_SECONDS" bash -c 'sudo() { "$@"; }; set -eo pipefail; . "$1"' block "$1" \
		>"$1.out" 2>&1 3>&- &
	group=$!
	wait "$group" || status=$?
	kill -KILL -- "-$group" 2>/dev/null || true
	[ "$status" -eq 0 ] || {
		cat "$1" "$1.out"
		fail "$(basename "$1"): status $status"
	}
}

# run_blocks [root]: those that need root, or those that do not. Blocks that need Node are left out where the examples
# in TypeScript are not built, and counted. Translations have the same blocks: another test sees to it.
run_blocks() {
	local needs file ran=0 without=0
	# shellcheck disable=SC2046 # names without blanks
	docs_check blocks "$BATS_TEST_TMPDIR" $(documents | grep -v '^\./docs/zh/') >"$BATS_TEST_TMPDIR/blocks"
	while read -r needs file; do
		[[ +$needs+ == *+root+* ]] && [ -z "${1:-}" ] && continue
		[[ +$needs+ != *+root+* ]] && [ -n "${1:-}" ] && continue
		if [[ +$needs+ == *+node+* ]] && ! has_node_examples; then
			without=$((without + 1))
			continue
		fi
		run_block "$file" || run_again "$file" || return 1
		ran=$((ran + 1))
	done <"$BATS_TEST_TMPDIR/blocks"
	[ "$ran" -gt 0 ] || fail "no runnable block found"
	[ "$without" -eq 0 ] || echo "# $without blocks left out: they need make examples-ts" >&3
}

# run_again FILE: blocks wait as a reader does, by "sleep 1": too short, now and then, on a crowded machine.
run_again() {
	echo "# ${1##*/} failed, and is run once more" >&3
	run_block "$1"
}

has_node_examples() {
	command -v node >/dev/null && [ -f "$(built examples/memory/leak-example.js)" ]
}
