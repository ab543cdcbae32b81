#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What flame-render takes for many lines: makes LINES different stacks of twenty frames, renders them, prints time, memory
# and size.
# usage: flame-bench.sh [LINES [FILE]]    (1000000, build/bench.folded; FILE and FILE.svg are removed afterwards)
set -euo pipefail
cd "$(dirname "$0")/.."
lines=${1:-1000000} file=${2:-build/bench.folded}
trap 'rm -f "$file" "$file.svg"' EXIT

python3 - "$lines" >"$file" <<'EOF'
import random
import sys

random.seed(1)
names = [f"function_{i}_of_module_{i % 97}" for i in range(5000)]
trunks = [[random.choice(names) for _ in range(14)] for _ in range(400)]
for _ in range(int(sys.argv[1])):
    cut = random.randint(4, 14)
    frames = random.choice(trunks)[:cut] + [random.choice(names) for _ in range(19 - cut)]
    sys.stdout.write("server-4242;" + ";".join(frames) + f" {int(random.paretovariate(1.1))}\n")
EOF

python3 - "${BUILD:-build}/bin/flame-render" "$file" <<'EOF'
import os
import resource
import subprocess
import sys
import time

tool, file = sys.argv[1:]
began = time.monotonic()
subprocess.run([tool, "-q", "--force", "-o", file + ".svg", file], check=True)
wall = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
lines = sum(1 for _ in open(file, "rb"))
print(f"{lines} lines, {os.path.getsize(file) / 1e6:.0f} MB: {wall:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of CPU), "
      f"{used.ru_maxrss / 1024:.0f} MiB, SVG of {os.path.getsize(file + '.svg') / 1e6:.1f} MB")
EOF
