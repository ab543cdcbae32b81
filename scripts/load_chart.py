# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Latency over the offered rate as one SVG file: no script, nothing from elsewhere."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 820, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 50, 60
COLOURS = {"p50": "#0072b2", "p95": "#009e73", "p99": "#d55e00", "max": "#cc79a7"}
DASHES = ["", "6 4"]
STYLE = """text{font:13px sans-serif;fill:#222}.title{font-size:16px}.axis{stroke:#555;stroke-width:1}
.grid{stroke:#ddd;stroke-width:1}rect{fill:#fff}
@media (prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}.axis{stroke:#aaa}rect{fill:#1c1c1c}}"""


class Scale:
    """Values to pixels; decades for latencies."""

    def __init__(self, rates, latencies):
        self.most = max(rates) * 1.05
        self.low = math.floor(math.log10(min(latencies)))
        self.high = max(math.ceil(math.log10(max(latencies))), self.low + 1)

    def x(self, rate):
        return LEFT + rate / self.most * (WIDTH - LEFT - RIGHT)

    def y(self, ms):
        share = (math.log10(ms) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - min(max(share, 0), 1) * (HEIGHT - TOP - BOTTOM)


def _plain(text):
    """What XML can hold, and nothing of it markup."""
    return escape("".join(c if c.isprintable() else "?" for c in str(text)))


def _text(x, y, content, anchor="start", kind=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{_plain(content)}</text>'


def _line(points, colour, dash):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'


def _series(result):
    """(side's place, measure): rows of the summary, by rate."""
    places = {side["name"]: i for i, side in enumerate(result["sides"])}
    series = {}
    for row in result["summary"]:
        if row["share_pct"] is not None and row["measure"] in COLOURS and row["mean"] > 0:
            series.setdefault((places[row["side"]], row["measure"]), []).append(row)
    return series


def _step(most):
    """A round distance that gives four to eight marks."""
    unit = 10 ** math.floor(math.log10(most / 4))
    return next(unit * factor for factor in (1, 2, 5, 10) if most / (unit * factor) <= 8)


def _axes(scale):
    parts = []
    step = _step(scale.most)
    for i in range(int(scale.most / step) + 1):
        x = scale.x(i * step)
        parts += [f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>',
                  _text(x, HEIGHT - BOTTOM + 18, f"{i * step:,.10g}", "middle")]
    for decade in range(scale.low, scale.high + 1):
        y = scale.y(10.0 ** decade)
        parts += [f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>',
                  _text(LEFT - 8, y + 4, f"{10.0 ** decade:g}", "end")]
    parts += [f'<polyline class="axis" fill="none" points="{LEFT},{TOP} {LEFT},{HEIGHT - BOTTOM} {WIDTH - RIGHT},{HEIGHT - BOTTOM}"/>',
              _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, "offered rate, requests/s", "middle"),
              _text(LEFT - 8, TOP - 12, "ms", "end")]
    return parts


def _curve(rows, scale, colour, dash, rates):
    """The means, and a bar for each interval."""
    at = sorted((rates[row["share_pct"]], row) for row in rows)
    parts = [_line([(scale.x(rate), scale.y(row["mean"])) for rate, row in at], colour, dash)]
    for rate, row in at:
        x = scale.x(rate)
        parts.append(f'<circle cx="{x:.1f}" cy="{scale.y(row["mean"]):.1f}" r="3" fill="{colour}"/>')
        if row["low"] is not None:
            low = scale.y(max(row["low"], 10.0 ** scale.low))
            parts.append(f'<line x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{scale.y(row["high"]):.1f}" stroke="{colour}"/>')
    return parts


def _legend(result, series):
    parts = []
    for i, (place, measure) in enumerate(series):
        y = TOP + 12 + i * 20
        name = measure if len(result["sides"]) == 1 else f"{measure}, {result['sides'][place]['name']}"
        parts += [_line([(WIDTH - RIGHT + 14, y - 4), (WIDTH - RIGHT + 40, y - 4)], COLOURS[measure], DASHES[place % 2]),
                  _text(WIDTH - RIGHT + 46, y, name if len(name) <= 22 else name[:21] + "…")]
    return parts


def svg(result):
    """None: there is nothing to draw."""
    series = _series(result)
    if not series:
        return None
    rates = {rate["share_pct"]: rate["qps"] for rate in result["rates"]}
    rows = [row for some in series.values() for row in some]
    means = [row["mean"] for row in rows]
    scale = Scale(rates.values(), [*means, *(row["high"] for row in rows if row["high"])])
    title = f"Latency at a fixed rate: {' and '.join(side['name'] for side in result['sides'])}"
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
             f"<title>{_plain(title)}</title><style>{STYLE}</style>",
             f'<rect width="{WIDTH}" height="{HEIGHT}"/>', _text(LEFT, 24, title, kind="title"), *_axes(scale)]
    for (place, measure), some in series.items():
        parts += _curve(some, scale, COLOURS[measure], DASHES[place % 2], rates)
    return "\n".join([*parts, *_legend(result, series), "</svg>", ""])
