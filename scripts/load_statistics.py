# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Means with their intervals, and the chance that two samples differ by chance (Student, Welch).

Debian's scipy would be 60 MB, and numpy, for one distribution function: it is 40 lines here, and
tests/support/load_math_test.py compares it with published tables."""
import math
import statistics


def _fraction(x, a, b):
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1.0 / max(1.0 - (a + b) * x / (a + 1.0), tiny)
    result = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / ((1.0 + term * d) or tiny)
            c = (1.0 + term / c) or tiny
            result *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return result


def beta_share(x, a, b):
    """The regularised incomplete beta function."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
                     + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1.0 - x, b, a) / b


def two_sided_p(t, freedom):
    """How likely chance alone gives |t| or more."""
    return beta_share(freedom / (freedom + t * t), freedom / 2, 0.5)


def t_quantile(confidence, freedom):
    """The t that chance exceeds, on either side, with 1 - @confidence."""
    low, high = 0.0, 1.0
    while two_sided_p(high, freedom) > 1 - confidence:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        if two_sided_p(middle, freedom) > 1 - confidence:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def summary_of(values, confidence=0.95):
    """Low and high are those of the mean's interval; None with a single value."""
    count = len(values)
    mean = statistics.fmean(values)
    sd = statistics.stdev(values) if count > 1 else None
    half = t_quantile(confidence, count - 1) * sd / math.sqrt(count) if count > 1 else None
    return {"count": count, "mean": mean, "sd": sd, "median": statistics.median(values),
            "low": None if half is None else mean - half,
            "high": None if half is None else mean + half}


def _ratio(middle, error, freedom, confidence):
    """Of logarithms: the ratio, its interval, and the chance of it."""
    if error == 0:
        p = 1.0 if middle == 0 else 0.0
        return {"ratio": math.exp(middle), "low": math.exp(middle), "high": math.exp(middle), "p": p}
    half = t_quantile(confidence, freedom) * error
    return {"ratio": math.exp(middle), "low": math.exp(middle - half), "high": math.exp(middle + half),
            "p": two_sided_p(middle / error, freedom)}


def welch(first, second, confidence=0.95):
    """@second / @first, samples that were taken apart. Of logarithms, since times are skewed."""
    a, b = ([math.log(value) for value in values] for values in (first, second))
    parts = [statistics.variance(values) / len(values) for values in (a, b)]
    error = math.sqrt(sum(parts))
    weight = sum(part ** 2 / (len(values) - 1) for part, values in zip(parts, (a, b)))
    freedom = sum(parts) ** 2 / weight if weight else len(a) + len(b) - 2
    return _ratio(statistics.fmean(b) - statistics.fmean(a), error, freedom, confidence)


def paired(first, second, confidence=0.95):
    """The same for samples taken in turn: the n-th of both met the same machine."""
    logs = [math.log(b / a) for a, b in zip(first, second, strict=True)]
    error = math.sqrt(statistics.variance(logs) / len(logs))
    return _ratio(statistics.fmean(logs), error, len(logs) - 1, confidence)


def holm(chances):
    """The same chances, each as large as it must be when one of so many may be small by chance."""
    result = [1.0] * len(chances)
    least = 0.0
    for rank, i in enumerate(sorted(range(len(chances)), key=lambda i: chances[i])):
        least = max(least, min(1.0, chances[i] * (len(chances) - rank)))
        result[i] = least
    return result
