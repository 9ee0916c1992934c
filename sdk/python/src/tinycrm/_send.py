"""One call on the wire: its attempts, the pauses between them, and what an answer means."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import socket
import time
import uuid
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Union
from urllib.parse import urljoin, urlsplit

from ._proxy import Way, way
from ._result import TinyCRMError

#: Who is told to wait longer gives up.
LONGEST_PAUSE = 30.0
#: More than this no socket can wait.
LONGEST_TIMEOUT = 86_400.0

Answer = Union[dict[str, Any], TinyCRMError]


class Sender:
    """The connection to a server, kept open between calls. Used by one thread at a time."""

    def __init__(self, base: str, key: str, agent: str, timeout: float, retries: int) -> None:
        self._base = re.sub(r"(/v1)?/*$", "", base)
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json", "user-agent": agent}
        self._timeout = timeout
        self._retries = retries
        self._way: Way | None = None
        self._process = os.getpid()

    def send(self, path: str, body: bytes, once: bool, made: float) -> Answer:
        """Sends a body until it is answered, refused, or out of retries or time; if it must take effect once, under a key.

        `made` is when the caller asked for it, by the monotonic clock: a call that has waited behind others for as long as
        it would have been tried alone is given up, so that a server that hangs does not make everybody wait for ever.
        """
        self._timeout = min(self._timeout, LONGEST_TIMEOUT)
        headers = {**self._headers, **({"idempotency-key": str(uuid.uuid4())} if once else {})}
        if time.monotonic() > made + self._timeout * (self._retries + 1):
            return TinyCRMError(
                "unreachable", f"{self._base}{path}: gave up behind calls that got no answer", retry_after=0.0
            )
        retry = 0
        while True:
            answer = self._attempt(path, body, headers)
            if not isinstance(answer, TinyCRMError) or answer.retry_after is None:
                return answer
            pause = answer.retry_after + 2**retry * (0.25 + random.random() / 4)
            if retry >= self._retries or answer.retry_after > LONGEST_PAUSE:
                return answer
            time.sleep(pause)
            retry += 1

    def close(self) -> None:
        """Ends the connection, if there is one."""
        old, self._way = self._way, None
        if old:
            old.connection.close()

    def _attempt(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        url = self._base + path
        try:
            status, said, text = self._exchange(path, body, headers)
        except (OSError, http.client.HTTPException) as cause:
            by = f" by the proxy {self._way.proxy}" if self._way and self._way.proxy else ""
            self.close()
            late = isinstance(cause, (TimeoutError, socket.timeout))
            why = f"no answer within {self._timeout:g} s" if late else str(cause) or repr(cause)
            return TinyCRMError("unreachable", f"{url}{by}: {why}", retry_after=0.0)
        return read(status, said, text, url, path)

    def _exchange(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, http.client.HTTPMessage, str]:
        if self._process != os.getpid():  # a connection that two processes use mixes up their calls
            self._way, self._process = None, os.getpid()
        kept = self._way is not None
        try:
            return self._ask(path, body, headers)
        except (ConnectionError, http.client.BadStatusLine):
            # A kept connection may have been closed meanwhile by the other side, before it saw the call.
            self.close()
            if not kept:
                raise
            return self._ask(path, body, headers)

    def _ask(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, http.client.HTTPMessage, str]:
        end = time.monotonic() + self._timeout
        parts = urlsplit(self._base)
        if not self._way:
            self._way = way(parts, self._timeout)
        connection, before, more, _ = self._way
        connection.request("POST", before + parts.path + path, body, {**headers, **more})
        response = connection.getresponse()
        text = b""
        while part := response.read1():
            text += part
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if connection.sock:
                connection.sock.settimeout(left)
        if response.length:
            raise http.client.IncompleteRead(text, response.length)
        response.read()  # nothing more, but only this ends the answer
        if connection.sock:
            connection.sock.settimeout(self._timeout)
        return response.status, response.headers, text.decode(errors="replace")


def read(status: int, headers: http.client.HTTPMessage, text: str, url: str, path: str) -> Answer:
    body = parse(text)
    if 200 <= status < 300 and body is not None:
        return body
    if 300 <= status < 400:
        return TinyCRMError("redirected", f"{url} redirects {advice(headers.get('location', ''), url, path)}", status=status)
    problem = body or {}
    code = str(problem.get("code") or f"http_{status}")
    details: dict[str, Any] = {**problem, "status": status}
    if status == 429 or status >= 500 or code == "idempotency_in_flight":
        details["retry_after"] = seconds(headers.get("retry-after"))
    details.pop("code", None)
    return TinyCRMError(code, str(problem.get("detail") or f"HTTP {status}: {text[:200]}"), **details)


def advice(location: str, url: str, path: str) -> str:
    """Where a redirect leads, and the address to use instead. Followed, a POST becomes a GET, or loses its key."""
    target = urljoin(url, location)
    base = target[: -len(path)] if target.endswith(path) and location else "the address of TinyCRM itself"
    return f"to {target}: use {base} as TINYCRM_URL"


def seconds(after: str | None) -> float:
    """A `Retry-After`: a number of seconds, or a date."""
    try:
        return max(0.0, float(after or 0))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(after or "").timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


def parse(text: str) -> dict[str, Any] | None:
    """Nothing is an empty answer; what is no JSON object is no answer of TinyCRM's."""
    try:
        body = json.loads(text or "{}")
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
