"""Never run: mypy reads it. Every ignored line must be an error, since an ignore too many is one."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Optional
from uuid import uuid4

from tinycrm import Item, Result, TinyCRM, TinyCRMError

crm = TinyCRM()
TinyCRM("tcrm_proj_1", base_url="http://localhost:7878", timeout=1, retries=0, on_error=print)
TinyCRM(retry=0)  # type: ignore[call-arg]

maybe: Optional[str] = None
crm.identify("ada@example.com", user_id=uuid4(), name=maybe, status="paid", params={"plan": "pro", "mrr": Decimal("1")})
crm.identify(email=maybe, user_id=42, first_seen=date(2026, 3, 1), timestamp=datetime.now(timezone.utc), unset=["plan"])
crm.identify("ada@example.com", status="active")  # type: ignore[arg-type]
crm.identify("ada@example.com", plan="pro")  # type: ignore[call-arg]
crm.identify("ada@example.com", increment={"logins": "1"})  # type: ignore[dict-item]
crm.ping("ada@example.com", name="Ada")  # type: ignore[call-arg]

items: list[Item] = [{"email": "ada@example.com", "name": "Ada"}, {"type": "ping", "user_id": 42}]
crm.batch(items)
crm.batch([{"email": "ada@example.com", "plan": "pro"}])  # type: ignore[typeddict-unknown-key]


async def story() -> None:
    result: Result = await crm.identify("ada@example.com")
    if result.error:
        error: TinyCRMError = result.error
        code: str = error.code
        print(code)
    version: Optional[int] = result.version
    print(version, [outcome["ok"] for outcome in result.results])
    result.error.code  # type: ignore[union-attr]
