# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2206 # variables for the tests, and of live.bash; flags are words
# After live.bash: the versions of Node that scripts/fetch-nodes.sh fetches, and the distribution's, which is called 20.
#
#	need_node VERSION		$node is its program; skips when it is not there
#	node_flag FLAG			FLAG when $node knows it, else nothing
#	node_work FLAGS FILE [ARGUMENT...]	tests/live/FILE runs, as $work; it has said that it is ready

need_node() {
	node=$(built "nodes/$1/bin/node")
	if [[ $1 == 20 ]]; then
		need_command node
		node=$(command -v node)
		[[ $("$node" --version) == v20.* ]] || skip "node is not version 20"
	fi
	[[ -x $node ]] || skip "needs scripts/fetch-nodes.sh"
	node_options=$("$node" --v8-options)
}

node_flag() {
	local name=${1%%=*}

	name=${name#--}
	if grep -qE "^ *--(no-)?${name#no-} " <<<"$node_options"; then echo "$1"; fi
}

# In a folder of the test's: V8 leaves logs where it is started.
node_work() {
	local flags=($1) file=$2

	shift 2
	target_start work env -C "$BATS_TEST_TMPDIR" "$node" "${flags[@]}" "$ROOT_DIR/tests/live/$file" "$@"
	work=${target_pid[work]}
}

node_work_ends() {
	kill -KILL "${target_job[work]}"
	wait "${target_job[work]}" 2>/dev/null || true
}

# process_cpu_ns PID: of all its threads that live.
process_cpu_ns() {
	cat "/proc/$1/task/"*/schedstat | awk '{ ns += $1 } END { printf "%.0f\n", ns }'
}

has_cpu_ns() {
	(($(process_cpu_ns "$1") >= $2))
}

# cpu_grows PID SAMPLES [HZ]: waits until it has had as much CPU as that takes at HZ (1999), and a bit more.
cpu_grows() {
	wait_for 100 has_cpu_ns "$1" $(($(process_cpu_ns "$1") + $2 * 1100000000 / ${3:-1999}))
}
