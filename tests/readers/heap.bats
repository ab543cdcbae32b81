#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# heap-diff beside programs that are not ours, on snapshots that real Node wrote: Chrome's DevTools (their own code, from
# npm) and memlab; and on those that Chromium wrote. Skipped where their packages or Node's releases are missing (npm ci in tests/heap,
# scripts/fetch-nodes.sh).

# shellcheck disable=SC2034,SC2154 # variables of and for helpers.bash, heap_leaks.bash and bats

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/live.bash
load ../support/nodes.bash
load ../support/heap_leaks.bash

VERSIONS='18.20.8 20 22.23.3 24.21.0 25.9.0'

setup() {
	cd "$ROOT_DIR" || return 1
	heap_diff=$(tool heap-diff) tool=$heap_diff
	readers=$ROOT_DIR/tests/heap
	export NODE_PATH=$readers/node_modules
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	stop_server
}

need_readers() {
	need_command jq python3
	[ -d "$NODE_PATH/esbuild" ] || skip 'needs npm ci in tests/heap'
	[ -x "$(built nodes/24.21.0/bin/node)" ] || skip 'needs scripts/fetch-nodes.sh'
}

# each_version COMMAND...: with $node and $version; skips when no release is there.
each_version() {
	local seen=0
	for version in $VERSIONS; do
		node=$(built "nodes/$version/bin/node")
		if [ "$version" = 20 ]; then node=$(command -v node || true); fi
		[ -x "$node" ] || continue
		mkdir -p "$version"
		"$@" || {
			fail "with Node $version"
			return 1
		}
		seen=$((seen + 1))
	done
	[ "$seen" -gt 0 ] || skip 'needs scripts/fetch-nodes.sh'
}

# devtools BEFORE AFTER: DevTools' figures of both; their bundle is made once.
devtools() {
	"$(built nodes/24.21.0/bin/node)" "$readers/devtools.mjs" "$BATS_FILE_TMPDIR/devtools.mjs" "$@" 2>devtools.err || {
		cat devtools.err
		return 1
	}
}

beside() {
	python3 "$SUPPORT_DIR/heap_beside.py" "$@"
}

beside_devtools() {
	devtools "$1" "$2" >devtools.json || return
	"$heap_diff" top "$2" -f json >top.json || return
	"$heap_diff" "$1" "$2" -f json >diff.json || [ $? -eq 1 ] || return
	beside devtools devtools.json top.json diff.json
}

beside_memlab() {
	local id
	rm -f retainers-*.json
	"$(built nodes/24.21.0/bin/node)" "$readers/memlab.mjs" "$1" 20 >memlab.json 2>memlab.err || return
	"$heap_diff" top "$1" --raw -f json >top.json || return
	for id in $(jq -r '.retained | keys[]' memlab.json); do
		"$heap_diff" retainers --raw "$1" "$id" -f json -T 1 >"retainers-$id.json" || return
	done
	beside memlab memlab.json top.json retainers-*.json
}

# row FIELD CLASS: of diff.json
row() {
	jq -r --arg class "$2" ".classes[] | select(.class == \$class) | $1" diff.json
}

# holder CLASS: how many of the new objects the first way holds, and by which variable or property at its end.
holder() {
	jq -r --arg class "$1" '.holders[] | select(.class == $class) | .ways[0] |
		"\(.count) \([.steps[] | select(.kind == "variable")][0].edge) \([.steps[] | select(.kind == "variable")][0].script)"' diff.json
}

leaks_are_found() {
	"$node" "$readers/leaks.cjs" leaking "$version" 300 500 700 || return
	run "$heap_diff" "$version"/{0,1,2}.heapsnapshot -f json
	[ "$status" -eq 1 ] || return
	echo "$output" >diff.json
	for class in UserSession Subscriber CacheEntry; do
		[ "$(row '[.by_id.new, .by_id.deleted, .growing] | @csv' "$class")" = 1200,0,true ] || return
		[ "$(row '.counts | @csv' "$class")" = 300,800,1500 ] || return
	done
	[ "$(holder UserSession)" = "1200 sessions $readers/leaks.cjs" ] &&
		[ "$(holder CacheEntry)" = "1200 cache $readers/leaks.cjs" ] &&
		[ "$(jq -r '.functions[:2][] | .count - .before_count' diff.json | sort -u)" = 1200 ] &&
		jq -e '[.functions[:2][] | .script | endswith("/leaks.cjs")] | all' diff.json >/dev/null
}

@test "what leaks is named, counted and told with who holds it; each of five releases" {
	each_version leaks_are_found
}

nothing_is_found() {
	"$node" "$readers/leaks.cjs" fixed "$version" 300 500 700 || return
	"$heap_diff" "$version"/{0,1,2}.heapsnapshot >report || return
	grep -q '^Nothing grows' report && "$heap_diff" "$version"/{0,1}.heapsnapshot >/dev/null
}

@test "the same program without its leaks: nothing grows" {
	each_version nothing_is_found
}

same_as_devtools() {
	"$node" "$readers/leaks.cjs" leaking "$version" 300 500 && beside_devtools "$version"/{0,1}.heapsnapshot
}

