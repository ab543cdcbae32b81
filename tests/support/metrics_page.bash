# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables for the tests, and of helpers.bash
# After helpers.bash. A collector without BPF (tests/host/metrics-page.c), whose server is what is tested.
#
#	page_start OPTION...	$collector (PID), $server (PID of its child), $port, $url; ended by end_started
#				RUN_AS, an array, is a command put in front that must keep its process id
#	page_config LINE...	web.yaml of these lines; certificates are by make_certificates
#	get CURL-OPTION...	what curl says of $url/metrics: headers in $headers, the body in $body, $code

page_start() {
	rm -f "${BATS_TEST_TMPDIR:?}/target.out" # of one before it
	start "${RUN_AS[@]}" "$(built tests/host/metrics-page)" "${address:-127.0.0.1:0}" "$@"
	collector=$target
	wait_for 20 grep -q '^serving ' "$target_said" || {
		cat "$target_said"
		return 1
	}
	collector_said=$BATS_TEST_TMPDIR/collector.out # so that others can be started
	mv "$target_said" "$collector_said"
	page_serving
	url=${scheme:-http}://127.0.0.1:$port
}

# Who serves now: the server may have been started again.
page_serving() {
	read -r _ server port < <(grep '^serving ' "$collector_said" | tail -n 1)
}

page_config() {
	printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/web.yaml"
}

get() {
	headers=$BATS_TEST_TMPDIR/headers body=$BATS_TEST_TMPDIR/body
	code=$(curl --silent --max-time 15 --dump-header "$headers" --output "$body" --write-out '%{http_code}' \
		"$@" "${target_url:-$url/metrics}") || true
}

# counted SERIES: its value on the page that get got.
counted() {
	grep -v '^#' "$body" | grep -F "$1 " | sed 's/.* //'
}

has_header() {
	tr -d '\r' <"$headers" | grep -qixF -- "$1" || {
		cat "$headers"
		fail "no header: $1"
	}
}

# make_certificates: ca.crt, server.crt and client.crt (by that CA) with their keys, and other.crt by another one.
make_certificates() {
	local name
	cd "$BATS_TEST_TMPDIR" || return 1
	for name in ca other-ca; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -out "$name.crt" \
			-days 2 -subj "/CN=$name" 2>/dev/null
	done
	certificate server ca serverAuth
	certificate client ca clientAuth
	certificate other other-ca clientAuth
	chmod 600 ./*.key
}

# certificate NAME CA PURPOSE
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" \
		-subj "/CN=$1" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 2 -out "$1.crt" \
		-extfile <(printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=%s\n' "$3") 2>/dev/null
}

# Of the password "secret", at a cost of 4, and of "slow", at one of 10.
secret_hash='$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW'
slow_hash='$2b$10$abcdefghijklmnopqrstuuTL3rBAB2FTLNnpGNZhAYflp5RzALnWK'
