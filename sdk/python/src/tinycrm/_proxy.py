"""The connection to a server, through the proxy that the environment names for it, if it names one.

HTTP_PROXY, HTTPS_PROXY and NO_PROXY are read as the rest of the standard library reads them, which on macOS and Windows
also knows the system's settings. What runs on this machine needs no proxy.
"""

from __future__ import annotations

import http.client
import ipaddress
from base64 import b64encode
from typing import NamedTuple, Optional
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass


class Way(NamedTuple):
    """How requests reach a server."""

    connection: http.client.HTTPConnection
    #: What stands before the path in a request: a proxy that is no tunnel must know where it goes.
    before: str
    #: Headers for the proxy.
    headers: dict[str, str]
    #: The proxy, for whoever is told that it did not work.
    proxy: Optional[str]


def way(base: SplitResult, timeout: float) -> Way:
    """The way to a server; nothing is connected yet."""
    secure = base.scheme.lower() == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    host = base.hostname or ""
    proxy = named(base)
    if proxy is None:
        return Way(kind(host, base.port, timeout=timeout), "", {}, None)
    address = f"{proxy.hostname}:{proxy.port or 80}"
    connection = kind(proxy.hostname or "", proxy.port or 80, timeout=timeout)
    headers = password(proxy)
    if secure:
        connection.set_tunnel(host, base.port, headers)
        return Way(connection, "", {}, address)
    return Way(connection, f"{base.scheme}://{base.netloc}", headers, address)


def named(base: SplitResult) -> SplitResult | None:
    """The proxy for a server."""
    text = getproxies().get(base.scheme.lower())
    if not text or is_here(base.hostname or "") or proxy_bypass(base.netloc):
        return None
    proxy = urlsplit(text if "://" in text else f"http://{text}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise OSError(f"{base.scheme}_proxy names no http:// proxy, and no other can be used")
    return proxy


def is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def password(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    text = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"proxy-authorization": f"Basic {b64encode(text.encode()).decode()}"}
