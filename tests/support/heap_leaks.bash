# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables for the tests, and of helpers.bash, nodes.bash and bats
# After helpers.bash and nodes.bash: snapshots of the servers with five leaks in TypeScript, and without, in the folder of the
# test, by $tool, heap-diff.
#
#	leaks_serve NAME VERSION	an example of examples/memory on that node
#	leaks_drive N			so many requests, and some more
#	leaks_snapshot FILE		FILE.heapsnapshot, and what the server says it holds then, FILE.truth
#	leaks_series FIRST SECOND THIRD	1.heapsnapshot to 3.heapsnapshot, after so many requests each

# serve: the server writes its snapshots at SIGUSR2.
leaks_serve() {
	need_node "$2"
	[ -f "$(built "examples/memory/$1.js")" ] || skip 'needs the servers in TypeScript (make examples-ts)'
	mkdir -p written
	leaks_asked=0
	RUN_AS=("$node" --heapsnapshot-signal=SIGUSR2 --diagnostic-dir=written)
	start_server "memory/$1.js"
}

# N requests to /global, N + 10 to /listener, and so on; no key of the cache twice.
leaks_drive() {
	local url=http://127.0.0.1:$SERVER_PORT n=$1

	curl --silent --fail "$url/global?[1-$n]" "$url/listener?[1-$((n + 10))]" "$url/closure?[1-$((n + 20))]" \
		"$url/timer?[1-$((n + 30))]" "$url/cache?key=[$leaks_asked-$((leaks_asked + n + 39))]" >/dev/null
	leaks_asked=$((leaks_asked + n + 40))
}

leaks_snapshot() {
	run --separate-stderr "$tool" take -p "$SERVER_PID" --signal --yes -o "$1.heapsnapshot"
	echo "$stderr"
	[ "$status" -eq 0 ]
	truth >"$1.truth"
}

leaks_series() {
	local index

	for index in 1 2 3; do
		leaks_drive "${!index}"
		leaks_snapshot "$index" || return
	done
}

# leaks_grown SITE A B: by the server's own count.
leaks_grown() {
	echo $(($(truth_of "$1" blocks "$3.truth") - $(truth_of "$1" blocks "$2.truth")))
}
