# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Writes what promtool tests the rules of docs/monitoring with: a healthy node (api) and nginx (web), and one fault after
another on top. While a fault lasts, exactly its alert fires; when it is over, none.

usage: alert_cases.py RULES_FOLDER >FILE       then: promtool test rules FILE
       alert_cases.py --alerts                 prints the alerts that some fault raises
"""
import json
import sys

FAULT_MINUTES, ALL_MINUTES = 100, 160
DURING, AFTER = "95m", "150m"
BOUNDS = ("0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")
HEALTHY_LOOP = [(0.0005, 1000)]  # (seconds of an iteration, so many per second)
HOST = 'job="bpf-vitals",instance="host:9435"'


def series(name, labels=""):
    return f"{name}{{{HOST}{',' if labels else ''}{labels}}}"


def loop(process, iterations):
    """What the exporter counts per second of a loop with such iterations."""
    labels = f'process="{process}",loop="main"'
    busy = sum(length * rate for length, rate in iterations)
    counts = {
        series("vitals_loop_busy_seconds_total", labels): busy,
        series("vitals_loop_observed_seconds_total", labels): 1,
    }
    for le in BOUNDS:
        within = [(length, rate) for length, rate in iterations if length <= float(le)]
        bucket = f'{labels},le="{le}.0"' if le.isdigit() else f'{labels},le="{le}"'
        counts[series("vitals_loop_iteration_seconds_bucket", bucket)] = sum(rate for _, rate in within)
        bound = f'{labels},bound="{le}"'
        counts[series("vitals_loop_iteration_time_seconds_total", bound)] = sum(length * rate for length, rate in within)
    return counts


def of(process, **values):
    return {series(f"vitals_{name}", f'process="{process}"'): value for name, value in values.items()}


def gc(process, minor, major):
    return {
        series("vitals_gc_pause_seconds_sum", f'process="{process}",kind="minor"'): minor,
        series("vitals_gc_pause_seconds_sum", f'process="{process}",kind="major"'): major,
    }


def growing(figure):
    return {series("vitals_memory_growing", f'process="api",figure="{figure}"'): 1}


def lost(stage, rate):
    return {series("vitals_events_lost_total", f'process="api",stage="{stage}"'): rate}


def healthy():
    """Every series that an alert looks at, with its value, or its growth per second."""
    values = {series("up"): 1}
    for process in ("api", "web"):
        values |= loop(process, HEALTHY_LOOP)
        values |= of(process, target_up=1, target_processes=1, target_starts_total=0, cpu_seconds_total=0.5,
                     cpu_throttled_seconds_total=0, open_fds=100, max_fds=1024, memory_cgroup_oom_kills_total=0)
        values |= {series("vitals_loop_stuck_seconds", f'process="{process}",loop="main"'): 0}
    values |= gc("api", 0.004, 0.002)
    values |= of("api", gc_growing_after_full=0, gc_out_of_memory_total=0, gc_heap_after_full_bytes=1e9,
                 gc_heap_limit_bytes=4e9, memory_cgroup_bytes=2e9, memory_cgroup_limit_bytes=3e9)
    values |= {name: 0 for name in growing("rss")} | lost("ring_buffer", 0)
    values |= {series("vitals_target_degraded", 'process="api",what="timers"'): 0}
    values |= {series(f"vitals_{name}_total"): 0 for name in ("series_dropped", "targets_dropped", "server_restarts")}
    return values


# the fault, the alert it raises (None: none), and what is other than when healthy
FAULTS = [
    ("nothing", None, {}),
    ("stalls of 300 ms", "VitalsLoopBlocked", loop("api", HEALTHY_LOOP + [(0.3, 0.2)])),
    ("stalls in a process without V8", "VitalsLoopBlocked", loop("web", HEALTHY_LOOP + [(0.3, 0.2)])),
    ("iterations of 80 ms", "VitalsLoopLagHigh", loop("api", [(0.08, 5)])),
    ("a loop that is held up, for 0.5 % of the time", None, loop("api", HEALTHY_LOOP + [(0.25, 0.02)])),
    ("a full loop of short iterations", None, loop("api", [(0.002, 499)])),
    ("a loop that does not turn", "VitalsLoopStuck",
     {series("vitals_loop_stuck_seconds", 'process="api",loop="main"'): 60}),
    ("collections of 150 ms", "VitalsGcPressure", loop("api", HEALTHY_LOOP + [(0.16, 2)]) | gc("api", 0.02, 0.3)),
    ("a quota", "VitalsCpuThrottled",
     loop("api", HEALTHY_LOOP + [(0.15, 3)]) | of("api", cpu_throttled_seconds_total=0.5)),
    ("a quota, iterations of 80 ms", "VitalsCpuThrottled",
     loop("api", [(0.08, 8)]) | of("api", cpu_throttled_seconds_total=0.5)),
    ("a quota that makes pauses long", "VitalsCpuThrottled",
     loop("api", HEALTHY_LOOP + [(0.15, 3)]) | gc("api", 0, 0.2) | of("api", cpu_throttled_seconds_total=0.5)),
    ("a leak of objects", "VitalsHeapGrowing", of("api", gc_growing_after_full=1) | growing("rss")),
    ("a leak that fills the heap", "VitalsHeapLimitSoon",
     of("api", gc_growing_after_full=1, gc_heap_limit_reached_seconds=1800) | growing("rss")),
    ("a heap that grows fast and is small", "VitalsHeapGrowing",
     of("api", gc_growing_after_full=1, gc_heap_limit_reached_seconds=1800, gc_heap_after_full_bytes=2e8)),
    ("a leak that takes days", "VitalsHeapGrowing", of("api", gc_growing_after_full=1, gc_heap_limit_reached_seconds=2e5)),
    ("a native leak", "VitalsMemoryGrowing", growing("rss")),
    ("a native leak in a small cgroup", "VitalsMemoryLimitSoon",
     growing("rss") | of("api", memory_cgroup_limit_reached_seconds=1800)),
    ("memory that grows fast and is small", "VitalsMemoryGrowing",
     growing("rss") | of("api", memory_cgroup_limit_reached_seconds=1800, memory_cgroup_bytes=1e9)),
    ("V8 gives up", "VitalsOutOfMemory", of("api", gc_out_of_memory_total=1 / 240)),
    ("the kernel kills", "VitalsOutOfMemory", of("web", memory_cgroup_oom_kills_total=1 / 240)),
    ("a leak of descriptors", "VitalsDescriptorsLow", of("api", open_fds=1000)),
    ("eight workers with 200 descriptors each", None, of("api", open_fds=1600, target_processes=8)),
    ("a target that is away", "VitalsTargetDown", of("api", target_up=0, target_processes=0)),
    ("one restart each ten minutes", None, of("api", target_starts_total=1 / 600)),
    ("one restart a minute", "VitalsTargetRestarting", of("api", target_starts_total=1 / 60)),
    ("eight workers that are replaced once in ten minutes", None,
     of("api", target_processes=8, target_starts_total=8 / 600)),
    ("a target watched less", "VitalsTargetDegraded",
     {series("vitals_target_degraded", 'process="api",what="timers"'): 1}),
    ("an exporter that is away", "VitalsExporterDown", {series("up"): 0}),
    ("lost events", "VitalsEventsLost", lost("ring_buffer", 3)),
    ("too many series", "VitalsSeriesDropped", {series("vitals_series_dropped_total"): 1}),
    ("too many processes", "VitalsSeriesDropped", {series("vitals_targets_dropped_total"): 1 / 240}),
    ("a server process that dies", "VitalsServerRestarting", {series("vitals_server_restarts_total"): 1 / 240}),
]


def is_counter(name):
    name = name.partition("{")[0]
    return name.endswith(("_total", "_bucket", "_sum"))


def values_of(name, during, after):
    """In promtool's words, a sample a minute: a value that stays and then is another, or a counter."""
    if is_counter(name):
        begin = during * 60 * FAULT_MINUTES
        return f"0+{during * 60:.6f}x{FAULT_MINUTES} {begin + after * 60:.6f}+{after * 60:.6f}x{ALL_MINUTES - FAULT_MINUTES}"
    stays = f"{during}+0x{FAULT_MINUTES}"
    return stays if after is None else f"{stays} {after}+0x{ALL_MINUTES - FAULT_MINUTES}"


