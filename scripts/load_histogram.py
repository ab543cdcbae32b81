# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Latencies as (value, count) pairs, in whole microseconds."""


class Histogram:
    """@largest_us is exact where the pairs are rounded."""

    def __init__(self, pairs, largest_us=None):
        self.pairs = sorted((int(value), int(count)) for value, count in pairs if count > 0)
        self.count = sum(count for _, count in self.pairs)
        self.largest_us = largest_us if largest_us is not None else self.pairs[-1][0] if self.pairs else 0

    def percentile_us(self, percent):
        """The smallest value that at least @percent of all are not above; None when empty."""
        rank = percent / 100 * self.count
        seen = 0
        for value, count in self.pairs:
            seen += count
            if seen >= rank - 1e-9:
                return value
        return None

    def in_ms(self):
        if not self.count:
            return None
        figures = {f"p{p}": self.percentile_us(p) / 1000 for p in (50, 95, 99)}
        return {**figures, "max": self.largest_us / 1000}


def without_correction(pairs, expected_us):
    """The pairs that wrk counted, from those that it hands to its script.

    For each latency of twice the expected one or more (the mean time between two answers on a
    connection) wrk adds made-up ones: latency - expected, latency - 2 * expected and so on, while
    they are above the expected one. They are taken away again, from the largest downwards: nothing
    that is left adds to the value that is looked at."""
    counts = dict(pairs)
    if expected_us <= 0:
        return sorted(counts.items())
    for value in sorted(counts, reverse=True):
        if value < 2 * expected_us or counts[value] <= 0:
            continue
        for made_up in range(value - expected_us, expected_us, -expected_us):
            counts[made_up] = counts.get(made_up, 0) - counts[value]
    return sorted((value, count) for value, count in counts.items() if count > 0)
