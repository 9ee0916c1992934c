"""What goes wrong: which errors are tried again and how, and that none of them is ever raised."""

from __future__ import annotations

import logging
import time
import unittest
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from unittest import mock

from tinycrm import TinyCRM, TinyCRMError

from .standin import OK, Answer, StandIn

ADA = "ada@example.com"


def client(url: str, **options: Any) -> tuple[TinyCRM, list[TinyCRMError]]:
    errors: list[TinyCRMError] = []
    options = {"api_key": "k", "base_url": url, "on_error": errors.append, **options}
    return TinyCRM(**options), errors


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def half(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")


def silence(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1)


def stall(handler: BaseHTTPRequestHandler) -> None:
    half(handler)
    time.sleep(1)


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
    try:
        for _ in range(20):
            handler.wfile.write(b" ")
            time.sleep(0.1)
    except OSError:
        pass


class Failures(unittest.TestCase):
    def failed(self, crm: TinyCRM, call: Any = None) -> TinyCRMError:
        error = (crm.identify(ADA) if call is None else call).error
        assert error is not None
        crm.flush()
        return error

    def test_temporary_failures_are_tried_again_under_one_idempotency_key(self) -> None:
        temporary: dict[str, Answer] = {
            "429": (429, {"code": "rate_limited"}),
            "500": (500, {"code": "internal"}),
            "503 in HTML": (503, "<h1>Service Unavailable</h1>"),
            "an unknown outcome": (503, {"code": "outcome_unknown"}),
            "a call in flight": (409, {"code": "idempotency_in_flight"}),
            "a cut connection": cut,
            "half an answer": half,
        }
        for name, answer in temporary.items():
            with self.subTest(name):
                standin = StandIn(self, answer, answer, OK)
                crm, errors = client(standin.url)
                self.assertTrue(crm.identify(ADA))
                self.assertEqual((errors, len(standin.calls)), ([], 3))
                self.assertEqual(len({call.headers["idempotency-key"] for call in standin.calls}), 1)
                first, second, third = (call.at for call in standin.calls)
                self.assertTrue(second - first >= 0.245 and third - second >= 0.49, (first, second, third))

    def test_permanent_failures_are_not_tried_again(self) -> None:
        for status, code in [(400, "invalid_json"), (401, "invalid_key"), (409, "email_taken"), (422, "unknown_user")]:
            with self.subTest(code):
                standin = StandIn(self, (status, {"code": code, "detail": "no"}))
                crm, errors = client(standin.url)
                error = self.failed(crm)
                self.assertEqual((error.code, error.status, error.retry_after, str(error)), (code, status, None, "no"))
                self.assertEqual((errors, len(standin.calls)), ([error], 1))

    def test_retry_after_is_waited_for(self) -> None:
        standin = StandIn(self, (429, "", {"retry-after": "1"}), OK)
        self.assertTrue(client(standin.url)[0].ping(ADA))
        first, second = (call.at for call in standin.calls)
        self.assertTrue(1.245 <= second - first < 3, second - first)

    def test_a_retry_after_that_nobody_can_wait_for_ends_the_call(self) -> None:
        date = format_datetime(datetime.now(timezone.utc) + timedelta(hours=1), usegmt=True)
        for after in ["3600", date]:
            standin = StandIn(self, (503, "", {"retry-after": after}))
            error = self.failed(client(standin.url)[0])
            self.assertTrue(error.retry_after and 3500 < error.retry_after <= 3600, error.retry_after)
            self.assertEqual(len(standin.calls), 1)

    def test_an_attempt_that_takes_too_long_is_given_up_and_tried_again(self) -> None:
        standin = StandIn(self, silence, stall, drip, OK)
        self.assertTrue(client(standin.url, timeout=0.3, retries=9)[0].identify(ADA))
        self.assertEqual(len(standin.calls), 4)

    def test_retries_are_counted(self) -> None:
        standin = StandIn(self, (500,), (502,))
        crm, errors = client(standin.url, retries=1)
        error = self.failed(crm)
        self.assertEqual((error.code, errors, len(standin.calls)), ("http_502", [error], 2))

    def test_a_call_behind_others_is_not_tried_for_longer_than_alone(self) -> None:
        standin = StandIn(self, silence)
        crm, _ = client(standin.url, timeout=0.2, retries=0)
        began = time.monotonic()
        results = [crm.ping(user_id=number) for number in range(50)]
        self.assertTrue(crm.flush(10))
        self.assertLess(time.monotonic() - began, 3)
        last = results[-1].error
        self.assertTrue(last and last.code == "unreachable" and "behind" in str(last), last)

    def test_a_connection_that_was_closed_meanwhile_costs_nothing(self) -> None:
        def once(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b'HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{"version":7}')
            handler.connection.shutdown(2)

        standin = StandIn(self, once)
        crm, errors = client(standin.url, retries=0)
        for _ in range(3):
            self.assertTrue(crm.identify(ADA))
            time.sleep(0.05)
        self.assertEqual((errors, len(standin.calls)), ([], 3))

    def test_an_error_carries_what_the_server_said(self) -> None:
        problem = {
            "title": "Unprocessable Content",
            "status": 422,
            "code": "invalid_fields",
            "detail": "one field is wrong",
            "hint": "write it like ada@example.com",
            "errors": [{"pointer": "/email", "detail": "no @"}],
            "request_id": "r_1",
        }
        error = self.failed(client(StandIn(self, (422, problem)).url)[0])
        self.assertEqual((error.hint, error.errors, error.request_id), (problem["hint"], problem["errors"], "r_1"))
        self.assertEqual(error.details["title"], problem["title"])
        with self.assertRaisesRegex(TinyCRMError, "one field is wrong"):
            raise error

    def test_a_web_page_is_not_an_answer(self) -> None:
        for answer, code in [
            ((200, "<!doctype html>"), "http_200"),
            ((200, "[1]"), "http_200"),
            ((404, "<h1>"), "http_404"),
        ]:
            self.assertEqual(self.failed(client(StandIn(self, answer).url)[0]).code, code)

    def test_a_server_that_is_not_there_is_named_with_the_cause(self) -> None:
        error = self.failed(client("http://127.0.0.1:1", retries=0)[0])
        self.assertEqual((error.code, error.retry_after), ("unreachable", 0))
        self.assertRegex(str(error), r"^http://127\.0\.0\.1:1/v1/identify: .*refused")

    def test_redirects_are_told_and_not_followed(self) -> None:
        table = [
            ("https://crm.example.com/v1/identify", "https://crm.example.com as"),
            ("/crm/v1/identify", "URL/crm as"),
            ("https://sso.example.com/login", "the address of TinyCRM itself as"),
        ]
        for location, use in table:
            for status in (301, 302, 307, 308):
                standin = StandIn(self, (status, "<h1>Moved</h1>", {"location": location}))
                error = self.failed(client(standin.url)[0])
                self.assertEqual((error.code, error.status, len(standin.calls)), ("redirected", status, 1))
                self.assertIn(f"use {use.replace('URL', standin.url)} TINYCRM_URL", str(error))

    def test_keys_that_cannot_be_one_fail_at_once_and_are_not_printed(self) -> None:
        table = [
            ("tcrm_proj_secret\n", "a line break"),
            ("tcrm_proj_secret\r\n", "a line break"),
            (" tcrm_proj_secret", "a blank"),
            ('"tcrm_proj_secret"', "'\"'"),
            ("tcrm_proj_secretе", "'е'"),
            ("tcrm_proj_…", "'…'"),
        ]
        for key, found in table:
            standin = StandIn(self)
            crm, errors = client(standin.url, api_key=key)
            error = self.failed(crm)
            self.assertEqual(error.code, "invalid_key")
            self.assertEqual(str(error), f"the API key has {found} in it, which does not belong there")
            self.assertNotIn("secret", f"{error!r} {error.details}")
            self.assertEqual((errors, standin.calls), ([error], []))

    def test_addresses_that_cannot_be_one_are_named(self) -> None:
        scheme = "has no scheme: write https:// or http:// before it"
        table = [
            ("localhost:7878", scheme),
            ("crm.example.com", scheme),
            ("ftp://crm.example.com", scheme),
            ("http://crm.example.com\r", "has a line break in it, which does not belong there"),
            (" http://crm.example.com", "has a blank in it, which does not belong there"),
            ("http://crm.example.com?a=b", "has '?' in it, which does not belong there"),
            ("http://", "has '://' in it, which does not belong there"),
            ("http://crm.example.com:port", "is not scheme, host, port and path"),
        ]
        for url, fault in table:
            error = self.failed(client(url)[0])
            self.assertEqual((error.code, str(error)), ("invalid_url", f"TINYCRM_URL {url!r} {fault}"))
        self.assertNotIn("secret", str(self.failed(client("https://ada:secret@crm.example.com")[0])))

    def test_a_batch_is_a_list_of_dicts(self) -> None:
        standin = StandIn(self)
        wrong: list[tuple[Any, str]] = [
            ({"email": ADA}, "batch takes a list of calls, and this is a dict: write batch([...])"),
            (ADA, "batch takes a list of calls, and this is a str: write batch([...])"),
            ([{"email": ADA}, ADA], "item 1 of the batch is a str, and a call is a dict"),
        ]
        for items, message in wrong:
            crm, _ = client(standin.url)
            error = self.failed(crm, crm.batch(items))
            self.assertEqual((error.code, str(error)), ("invalid_call", f"cannot be sent: {message}"))
        self.assertEqual(standin.calls, [])

    def test_what_json_cannot_say_is_an_error_with_its_place_and_nothing_is_sent(self) -> None:
        circular: dict[str, Any] = {}
        circular["self"] = circular
        naive = datetime(2026, 3, 1)
        table: list[tuple[dict[str, Any], str]] = [
            ({"timestamp": naive}, "timestamp is 2026-03-01 00:00:00, a datetime without a time zone"),
            ({"params": {"dates": [naive]}}, "params.dates.0 is 2026-03-01"),
            ({"params": {"mrr": float("nan")}}, "params.mrr is nan"),
            ({"increment": {"logins": Decimal("Infinity")}}, "increment.logins is Infinity"),
            ({"add": {"tags": {"vip"}}}, "add.tags is a set, which JSON cannot say: make it a list"),
            ({"params": {1: 2}}, "params has the key 1: keys are text"),
            ({"params": {"user": object()}}, "params.user is a object"),
            ({"params": circular}, "recursion"),
            ({"params": {"when": datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))}}, "out of range"),
        ]
        standin = StandIn(self)
        for facts, message in table:
            crm, errors = client(standin.url)
            item: Any = {"email": ADA, **facts}
            for call in (crm.identify(**item), crm.batch([item])):
                self.assertFalse(call.ok, message)
                error = self.failed(crm, call)
                self.assertEqual(error.code, "invalid_call")
                self.assertIn("cannot be sent: ", str(error))
                self.assertIn(message, str(error))
            self.assertEqual(len(errors), 2)
        self.assertEqual(standin.calls, [])

    def test_nonsense_never_raises(self) -> None:
        logging.disable()
        self.addCleanup(logging.disable, logging.NOTSET)
        url = StandIn(self, (422,)).url
        for value in [None, 0, "", object(), [], {}, b"x", float("nan")]:
            for options in [{"api_key": value}, {"timeout": value}, {"retries": value}, {"on_error": value}, {}]:
                crm, _ = client(url, **options)
                nonsense: Any = value
                for call in (crm.identify(nonsense), crm.ping(nonsense), crm.batch(nonsense)):
                    self.assertIn(call.ok, (True, False))
        for base in [0, object(), b"x"]:
            self.assertFalse(client("", base_url=base)[0].ping(ADA).ok)

    def test_an_on_error_that_fails_does_no_harm(self) -> None:
        crm = TinyCRM("k", base_url=StandIn(self, (422,)).url, on_error=mock.Mock(side_effect=OSError))
        with self.assertLogs("tinycrm", "ERROR"):
            crm.identify(ADA)
            crm.flush()

    def test_failures_are_logged_unless_somebody_takes_them(self) -> None:
        crm = TinyCRM("tcrm_proj_secret", base_url=StandIn(self, (422, {"code": "unknown_user", "detail": "nobody"})).url)
        with self.assertLogs("tinycrm", "ERROR") as logs:
            crm.identify(user_id="stranger")
            crm.flush()
        self.assertEqual(logs.output, ["ERROR:tinycrm:TinyCRM: unknown_user: nobody"])

    def test_without_threads_calls_are_sent_by_who_makes_them(self) -> None:
        standin = StandIn(self, OK)
        crm, errors = client(standin.url)
        with mock.patch("tinycrm._lane.Lane._start", return_value=False):
            self.assertTrue(crm.ping(ADA).done and crm.ping(ADA).ok)
        self.assertTrue(crm.ping(ADA))
        self.assertEqual((errors, len(standin.calls)), ([], 3))

    def test_too_many_waiting_calls_are_refused_and_told(self) -> None:
        standin = StandIn(self, silence)
        crm, errors = client(standin.url, timeout=0.2, retries=0)
        with mock.patch("tinycrm._lane.MOST", 5):
            results = [crm.ping(user_id=number) for number in range(10)]
        self.assertEqual({result.error.code for result in results[-3:] if result.error}, {"overloaded"})
        crm.flush()
        self.assertEqual(len(errors), 10)


if __name__ == "__main__":
    unittest.main()
