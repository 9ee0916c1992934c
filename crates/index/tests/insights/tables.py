"""The statistics of single tables: proportions, Fisher's test, q values, life tables. Fisher's p is had in integers."""

import math
import warnings
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times
from scipy.stats import fisher_exact, norm
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

Interval = list[float]
Z = float(norm.isf(0.025))


def wilson(count: int, size: int) -> Interval | None:
    """None of nobody; exact ends where nobody or everybody is counted, which the library misses by a bit."""
    if size == 0:
        return None
    low, high = proportion_confint(count, size, alpha=0.05, method="wilson")
    return [0.0 if count == 0 else float(low), 1.0 if count == size else float(high)]


def difference(k: int, n: int, other_k: int, other_n: int) -> list[float] | None:
    if n == 0 or other_n == 0:
        return None
    low, high = confint_proportions_2indep(
        k, n, other_k, other_n, compare="diff", method="newcomb", alpha=0.05
    )
    return [float(Fraction(k, n) - Fraction(other_k, other_n)), float(low), float(high)]


def ratio(k: int, n: int, other_k: int, other_n: int) -> list[float | None] | None:
    if n == 0 or other_n == 0:
        return None
    low, high = confint_proportions_2indep(
        k, n, other_k, other_n, compare="ratio", method="log-adjusted", alpha=0.05
    )
    value = float(Fraction(k, n) / Fraction(other_k, other_n)) if other_k else None
    if k == n and other_k == other_n:
        # Its variance is 0, which says nothing.
        return [value, None, None]
    # The half that is added lifts the lower end above a ratio of 0.
    return [value, float(low) if k else 0.0, float(high)]


def fisher(a: int, b: int, c: int, d: int) -> float | None:
    if 0 in (a + b, c + d, a + c, b + d):
        return None
    return counted(a, b, c, d) if a + b + c + d <= 4000 else walked(a, b, c, d)


def counted(a: int, b: int, c: int, d: int) -> float:
    """All tables of these margins, counted: no float before the last division."""
    row, other, column = a + b, c + d, a + c
    ways = [
        math.comb(row, x) * math.comb(other, column - x)
        for x in range(max(0, column - other), min(row, column) + 1)
    ]
    ours = math.comb(row, a) * math.comb(other, c)
    return float(Fraction(sum(way for way in ways if way <= ours), sum(ways)))


def walked(a: int, b: int, c: int, d: int, bits: int = 2400) -> float:
    """The same for large tables, in fixed point with so many bits that only a p below 1e-600 would feel them."""
    row, other, column = a + b, c + d, a + c
    mode = (row + 1) * (column + 1) // (row + other + 2)
    weights = {mode: 1 << bits}
    for sign in (1, -1):
        x, weight = mode, 1 << bits
        while weight:
            if sign > 0:
                weight = weight * (row - x) * (column - x) // ((x + 1) * (other - column + x + 1))
            else:
                weight = weight * x * (other - column + x) // ((row - x + 1) * (column - x + 1))
            x += sign
            if weight:
                weights[x] = weight
    ours = weights.get(a, 0)
    limit = ours + (ours >> 100)
    return float(
        Fraction(sum(weight for weight in weights.values() if weight <= limit), sum(weights.values()))
    )


def q_values(p: list[float | None]) -> list[float | None]:
    """What cannot be tested does not count."""
    tested = [value for value in p if value is not None]
    if not tested:
        return list(p)
    q = iter(multipletests(tested, alpha=0.05, method="fdr_bh")[1])
    return [None if value is None else float(next(q)) for value in p]


