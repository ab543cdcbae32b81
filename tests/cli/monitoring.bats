#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# docs/monitoring: rules, alerts, dashboard, unit and examples are sound, agree with each other, with the table of metrics and
# with the chapter. With a running exporter and Prometheus: tests/live/monitoring.bats.

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

FORMATS=docs/formats.md
CHAPTER=docs/07-stability-and-monitoring.md
RULES=docs/monitoring/rules
DASHBOARD=docs/monitoring/dashboard.json
UNIT=docs/monitoring/vitals-exporter.service

setup() {
	cd "$ROOT_DIR" || return 1
}

check() {
	python3 -B "$SUPPORT_DIR/monitoring_check.py" "$@"
}

# faulty TEXT COMMAND...: monitoring_check.py finds that fault.
faulty() {
	run -1 check "${@:2}"
	[[ $output == *"$1"* ]] || fail "does not say '$1': $output"
}

# --- the checks themselves ------------------------------------------------------------------------

@test "monitoring_check.py names the fault of what was made wrong" {
	local made=$BATS_TEST_TMPDIR/made
	sed 's/vitals_loop_busy_seconds_total/vitals_loop_bussy_seconds_total/' $DASHBOARD >"$made"
	faulty 'vitals_loop_bussy_seconds_total is not in' names $FORMATS "$made"
	sed '0,/"x": 8/s//"x": 7/' $DASHBOARD >"$made"
	faulty 'lies on' dashboard "$made"
	sed '0,/"description": "What an arrival[^"]*"/s//"description": ""/' $DASHBOARD >"$made"
	faulty 'no description' dashboard "$made"
	sed 's/vitals_exporter_open_fds/vitals_threads/' $DASHBOARD >"$made"
	faulty 'vitals_exporter_open_fds is on no panel' unused $FORMATS "$made"
	sed 's/#vitalsgcpressure/#vitalsgc/' $RULES/alerts.yml >"$made"
	faulty 'VitalsGcPressure: no paragraph' alerts "$made" $CHAPTER
	sed '0,/severity: warning/s//severity: loud/' $RULES/alerts.yml >"$made"
	faulty 'VitalsLoopBlocked: no severity' alerts "$made" $CHAPTER
	run -2 check nothing
	run -2 check yaml "$BATS_TEST_TMPDIR/nothing"
}

@test "monitoring_check.py compares a page with the table of metrics: names, types, labels" {
	page() {
		printf '# TYPE %s %s\n%s 1\n' "$1" "$2" "$3" | check page $FORMATS
	}
	run -1 page vitals_threads counter 'vitals_threads{process="a"}'
	[[ $output == *'vitals_threads is a counter, not a gauge'* && $output == *'vitals_build_info is in '*', and not served'* ]]
	run -1 page vitals_threads gauge 'vitals_threads{process="a",pid="1"}'
	[[ $output == *"vitals_threads has labels ['pid', 'process'], not ['process']"* ]]
	run -1 page vitals_thread gauge 'vitals_thread'
	[[ $output == *'vitals_thread is served, and not in'* ]]
	run -1 page vitals_loop_iteration_seconds histogram 'vitals_loop_iteration_seconds_bucket{process="a",loop="main",le="1.0"}'
	[[ $output != *vitals_loop_iteration_seconds\ * ]]
}

# --- rules ----------------------------------------------------------------------------------------

