"""People with awkward lives, made from a seed: world.json and people.ndjson. The README says what is in them."""

import math
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from clock import BERLIN, MICRO, NOW, SINCE, first_instant, instant, local_day, text

T = TypeVar("T")

SEED = 20260115
COUNT = 1800
BEGIN = datetime(2024, 1, 1, tzinfo=BERLIN)

# A source, how many have it, and how many of these pay one day.
SOURCES: list[tuple[Any, float, float]] = [
    ("ads", 0.29, 0.25),
    ("search", 0.24, 0.4),
    ("friend", 0.12, 0.6),
    ("press", 0.04, 0.0),
    ("partner", 0.03, 1.0),
    (7, 0.03, 0.3),
    ("7", 0.02, 0.3),
    (True, 0.03, 0.5),
    (None, 0.02, 0.4),
    ("Zürich, „fair“", 0.01, 0.4),
]
PLANS = {"basic": [9, 14.95, 9.99], "pro": [29, 19.99, 49.9], "team": [99, 166.666667, 1250.5]}
NO_PRICE: list[Any] = ["29", "n/a", None, True, -5, -19.99, [29], {"eur": 29}]

# Where days, weeks, months, years and the offset of Berlin change.
EDGES = [
    first_instant(day)
    for day in [
        *(date(2024 + month // 12, month % 12 + 1, 1) for month in range(24)),
        *(date(2024, 1, 1) + timedelta(weeks=week) for week in range(0, 106, 3)),
        date(2024, 3, 31),
        date(2024, 10, 27),
        date(2025, 3, 30),
        date(2025, 10, 26),
    ]
]
TURNS = [
    datetime(2024, 3, 31, 1, tzinfo=UTC),
    datetime(2024, 10, 27, 0, 30, tzinfo=UTC),
    datetime(2024, 10, 27, 1, 30, tzinfo=UTC),
    datetime(2025, 3, 30, 1, tzinfo=UTC),
    datetime(2025, 10, 26, 1, tzinfo=UTC),
]


class Life:
    """One person: what was so at the beginning, and every change since."""

    def __init__(self, draw: random.Random, first_seen: datetime) -> None:
        self.draw = draw
        self.first_seen = first_seen
        self.status = "free"
        self.params: dict[str, Any] = {}
        self.log: list[list[Any]] = []

    def enter(
        self, at: datetime, status: str | None = None, unset: tuple[str, ...] = (), **params: Any
    ) -> None:
        """A change; what is so already is no change."""
        status = status if status != self.status or not self.log else None
        params = {key: value for key, value in params.items() if not same(self.params, key, value)}
        gone = [key for key in unset if key in self.params]
        if self.log and not (status or params or gone):
            return
        self.status = status or self.status
        self.params |= params
        for key in gone:
            del self.params[key]
        change: dict[str, Any] = {}
        if status:
            change["status"] = status
        if params:
            change["set"] = params
        if gone:
            change["unset"] = gone
        self.log.append([at, change])


def same(params: dict[str, Any], key: str, value: Any) -> bool:
    return key in params and type(params[key]) is type(value) and params[key] == value


def chance(draw: random.Random, share: float) -> bool:
    return draw.random() < share


def pick(draw: random.Random, values: list[T]) -> T:
    return values[int(draw.random() * len(values))]


def wait(draw: random.Random, days: float) -> timedelta:
    return timedelta(seconds=int(-math.log(1 - draw.random()) * days * 86400))


def beginning(draw: random.Random) -> datetime:
    """When somebody is first seen: one in five where something changes, or a microsecond beside it."""
    if chance(draw, 0.2):
        edge = pick(draw, EDGES + TURNS * 4)
        moved = instant(edge) + MICRO * pick(draw, [-1, 0, 0, 1])
        return max(moved, instant(BEGIN))
    share = draw.random() ** 0.8
    return instant(BEGIN) + timedelta(seconds=int((NOW - instant(BEGIN)).total_seconds() * share))


def snapped(draw: random.Random, at: datetime) -> datetime:
    """The same time, or where the next month begins, or just before."""
    if not chance(draw, 0.12):
        return at
    day = local_day(at)
    edge = first_instant(date(day.year + day.month // 12, day.month % 12 + 1, 1))
    return edge - MICRO if chance(draw, 0.5) else edge


def priced(draw: random.Random) -> dict[str, Any]:
    plan = pick(draw, list(PLANS))
    return {"plan": plan, "mrr": pick(draw, PLANS[plan])}


def born(draw: random.Random, source: Any, pays: bool) -> Life:
    life = Life(draw, beginning(draw))
    params: dict[str, Any] = {} if source is Ellipsis else {"source": source}
    params["legacy"] = True
    for flag, share, some in [("beta", 0.5, 0.6 if pays else 0.3), ("newsletter", 0.7, 0.5)]:
        if chance(draw, share):
            params[flag] = chance(draw, some)
    if "beta" in params:
        params["mirror"] = params["beta"]
    params["seats"] = pick(draw, [1, 1, 1, 2, 5, "5"])
    if chance(draw, 0.8):
        params["country"] = pick(draw, ["DE", "DE", "AT", "CH", "FR", "US"])
    if chance(draw, 0.01):
        params["rare"] = True
    currency = pick(draw, ["EUR"] * 12 + ["USD"] * 5 + [None] * 3)
    if currency:
        params["currency"] = currency
    life.enter(life.first_seen, pick(draw, ["free", "free", "free", "trial"]), **params)
    return life


def starts(draw: random.Random, life: Life) -> datetime:
    """When somebody pays first: at once, soon, at the very end of 14 days, or late."""
    exact = [timedelta(0), timedelta(days=14) - MICRO, timedelta(days=14), timedelta(days=1)]
    if chance(draw, 0.15):
        return life.first_seen + pick(draw, exact)
    return snapped(draw, life.first_seen + wait(draw, pick(draw, [0.3, 4, 12, 60])))


def change(draw: random.Random, life: Life, at: datetime) -> datetime:
    """Something that happens to somebody who pays or has paid; when it is over."""
    if life.status == "churned":
        if chance(draw, 0.5):
            life.enter(at, "paid", **priced(draw))
        return at
    kind = draw.random()
    if kind < 0.45:
        moves = {"currency": pick(draw, ["EUR", "USD", "GBP"])} if chance(draw, 0.15) else {}
        life.enter(at, **priced(draw), **moves)
    elif kind < 0.52:
        life.enter(at, plan="free", mrr=0)
    elif kind < 0.57:
        life.enter(at, unset=("mrr",))
    elif kind < 0.64:
        life.enter(at, mrr=pick(draw, NO_PRICE))
    elif kind < 0.72:
        life.enter(at, mrr=pick(draw, [0.01, 5000, 3.3]))
        back = at + pick(draw, [timedelta(0), timedelta(minutes=20), timedelta(days=2)])
        if back <= NOW:
            life.enter(back, **priced(draw))
            return back
    else:
        gone: tuple[str, ...] = ("plan", "mrr") if chance(draw, 0.4) else ()
        left = {"mrr": 0} if not gone and chance(draw, 0.5) else {}
        life.enter(at, "churned", gone, **left)
    return at


def lived(draw: random.Random, source: Any, pays: bool) -> Life:
    life = born(draw, source, pays)
    at = starts(draw, life) if pays else NOW + MICRO
    if pays and source == "partner":
        at = min(at, NOW)
    if at <= NOW:
        if chance(draw, 0.1) and at > life.first_seen:
            life.enter(life.first_seen + (at - life.first_seen) / 2 // MICRO * MICRO, **priced(draw))
        price = priced(draw) if chance(draw, 0.93) else {"plan": "pro", "mrr": pick(draw, [*NO_PRICE, 0])}
        life.enter(at, "paid", **price)
        while (at := snapped(draw, at + wait(draw, 120))) <= NOW:
            at = change(draw, life, at)
    elif chance(draw, 0.2):
        life.enter(min(life.first_seen + wait(draw, 20), NOW), "churned")
    used = life.first_seen + wait(draw, 30)
    if chance(draw, 0.6 if pays else 0.15) and used <= NOW:
        insert(life, used)
    return life


def insert(life: Life, at: datetime) -> None:
    """A flag that is set one day and does not touch the rest."""
    place = sum(1 for when, _ in life.log if when <= at)
    life.log.insert(place, [at, {"set": {"api_used": True}}])
    life.params["api_used"] = True


def seen(draw: random.Random, life: Life) -> list[date]:
    """The days on which somebody was there; none before activity was told of."""
    born_on, today = local_day(life.first_seen), local_day(NOW)
    kind = draw.random()
    days = []
    for age in range((today - born_on).days + 1):
        share = {
            0: 1.0 if age == 0 else 0.0,
            1: 0.7 * math.exp(-age / 25),
            2: 1.0 if age % 7 == 0 else 0.02,
            3: 0.12,
            4: 0.3 if age < 10 or 120 < age < 160 else 0.0,
            5: 0.0,
        }[sum(kind > border for border in (0.25, 0.7, 0.78, 0.84, 0.95))]
        day = born_on + timedelta(days=age)
        if chance(draw, share) and day >= SINCE:
            days.append(day)
    return days


def coded(days: list[date]) -> list[Any]:
    steps = [(after - before).days for before, after in zip(days, days[1:])]
    return [days[0].isoformat(), *steps] if days else []


def drawn_source(draw: random.Random) -> tuple[Any, float]:
    place = draw.random()
    for source, share, paying in SOURCES:
        place -= share
        if place < 0:
            return source, paying
    return Ellipsis, 0.35


def person(draw: random.Random, number: int) -> dict[str, Any]:
    source, paying = drawn_source(draw)
    life = lived(draw, source, chance(draw, paying))
    paid = next((at for at, entered in life.log if entered.get("status") == "paid"), None)
    if paid is None and source in ("ads", "search") and chance(draw, 0.02):
        paid = life.first_seen - pick(draw, [MICRO, timedelta(days=3), timedelta(days=400)])
    return {
        "id": number,
        "first_seen": text(life.first_seen),
        "first_paid": paid and text(paid),
        "days": coded(seen(draw, life)),
        "log": [[text(at), entered] for at, entered in life.log],
    }


def everybody() -> list[dict[str, Any]]:
    draw = random.Random(SEED)
    return [person(draw, number) for number in range(1, COUNT + 1)]


def world() -> dict[str, Any]:
    return {
        "now": text(NOW),
        "zone": str(BERLIN),
        "activity_since": SINCE.isoformat(),
        "people": COUNT,
        "seed": SEED,
    }
