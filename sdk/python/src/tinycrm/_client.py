"""The TinyCRM client."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any

from ._check import check_key, check_url
from ._json import encode
from ._lane import MOST, Lane
from ._result import Result, TinyCRMError
from ._send import Answer, Sender
from ._version import VERSION
from ._wire import Item, Moment, Params, Status, UserId

NO_KEY = "TinyCRM: no API key, nothing is sent"

log = logging.getLogger("tinycrm")
_warned = False


class TinyCRM:
    """Tells TinyCRM who your customers are. One client a process is enough; threads and forked processes may share it.

        crm = TinyCRM()
        crm.identify("ada@example.com", status="paid", params={"plan": "pro", "mrr": 29})

    Calls return at once and are sent in the background, in their order. They never raise: what fails is logged, or goes to
    `on_error`. Look at the result, or await it, where the outcome matters.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 10.0,
        retries: int = 3,
        on_error: Callable[[TinyCRMError], object] | None = None,
    ) -> None:
        """A client of a project.

        Args:
            api_key: the project's secret key; else `TINYCRM_API_KEY` of the environment. Without one nothing is sent.
            base_url: where the server is; else `TINYCRM_URL` of the environment, else http://localhost:7878.
            timeout: seconds that one attempt may take.
            retries: how often a call is tried again; 0 means never.
            on_error: called once for each call that failed, and for each item of a batch that did; else it is logged.
        """
        key = api_key or os.environ.get("TINYCRM_API_KEY") or ""
        base = str(base_url or os.environ.get("TINYCRM_URL") or "http://localhost:7878")
        self._on_error = on_error or _log
        self._fault = TinyCRMError("no_key", NO_KEY) if not key else check_key(key) or check_url(base)
        self._sender = Sender(base, key, f"tinycrm-python/{VERSION}", timeout, retries)
        self._lane = Lane(self._sender.close)
        if not key:
            _warn()

    def identify(
        self,
        email: str | None = None,
        *,
        user_id: UserId | None = None,
        name: str | None = None,
        status: Status | None = None,
        params: Params | None = None,
        set_once: Params | None = None,
        unset: Sequence[str] | None = None,
        increment: Mapping[str, int | float | Decimal] | None = None,
        add: Params | None = None,
        remove: Params | None = None,
        replace: bool | None = None,
        timestamp: Moment | None = None,
        first_seen: Moment | None = None,
        first_paid: Moment | None = None,
        status_since: Moment | None = None,
        last_activity: Moment | None = None,
    ) -> Result:
        """Creates a customer, or merges what you know into the one that is there. What is None is left out.

        Args:
            email: the customer's address. For a known `user_id`, another address is a change of address.
            user_id: your own id for this customer. Alone it must be known: identify it once together with the e-mail.
            name: the display name.
            status: where the customer stands with this product.
            params: anything your product knows: named keys are replaced whole, the others stay. None inside is a value.
            set_once: keys to set only if they are not there yet, such as where a customer came from.
            unset: keys to remove.
            increment: numbers to add to keys; a missing key starts from 0.
            add: values to put into arrays that are used as sets: {"tags": "vip"}.
            remove: values to take out of such arrays.
            replace: whether `params` replaces everything that was stored.
            timestamp: when this was true, if not now.
            first_seen: when the customer was first seen, if that was before the first call.
            first_paid: of somebody new: when the customer first paid.
            status_since: of somebody new: since when the status is what it is.
            last_activity: of somebody new: when the customer was last active.
        """
        call = {
            "email": email,
            "user_id": user_id,
            "name": name,
            "status": status,
            "params": params,
            "set_once": set_once,
            "unset": unset,
            "increment": increment,
            "add": add,
            "remove": remove,
            "replace": replace,
            "timestamp": timestamp,
            "first_seen": first_seen,
            "first_paid": first_paid,
            "status_since": status_since,
            "last_activity": last_activity,
        }
        return self._post("/v1/identify", lambda: _call(call), once=True)

    def ping(self, email: str | None = None, *, user_id: UserId | None = None, timestamp: Moment | None = None) -> Result:
        """Marks a customer as active today. Strangers are ignored."""
        call = {"email": email, "user_id": user_id, "timestamp": timestamp}
        return self._post("/v1/ping", lambda: _call(call), once=False)

    def batch(self, items: Iterable[Item]) -> Result:
        """Makes up to 1,000 calls in one request, such as when you bring the users that you have. A bad item fails alone."""
        return self._post("/v1/batch", lambda: _calls(items), once=True)

    def flush(self, timeout: float | None = None) -> bool:
        """Waits until every call has been answered; False when that took longer than so many seconds."""
        return self._lane.flush(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Flushes, and takes no more calls."""
        self._fault = TinyCRMError("closed", "the client was closed before this call")
        return self.flush(timeout)

    def __enter__(self) -> TinyCRM:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> TinyCRM:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    def _post(self, path: str, call: Callable[[], object], *, once: bool) -> Result:
        result, made = Result(), time.monotonic()

        def work() -> None:
            try:
                self._settle(result, self._sender.send(path, body, once, made))
            except Exception as cause:
                self._settle(result, _unsendable(cause))

        if self._fault:
            self._settle(result, self._fault)
            return result
        try:
            # Now, so that what the caller does with its values afterwards is not sent.
            body = encode(call()).encode()
        except Exception as cause:
            self._settle(result, _unsendable(cause))
            return result
        if not self._lane.put(work):
            self._settle(result, TinyCRMError("overloaded", f"{MOST:,} calls are waiting already", retry_after=0.0))
        return result

    def _settle(self, result: Result, answer: Answer) -> None:
        error = answer if isinstance(answer, TinyCRMError) else None
        outcomes: object = None if isinstance(answer, TinyCRMError) else answer.get("results")
        result._settle({} if isinstance(answer, TinyCRMError) else answer, error)
        if error and error.code != "no_key":
            self._report(error)
        for place, outcome in enumerate(outcomes if isinstance(outcomes, list) else []):
            if not outcome.get("ok"):
                details = {name: value for name, value in outcome.items() if name not in ("ok", "code")}
                message = f"item {place}: {outcome.get('detail')}"
                self._report(TinyCRMError(str(outcome.get("code")), message, item=place, **details))

    def _report(self, error: TinyCRMError) -> None:
        try:
            self._on_error(error)
        except Exception:
            log.exception("TinyCRM: on_error failed")


def _call(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is None is left out; an id travels as text."""
    call = {name: value for name, value in fields.items() if value is not None}
    return {**call, "user_id": str(call["user_id"])} if "user_id" in call else call


def _calls(items: Iterable[Item]) -> list[dict[str, Any]]:
    if isinstance(items, (Mapping, str)):
        raise TypeError(f"batch takes a list of calls, and this is a {type(items).__name__}: write batch([...])")
    calls = list(items)
    for place, item in enumerate(calls):
        if not isinstance(item, Mapping):
            raise TypeError(f"item {place} of the batch is a {type(item).__name__}, and a call is a dict")
    return [_call(item) for item in calls]


def _unsendable(cause: Exception) -> TinyCRMError:
    return TinyCRMError("invalid_call", f"cannot be sent: {cause}")


def _log(error: TinyCRMError) -> None:
    log.error("TinyCRM: %s: %s", error.code, error.message)


def _warn() -> None:
    global _warned
    if not _warned:
        log.warning(NO_KEY)
    _warned = True