@test "promtool takes the rules, and the configuration of Prometheus with them" {
	need_command promtool
	mkdir "$BATS_TEST_TMPDIR/etc"
	cp -r docs/monitoring/prometheus.yml docs/monitoring/rules "$BATS_TEST_TMPDIR/etc"
	run -0 promtool check config "$BATS_TEST_TMPDIR/etc/prometheus.yml"
	[[ $output == *'2 rule files found'* && $output == *'18 rules found'* && $output == *'28 rules found'* ]] || fail "$output"
	# with what is commented out, for TLS and a password
	touch "$BATS_TEST_TMPDIR/etc/"{exporter-ca.crt,exporter-password}
	sed -E -e 's|^    # (scheme:.*)|    \1|; s|^    # (tls_config:.*)|    \1|; s|^    # (  ca_file:.*)|    \1|' \
		-e 's|^    # (basic_auth:.*)|    \1|; s|^    # (  (username\|password_file):.*)|    \1|' \
		-e "s|/etc/prometheus/|$BATS_TEST_TMPDIR/etc/|" docs/monitoring/prometheus.yml >"$BATS_TEST_TMPDIR/etc/secure.yml"
	run -0 promtool check config "$BATS_TEST_TMPDIR/etc/secure.yml"
	grep -q '^    basic_auth:' "$BATS_TEST_TMPDIR/etc/secure.yml"
}

@test "each fault raises its alert and no other, and it clears: promtool test rules" {
	need_command promtool
	python3 -B "$SUPPORT_DIR/alert_cases.py" "$PWD/$RULES" >"$BATS_TEST_TMPDIR/cases.yml"
	promtool test rules "$BATS_TEST_TMPDIR/cases.yml"
	# an alert without a fault would be one that nothing has tested
	diff <(python3 -B "$SUPPORT_DIR/alert_cases.py" --alerts) <(check alert-names $RULES/alerts.yml)
}

@test "each alert says what to run next, and has its paragraph in the chapter" {
	check alerts $RULES/alerts.yml $CHAPTER
}

@test "rules with shorter windows are rules" {
	need_command promtool
	check scaled 60 $RULES/alerts.yml >"$BATS_TEST_TMPDIR/alerts.yml"
	check scaled 60 $RULES/recording.yml >"$BATS_TEST_TMPDIR/recording.yml"
	promtool check rules "$BATS_TEST_TMPDIR"/*.yml
	grep -q 'for: 5000ms' "$BATS_TEST_TMPDIR/alerts.yml"
	run ! grep -qE '\[[0-9]+[mh]\]|for: [0-9]+[mh]$' "$BATS_TEST_TMPDIR"/*.yml
}

# --- metrics and dashboard ------------------------------------------------------------------------

@test "every metric that rules, dashboard and chapter name is in the table, and every one in the table is on the dashboard" {
	check names $FORMATS $RULES/*.yml $DASHBOARD $CHAPTER README.md
	check unused $FORMATS $DASHBOARD
}

@test "the dashboard can be imported anywhere; promtool takes each of its expressions" {
	need_command promtool
	check dashboard $DASHBOARD
	check rules-of $DASHBOARD >"$BATS_TEST_TMPDIR/rules.yml"
	promtool check rules "$BATS_TEST_TMPDIR/rules.yml"
	# a series that rules record is one that recording.yml has
	comm -23 <(grep -ohE 'vitals:[a-z0-9_:]+' $DASHBOARD $RULES/alerts.yml | sort -u) \
		<(grep -oE 'record: vitals:[a-z0-9_:]+' $RULES/recording.yml | sed 's/record: //' | sort -u) >"$BATS_TEST_TMPDIR/unknown"
	[ ! -s "$BATS_TEST_TMPDIR/unknown" ] || fail "recorded by no rule: $(cat "$BATS_TEST_TMPDIR/unknown")"
}

@test "each panel leads to a heading of the chapter" {
	local anchor
	for anchor in $(check links $DASHBOARD); do
		echo "[a](../$CHAPTER#$anchor)" >>"$BATS_TEST_TMPDIR/links"
	done
	sed "s|(\.\./|($PWD/|" "$BATS_TEST_TMPDIR/links" >"$BATS_TEST_TMPDIR/links.md"
	python3 -B "$SUPPORT_DIR/docs_check.py" links "$BATS_TEST_TMPDIR/links.md"
}

# --- unit, DaemonSet, examples --------------------------------------------------------------------

@test "the unit is sound, and its exposure is what the chapter says, at most 3.5" {
	need_command systemd-analyze
	local told
	# what it starts and its man page may not be installed here
	sed -e 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' -e '/^Documentation=/d' $UNIT >"$BATS_TEST_TMPDIR/vitals-exporter.service"
	run -0 systemd-analyze verify "$BATS_TEST_TMPDIR/vitals-exporter.service"
	[ -z "$output" ] || fail "$output"
	told=$(systemd-analyze security --offline=true $UNIT | sed -nE 's/.*exposure level for [^:]*: ([0-9.]+) .*/\1/p')
	awk -v told="$told" 'BEGIN { exit !(told > 0 && told <= 3.5) }' || fail "exposure $told"
	# systemd counts a little differently from version to version
	! systemd-analyze --version | grep -q '^systemd 252' || grep -q "exposure .*$told" $CHAPTER || fail "not $told in the chapter"
}

