"""What goes over the wire, in the wire's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypedDict, Union
from uuid import UUID

#: Where a customer stands with one product. A new customer without a status is `free`.
Status = Literal["free", "trial", "paid", "churned"]

#: A moment: a datetime with its time zone, a day, or a string like `2026-03-01T09:00:00Z`.
Moment = Union[datetime, date, str]

#: Your own id for a customer; it travels as text.
UserId = Union[str, int, UUID]

#: Any JSON object. Datetimes become ISO strings, decimals exact numbers, UUIDs text.
Params = Mapping[str, Any]


class Item(TypedDict, total=False):
    """One call of a batch: the fields of `identify`, or with the type `ping` those of `ping`."""

    type: Literal["identify", "ping"]
    email: str | None
    user_id: UserId | None
    name: str | None
    status: Status | None
    params: Params | None
    set_once: Params | None
    unset: Sequence[str] | None
    increment: Mapping[str, int | float | Decimal] | None
    add: Params | None
    remove: Params | None
    replace: bool | None
    timestamp: Moment | None
    first_seen: Moment | None
    first_paid: Moment | None
    status_since: Moment | None
    last_activity: Moment | None


class FieldError(TypedDict):
    """One invalid field, by its JSON pointer."""

    pointer: str
    detail: str


class Outcome(TypedDict, total=False):
    """What became of one item of a batch; `ok` is always there."""

    ok: bool
    customer: str
    created: bool
    changed: bool
    stale: list[str]
    ignored: bool
    status: int
    code: str
    detail: str
    errors: list[FieldError]
