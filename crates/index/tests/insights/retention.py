"""Who stayed, by when they were first seen: retention.json."""

from datetime import date
from typing import Any

import pandas as pd

from clock import NOW, SINCE, after, first_instant, local_day, unit_of, units
from long import World, groups
from tables import wilson

Cells = list[int | None]


def retention(world: World) -> list[dict[str, Any]]:
    first, today = min(world.people["born_on"]), local_day(NOW)
    year_end = units(date(2024, 10, 21), date(2025, 5, 12), "week")
    return [
        asked(world, "week", units(first, today, "week"), 26, "seen", False),
        asked(world, "week", year_end, 12, "seen", True),
        asked(world, "month", units(first, today, "month"), 26, "seen", True),
        asked(world, "month", units(first, today, "month"), 26, "paid", True),
    ]


def asked(
    world: World, unit: str, cohorts: list[date], periods: int, retained: str, by_source: bool
) -> dict[str, Any]:
    table = world.people.assign(cohort=world.people["born_on"].map(lambda day: unit_of(day, unit)))
    table = table[table["cohort"].isin(cohorts)]
    there = seen(world, unit) if retained == "seen" else paying(world, unit)
    there = there.join(table["cohort"], on="id", how="inner")
    there = there[there["period"] >= there["cohort"]]
    steps = units(cohorts[0], local_day(NOW), unit)
    parts = groups(table, "source") if by_source else [({"all": True}, table)]
    told = [
        {"kept": kept, **grid(part, there, cohorts, steps, periods, retained, unit)} for kept, part in parts
    ]
    return {
        "unit": unit, "began": "first_seen", "cohorts": [cohorts[0].isoformat(), cohorts[-1].isoformat()],
        "periods": periods, "retained": retained, "by": "params.source" if by_source else None, "groups": told,
    }  # fmt: skip


def seen(world: World, unit: str) -> pd.DataFrame:
    """In which units somebody was seen."""
    days = world.days.assign(period=world.days["day"].map(lambda day: unit_of(day, unit)))
    return days[["id", "period"]].drop_duplicates()


def paying(world: World, unit: str) -> pd.DataFrame:
    """At the ends of which units, or now where one goes on, somebody was paying."""
    found = []
    for period in units(min(world.people["born_on"]), local_day(NOW), unit):
        end = first_instant(after(period, unit))
        before = world.states[(world.states["since"] < end) & (world.states["since"] <= NOW)]
        last = before.drop_duplicates("id", keep="last")
        found.append(pd.DataFrame({"id": last[last["status"] == "paid"]["id"], "period": period}))
    return pd.concat(found)


def grid(
    part: pd.DataFrame, there: pd.DataFrame, cohorts: list[date], steps: list[date], periods: int, retained: str,
    unit: str,
) -> dict[str, Any]:  # fmt: skip
    there = there[there["id"].isin(part.index)]
    counts = there.groupby(["cohort", "period"])["id"].nunique().to_dict()
    over = {step for step in steps if first_instant(after(step, unit)) <= NOW}
    rows, totals = [], [[0, 0, 0] for _ in range(periods + 1)]
    for cohort in cohorts:
        size = int((part["cohort"] == cohort).sum())
        begun = [step for step in steps if step >= cohort][: periods + 1]
        known = [step for step in begun if retained == "paid" or step >= SINCE]
        cells: Cells = [counts.get((cohort, step), 0) if step in known else None for step in begun]
        for period, (step, cell) in enumerate(zip(begun, cells)):
            if step in over and cell is not None:
                for place, more in enumerate((1, cell, size)):
                    totals[period][place] += more
        rows.append([cohort.isoformat(), size, sum(step in over for step in begun), cells])
    pooled = [[*total, wilson(total[1], total[2])] for total in totals]
    return {"cohorts": rows, "totals": pooled}
