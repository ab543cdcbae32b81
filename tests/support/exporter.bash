# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables for the tests, and of live.bash
# After live.bash: vitals-exporter on a free port, and what its page says.
#
#	exporter_start OPTION...	until it is ready; $exporter and $url
#	exporter_config LINE...		the same with these lines as its file, looks each second
#	page FILE			a page that was made after now
#	metric FILE NAME [LABEL=VALUE...]		the sum of these samples
#	grew FILE OLDER NAME [LABEL=VALUE...]	by how much
#	about WHAT GOT WANTED PERCENT [MORE]	within so much, and MORE

exporter_start() {
	local port
	port=$(free_port)
	url=http://127.0.0.1:$port
	background "$BATS_TEST_TMPDIR/exporter" "$(tool vitals-exporter)" --web.listen-address "127.0.0.1:$port" "$@"
	exporter=$job
	wait_for 20 exporter_is_ready_or_ended
	ended "$exporter" && {
		cat "$BATS_TEST_TMPDIR/exporter.err" >&2
		return 1
	}
	return 0
}

exporter_is_ready_or_ended() {
	curl -sf -m 6 "$url/readyz" || ended "$exporter"
}

exporter_config() {
	[[ $* == *cpu_budget:* ]] || set -- 'cpu_budget: 100%' "$@" # whatever else the machine does
	printf '%s\n' 'interval: 1s' "$@" >"$BATS_TEST_TMPDIR/exporter.yaml"
	exporter_start --config "$BATS_TEST_TMPDIR/exporter.yaml"
}

exporter_end() {
	kill -TERM "$exporter" 2>/dev/null && wait_for 20 ended "$exporter"
}

# A page may be a second old.
page() {
	sleep 1.1
	curl -sf -m 6 "$url/metrics" >"$BATS_TEST_TMPDIR/$1"
}

metric() {
	python3 "$SUPPORT_DIR/vitals_page.py" "$BATS_TEST_TMPDIR/$1" "${@:2}"
}

grew() {
	python3 "$SUPPORT_DIR/vitals_page.py" "$BATS_TEST_TMPDIR/$1" - "$BATS_TEST_TMPDIR/$2" "${@:3}"
}

about() {
	python3 - "$@" <<'PYTHON'
import sys
what, got, wanted, percent = sys.argv[1], *map(float, sys.argv[2:5])
more = float(sys.argv[5]) if len(sys.argv) > 5 else 0
print(f'{what}: {got}, wanted {wanted}', file=sys.stderr)
sys.exit(abs(got - wanted) > abs(wanted) * percent / 100 + more)
PYTHON
}

# has FILE NAME [LABEL=VALUE...] OPERATOR NUMBER: has page vitals_target_up process=api == 1
has() {
	local value
	value=$(metric "${@:1:$#-2}") || return 1
	awk -v a="$value" -v op="${*: -2:1}" -v b="${*: -1}" \
		'BEGIN { exit !(op == ">" ? a > b : op == ">=" ? a >= b : op == "<=" ? a <= b : a == b) }' ||
		fail "${*:2:$#-3} is $value, wanted ${*: -2}"
}