@test "DevTools' own code finds the same classes, sizes and changes; each of five releases" {
	need_readers
	each_version same_as_devtools
}

same_as_memlab() {
	"$node" "$readers/leaks.cjs" leaking "$version" 500 && beside_memlab "$version/0.heapsnapshot"
}

@test "memlab finds the same classes and retained sizes; each of five releases" {
	need_readers
	each_version same_as_memlab
}

# same_of_app PACKAGE FROM
same_of_app() {
	[ -d "$2/node_modules/${1%%/dist/*}" ] || {
		echo "# $1 is not installed, left out" >&3
		return 0
	}
	"$node" "$readers/app.cjs" "$1" "$version" "$2" || return
	beside_devtools "$version"/{0,1}.heapsnapshot || return
	[ "$version" != 22.23.3 ] || beside_memlab "$version/1.heapsnapshot" # slow: at one release
}

@test "the same of five packages that people use, at three releases" {
	need_readers
	VERSIONS='18.20.8 22.23.3 25.9.0'
	each_version same_of_app fastify "$ROOT_DIR/tests/apps"
	each_version same_of_app handlebars "$ROOT_DIR/tests/apps"
	each_version same_of_app typescript "$ROOT_DIR/examples"
	each_version same_of_app ajv/dist/2020.js "$ROOT_DIR/tests/readers"
	each_version same_of_app @memlab/core "$readers"
}

@test "Chromium's snapshots: what leaks in a page is named and counted, and DevTools' own code says the same" {
	need_readers
	[ -d "$ROOT_DIR/tests/readers/node_modules/playwright-core" ] || skip 'needs npm ci in tests/readers'
	mkdir page
	NODE_PATH=$ROOT_DIR/tests/readers/node_modules "$(built nodes/24.21.0/bin/node)" "$readers/chrome.cjs" page 300 500 700
	run -1 "$heap_diff" page/{0,1,2}.heapsnapshot -f json
	echo "$output" >diff.json
	for class in ChatMessage 'Detached <li>'; do
		[ "$(row '[.by_id.new, .by_id.deleted, .growing] | @csv' "$class")" = 1200,0,true ]
		[ "$(row '.counts | @csv' "$class")" = 300,800,1500 ]
	done
	jq -e '[.anchors[] | .edge] | sort == ["bus", "messages", "removed"]' diff.json
	jq -e '.functions[0] | .name == "onNews" and .count - .before_count == 1200' diff.json
	beside_devtools page/{0,2}.heapsnapshot
}

# memlab_row CLASS: how many of its objects that came between the first two it finds in the third.
memlab_row() {
	sed -n "s/^.* '$1' .* 'object' *│ *\([0-9]*\) .*/\1/p" memlab.out
}

@test "memlab's leak finder on the five leaks in TypeScript: the same numbers, and no verdict" {
	need_readers
	leaks_serve leak-example 20
	leaks_series 100 200 300
	"$node" "$readers/memlab-leaks.mjs" memlab {1,2,3}.heapsnapshot >memlab.out 2>&1
	cat memlab.out
	[ "$(memlab_row UserSession)" -eq "$(leaks_grown rememberSession 1 2)" ]
	[ "$(memlab_row ConfigListener)" -eq "$(leaks_grown addListener 1 2)" ]
	[ "$(memlab_row ReportLines)" -eq "$(leaks_grown makeReport 1 2)" ]
	[ "$(memlab_row PollContext)" -eq "$(leaks_grown startPolling 1 2)" ]
	[ "$(memlab_row CachedPage)" -eq "$(leaks_grown cachePage 1 2)" ]
	grep -q 'MemLab found 0 leak(s)' memlab.out # its filter is made for pages
}

@test "snapshots of two processes are refused, with the reason; counts alone are compared" {
	each_version eval '"$node" "$readers/leaks.cjs" leaking "$version" 2000'
	set -- */0.heapsnapshot
	[ $# -ge 2 ] || skip 'needs two releases'
	run --separate-stderr "$heap_diff" "$1" "$2"
	[ "$status" -eq 2 ]
	[[ $stderr == *'do not share ids'*hint:*--counts* ]]
	[ -z "$output" ]
	run "$heap_diff" --counts "$1" "$2" -f json
	[ "$status" -le 1 ]
	jq -e '.ids == null and (.classes | length > 20)' <<<"$output"
}

@test "cut off anywhere it says so, with the place" {
	local at size
	each_version eval '"$node" "$readers/leaks.cjs" leaking "$version" 100'
	set -- */0.heapsnapshot
	size=$(stat -c %s "$1")
	for at in 0 1 100 2000 $((size / 2)) $((size - 100)) $((size - 1)); do
		head -c "$at" "$1" >cut.json
		run "$heap_diff" top cut.json
		[ "$status" -eq 2 ]
		[[ $output == *": byte "*": "* ]]
	done
	gzip -c "$1" | head -c 100000 >cut.json
	run "$heap_diff" top cut.json
	[ "$status" -eq 2 ]
	[[ $output == *'damaged or cut off'* ]]
}
