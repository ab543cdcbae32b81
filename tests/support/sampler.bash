# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2016 # variables for the tests, and of live.bash; programs for jq
# After live.bash. Live tests of cpu-sample: tracer_start and tracer_end run it. A report is JSON, in $tracer_out unless
# a file is given.
#
#	work_start MODE [ARGUMENT...]	tests/live/cpu-work, let go; $work is its process
#	sampled OPTION...		a run to its end; status 0
#	samples [FILE]			how many
#	total FUNCTION [FILE]		its share of the weight with what it calls, per cent (one decimal)
#	has FUNCTION LEAST [FILE]	that share is at least LEAST
#	has_not FUNCTION [FILE]		it is in no stack

sampler_setup() {
	live_setup
	tracer=$(tool cpu-sample)
	sampler=$tracer
}

work_start() {
	target_start work "$programs/cpu-work" "$@"
	work=${target_pid[work]}
	target_say work
}

sampled() {
	local status=0

	"$sampler" "$@" >"$tracer_out" 2>"$tracer_out.err" 3>&- || status=$?
	cat "$tracer_out.err" >&2
	same "status of cpu-sample $*" 0 "$status"
}

samples() {
	jq .count "${1:-$tracer_out}"
}

# Functions that were split in two rows (by their files) are added up.
total() {
	jq --arg function "$1" '([.functions[] | select(.function == $function).total_ns] | add // 0) as $ns
		| if .weight_ns == 0 then 0 else $ns * 1000 / .weight_ns | round / 10 end' "${2:-$tracer_out}"
}

has() {
	jq -e --argjson share "$(total "$1" "${3:-$tracer_out}")" --argjson least "$2" '$share >= $least' \
		<<<null >/dev/null || {
		jq -r '.functions[:30][] | "\(.total_ns) \(.function) \(.module)"' "${3:-$tracer_out}" >&2
		fail "$1 has $(total "$1" "${3:-$tracer_out}") %, not $2 %"
	}
}

has_not() {
	jq -e --arg function "$1" 'all(.functions[]; .function != $function)' "${2:-$tracer_out}" >/dev/null ||
		fail "$1 is there"
}
