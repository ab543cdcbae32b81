# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a service promises, as 'p99<20ms,errors<0.1%,p50@85<5ms', and whether it was kept."""
import re

from load_statistics import summary_of
from load_verdict import shares_of, values_of

TERM = re.compile(r"(p50|p95|p99|max|errors|qps|overhead)(?:@(\d+)%?)?([<>])(\d+(?:\.\d+)?)(us|ms|s|%|/s)?")
UNITS = {"p50": {"us": 1e-3, "ms": 1, "s": 1e3}, "errors": {"%": 1}, "overhead": {"%": 1},
         "qps": {"/s": 1, None: 1}}
UNITS.update({name: UNITS["p50"] for name in ("p95", "p99", "max")})


def parse(text):
    """The terms; ValueError names what is wrong with one."""
    terms = []
    for part in text.replace(" ", "").split(","):
        found = TERM.fullmatch(part)
        if not found:
            raise ValueError(f"'{part}' is no objective, as 'p99<20ms' is")
        name, share, sign, number, unit = found.groups()
        if unit not in UNITS[name]:
            raise ValueError(f"'{part}': {name} is in {' or '.join(filter(None, UNITS[name]))}")
        if (sign == ">") != (name == "qps"):
            raise ValueError(f"'{part}': {name} has {'a lower' if name == 'qps' else 'an upper'} limit")
        if name in ("overhead", "qps") and share:
            raise ValueError(f"'{part}': {name} is not that of a fixed rate")
        terms.append({"text": part, "measure": name, "share_pct": int(share) if share else None,
                      "limit": float(number) * UNITS[name][unit]})
    return terms


def _is_kept(value, term):
    return value > term["limit"] if term["measure"] == "qps" else value < term["limit"]


def _figures(term, side):
    """(share, mean of the rounds): of the closed loop for qps, of every fixed rate or the one that
    is named for the others."""
    if term["measure"] == "qps":
        shares = [None]
    else:
        shares = [share for share in shares_of(side) if share is not None and term["share_pct"] in (None, share)]
    for share in shares:
        values = values_of(side, share, term["measure"])
        if values:
            yield share, summary_of(values)["mean"]
        elif any(run["share_pct"] == share for turn in side["rounds"] for run in turn["runs"]):
            yield share, float("inf") # nothing was answered


def judge(terms, side, overhead_pct):
    """Rows of term, rate, value and whether it is kept. What was not measured is not kept."""
    rows = []
    for term in terms:
        if term["measure"] == "overhead":
            figures = [] if overhead_pct is None else [(None, overhead_pct)]
        else:
            figures = list(_figures(term, side))
        for share, value in figures or [(term["share_pct"], None)]:
            rows.append({"objective": term["text"], "share_pct": share,
                         "value": None if value in (None, float("inf")) else value,
                         "is_kept": value is not None and _is_kept(value, term)})
    return rows
