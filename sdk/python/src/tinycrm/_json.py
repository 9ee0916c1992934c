"""JSON of what Python programs have, decimals exactly; what JSON cannot say is an error with its place."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID


class Unsayable(ValueError):
    """A value that JSON cannot say, and where it is."""


def encode(value: Any, place: str = "") -> str:
    """The JSON of a value. `json.dumps` knows no exact decimals, writes NaN, and does not say where something is wrong."""
    if isinstance(value, Enum):
        return encode(value.value, place)
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, (float, Decimal)):
        return number(value, place)
    if isinstance(value, date):
        return f'"{moment(value, place)}"'
    if isinstance(value, UUID):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return f"{{{','.join(member(key, part, place) for key, part in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{','.join(encode(part, inside(place, index)) for index, part in enumerate(value))}]"
    hint = ": make it a list" if isinstance(value, (set, frozenset)) else ""
    raise Unsayable(f"{place or 'the call'} is a {type(value).__name__}, which JSON cannot say{hint}")


def member(key: Any, value: Any, place: str) -> str:
    if not isinstance(key, str):
        raise Unsayable(f"{place or 'the call'} has the key {key!r}: keys are text")
    return f"{json.dumps(key)}:{encode(value, inside(place, key))}"


def inside(place: str, name: Any) -> str:
    return f"{place}.{name}" if place else str(name)


def number(value: float | Decimal, place: str) -> str:
    if not math.isfinite(value):
        raise Unsayable(f"{place} is {value}, which JSON cannot say")
    return float.__repr__(value) if isinstance(value, float) else str(value)


def moment(value: date, place: str) -> str:
    """A moment in UTC. Without a time zone nobody knows when it was, so that is refused, and not taken for UTC."""
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.utcoffset() is None:
        raise Unsayable(
            f"{place} is {value}, a datetime without a time zone: use datetime.now(timezone.utc), "
            "or .astimezone() if it is in local time"
        )
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"