@test "the DaemonSet is YAML, and asks for the capabilities of the unit and no more" {
	[ "$(check yaml docs/monitoring/daemonset.yaml)" = 'ConfigMap DaemonSet' ]
	diff <(python3 - docs/monitoring/daemonset.yaml <<-'PY'
		import sys, yaml
		spec = list(yaml.safe_load_all(open(sys.argv[1])))[1]["spec"]["template"]["spec"]
		context = spec["containers"][0]["securityContext"]
		assert spec["hostPID"] and not context["privileged"] and context["capabilities"]["drop"] == ["ALL"]
		print("\n".join(sorted(context["capabilities"]["add"])))
	PY
	) <(sed -n 's/^CapabilityBoundingSet=//p' $UNIT | tr ' ' '\n' | sed 's/^CAP_//' | sort)
}

@test "the exporter takes the example of its configuration, and the DaemonSet's" {
	local exporter
	exporter=$(tool vitals-exporter)
	"$exporter" --config docs/monitoring/exporter.yaml --check-config
	# also what is commented out
	sed -E 's/^(  )?# ([a-z_]+:|- name|  [a-z_]+:)/\1\2/; /^web_config/d' docs/monitoring/exporter.yaml >"$BATS_TEST_TMPDIR/all.yaml"
	[ "$(grep -c '^  - name:' "$BATS_TEST_TMPDIR/all.yaml")" -eq 4 ]
	"$exporter" --config "$BATS_TEST_TMPDIR/all.yaml" --check-config
	python3 - docs/monitoring/daemonset.yaml >"$BATS_TEST_TMPDIR/pod.yaml" <<-'PY'
		import sys, yaml
		print(list(yaml.safe_load_all(open(sys.argv[1])))[0]["data"]["exporter.yaml"])
	PY
	sed -i '/^listen\|^web_config/d' "$BATS_TEST_TMPDIR/pod.yaml"
	"$exporter" --config "$BATS_TEST_TMPDIR/pod.yaml" --check-config
}

@test "the exporter takes the example of its web configuration, also with what is commented out" {
	need_command openssl
	local dir=$BATS_TEST_TMPDIR exporter
	exporter=$(tool vitals-exporter)
	openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout "$dir/exporter.key" -out "$dir/exporter.crt" 2>"$dir/said"
	cp "$dir/exporter.crt" "$dir/clients.crt"
	chmod 600 "$dir/exporter.key"
	sed "s|/etc/bpf-vitals/|$dir/|" docs/monitoring/web.yaml >"$dir/web.yaml"
	"$exporter" -n node --web.config.file "$dir/web.yaml" --check-config
	sed -i -E 's/^  # ([a-z_]+:)/  \1/' "$dir/web.yaml"
	grep -q '^  client_auth_type: ' "$dir/web.yaml"
	"$exporter" -n node --web.config.file "$dir/web.yaml" --web.listen-address 0.0.0.0:9435 --web.allow-remote --check-config
}
