#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What listens for scrapes, from the outside: formats and their negotiation, health, TLS and passwords, refusals, and what
# is said of a configuration that does not hold. What hostile clients do to it is in tests/live/metrics-server.bats.

# shellcheck disable=SC2034,SC2154 # variables of and for helpers.bash and metrics_page.bash

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/metrics_page.bash

setup() {
	tool=$(built tests/host/metrics-page)
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	end_started
}

prometheus_accepts='Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'

# --- the page ------------------------------------------------------------------------------------

@test "a scrape gets text 0.0.4 that promtool takes" {
	page_start
	get
	[ "$code" = 200 ]
	has_header "Content-Type: text/plain; version=0.0.4; charset=utf-8"
	has_header "Cache-Control: no-store"
	has_header "X-Content-Type-Options: nosniff"
	has_header "Vary: Accept, Accept-Encoding"
	grep -qxF 'vitals_loop_stall_seconds_bucket{process="a\"b\\c\\x0ad\\xff",le="1.0"} 6' "$body"
	grep -qxF 'vitals_scrapes_total{code="200"} 0' "$body"
	[ "$(tail -c 1 "$body" | od -An -tx1 | tr -d ' ')" = 0a ]
	promtool check metrics <"$body"
	python3 "$SUPPORT_DIR/check_prometheus.py" <"$body"
}

@test "OpenMetrics for who prefers it, as Prometheus does" {
	page_start
	get -H "$prometheus_accepts"
	has_header "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"
	[ "$(tail -n 1 "$body")" = "# EOF" ]
	[ "$(grep -c '^# EOF$' "$body")" -eq 1 ]
	grep -qxF '# TYPE vitals_loop_busy_seconds counter' "$body"
	grep -qxF '# UNIT vitals_loop_busy_seconds seconds' "$body"
	grep -qxF '# TYPE vitals_scrapes counter' "$body"
	for accept in '*/*' 'text/plain, application/openmetrics-text;q=0.9' 'application/openmetrics-text;version=0.0.1' 'nonsense'; do
		get -H "Accept: $accept"
		has_header "Content-Type: text/plain; version=0.0.4; charset=utf-8"
	done
}

@test "gzip for who takes it, and the same page in it" {
	page_start --size 300
	wait_for 20 same_page_packed
	((packed * 4 < $(stat -c %s "$body")))
	get -H 'Accept-Encoding: gzip;q=0, identity'
	run ! grep -qi '^Content-Encoding' "$headers"
}

# Both within the second that a page lasts, sooner or later.
same_page_packed() {
	get -H 'Accept-Encoding: gzip'
	has_header "Content-Encoding: gzip"
	gzip -dc "$body" >unpacked
	packed=$(stat -c %s "$body")
	get
	run ! grep -qi '^Content-Encoding' "$headers"
	cmp "$body" unpacked
}

@test "within a second the page is not made again, after it is" {
	page_start
	SECONDS=0
	for _ in $(seq 20); do get; done
	first=$(counted vitals_pages_total)
	echo "$first pages in $SECONDS s"
	((first <= SECONDS + 2))
	sleep 1.2
	get
	(($(counted vitals_pages_total) > first))
	grep -qx 'vitals_scrapes_total{code="200"} [1-9][0-9]*' "$body"
}

@test "HEAD has the headers and no body; other pages" {
	page_start
	get --head
	[ "$code" = 200 ]
	[ ! -s "$body" ] || ! grep -q '^vitals' "$body"
	for page in /healthz /-/healthy /readyz /-/ready /; do
		target_url=$url$page get
		echo "$page: $code"
		[ "$code" = 200 ]
	done
	grep -q 'href="/metrics"' "$body"
	target_url=$url/metrics/ get
	[ "$code" = 404 ]
}

