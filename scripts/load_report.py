# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A result as text: Markdown tables and sentences."""
from bench_stats import number, table
from load_verdict import MEASURES, shares_of

COLUMNS = {"qps": "answered/s", "cpu": "server CPU, µs/request", "p50": "P50, ms", "p95": "P95, ms",
           "p99": "P99, ms", "max": "max, ms", "errors": "errors, %"}
NAMES = {"qps": "requests/s", "cpu": "server CPU per request", "p50": "P50", "p99": "P99"}


def _cell(rows, side, share, measure):
    row = next((row for row in rows if (row["side"], row["share_pct"], row["measure"]) == (side, share, measure)), None)
    if row is None:
        return "-"
    if row["low"] is None or row["low"] == row["high"]:
        return number(row["mean"])
    return f"{number(row['mean'])} ± {number(row['high'] - row['mean'])}"


def _load_name(result, share):
    if share is None:
        return f"closed loop, {result['search']['connections']} connections"
    rate = next(rate["qps"] for rate in result["rates"] if rate["share_pct"] == share)
    return f"{rate:,.0f}/s ({share} %)"


def _figures(result):
    rows = [[side["name"], _load_name(result, share),
             *(_cell(result["summary"], side["name"], share, measure) for measure in COLUMNS)]
            for side in result["sides"] for share in shares_of(side)]
    return table(["side", "load", *COLUMNS.values()], rows)


def _errors(result):
    """Counts by kind, of all rounds; nothing when there were none."""
    lines = []
    for side in result["sides"]:
        kinds = {}
        for run in (run for turn in side["rounds"] for run in turn["runs"]):
            for kind, count in run["errors"].items():
                kinds[kind] = kinds.get(kind, 0) + count
        told = ", ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items()) if count)
        if told:
            lines.append(f"Errors of {side['name']}: {told}.")
    return lines


def _search(result):
    search = result["search"]
    if not search:
        return ["No capacity was found."]
    steps = ", ".join(f"{step['connections']}: {step['qps']:,.0f}/s" for step in search["steps"])
    return [f"Capacity {search['qps']:,.0f} requests/s with {search['connections']} connections: {search['why']} ({steps})."]


def _tool_cost(result):
    for side in result["sides"]:
        costs = [turn for turn in side["rounds"] if turn["tool_cpu_s"] is not None]
        if costs:
            rss = max(turn["tool_rss_bytes"] or 0 for turn in costs)
            yield (f"{side['tool']} itself: {sum(turn['tool_cpu_s'] for turn in costs) / len(costs):.2f} s of CPU a round, "
                   f"{rss / 1e6:.0f} MB resident.")


def _change(row):
    return f"{(row['ratio'] - 1) * 100:+.1f} % ({(row['low'] - 1) * 100:+.1f} to {(row['high'] - 1) * 100:+.1f})"


def comparison_text(found):
    """Tables and the verdict of load_verdict.compare()."""
    rows = [[NAMES[row["measure"]], "closed loop" if row["share_pct"] is None else f"{row['share_pct']} %",
             _change(row), f"{row['p_adjusted']:.2g}", row["says"]] for row in found["rows"]]
    confidence = f"{found['confidence'] * 100:g} %"
    lines = [table(["measure", "load", f"{found['second']} against {found['first']} ({confidence} interval)",
                    "p, adjusted", "says"], rows), ""]
    if found["not_compared_pct"]:
        lines.append(f"Latencies at {', '.join(map(str, found['not_compared_pct']))} % are not compared: the rates were "
                     "not the same (--like takes over those of an earlier result).")
    lines.append(_verdict_text(found, confidence))
    return "\n".join(lines)


def _verdict_text(found, confidence):
    threshold = f"{found['threshold_pct']:g} %"
    if found["verdict"] == "no significant difference":
        return (f"Verdict: no significant difference between {found['first']} and {found['second']} (more than {threshold}, "
                f"{confidence} confidence). The sharpest measure knows it to ± {found['resolution_pct']:.1f} %.")
    side = "worse" if found["verdict"] == "slower" else "better"
    measures = ", ".join(NAMES[row["measure"]] + ("" if row["share_pct"] is None else f" at {row['share_pct']} %")
                         for row in found["rows"] if row["says"] == side)
    return (f"Verdict: {found['second']} is {found['verdict']} than {found['first']}: {measures} "
            f"(more than {threshold}, {confidence} confidence).")


def slo_text(rows):
    lines = []
    for row in rows:
        where = "" if row["share_pct"] is None else f" at {row['share_pct']} %"
        value = "nothing was answered or measured" if row["value"] is None else f"is {number(row['value'])}"
        lines.append([row["objective"] + where, value, "kept" if row["is_kept"] else "BROKEN"])
    return table(["objective", "mean of the rounds", ""], lines)


def text(result):
    about = result["environment"]
    parts = [f"{about['cpu']}{', virtual' if about['is_virtual'] else ''}, Linux {about['kernel']}; server on CPU "
             f"{','.join(map(str, about['server_cpus']))}, client on {','.join(map(str, about['client_cpus']))}; "
             f"load average {about['load_1m']:.2f}.", *_search(result), ""]
    if result["summary"]:
        parts += [_figures(result), "", f"Mean of the rounds ± {result['settings']['confidence'] * 100:g} % interval. "
                  "Closed loop: as wrk's clients saw it. Rates: latency from the intended send time.",
                  *_errors(result), *_tool_cost(result), ""]
    if result["comparison"]:
        parts += [comparison_text(result["comparison"]), ""]
    if result["slo"]:
        parts += [slo_text(result["slo"]), ""]
    parts += [f"Warning: {warning}." for warning in result["warnings"]]
    if not result["complete"]:
        parts.append(f"INCOMPLETE: {result['note']}.")
    return "\n".join(parts).rstrip()


assert set(COLUMNS) == set(MEASURES)
