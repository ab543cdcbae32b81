# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A against B in turn: runs, ratios and their spread, markdown."""
import random
import statistics


def alternate(rounds, *sides):
    """Runs A B C, C B A, A B C, ...: what drifts meets all. Returns one tuple of runs, in the order
    of @sides, for each round; a run returns a dictionary of numbers."""
    result = []
    for i in range(rounds):
        order = range(len(sides)) if i % 2 == 0 else reversed(range(len(sides)))
        runs = {side: sides[side]() for side in order}
        result.append(tuple(runs[side] for side in range(len(sides))))
    return result


def side(rounds, *indexes):
    """The runs of one side of all rounds; of two sides, pairs of them."""
    if len(indexes) == 1:
        return [runs[indexes[0]] for runs in rounds]
    return [tuple(runs[i] for i in indexes) for runs in rounds]


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


def interval_text(pairs, key):
    """The median of B / A within each round, and its 95 % interval by bootstrap."""
    ratios = [b[key] / a[key] for a, b in pairs]
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(4000))
    low, high = medians[100], medians[-101]
    return f"{number(statistics.median(ratios))} ({number(low)} to {number(high)})"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