@test "not ready, and no page" {
	page_start --unready
	target_url=$url/readyz get
	[ "$code" = 503 ]
	grep -q 'not ready' "$body"
	target_url=$url/healthz get
	[ "$code" = 200 ]
	end_started
	page_start --no-page
	get
	[ "$code" = 503 ]
	grep -q 'the collector does not answer' "$body"
	target_url=$url/healthz get
	[ "$code" = 503 ]
}

@test "a collector that says nothing is a 503 within 5 s" {
	page_start --silent
	before=$(date +%s%N)
	get
	took_ms=$((($(date +%s%N) - before) / 1000000))
	echo "$took_ms ms"
	[ "$code" = 503 ]
	((took_ms > 3000 && took_ms < 14000)) # 4.5 to 5 s where nothing else runs
}

# --- what is refused -----------------------------------------------------------------------------

@test "methods, hosts, paths, bodies" {
	page_start
	for method in POST PUT DELETE OPTIONS PATCH; do
		get -X "$method" -d x=y
		echo "$method: $code"
		[ "$code" = 405 ]
		has_header "Allow: GET, HEAD"
	done
	for host in evil evil:9435 127.0.0.1.evil localhost.evil; do
		get -H "Host: $host"
		echo "$host: $code"
		[ "$code" = 421 ]
	done
	get -H 'Host: localhost'
	[ "$code" = 200 ]
	for path in /../metrics /metrics/../../etc/passwd //metrics /%2e%2e/metrics /metrics%00 '/metrics;x'; do
		target_url=$url$path get --path-as-is
		echo "$path: $code"
		[ "$code" = 404 ]
	done
	get -X GET -d "$(head -c 3000 /dev/zero | tr '\0' x)"
	[ "$code" = 000 ] # no answer at all
	get
	[ "$code" = 200 ]
	kill -0 "$server"
}

@test "addresses beyond loopback need a protection and a word" {
	page_config 'basic_auth_users:' "  scraper: $secret_hash"
	for address in 0.0.0.0:0 '[::]:0' :0 192.0.2.1:0; do
		exits 2 "cannot listen on $address: it is reached from other machines; that takes --web.config.file" "$address"
		exits 2 "that takes --web.config.file" "$address" --remote
		exits 2 "it is reached from other machines; say so by --web.allow-remote" "$address" --web web.yaml
	done
	echo 'basic_auth_users: {}' >web.yaml
	exits 2 "that takes --web.config.file with TLS or a password" 0.0.0.0:0 --web web.yaml --remote
	for address in 9435 localhost 127.0.0.1 127.0.0.1:x 127.0.0.1:65536 example.com:80 '[::1:80' '::1:80' '1.2.3:80'; do
		exits 2 "cannot listen on \"$address\": not an address and port" "$address"
	done
}

@test "a protected one listens everywhere, and is asked by any Host" {
	page_config 'basic_auth_users:' "  scraper: $secret_hash"
	address=0.0.0.0:0
	page_start --web web.yaml --remote
	get -u scraper:secret -H 'Host: metrics.example'
	[ "$code" = 200 ]
	get -H 'Host: metrics.example'
	[ "$code" = 401 ]
}

@test "a port that is taken" {
	page_start
	exits 1 "cannot listen on 127.0.0.1:$port: Address already in use" "127.0.0.1:$port"
}

@test "IPv6 loopback" {
	address='[::1]:0'
	page_start || skip "this machine has no IPv6"
	target_url="http://[::1]:$port/metrics" get -g
	[ "$code" = 200 ]
	target_url="http://[::1]:$port/metrics" get -g -H 'Host: evil'
	[ "$code" = 421 ]
}

# --- passwords -----------------------------------------------------------------------------------

