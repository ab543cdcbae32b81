# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A against B in turn: runs, ratios and their spread, markdown."""
import statistics


def alternate(run_a, run_b, rounds):
    """Runs A B, B A, A B, ...: what drifts meets both. Returns the list of (a, b) pairs; a run
    returns a dictionary of numbers."""
    pairs = []
    for i in range(rounds):
        if i % 2 == 0:
            a = run_a()
            b = run_b()
        else:
            b = run_b()
            a = run_a()
        pairs.append((a, b))
    return pairs


def median_of(runs, key):
    return statistics.median(run[key] for run in runs)


def spread_of(runs, key):
    values = [run[key] for run in runs]
    return min(values), max(values)


def ratio(pairs, key):
    """Median, smallest and largest of B / A within each round."""
    ratios = [b[key] / a[key] for a, b in pairs]
    return statistics.median(ratios), min(ratios), max(ratios)


def number(value):
    """Three digits that mean something: 0.0123, 4.56, 78.9, 12,345."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def with_spread(runs, key):
    low, high = spread_of(runs, key)
    return f"{number(median_of(runs, key))} ({number(low)} to {number(high)})"


def ratio_text(pairs, key):
    middle, low, high = ratio(pairs, key)
    return f"{number(middle)} ({number(low)} to {number(high)})"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
