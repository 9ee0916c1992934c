"""How long from the first visit to the first payment, and how many within some days: conversion.json."""

from typing import Any

import pandas as pd

from clock import NOW
from long import World, groups
from tables import survival, wilson

WITHIN = (1, 14, 30)


def conversion(world: World) -> list[dict[str, Any]]:
    return [{"kept": kept, **told(part)} for kept, part in groups(world.people, "source")]


def told(part: pd.DataFrame) -> dict[str, Any]:
    took = part["first_paid"] - part["first_seen"]
    before = took < pd.Timedelta(0)
    part, took = part[~before], took[~before]
    waited = took.fillna(NOW - part["first_seen"])
    curve = survival(exited((waited // pd.Timedelta(days=1)).astype(int), took.notna()))
    return {
        "people": len(part),
        "before": int(before.sum()),
        "converted": int(took.notna().sum()),
        "within": [within(part, took, days) for days in WITHIN],
        "median": curve["median"],
        "rows": curve["rows"],
    }


def within(part: pd.DataFrame, took: "pd.Series[Any]", days: int) -> dict[str, Any]:
    """Those whose days (of 24 hours) are over, and how many of them paid before they were; the others beside them."""
    window = pd.Timedelta(days=days)
    over = part["first_seen"] + window <= NOW
    paid, size = int((took[over] < window).sum()), int(over.sum())
    return {
        "days": days, "over": size, "converted": paid, "wilson": wilson(paid, size),
        "running": int((~over).sum()), "running_converted": int(took[~over].notna().sum()),
    }  # fmt: skip


def exited(days: "pd.Series[Any]", paid: "pd.Series[Any]") -> list[tuple[int, int, int]]:
    table = pd.crosstab(days, paid).reindex(columns=[True, False], fill_value=0)
    return [
        (int(day), int(events), int(censored))
        for day, (events, censored) in zip(table.index, table.to_numpy())
    ]
