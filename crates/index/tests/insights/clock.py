"""When it is, and where days, weeks and months begin."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
MICRO = timedelta(microseconds=1)

NOW = datetime(2026, 1, 15, 11, 30, tzinfo=UTC)
# A Wednesday: that week and that month are not known whole.
SINCE = date(2024, 2, 7)


def instant(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def first_instant(day: date) -> datetime:
    return instant(datetime.combine(day, time(), BERLIN))


def local_day(moment: datetime) -> date:
    return moment.astimezone(BERLIN).date()


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def unit_of(day: date, unit: str) -> date:
    """The first day of its week (a Monday) or month."""
    return day - timedelta(days=day.weekday()) if unit == "week" else day.replace(day=1)


def after(first: date, unit: str) -> date:
    """The first day of the next unit."""
    return first + timedelta(days=7) if unit == "week" else unit_of(first + timedelta(days=31), "month")


def units(first: date, last: date, unit: str) -> list[date]:
    found = [unit_of(first, unit)]
    while found[-1] < unit_of(last, unit):
        found.append(after(found[-1], unit))
    return found
