"""What came, grew, shrank, went and came back of params.mrr while people paid, by months: movements.json."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from clock import MICRO, NOW, after, first_instant, local_day, units
from long import World, groups, kept, literal

PLACES = 6
COLUMNS = ["opening", "new", "expansion", "contraction", "churned", "reactivated", "entered", "left", "closing"]


def movements(world: World) -> dict[str, Any]:
    values = world.states.assign(
        value=[
            value(status, params) for status, params in zip(world.states["status"], world.states["params"])
        ]
    )
    values["odd"] = [odd(status, params) for status, params in zip(values["status"], values["params"])]
    values["currency"] = [literal(params, "currency") for params in values["params"]]
    values["plan"] = [literal(params, "plan") for params in values["params"]]
    months = units(min(world.people["born_on"]), local_day(NOW), "month")
    told = []
    for currency in sorted(set(values["currency"])):
        here = values["currency"] == currency
        parts = groups(world.people, "source") if currency == '"EUR"' else [({"all": True}, world.people)]
        for by, some in parts:
            mine = values["id"].isin(some.index)
            found = steps(values[mine].assign(here=here[mine]), months)
            told.append({"currency": kept(currency), "then": False, "kept": by, "steps": found})
        for plan in sorted(set(values["plan"])) if currency == '"EUR"' else []:
            found = steps(values.assign(here=here & (values["plan"] == plan)), months)
            told.append({"currency": kept(currency), "then": True, "kept": kept(plan), "steps": found})
    return {
        "months": [month.isoformat() for month in months],
        "columns": COLUMNS,
        "groups": told,
        "left_out": left_out(world),
    }


def value(status: str, params: dict[str, Any]) -> int:
    """In millionths; what is not above 0, no number, or not paid, is 0."""
    mrr = params.get("mrr")
    if status != "paid" or isinstance(mrr, bool) or not isinstance(mrr, int | float) or mrr <= 0:
        return 0
    exact = Decimal(repr(mrr)).scaleb(PLACES)
    if exact != int(exact):
        raise ValueError(f"{mrr} has more than {PLACES} places")
    return int(exact)


def odd(status: str, params: dict[str, Any]) -> bool:
    """Whether somebody pays and has a value that is no number or below 0."""
    mrr = params.get("mrr", 0)
    return status == "paid" and (type(mrr) not in (int, float) or mrr < 0)


def left_out(world: World) -> dict[str, int]:
    """Of those who pay now: whose value counts as 0, and why."""
    paying = [params for status, params in zip(world.now["status"], world.now["params"]) if status == "paid"]
    numbers = [mrr for params in paying if type(mrr := params.get("mrr")) in (int, float)]
    return {
        "missing": sum("mrr" not in params for params in paying),
        "no_number": sum("mrr" in params and type(params["mrr"]) not in (int, float) for params in paying),
        "negative": sum(mrr < 0 for mrr in numbers),
        "zero": sum(mrr == 0 for mrr in numbers),
    }


def steps(values: pd.DataFrame, months: list[date]) -> list[dict[str, Any]]:
    above = values[values["value"] > 0].drop_duplicates("id", keep="first").set_index("id")["since"]
    told = []
    for month in months:
        begin, end = first_instant(month), min(first_instant(after(month, "month")), NOW + MICRO)
        table = (
            pd.DataFrame({"opening": held(values, begin), "closing": held(values, end)})
            .fillna(0)
            .astype("int64")
        )
        table["before"] = above.reindex(table.index) < begin
        for name, moment in (("here_opening", begin), ("here_closing", end)):
            table[name] = held(values, moment, "here").reindex(table.index, fill_value=False)
        is_odd = held(values, end, "odd") & held(values, end, "here")
        told.append(step(table) | {"odd": int(is_odd.sum())})
    return told


def held(values: pd.DataFrame, end: datetime, column: str = "value") -> "pd.Series[Any]":
    """What each was worth just before this moment."""
    return values[values["since"] < end].drop_duplicates("id", keep="last").set_index("id")[column]


def step(table: pd.DataFrame) -> dict[str, Any]:
    opening, closing = table["opening"], table["closing"]
    had, has = opening.gt(0) & table["here_opening"], closing.gt(0) & table["here_closing"]
    stayed, came, went = had & has, has & opening.eq(0), had & closing.eq(0)
    moved = closing - opening
    parts = {
        "opening": opening[had],
        "new": moved[came & ~table["before"]],
        "expansion": moved[stayed & moved.gt(0)],
        "contraction": moved[stayed & moved.lt(0)],
        "churned": moved[went],
        "reactivated": moved[came & table["before"]],
        "entered": closing[has & opening.gt(0) & ~had],
        "left": -opening[had & closing.gt(0) & ~has],
        "closing": closing[has],
    }
    sums = {name: int(part.sum()) for name, part in parts.items()}
    if sum(sums[name] for name in COLUMNS[:-1]) != sums["closing"]:
        raise ValueError(f"it does not close: {sums}")
    kept_of = int(table[stayed][["opening", "closing"]].min(axis=1).sum())
    lost = -(sums["contraction"] + sums["churned"] + sums["left"])
    return {
        "people": [len(parts[name]) for name in COLUMNS],
        "sums": [decimals(sums[name]) for name in COLUMNS],
        "gross_retention": share(kept_of, sums["opening"]),
        "net_retention": share(int(closing[stayed].sum()), sums["opening"]),
        "quick_ratio": share(sums["new"] + sums["reactivated"] + sums["expansion"] + sums["entered"], lost),
    }


def share(part: int, of: int) -> float | None:
    return float(Fraction(part, of)) if of else None


def decimals(millionths: int) -> str:
    text = f"{Decimal(millionths).scaleb(-PLACES):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
