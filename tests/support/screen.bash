# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A tool with --live in a terminal that tmux keeps: its screen is read, its keys are pressed, and how it leaves the
# terminal is compared.

# shellcheck disable=SC2154,SC2034 # of helpers.bash and bats; for the tests

# screen_setup TOOL: its path.
screen_setup() {
	need_command tmux
	screen_tool=$1
	socket=bpf-vitals-$$-$BATS_TEST_NUMBER
	before=$BATS_TEST_TMPDIR/before after=$BATS_TEST_TMPDIR/after status=$BATS_TEST_TMPDIR/status
}

screen_teardown() {
	mux kill-server 2>/dev/null || true
}

mux() {
	tmux -L "$socket" -f /dev/null "$@" 3>&-
}

# terminal COLUMNS ROWS: a shell in it.
terminal() {
	TERM=screen LC_ALL=C.UTF-8 PS1='$ ' mux new-session -d -x "$1" -y "$2" bash --norc --noprofile
	mux send-keys "stty -a >$before" Enter
	wait_for 10 test -s "$before"
}

# live OPTION...: the tool in the terminal, until its first screen; $live is its process.
live() {
	mux send-keys "'$screen_tool' --live $*; echo \$? >$status; stty -a >$after" Enter
	wait_for 20 shows 'q quit'
	live=$(pgrep -P "$(mux display-message -p '#{pane_pid}')" -x "$(basename "$screen_tool")")
}

keys() {
	mux send-keys "$@"
}

pane() {
	mux capture-pane -p
}

# shows PATTERN: a line of the terminal matches.
shows() {
	pane | grep -qE -- "$1"
}

sees() {
	wait_for 20 shows "$1" || {
		pane >&2
		fail "not on the screen: $1"
	}
}

hides() {
	if shows "$1"; then
		pane >&2
		fail "on the screen: $1"
	fi
}

# ended_with STATUS: the shell has the terminal back, as it was.
ended_with() {
	wait_for 20 test -s "$after"
	same 'exit status' "$1" "$(cat "$status")"
	same 'modes of the terminal' "$(cat "$before")" "$(cat "$after")"
	same 'screen, cursor' '0 1' "$(mux display-message -p '#{alternate_on} #{cursor_flag}')"
}

# is_drawn_for ROWS TITLE: the whole terminal, no more and no less; its first line begins with TITLE.
is_drawn_for() {
	[ "$1" -lt 7 ] || [ "$(pane | grep -n 'q quit' | cut -d: -f1)" -eq "$1" ] || return 1
	shows "^$2"
}

# resizes TITLE PATTERN: the terminal does, small and large; PATTERN is not for small ones.
resizes() {
	mux resize-window -x 50 -y 8
	wait_for 10 is_drawn_for 8 "$1"
	hides "$2"
	mux resize-window -x 20 -y 2
	wait_for 10 is_drawn_for 2 "$1"
	mux resize-window -x 140 -y 40
	wait_for 10 is_drawn_for 40 "$1"
	sees 'own cost .* % of a CPU, [0-9.]+ MiB'
	mux resize-window -x 100 -y 30 # for stty to say the same
	wait_for 10 is_drawn_for 30 "$1"
}

# costs_at_most PERCENT SECONDS: of a CPU, the tool while it is only looked at for so long, with its children, of which names
# are asked.
costs_at_most() {
	local ticks began
	ticks=$(awk '{ print $14 + $15 + $16 + $17 }' "/proc/$live/stat") began=$(date +%s%N)
	sleep "$2"
	ticks=$(($(awk '{ print $14 + $15 + $16 + $17 }' "/proc/$live/stat") - ticks))
	echo "# $(awk -v t="$ticks" -v ns="$(($(date +%s%N) - began))" 'BEGIN { printf "%.1f", t * 1e9 / ns }') % of a CPU" >&3
	[ $((ticks * 10000000)) -le $((($(date +%s%N) - began) * $1 / 100)) ]
}
