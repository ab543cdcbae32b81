# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the load test computes with: against published tables, definitions by hand, and simulated
servers of which it is known how they differ.
usage: python3 load_math_test.py"""
import json
import math
import pathlib
import random
import sys
import unittest
import xml.etree.ElementTree

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import load_chart  # noqa: E402
import load_environment  # noqa: E402
import load_generator  # noqa: E402
import load_report  # noqa: E402
import load_server  # noqa: E402
import load_session  # noqa: E402
import load_slo  # noqa: E402
import load_statistics as st  # noqa: E402
import load_verdict  # noqa: E402
from load_histogram import Histogram, without_correction  # noqa: E402
from load_knee import KneeSearch  # noqa: E402

SETTINGS = {"confidence": 0.95, "threshold_pct": 3.0, "is_paired": False}


class Statistics(unittest.TestCase):
    # Student's distribution, two-sided, as printed in statistical tables
    TABLE = [(0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 4, 2.776), (0.95, 9, 2.262), (0.95, 30, 2.042),
             (0.95, 120, 1.980), (0.99, 1, 63.657), (0.99, 4, 4.604), (0.99, 10, 3.169), (0.90, 5, 2.015),
             (0.999, 4, 8.610), (0.999, 60, 3.460), (0.50, 3, 0.765)]

    def test_quantiles_are_those_of_the_tables(self):
        for confidence, freedom, t in self.TABLE:
            self.assertAlmostEqual(st.t_quantile(confidence, freedom), t, delta=0.0006, msg=(confidence, freedom))

    def test_chance_of_t_is_the_inverse_of_the_quantile(self):
        for confidence, freedom, _ in self.TABLE:
            self.assertAlmostEqual(st.two_sided_p(st.t_quantile(confidence, freedom), freedom), 1 - confidence, places=9)

    def test_one_and_two_degrees_of_freedom_have_closed_forms(self):
        for t in (0.1, 1.0, 3.0, 50.0):
            self.assertAlmostEqual(st.two_sided_p(t, 1), 1 - 2 / math.pi * math.atan(t), places=12)
            self.assertAlmostEqual(st.two_sided_p(t, 2), 1 - t / math.sqrt(2 + t * t), places=12)

    def test_interval_of_a_mean(self):
        row = st.summary_of([1.0, 2.0, 3.0, 4.0, 5.0])
        self.assertAlmostEqual(row["mean"], 3)
        self.assertAlmostEqual(row["sd"], math.sqrt(2.5))
        self.assertAlmostEqual(row["high"] - row["mean"], 2.7764 * math.sqrt(2.5 / 5), places=3)

    def test_one_value_has_no_interval(self):
        row = st.summary_of([7.0])
        self.assertEqual((row["mean"], row["sd"], row["low"], row["high"]), (7.0, None, None, None))

    def test_welch_by_hand(self):
        first, second = [1.0, math.e, math.e ** 2], [math.e ** 3, math.e ** 5]    # logs: 0 1 2, 3 5
        found = st.welch(first, second)
        # means 1 and 4, variances 1 and 2: error^2 = 1/3 + 1; freedom = (4/3)^2 / ((1/3)^2/2 + 1)
        self.assertAlmostEqual(found["ratio"], math.exp(3))
        self.assertAlmostEqual(found["p"], st.two_sided_p(3 / math.sqrt(4 / 3), (16 / 9) / (1 / 18 + 1)))

    def test_pairs_that_drift_together_differ_clearly(self):
        first = [100.0, 150.0, 220.0, 90.0, 60.0]
        second = [v * f for v, f in zip(first, (1.10, 1.11, 1.09, 1.10, 1.10))]
        self.assertLess(st.paired(first, second)["p"], 0.001)
        self.assertGreater(st.welch(first, second)["p"], 0.3)

    def test_same_numbers_are_the_same(self):
        found = st.welch([5.0] * 4, [5.0] * 4)
        self.assertEqual((found["ratio"], found["p"]), (1.0, 1.0))

    def test_holm(self):
        for got, expected in zip(st.holm([0.01, 0.04, 0.03, 0.005]), (0.03, 0.06, 0.06, 0.02)):
            self.assertAlmostEqual(got, expected)


class Latencies(unittest.TestCase):
    def test_percentiles_by_their_definition(self):
        chance = random.Random(3)
        values = [chance.randrange(1, 5000) for _ in range(997)]
        histogram = Histogram([(v, 1) for v in values])
        for percent in (50, 95, 99, 100):
            self.assertEqual(histogram.percentile_us(percent), sorted(values)[math.ceil(percent / 100 * 997) - 1])

    def test_nothing_has_no_percentile(self):
        self.assertIsNone(Histogram([]).percentile_us(50))
        self.assertIsNone(Histogram([]).in_ms())

    def test_the_largest_is_the_exact_one(self):
        self.assertEqual(Histogram([(120, 3)], 123).in_ms()["max"], 0.123)

    @staticmethod
    def corrected_by_wrk(counts, expected):
        """As stats_correct of wrk does it: upwards, adding below."""
        data = dict(counts)
        for n in range(expected * 2, max(data) + 1):
            count, m = data.get(n, 0), n - expected
            while count and m > expected:
                data[m] = data.get(m, 0) + count
                m -= expected
        return data

    def test_what_wrk_added_is_taken_away_again(self):
        chance = random.Random(5)
        for expected in (1, 7, 40, 999):
            seen = {}
            for _ in range(300):
                value = chance.choice([chance.randrange(1, 60), chance.randrange(1, 3000)])
                seen[value] = seen.get(value, 0) + chance.randrange(1, 4)
            corrected = self.corrected_by_wrk(seen, expected)
            self.assertEqual(dict(without_correction(corrected.items(), expected)), seen)

    def test_a_pause_is_in_wrks_correction_and_not_in_what_clients_saw(self):
        seen = {1000: 2000, 500_000: 8}
        corrected = self.corrected_by_wrk(seen, 1000)
        said = {"requests": 2008, "duration_us": 251_000, "status": 0, "connect": 0, "read": 0, "write": 0, "timeout": 0,
                "latency_us": [list(pair) for pair in corrected.items()]}
        run = load_generator.closed_run(said, 8, {"server_s": 1.0, "client_s": 0.1, "took_s": 0.5})
        self.assertEqual(run["latency_ms"]["p99"], 1.0)
        self.assertGreater(run["corrected_ms"]["p99"], 400)
        self.assertEqual(run["latency_ms"]["max"], 500)


class Errors(unittest.TestCase):
    CPU = {"server_s": 0.5, "client_s": 0.1, "took_s": 1.0}

    def test_by_kind_of_the_closed_loop(self):
        said = {"requests": 90, "duration_us": 1_000_000, "status": 9, "connect": 4, "read": 5, "write": 1, "timeout": 0,
                "latency_us": [[100, 90]]}
        run = load_generator.closed_run(said, 2, self.CPU)
        self.assertEqual(run["errors"], {"connect": 4, "timeout": 0, "reset": 6, "malformed": 0, "status": 9})
        self.assertAlmostEqual(run["errors_pct"], 19.0)
        self.assertAlmostEqual(run["qps"], 81)

    def test_by_kind_at_a_fixed_rate(self):
        errors = {"connect": 0, "timeout": 5, "reset": 0, "malformed": 0, "status_4xx": 0, "status_5xx": 15}
        said = {"rate": 100, "due": 100, "complete": True, "answered": 80, "all_answered": 125, "errors": errors,
                "latency_max_us": 900, "latency_us": [[900, 80]], "late_max_us": 10, "late_us": [[10, 100]]}
        run = load_generator.fixed_run(said, 50, self.CPU)
        self.assertAlmostEqual(run["errors_pct"], 20)
        self.assertAlmostEqual(run["qps"], 80)
        self.assertAlmostEqual(run["server_cpu_us_per_request"], 4000)


class Knee(unittest.TestCase):
    @staticmethod
    def search(qps_of, most=256, errors_of=lambda n: 0.0):
        search = KneeSearch(most)
        while (n := search.next_connections()) is not None:
            search.add(n, qps_of(n), errors_of(n))
        return search

    def test_where_it_stops_growing(self):
        search = self.search(lambda n: min(n, 8) * 1000.0)
        self.assertEqual(search.knee()["connections"], 8)
        self.assertEqual([step["connections"] for step in search.steps], [1, 2, 4, 8, 16, 32])
        self.assertIn("less than", search.why)

    def test_one_bad_step_is_not_the_end(self):
        qps = {1: 1000.0, 2: 2000.0, 4: 1900.0, 8: 7000.0, 16: 7100.0, 32: 7050.0}
        self.assertEqual(self.search(lambda n: qps[n]).knee()["connections"], 8)

    def test_errors_end_it_and_are_no_capacity(self):
        search = self.search(lambda n: n * 1000.0, errors_of=lambda n: 0.0 if n < 16 else 30.0)
        self.assertEqual(search.knee()["connections"], 8)
        self.assertIn("errors", search.why)

    def test_the_limit(self):
        search = self.search(lambda n: n * 1000.0, most=20)
        self.assertEqual(search.knee()["connections"], 16)
        self.assertIn("limit", search.why)

    def test_nothing_but_errors_has_none(self):
        self.assertIsNone(self.search(lambda n: 0.0, errors_of=lambda n: 100.0).knee())


def simulated(name, chance, slower=1.0, noise=0.02, drift=(1.0,) * 5):
    """A side whose figures are known: @slower times the time; a round for each of @drift, how slow the
    machine was in it."""
    turns = []
    for i, machine in enumerate(drift):
        def time_of(usual):
            return usual * slower * machine * math.exp(chance.gauss(0, noise))
        runs = []
        for share in (None, 50, 85):
            latency = {"p50": time_of(1.0), "p95": time_of(2.0), "p99": time_of(3.0), "max": time_of(9.0)}
            runs.append({"kind": "closed" if share is None else "fixed", "share_pct": share, "qps": 1e6 / time_of(100.0),
                         "server_cpu_us_per_request": time_of(100.0), "latency_ms": latency, "errors_pct": 0.0,
                         "errors": {"timeout": 0, "status": 3}, "client_cpu_pct": 20.0, "server_cpu_pct": 95.0, "late_p99_ms": 0.1})
        turns.append({"number": i + 1, "runs": runs, "warm_up": {"qps": [1.0, 1.0], "server_cpu_us_per_request": [1.0, 1.0], "is_steady": True}, "waited_pct": 0.0,
                      "tool_cpu_s": None, "tool_rss_bytes": None})
    return {"name": name, "command": name, "url": None, "tool": None, "rounds": turns}


RATES = [{"share_pct": 50, "qps": 500.0}, {"share_pct": 85, "qps": 850.0}]


def verdict_of(first, second, **settings):
    found = load_verdict.compare(first, second, (RATES, RATES), {**SETTINGS, **settings})
    return found and found["verdict"]


class Verdict(unittest.TestCase):
    def count(self, slower, runs=200, **settings):
        """The verdicts of many comparisons."""
        chance = random.Random(11)
        found = [verdict_of(simulated("a", chance), simulated("b", chance, slower), **settings) for _ in range(runs)]
        return {verdict: found.count(verdict) for verdict in ("slower", "faster", "no significant difference")}

    def test_the_same_is_rarely_called_different(self):
        found = self.count(1.0)
        self.assertLessEqual(found["slower"] + found["faster"], 200 * 0.05)

    def test_ten_per_cent_slower_is_found(self):
        self.assertGreaterEqual(self.count(1.10)["slower"], 198)

    def test_ten_per_cent_faster_is_found(self):
        self.assertGreaterEqual(self.count(1 / 1.10)["faster"], 198)

    def test_two_per_cent_is_below_the_threshold(self):
        chance = random.Random(2)
        first, second = (simulated(name, chance, slower, noise=0.002, drift=(1.0,) * 40) for name, slower in (("a", 1.0), ("b", 1.02)))
        self.assertEqual(verdict_of(first, second), "no significant difference")
        self.assertEqual(verdict_of(first, second, threshold_pct=1.0), "slower")

    def test_a_machine_that_drifts_hides_it_unless_the_rounds_are_paired(self):
        chance = random.Random(4)
        drift = [1.0, 2.2, 0.7, 1.5, 3.0]
        first, second = (simulated(name, chance, slower, 0.01, drift) for name, slower in (("a", 1.0), ("b", 1.1)))
        self.assertEqual(verdict_of(first, second), "no significant difference")
        self.assertEqual(verdict_of(first, second, is_paired=True), "slower")

    def test_two_rounds_are_too_few(self):
        chance = random.Random(1)
        self.assertIsNone(verdict_of(simulated("a", chance, drift=(1.0,) * 2), simulated("b", chance, drift=(1.0,) * 2)))

    def test_other_rates_are_not_compared(self):
        chance = random.Random(1)
        other = [{"share_pct": 50, "qps": 600.0}, RATES[1]]
        found = load_verdict.compare(simulated("a", chance), simulated("b", chance), (RATES, other), SETTINGS)
        self.assertEqual(found["not_compared_pct"], [50])
        self.assertEqual({row["share_pct"] for row in found["rows"]}, {None, 85})

    def test_a_round_cut_short_is_left_out(self):
        chance = random.Random(1)
        first, second = simulated("a", chance), simulated("b", chance)
        del second["rounds"][4]["runs"][1:]
        self.assertEqual(verdict_of(first, second, is_paired=True), "no significant difference")


class Objectives(unittest.TestCase):
    def side(self):
        return simulated("a", random.Random(1), noise=0, drift=(1.0,) * 3)

    def test_kept_and_broken(self):
        rows = load_slo.judge(load_slo.parse("p99<20ms,p50@85<500us,errors<0.1%,qps>9000,overhead<10%"), self.side(), 12.0)
        self.assertEqual([(row["share_pct"], row["is_kept"]) for row in rows],
                         [(50, True), (85, True), (85, False), (50, True), (85, True), (None, True), (None, False)])

    def test_what_was_not_measured_is_not_kept(self):
        rows = load_slo.judge(load_slo.parse("p99@70<1s,overhead<10%"), self.side(), None)
        self.assertEqual([row["is_kept"] for row in rows], [False, False])

    def test_nothing_answered_is_not_kept(self):
        side = self.side()
        for turn in side["rounds"]:
            turn["runs"][1]["latency_ms"] = None
        rows = load_slo.judge(load_slo.parse("p99<1s"), side, None)
        self.assertEqual([(row["share_pct"], row["is_kept"]) for row in rows], [(50, False), (85, True)])

    def test_misuse(self):
        for text in ("", "p99", "p99<20", "p99>20ms", "qps<5", "errors<1ms", "p98<1ms", "overhead@50<1%", "qps@50>1", "p99<1ms,,"):
            with self.assertRaises(ValueError, msg=text):
                load_slo.parse(text)


class Environment(unittest.TestCase):
    FIT = {"load_1m": 0.1, "cpus": 8, "pressure_pct": 0.0, "governors": ["performance"], "server_cpus": [0], "client_cpus": [0]}

    def test_each_complaint(self):
        fit = {**self.FIT, "server_cpus": [], "client_cpus": []}
        self.assertEqual(load_environment.complaints(fit), [])
        for wrong, says in (({"load_1m": 5.0}, "load average"), ({"pressure_pct": 20.0}, "waited for a CPU"),
                            ({"governors": ["powersave"]}, "governor powersave"),
                            ({"server_cpus": [0], "client_cpus": [0, 1]}, "share a CPU")):
            found = load_environment.complaints({**fit, **wrong})
            self.assertEqual(len(found), 1)
            self.assertIn(says, found[0])


class Addresses(unittest.TestCase):
    def test_what_servers_say(self):
        for said, address in (("listening on 127.0.0.1:80\n", ("127.0.0.1", 80)), ("x\nlistening on http://localhost:3000/\n", ("localhost", 3000)),
                              ("Listening on port 3000\n", ("localhost", 3000)), ("Server listening at http://[::1]:8080\n", ("::1", 8080)),
                              ("listening on 0.0.0.0:81\n", ("localhost", 81)), ("listening on :::82\n", ("localhost", 82)),
                              ("listening on 127.0.0.1:8", None), ("ready\n", None)):
            self.assertEqual(load_server.listening_at(said), address, said)

    def test_another_machine_must_be_named(self):
        for host in ("127.0.0.1", "::1", "127.1.2.3"):
            load_generator.check_host(host, None)
        load_generator.check_host("192.0.2.7", "192.0.2.7")
        for allowed in (None, "192.0.2.8"):
            with self.assertRaises(ValueError):
                load_generator.check_host("192.0.2.7", allowed)


def whole(sides):
    result = {"sides": sides, "rates": RATES, "environment": {
        "cpu": "some CPU", "is_virtual": False, "kernel": "6.1", "server_cpus": [0], "client_cpus": [1], "load_1m": 0.0},
        "search": {"qps": 1000.0, "connections": 8, "why": "because", "steps": []}, "settings": {"confidence": 0.95},
        "summary": load_verdict.summary_rows(sides, 0.95), "comparison": None, "slo": None, "warnings": [],
        "complete": True, "note": None}
    if len(sides) == 2:
        result["comparison"] = load_verdict.compare(*sides, (RATES, RATES), SETTINGS)
    return result


class Reports(unittest.TestCase):
    def test_the_text_has_the_figures_and_the_verdict(self):
        chance = random.Random(1)
        text = load_report.text(whole([simulated("one", chance), simulated("two", chance, 1.2)]))
        self.assertIn("| one | closed loop, 8 connections |", text)
        self.assertIn("Verdict: two is slower than one", text)
        self.assertIn("Errors of one: status 45.", text)

    def test_the_picture_is_xml_and_names_are_only_text(self):
        name = "<script>alert(1)</script>&\"'\x1b"
        drawn = load_chart.svg(whole([simulated(name, random.Random(1), drift=(1.0,) * 3)]))
        root = xml.etree.ElementTree.fromstring(drawn)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        self.assertNotIn("script", tags)
        self.assertIn("alert(1)", "".join(root.itertext()))
        self.assertEqual(sum(1 for element in root.iter() if element.tag.endswith("circle")), 8)

    def test_no_rates_no_picture(self):
        side = simulated("a", random.Random(1), drift=(1.0,) * 3)
        for turn in side["rounds"]:
            del turn["runs"][1:]
        self.assertIsNone(load_chart.svg(whole([side])))

    def test_complaints_of_rounds(self):
        side = simulated("a", random.Random(1), noise=0, drift=(1.0,) * 3)
        self.assertEqual(load_session.complaints(whole([side])), [])
        side["rounds"][0]["warm_up"]["is_steady"] = False
        side["rounds"][1]["runs"][0].update(client_cpu_pct=99.0, server_cpu_pct=40.0)
        side["rounds"][2]["runs"][1]["late_p99_ms"] = 7.0
        found = load_session.complaints(whole([side]))
        self.assertEqual([any(word in text for text in found) for word in ("warm-up", "busier", "late")], [True] * 3)

    def test_warm_is_when_cpu_time_no_longer_changes(self):
        def steady(qps, cpu):
            return load_session.is_steady({"qps": qps, "server_cpu_us_per_request": cpu})
        self.assertFalse(steady([1000.0], [50.0]))
        self.assertFalse(steady([1000.0, 1000.0], [50.0, 40.0]))    # the compiler is still at work
        self.assertTrue(steady([1000.0, 400.0], [50.0, 51.0]))      # others are
        self.assertTrue(steady([900.0, 1000.0, 1010.0], [None, None, None]))
        self.assertFalse(steady([1000.0, 900.0], [None, None]))
        self.assertFalse(steady([0.0, 0.0], [None, None]))          # nothing is answered

    def test_a_result_survives_json(self):
        result = whole([simulated("a", random.Random(1), drift=(1.0,) * 3)])
        self.assertEqual(load_report.text(json.loads(json.dumps(result))), load_report.text(result))


if __name__ == "__main__":
    unittest.main()
