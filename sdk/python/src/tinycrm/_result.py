"""What became of a call, and why it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures import Future
from typing import Any

from ._wire import FieldError, Outcome


class TinyCRMError(Exception):
    """Why a call did not succeed. It is given, never raised; raise it yourself where that helps."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        #: The server's stable code such as `unknown_user`; or the client's own: `no_key`, `invalid_key`, `invalid_url`,
        #: `invalid_call`, `unreachable`, `redirected`, `overloaded`, `closed`, `http_502`.
        self.code = code
        self.message = message
        #: The HTTP status, if there was an answer.
        self.status: int | None = details.get("status")
        #: Seconds after which the same call may succeed; None when it never will.
        self.retry_after: float | None = details.get("retry_after")
        #: What to do about it.
        self.hint: str | None = details.get("hint")
        #: Every invalid field.
        self.errors: list[FieldError] = details.get("errors") or []
        #: Names this request in the server's log.
        self.request_id: str | None = details.get("request_id")
        #: The place of the failed item in its batch, from 0.
        self.item: int | None = details.get("item")
        #: Everything that the server said.
        self.details = details

    def __repr__(self) -> str:
        return f"TinyCRMError({self.code!r}, {self.message!r})"


class Result:
    """What became of a call. The call is on its way; who looks waits for the answer, and `await` does so in asyncio.

    A result is true when the call succeeded.
    """

    def __init__(self) -> None:
        self._future: Future[tuple[dict[str, Any], TinyCRMError | None]] = Future()
        # Under way from now on: cancelling a task that awaits the result does not cancel the call.
        self._future.set_running_or_notify_cancel()

    def _settle(self, answer: dict[str, Any], error: TinyCRMError | None) -> None:
        self._future.set_result((answer, error))

    @property
    def done(self) -> bool:
        """Whether there is an answer already. Does not wait."""
        return self._future.done()

    @property
    def error(self) -> TinyCRMError | None:
        """Why the call failed; None when it succeeded."""
        return self._future.result()[1]

    @property
    def ok(self) -> bool:
        """Whether the call succeeded: for a write that means committed."""
        return self.error is None

    @property
    def answer(self) -> dict[str, Any]:
        """Everything that the server answered; empty when the call failed."""
        return self._future.result()[0]

    @property
    def version(self) -> int | None:
        """The account's version with this call: give it as `min_version` to a query that must see the call."""
        version = self.answer.get("version")
        return version if isinstance(version, int) else None

    @property
    def customer(self) -> str | None:
        """The customer's id in TinyCRM."""
        return self.answer.get("customer")

    @property
    def created(self) -> bool:
        """Whether the customer is new in the project."""
        return bool(self.answer.get("created"))

    @property
    def changed(self) -> bool:
        """Whether anything but the activity differs from before."""
        return bool(self.answer.get("changed"))

    @property
    def stale(self) -> list[str]:
        """Names of which something later is known already: what the call said of them is history."""
        return list(self.answer.get("stale") or [])

    @property
    def ignored(self) -> bool:
        """Whether the account ignores this address: nothing was stored."""
        return bool(self.answer.get("ignored"))

    @property
    def results(self) -> list[Outcome]:
        """Of a batch: what became of each item."""
        return list(self.answer.get("results") or [])

    def __bool__(self) -> bool:
        return self.ok

    def __await__(self) -> Generator[Any, None, Result]:
        yield from asyncio.wrap_future(self._future).__await__()
        return self

    def __repr__(self) -> str:
        if not self.done:
            return "<Result: on its way>"
        return f"<Result: {self.error!r}>" if self.error else f"<Result: ok {self.answer!r}>"
