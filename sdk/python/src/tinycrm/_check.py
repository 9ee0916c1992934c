"""Keys and addresses that cannot work are told at once."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ._result import TinyCRMError


def check_key(key: str) -> TinyCRMError | None:
    """What is wrong with a key, without saying the key."""
    stray = re.search(r"[^A-Za-z0-9_]", str(key))
    return (
        TinyCRMError("invalid_key", f"the API key has {name(stray[0])} in it, which does not belong there")
        if stray
        else None
    )


def check_url(url: str) -> TinyCRMError | None:
    """What is wrong with a server's address. A password in it is not repeated."""
    what = "TINYCRM_URL" if "@" in url else f"TINYCRM_URL {url!r}"
    if not re.match(r"\s*https?://", url, re.IGNORECASE):
        return TinyCRMError("invalid_url", f"{what} has no scheme: write https:// or http:// before it")
    stray = re.search(r"[\s\"'@?#]|:/*$", url)
    if stray:
        return TinyCRMError("invalid_url", f"{what} has {name(stray[0])} in it, which does not belong there")
    try:
        parts = urlsplit(url)
        missing = not parts.hostname or parts.port == 0 or not parts.path.isascii()
    except ValueError:
        missing = True
    return TinyCRMError("invalid_url", f"{what} is not scheme, host, port and path") if missing else None


def name(stray: str) -> str:
    if stray in "\r\n":
        return "a line break"
    return "a blank" if stray.isspace() else repr(stray)
