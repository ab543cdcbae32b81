#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Starts an example in TypeScript with node's inspector, on this machine only, and says what to open.
#
#	scripts/run-with-inspect.sh [memory/leak-example [OPTION...]]
#
# INSPECT_PORT is the inspector's port (9229; 0: a free one).
set -eu
cd "$(dirname "$0")/.."

example=${1:-memory/leak-example}
[ "$#" -eq 0 ] || shift
file=${BUILD:-build}/examples/${example%.js}.js
command -v node >/dev/null || { echo "run-with-inspect: node is not installed" >&2; exit 5; }
[ -f "$file" ] || { echo "run-with-inspect: $file is not built: make examples-ts" >&2; exit 5; }

cat >&2 <<TEXT
Open chrome://inspect in Chromium, Chrome or Edge, and there "inspect" below Remote Target: Memory for heap snapshots
and the allocation timeline, Performance for what runs. The inspector can run any code: it listens on 127.0.0.1 only,
keep it so. From another machine: ssh -L 9229:127.0.0.1:9229 HOST. Ctrl-C ends the server.
TEXT
exec node "--inspect=127.0.0.1:${INSPECT_PORT:-9229}" "$file" "$@"
