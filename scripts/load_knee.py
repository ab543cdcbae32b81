# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The search for the knee: more connections, twice as many each step, until that gives nothing."""

GROWTH = 1.05       # a step that gives less has given nothing
ERRORS_PCT = 1.0    # more are no capacity
IN_A_ROW = 2        # one such step may be chance


class KneeSearch:
    """Ask next_connections(), measure, add() what was found, until there are none."""

    def __init__(self, most_connections):
        self.most_connections = most_connections
        self.steps = []
        self.why = None

    def next_connections(self):
        if self.why:
            return None
        wanted = self.steps[-1]["connections"] * 2 if self.steps else 1
        if wanted <= self.most_connections:
            return wanted
        self.why = f"{self.most_connections} connections are the limit"
        return None

    def add(self, connections, qps, errors_pct):
        self.steps.append({"connections": connections, "qps": qps, "errors_pct": errors_pct})
        if errors_pct > ERRORS_PCT:
            self.why = f"{errors_pct:.1f} % errors with {connections} connections"
        elif self._steps_without_growth() >= IN_A_ROW:
            self.why = f"more connections give less than {GROWTH - 1:.0%} more"

    def _steps_without_growth(self):
        best, since = 0.0, 0
        for step in self.steps:
            since = 0 if step["qps"] >= best * GROWTH else since + 1
            best = max(best, step["qps"])
        return since

    def knee(self):
        """The fewest connections that give, but for 5 %, what the best do; None: nothing does."""
        good = [step for step in self.steps if step["errors_pct"] <= ERRORS_PCT and step["qps"] > 0]
        if not good:
            return None
        best = max(step["qps"] for step in good)
        return next(step for step in good if step["qps"] * GROWTH >= best)
