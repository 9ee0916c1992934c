"""Servers that are reached through the proxy that the environment names."""

from __future__ import annotations

import os
import unittest
from unittest import mock

from tinycrm import Result, TinyCRM

from .standin import StandIn

ADA = "ada@example.com"


def ping(url: str, **environment: str) -> Result:
    """Pings a server from a process with that environment."""
    others = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with mock.patch.dict(os.environ, {**others, **environment}, clear=True):
        crm = TinyCRM("k", base_url=url, retries=0, on_error=lambda _: None)
        result = crm.ping(ADA)
        crm.flush()
        return result


class Proxies(unittest.TestCase):
    def test_an_http_server_is_asked_for_through_the_proxy(self) -> None:
        proxy = StandIn(self)
        named = proxy.url.replace("http://", "http://ada:p%40ss@")
        self.assertTrue(ping("http://crm.example.com:7878/crm", http_proxy=named))
        self.assertTrue(ping("http://crm.example.com", HTTP_PROXY=proxy.url.replace("http://", "")))
        first, second = proxy.calls
        self.assertEqual(first.path, "http://crm.example.com:7878/crm/v1/ping")
        self.assertEqual(first.headers["host"], "crm.example.com:7878")
        self.assertEqual(first.headers["proxy-authorization"], "Basic YWRhOnBAc3M=")
        self.assertEqual(second.path, "http://crm.example.com/v1/ping")
        self.assertNotIn("proxy-authorization", second.headers)

    def test_an_https_server_is_reached_through_a_tunnel_that_does_not_see_the_key(self) -> None:
        proxy = StandIn(self, (407,))
        named = proxy.url.replace("http://", "http://ada:secret@")
        error = ping("https://crm.example.com", https_proxy=named).error
        assert error is not None
        self.assertEqual(error.code, "unreachable")
        where = proxy.url.replace("http://", "")
        self.assertIn(f"https://crm.example.com/v1/ping by the proxy {where}: Tunnel connection failed: 407", str(error))
        self.assertNotIn("secret", str(error))
        (call,) = proxy.calls
        self.assertEqual((call.path, call.body), ("crm.example.com:443", ""))
        self.assertIn("proxy-authorization", call.headers)
        self.assertNotIn("authorization", call.headers)

    def test_what_no_proxy_names_and_this_machine_are_reached_directly(self) -> None:
        proxy, server = StandIn(self), StandIn(self)
        self.assertTrue(ping(server.url, http_proxy=proxy.url))
        self.assertTrue(ping(server.url.replace("127.0.0.1", "localhost"), http_proxy=proxy.url))
        self.assertEqual((len(server.calls), proxy.calls), (2, []))
        for no_proxy in ("example.invalid", ".invalid", "crm.example.invalid:7878", "*"):
            error = ping("http://crm.example.invalid:7878", http_proxy=proxy.url, no_proxy=no_proxy).error
            self.assertEqual(error and error.code, "unreachable")
        self.assertEqual(proxy.calls, [])

    def test_a_proxy_of_another_kind_is_told(self) -> None:
        error = ping("http://crm.example.com", http_proxy="socks5://127.0.0.1:1").error
        self.assertIn("http_proxy names no http:// proxy", str(error))