def expect(expression, time, samples):
    return {"expr": expression, "eval_time": time,
            "exp_samples": [{"labels": labels, "value": value} for labels, value in samples]}


def case(words, alert, changed):
    base = healthy()
    unknown = {name.partition("{")[0] for name in changed} - {name.partition("{")[0] for name in base}
    assert unknown <= {"vitals_gc_heap_limit_reached_seconds", "vitals_memory_cgroup_limit_reached_seconds"}, unknown
    firing = 'count by (alertname) (ALERTS{alertstate="firing"})'
    return {
        "name": words,
        "interval": "1m",
        "input_series": [{"series": name, "values": values_of(name, changed.get(name, base.get(name)), base.get(name))}
                         for name in base | changed],
        "promql_expr_test": [
            expect(firing, DURING, [(f'{{alertname="{alert}"}}', 1)] if alert else []),
            expect(firing, AFTER, []),
        ],
    }


def lag():
    """Iterations of 80 ms, five a second: who comes at a random moment waits longer than t with a chance of
    5 (0.08 - t). The quantile lies between the bounds, on the line from 0.85 to 1. And of 3 s, one in five: 0.2 (3 - t)."""
    made = case("the lag", "VitalsLoopLagHigh", loop("api", [(0.08, 5)]) | loop("web", [(3, 0.2)]))
    shares = {"api": {"0.001": 0.605, "0.025": 0.725, "0.05": 0.85, "0.1": 1, "1": 1, "+Inf": 1},
              "web": {"0.001": 0.4002, "1": 0.6, "2.5": 0.9, "5": 1, "10": 1, "+Inf": 1}}
    made["promql_expr_test"] = [
        expect(f'round(vitals:loop_lag:cdf_rate5m{{process="{process}",le="{le}"}}, 0.0001)', DURING,
               [(f'{{{HOST},process="{process}",loop="main",le="{le}"}}', share)])
        for process, bounds in shares.items() for le, share in bounds.items()
    ] + [
        expect('round(vitals:loop_lag_seconds:p99_rate5m{process="api"}, 0.0001)', DURING,
               [(f'{{{HOST},process="api",loop="main"}}', 0.0967)]),
        expect('count(vitals:loop_lag:cdf_rate5m{process="api"})', DURING, [("{}", len(BOUNDS))]),
    ]
    return made


def main():
    if sys.argv[1:] == ["--alerts"]:
        print("\n".join(sorted({alert for _, alert, _ in FAULTS if alert})))
        return 0
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    files = [f"{sys.argv[1]}/{name}.yml" for name in ("recording", "alerts")]
    tests = [case(*fault) for fault in FAULTS] + [lag()]
    json.dump({"rule_files": files, "evaluation_interval": "2m", "tests": tests}, sys.stdout, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
