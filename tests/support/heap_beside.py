# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""heap-diff's JSON beside what another program says of the same snapshots.

usage: heap_beside.py devtools OTHER.json TOP.json [DIFF.json]
       heap_beside.py memlab OTHER.json TOP.json RETAINERS.json...
OTHER: of tests/heap/devtools.mjs or memlab.mjs. TOP: heap-diff top -f json (for memlab with --raw); DIFF:
heap-diff BEFORE AFTER -f json; RETAINERS: heap-diff retainers FILE ID --raw -f json.
Prints each difference, and what was compared. exit: 0 the same, 1 not, or too little was compared.
"""

import json
import sys

FEW = 20  # classes: in any snapshot of Node are more


def classes_of(report):
    return {c["class"]: c for c in report["classes"]}


def differences(what, theirs, ours):
    """Of two dicts of rows by name."""
    for name in sorted(theirs.keys() | ours.keys()):
        if theirs.get(name) != ours.get(name):
            yield f"{what} {name}: they say {theirs.get(name)}, we say {ours.get(name)}"


def totals(report, with_retained=True):
    return {
        name: [c["counts"][-1], c["bytes"][-1]] + ([c["retained_bytes"][-1]] if with_retained else [])
        for name, c in classes_of(report).items()
    }


def changes(report):
    return {
        name: [c["by_id"][k] for k in ("new", "deleted", "new_bytes", "deleted_bytes")]
        for name, c in classes_of(report).items()
        if c["by_id"]["new"] or c["by_id"]["deleted"]
    }


def beside_devtools(other, top, diff=None):
    found = list(differences("class", other["classes"], totals(top)))
    compared = [len(other["classes"])]
    if diff is not None:
        found += differences("change of", other["diff"], changes(diff))
        compared.append(len(other["diff"]))
        if not other["diff"]:
            found.append("nothing has changed: nothing was compared")
    return found, f"{' classes, '.join(map(str, compared))} {'changes' if diff else 'classes'}"


def without_detached(classes):
    """memlab tells which nodes are detached, but not which are so because of them."""
    merged = {}
    for name, (count, size) in classes.items():
        row = merged.setdefault(name.removeprefix("Detached "), [0, 0])
        row[0] += count
        row[1] += size
    return merged


def beside_memlab(other, top, retainers):
    theirs, ours = (without_detached(c) for c in (other["classes"], totals(top, with_retained=False)))
    found = list(differences("class", theirs, ours))
    ours = {str(h["id"]): h["retained_bytes"] for r in retainers for h in r["holders"]}
    theirs = {i: r for i, r in other["retained"].items() if i in ours}
    found += differences("object", theirs, ours)
    if len(ours) < 3:
        found.append(f"only {len(ours)} objects were looked at")
    return found, f"{len(other['classes'])} classes, {len(ours)} objects"


def main(kind, *paths):
    other, top, *more = [json.load(open(path, encoding="utf-8")) for path in paths]
    if kind == "devtools":
        found, compared = beside_devtools(other, top, *more)
    else:
        found, compared = beside_memlab(other, top, more)
    if len(other["classes"]) < FEW:
        found.append(f"only {len(other['classes'])} classes")
    print(*found, f"{compared}, {len(found)} differences", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