def survival(exits: list[tuple[int, int, int]]) -> dict[str, Any]:
    """The life table of (time, events, censored), and the median.

    lifelines says it; where its sum of logarithms has lost digits, fractions and 50 decimals say it. The two are held
    against each other here, and what is further apart than rounding is told by `figures.disagreements`.
    """
    rows, error = fitted(exits)
    for row, exact in zip(rows, exactly(exits), strict=True):
        near = [math.isclose(one, other, rel_tol=1e-7) for one, other in zip(row[4:], exact)]
        if not all(near):
            raise ValueError(f"lifelines says {row[4:]}, fractions say {exact}")
        row[4:] = exact
    return {"rows": rows, "median": median(rows), "error": error}


def fitted(exits: list[tuple[int, int, int]]) -> tuple[list[list[Any]], list[list[float]]]:
    """Time, at risk, events, censored, S and its ends, the ends of 1 - S; and the standard error of S."""
    counts = np.array([[time, count] for time, *both in exits for count in both])
    happened = np.array([event for _ in exits for event in (1, 0)])
    kept = counts[:, 1] > 0
    times, weights, happened = counts[kept, 0], counts[kept, 1], happened[kept]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = KaplanMeierFitter(alpha=0.05).fit(times, happened, weights=weights)
    rows = []
    for time in sorted(set(times.tolist())):
        removed = fit.event_table.loc[time]
        ends = [
            *fit.confidence_interval_.loc[time],
            *sorted(fit.confidence_interval_cumulative_density_.loc[time]),
        ]
        floats = map(float, [fit.survival_function_.loc[time].iloc[0], *ends])
        rows.append(
            [int(time), *(int(removed[name]) for name in ("at_risk", "observed", "censored")), *floats]
        )
    return rows, errors(times, happened, weights)


def exactly(exits: list[tuple[int, int, int]]) -> list[list[float]]:
    """S and its ends, and the ends of 1 - S: S and Greenwood's sum in fractions, their functions in 50 decimals."""
    z, at_risk = Decimal(repr(Z)), sum(events + censored for _, events, censored in exits)
    curve, greenwood, rows = Fraction(1), Fraction(0), []
    for _, events, censored in exits:
        if events + censored == 0:
            continue
        curve *= Fraction(at_risk - events, at_risk)
        ends = [Decimal(int(curve))] * 2
        if 0 < curve < 1:
            greenwood += Fraction(events, at_risk * (at_risk - events))
            with localcontext(prec=50):
                log = (Decimal(curve.numerator) / curve.denominator).ln()
                reach = z * (Decimal(greenwood.numerator) / greenwood.denominator).sqrt() / log
                ends = [(log * (-reach).exp()).exp(), (log * reach.exp()).exp()]
        with localcontext(prec=50):
            rows.append([float(curve), *map(float, ends), float(1 - ends[1]), float(1 - ends[0])])
        at_risk -= events + censored
    return rows


def errors(times: Any, happened: Any, weights: Any) -> list[list[float]]:
    """The standard error of S at each time of an event, by the other library."""
    fit = SurvfuncRight(np.repeat(times, weights), np.repeat(happened, weights))
    return [
        [int(time), float(error)]
        for time, error in zip(fit.surv_times, fit.surv_prob_se)
        if np.isfinite(error)
    ]


def median(rows: list[list[Any]]) -> list[int | None]:
    """The first times at which S (rounded to 12 digits) and the two ends of its interval are at most a half."""
    return [next((row[0] for row in rows if round(row[column], 12) <= 0.5), None) for column in (4, 5, 6)]


def medians_of_lifelines(exits: list[tuple[int, int, int]]) -> list[float]:
    """As the library says them, to see where it says something else."""
    times = [time for time, *both in exits for count in both for _ in range(count)]
    happened = [event for _, *both in exits for event, count in zip((1, 0), both) for _ in range(count)]
    fit = KaplanMeierFitter(alpha=0.05).fit(times, happened)
    ends = median_survival_times(fit.confidence_interval_)
    return [float(fit.median_survival_time_), *map(float, np.ravel(pd.DataFrame(ends)))]


def p_of_scipy(a: int, b: int, c: int, d: int) -> float:
    return float(fisher_exact([[a, b], [c, d]]).pvalue)
