# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2154 # driver, of the suite
# What reports write, byte for byte against tests/golden/PREFIX-CASE.FORMAT; RECORD=1 writes those files anew, for the diff
# to be read.

# golden_setup PREFIX: from now on compare is about these, written by $driver; '': files are called CASE.FORMAT.
golden_setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	golden_prefix=${1:+$1-}
}

# written CASE FORMAT: what is compared; a suite may leave things out of it.
written() {
	"$driver" "$1" "$2"
}

# compare CASE FORMAT: the difference, if there is one, is the test's output.
compare() {
	local want=tests/golden/$golden_prefix$1.$2

	if [ -n "${RECORD:-}" ]; then
		written "$1" "$2" >"$want"
	else
		written "$1" "$2" | diff -u "$want" -
	fi
}
