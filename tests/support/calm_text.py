# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Is a file what a terminal and a parser can be given? Valid UTF-8, without control characters (but
newline and tab), bidirectional controls, zero-width characters and odd line ends.

usage: calm_text.py FILE...
exit: 0 they are, 1 one is not (its bad characters are printed)"""
import sys

CODES = [*range(0, 9), *range(11, 32), *range(127, 160), 0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F), 0x2060,
         *range(0x2066, 0x206A), 0xFEFF]
BAD = {chr(code) for code in CODES}

for path in sys.argv[1:]:
    with open(path, encoding="utf-8", newline="") as file:
        bad = {c for c in file.read() if c in BAD}
    if bad:
        sys.exit(f"{path}: raw {sorted(bad)}")
