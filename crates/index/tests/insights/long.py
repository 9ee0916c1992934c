"""The people as long tables: one row a person, one a day of activity, one a state and since when it holds."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from clock import BERLIN

MISSING = "missing"


class World:
    def __init__(self, people: list[dict[str, Any]]) -> None:
        self.states = pd.DataFrame([row for person in people for row in states(person)])
        # Of two changes at one microsecond the first never held.
        self.states = self.states.drop_duplicates(["id", "since"], keep="last")
        self.now = self.states.drop_duplicates("id", keep="last").set_index("id")
        table = pd.DataFrame(
            [{key: person[key] for key in ("id", "first_seen", "first_paid")} for person in people]
        )
        for column in ("first_seen", "first_paid"):
            table[column] = pd.to_datetime(table[column], format="ISO8601", utc=True)
        table["born_on"] = table["first_seen"].dt.tz_convert(str(BERLIN)).dt.date
        self.people = table.set_index("id")
        self.people["source"] = self.held("source")
        days = [(person["id"], day) for person in people for day in decoded(person["days"])]
        self.days = pd.DataFrame(days, columns=["id", "day"])

    def held(self, path: str) -> "pd.Series[Any]":
        """What each person holds now: the value as JSON, so that 7 is not "7" and null is a value; or nothing."""
        return self.now["params"].map(lambda params: literal(params, path))


def literal(params: dict[str, Any], path: str) -> str:
    return json.dumps(params[path]) if path in params else MISSING


def states(person: dict[str, Any]) -> list[dict[str, Any]]:
    status, rows = None, []
    params: dict[str, Any] = {}
    for at, change in person["log"]:
        status = change.get("status", status)
        params = params | change.get("set", {})
        params = {key: value for key, value in params.items() if key not in change.get("unset", [])}
        since = pd.Timestamp(datetime.fromisoformat(at))
        rows.append({"id": person["id"], "since": since, "status": status, "params": params})
    return rows


def decoded(days: list[Any]) -> list[date]:
    found = [date.fromisoformat(day) for day in days[:1]]
    for step in days[1:]:
        found.append(found[-1] + timedelta(days=step))
    return found


def kept(value: str) -> dict[str, Any]:
    """The value of a group as it is written."""
    return {"missing": True} if value == MISSING else {"value": json.loads(value)}


def groups(table: pd.DataFrame, column: str) -> list[tuple[dict[str, Any], pd.DataFrame]]:
    """Everybody, then those of each value."""
    parts = [(kept(str(value)), part) for value, part in table.groupby(column, sort=True)]
    return [({"all": True}, table), *parts]
