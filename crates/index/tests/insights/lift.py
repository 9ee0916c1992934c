"""What goes together with an outcome: lift.json."""

import json
from datetime import date, datetime
from typing import Any

import pandas as pd

from clock import BERLIN, instant
from long import MISSING, World, kept
from tables import difference, fisher, q_values, ratio, wilson

PATHS = ["api_used", "beta", "country", "legacy", "mirror", "newsletter", "rare", "seats", "source"]


def lift(world: World) -> list[dict[str, Any]]:
    people = world.people
    everybody = pd.Series(True, index=people.index)
    early = people["first_seen"] < instant(datetime(2025, 7, 1, tzinfo=BERLIN))
    december = world.days["day"].between(date(2025, 12, 1), date(2025, 12, 31))
    seen = everybody.index.isin(world.days[december]["id"])
    paid, press = world.now["status"].eq("paid").reindex(people.index), people["source"].eq('"press"')
    return [
        asked(world, "", everybody, "status = paid", paid),
        asked(world, "first_seen < 2025-07-01", early, "seen in 2025-12-01..2025-12-31", pd.Series(seen, people.index)),
        asked(world, "source = press", press, "status = paid", paid),
        asked(world, "status = trial", world.now["status"].eq("trial").reindex(people.index), "newsletter = true",
              world.held("newsletter").eq("true").reindex(people.index)),
    ]  # fmt: skip


def asked(
    world: World, of: str, population: "pd.Series[Any]", what: str, outcome: "pd.Series[Any]"
) -> dict[str, Any]:
    happened = outcome[population].astype(bool)
    rows = [row(path, value, world, happened) for path in PATHS for value in values(world, path, happened)]
    q = q_values([one["p"] for one in rows])
    return {
        "population": of, "people": int(population.sum()), "outcome": what, "with_outcome": int(happened.sum()),
        "paths": [f"params.{path}" for path in PATHS], "tested": sum(value is not None for value in q),
        "rows": [one | {"q": value} for one, value in zip(rows, q)],
    }  # fmt: skip


def values(world: World, path: str, happened: "pd.Series[Any]") -> list[str]:
    """What people of the population hold there, or that they hold nothing; of two such lines one says both."""
    held = world.held(path).reindex(happened.index)
    found = sorted(set(held), key=order)
    return found[:1] if len(found) == 2 else found


def order(value: str) -> tuple[int, str]:
    """`true` first, then numbers, text, `false`, `null`, nothing."""
    if value == MISSING:
        return 5, value
    kind = type(json.loads(value))
    place = {int: 1, float: 1, str: 2, type(None): 4}.get(kind, 0 if value == "true" else 3)
    return place, value


def row(path: str, value: str, world: World, happened: "pd.Series[Any]") -> dict[str, Any]:
    """Those who hold it beside all others of the population."""
    held = world.held(path).reindex(happened.index).eq(value)
    k, n = int(happened[held].sum()), int(held.sum())
    other_k, other_n = int(happened[~held].sum()), int((~held).sum())
    return {
        "path": f"params.{path}", **kept(value),
        "with": [k, n, wilson(k, n)], "without": [other_k, other_n, wilson(other_k, other_n)],
        "difference": difference(k, n, other_k, other_n), "ratio": ratio(k, n, other_k, other_n),
        "p": fisher(k, n - k, other_k, other_n - other_k),
    }  # fmt: skip
