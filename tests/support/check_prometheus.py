#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Is standard input Prometheus' text format 0.0.4, as strictly as promtool takes it? Every family has its help and type
before its samples, samples of one family stand together and only once, counters end in _total, histograms rise and end
with +Inf, which is their count."""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
SUFFIXES = ("_bucket", "_sum", "_count")


def family_of(name, types):
    for suffix in SUFFIXES:
        if name.endswith(suffix) and types.get(name[: -len(suffix)]) == "histogram":
            return name[: -len(suffix)]
    return name


def check_histograms(samples):
    series = {}
    for name, labels, value in samples:
        rest = tuple(label for label in labels if not label.startswith("le="))
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        series.setdefault((base, rest), {}).setdefault(name[len(base) :], []).append((labels, value))
    for key, parts in series.items():
        buckets = [(next(label for label in labels if label.startswith("le="))[4:-1], value) for labels, value in parts["_bucket"]]
        bounds = [float(bound) for bound, _ in buckets]
        values = [value for _, value in buckets]
        if bounds != sorted(set(bounds)) or values != sorted(values) or bounds[-1] != float("inf"):
            sys.exit(f"buckets that do not rise to +Inf: {key}")
        if parts["_count"][0][1] != values[-1] or len(parts["_sum"]) != 1:
            sys.exit(f"a count that is not that of the last bucket: {key}")


def main():
    types, helps, seen, order, histograms = {}, set(), set(), [], []
    for line in sys.stdin.read().split("\n")[:-1]:
        if line.startswith("# HELP "):
            helps.add(line.split(" ")[2])
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name in types or kind not in ("counter", "gauge", "histogram"):
                sys.exit(f"a type that is told twice, or none: {line}")
            types[name] = kind
            continue
        found = SAMPLE.fullmatch(line)
        if not found:
            sys.exit(f"no sample: {line}")
        name, labels, value = found[1], tuple(re.findall(LABEL, found[2] or "")), float(found[3])
        family = family_of(name, types)
        if family not in types or family not in helps:
            sys.exit(f"no type or help before it: {line}")
        if (types[family] == "counter") != family.endswith("_total"):
            sys.exit(f"_total is for counters, and for them all: {line}")
        if (name, labels) in seen:
            sys.exit(f"twice: {line}")
        seen.add((name, labels))
        if types[family] != "gauge" and value < 0:
            sys.exit(f"below 0: {line}")
        if not order or order[-1] != family:
            order.append(family)
        if types[family] == "histogram":
            histograms.append((name, labels, value))
    if len(order) != len(set(order)):
        sys.exit("a family in several places")
    if not seen:
        sys.exit("nothing")
    check_histograms(histograms)


main()
