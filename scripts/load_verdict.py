# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Whether one side is slower than the other: measures of the rounds, compared."""
import math

from load_statistics import holm, paired, summary_of, welch

FEWEST_ROUNDS = 3
SAME_RATE = 0.01    # offered rates that differ by more have latencies that cannot be compared

# Of a run: the unit, how it is read, whether more of it is better.
MEASURES = {
    "qps": ("/s", lambda run: run["qps"], True),
    "cpu": ("µs", lambda run: run["server_cpu_us_per_request"], False),
    "p50": ("ms", lambda run: run["latency_ms"] and run["latency_ms"]["p50"], False),
    "p95": ("ms", lambda run: run["latency_ms"] and run["latency_ms"]["p95"], False),
    "p99": ("ms", lambda run: run["latency_ms"] and run["latency_ms"]["p99"], False),
    "max": ("ms", lambda run: run["latency_ms"] and run["latency_ms"]["max"], False),
    "errors": ("%", lambda run: run["errors_pct"], False),
}
DECISIVE = {"closed": ("qps", "cpu"), "fixed": ("p50", "p99")}


def kind_of(share_pct):
    return "closed" if share_pct is None else "fixed"


def shares_of(side):
    """None for the closed loop, then the fixed rates."""
    shares = {run["share_pct"] for turn in side["rounds"] for run in turn["runs"]}
    return sorted(shares, key=lambda share: (share is not None, share or 0))


def value_in(turn, share_pct, measure):
    read = MEASURES[measure][1]
    return next((read(run) for run in turn["runs"] if run["share_pct"] == share_pct), None)


def values_of(side, share_pct, measure):
    values = (value_in(turn, share_pct, measure) for turn in side["rounds"])
    return [value for value in values if value is not None]


def summary_rows(sides, confidence):
    rows = []
    for side in sides:
        for share in shares_of(side):
            for measure in MEASURES:
                values = values_of(side, share, measure)
                if values:
                    rows.append({"side": side["name"], "share_pct": share, "measure": measure,
                                 **summary_of(values, confidence)})
    return rows


def _pairs(first, second, share, measure):
    """Values of the rounds that both have."""
    both = [(value_in(a, share, measure), value_in(b, share, measure))
            for a, b in zip(first["rounds"], second["rounds"])]
    both = [(a, b) for a, b in both if a and b]
    return [a for a, _ in both], [b for _, b in both]


def _compared(first, second, share, measure, settings):
    """None: too little was measured."""
    if settings["is_paired"]:
        a, b = _pairs(first, second, share, measure)
    else:
        a, b = (list(filter(None, values_of(side, share, measure))) for side in (first, second))
    if min(len(a), len(b)) < FEWEST_ROUNDS:
        return None
    compare = paired if settings["is_paired"] else welch
    found = compare(a, b, settings["confidence"])
    return {"measure": measure, "share_pct": share, **found}


def _judge(row, chance, settings):
    is_large = abs(row["ratio"] - 1) * 100 > settings["threshold_pct"]
    is_significant = is_large and chance < 1 - settings["confidence"]
    is_more_better = MEASURES[row["measure"]][2]
    is_better = (row["ratio"] > 1) == is_more_better
    row["p_adjusted"] = chance
    row["says"] = "same" if not is_significant else "better" if is_better else "worse"


def _verdict(rows):
    says = {row["says"] for row in rows}
    if "worse" in says:
        return "slower"
    return "faster" if "better" in says else "no significant difference"


def resolution_pct(rows):
    """How large a difference can be that the best of the measures did not rule out."""
    widths = [max(row["high"] / row["ratio"], row["ratio"] / row["low"]) - 1 for row in rows]
    return min(widths) * 100


def _rates_differ(rates):
    """@rates: two lists of {share_pct, qps}. The shares with different rates."""
    first, second = ({rate["share_pct"]: rate["qps"] for rate in side} for side in rates)
    return [share for share in first if share in second
            and abs(math.log(second[share] / first[share])) > SAME_RATE]


def compare(first, second, rates, settings):
    """@settings: confidence, threshold_pct, is_paired. None when there are too few rounds."""
    different = _rates_differ(rates)
    shares = [share for share in shares_of(first) if share in shares_of(second) and share not in different]
    rows = [_compared(first, second, share, measure, settings)
            for share in shares for measure in DECISIVE[kind_of(share)]]
    rows = [row for row in rows if row]
    if not rows:
        return None
    for row, chance in zip(rows, holm([row["p"] for row in rows])):
        _judge(row, chance, settings)
    return {"first": first["name"], "second": second["name"], **settings, "rows": rows,
            "not_compared_pct": different, "verdict": _verdict(rows),
            "resolution_pct": resolution_pct(rows)}