@test "passwords: right, wrong, unknown, none" {
	page_config 'basic_auth_users:' "  scraper: $secret_hash" "  other: $slow_hash"
	page_start --web web.yaml
	get
	[ "$code" = 401 ]
	has_header 'WWW-Authenticate: Basic realm="vitals-exporter", charset="UTF-8"'
	run ! grep -q vitals_ "$body"
	get -u scraper:secret
	[ "$code" = 200 ]
	get -u other:slow
	[ "$code" = 200 ]
	for wrong in scraper:Secret scraper: scraper:secrets other:secret nobody:secret :secret :; do
		get -u "$wrong"
		echo "$wrong: $code"
		[ "$code" = 401 ] || [ "$code" = 429 ]
	done
	get -H 'Authorization: Basic !!!'
	[ "$code" = 401 ]
	get -H 'Authorization: Bearer secret'
	[ "$code" = 401 ]
	target_url=$url/nothing get
	[ "$code" = 401 ]
	for page in /healthz /readyz /-/healthy /-/ready; do
		target_url=$url$page get
		[ "$code" = 200 ]
	done
	get -u scraper:secret
	grep -q 'vitals_scrapes_total{code="401"} ' "$body"
}

@test "who guesses is held up, who was let in is not" {
	page_config 'basic_auth_users:' "  scraper: $secret_hash"
	page_start --web web.yaml
	get -u scraper:secret
	for i in $(seq 30); do
		get -u "scraper:guess$i"
		codes+=" $code"
	done
	echo "$codes"
	[[ $codes == *401*429* ]]
	get -u scraper:secret
	[ "$code" = 200 ]
}

# --- TLS -----------------------------------------------------------------------------------------

@test "TLS 1.2 and 1.3, none older" {
	make_certificates
	page_config 'tls_server_config:' '  cert_file: server.crt' '  key_file: server.key' 'http_server_config:' \
		'  headers:' '    Strict-Transport-Security: max-age=31536000'
	scheme=https
	page_start --web web.yaml
	get --cacert ca.crt
	[ "$code" = 200 ]
	has_header "Strict-Transport-Security: max-age=31536000"
	for version in tls1_2 tls1_3; do
		openssl s_client -connect "127.0.0.1:$port" "-$version" </dev/null >said 2>&1
		grep -qE "Protocol *: TLSv1|New, TLSv1" said
	done
	for version in tls1 tls1_1; do
		run ! openssl s_client -connect "127.0.0.1:$port" "-$version" -cipher 'ALL:@SECLEVEL=0'
	done
	target_url=http://127.0.0.1:$port/metrics get
	[ "$code" != 200 ]
	kill -0 "$server"
}

@test "TLS 1.3 alone, when that is asked for" {
	make_certificates
	page_config 'tls_server_config:' '  cert_file: server.crt' '  key_file: server.key' '  min_version: TLS13'
	scheme=https
	page_start --web web.yaml
	get --cacert ca.crt
	[ "$code" = 200 ]
	get --cacert ca.crt --tls-max 1.2
	[ "$code" = 000 ]
}

@test "clients' certificates" {
	make_certificates
	page_config 'tls_server_config:' '  cert_file: server.crt' '  key_file: server.key' '  client_ca_file: ca.crt' \
		'  client_auth_type: RequireAndVerifyClientCert'
	scheme=https
	page_start --web web.yaml
	get --cacert ca.crt --cert client.crt --key client.key
	[ "$code" = 200 ]
	for version in 1.2 1.3; do
		get --cacert ca.crt --tls-max "$version"
		[ "$code" = 000 ]
		get --cacert ca.crt --tls-max "$version" --cert other.crt --key other.key
		[ "$code" = 000 ]
		get --cacert ca.crt --tls-max "$version" --cert server.crt --key server.key # of the CA, but no client's
		[ "$code" = 000 ]
	done
	end_started
	sed -i 's/RequireAndVerifyClientCert/VerifyClientCertIfGiven/' web.yaml
	page_start --web web.yaml
	get --cacert ca.crt
	[ "$code" = 200 ]
	get --cacert ca.crt --cert other.crt --key other.key
	[ "$code" = 000 ]
}

# --- the web configuration -----------------------------------------------------------------------

# refused WHAT LINE...: web.yaml of these lines is, in one line of words, and nothing is started.
refused() {
	local what=$1
	shift
	page_config "$@"
	exits 2 "$what" 127.0.0.1:0 --web web.yaml
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "configurations that do not hold" {
	make_certificates
	tls=('tls_server_config:' '  cert_file: server.crt')
	refused 'web.yaml:2: key "tls_server": not known here; allowed: tls_server_config, http_server_config, basic_auth_users' \
		'# ours' 'tls_server: {}'
	refused 'web.yaml:3: key "max_version": not known here; allowed: cert_file, key_file' "${tls[@]}" '  max_version: TLS13'
	refused 'web.yaml:1: key "tls_server_config": needs cert_file and key_file' "${tls[@]}"
	refused 'web.yaml:3: key "key_file": "none.key": cannot be read: No such file' "${tls[@]}" '  key_file: none.key'
	refused 'web.yaml:3: key "key_file": "client.key": not the key of "server.crt"' "${tls[@]}" '  key_file: client.key'
	refused 'web.yaml:2: key "cert_file": "ca.key": with its key not a certificate in PEM' 'tls_server_config:' '  cert_file: ca.key' \
		'  key_file: server.key'
	refused 'web.yaml:4: key "min_version": "TLS11": not TLS12 or TLS13' "${tls[@]}" '  key_file: server.key' '  min_version: TLS11'
	refused 'web.yaml:4: key "client_auth_type": "RequireAnyClientCert": not NoClientCert' "${tls[@]}" '  key_file: server.key' \
		'  client_auth_type: RequireAnyClientCert'
	refused 'web.yaml:1: key "tls_server_config": client_ca_file needs client_auth_type' "${tls[@]}" '  key_file: server.key' \
		'  client_ca_file: ca.crt'
	refused 'web.yaml:4: key "client_ca_file": "server.key": no certificate in PEM' "${tls[@]}" '  key_file: server.key' \
		'  client_ca_file: server.key' '  client_auth_type: RequireAndVerifyClientCert'
	refused 'web.yaml:2: key "scraper": not a bcrypt hash' 'basic_auth_users:' '  scraper: secret'
	[[ $stderr != *secret* ]]
	refused 'web.yaml:2: key "scraper": a bcrypt hash whose cost is not from 4 to 12' 'basic_auth_users:' "  scraper: ${secret_hash/04/13}"
	refused 'web.yaml:3: key "a": is there twice' 'basic_auth_users:' "  a: $secret_hash" "  a: $secret_hash"
	refused 'web.yaml:3: key "Server": not known here; allowed: Strict-Transport-Security' 'http_server_config:' '  headers:' '    Server: x'
	refused 'web.yaml:2: key "http2": "true": not false' 'http_server_config:' '  http2: true'
	refused 'web.yaml: larger than 64 KiB' "$(head -c 70000 /dev/zero | tr '\0' '#')"
	refused 'web.yaml:2: not YAML: ' 'a: [1' 'b: }'
	chmod 644 server.key
	refused 'web.yaml:3: key "key_file": "server.key": everyone may read this key (mode 644); chmod 640 it' "${tls[@]}" '  key_file: server.key'
	exits 1 "cannot read none.yaml: No such file" 127.0.0.1:0 --web none.yaml
	exits 2 "cannot read .: not a regular file" 127.0.0.1:0 --web .
	mkfifo pipe
	exits 2 "cannot read pipe: not a regular file" 127.0.0.1:0 --web pipe
}

@test "files are looked for beside the configuration" {
	make_certificates
	page_config 'tls_server_config:' '  cert_file: server.crt' '  key_file: server.key'
	cd / || return 1
	scheme=https
	page_start --web "$BATS_TEST_TMPDIR/web.yaml"
	get --cacert "$BATS_TEST_TMPDIR/ca.crt"
	[ "$code" = 200 ]
}
