"""What the calls send, and what they make of an answer."""

from __future__ import annotations

import asyncio
import enum
import json
import os
import threading
import unittest
import uuid
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from unittest import mock

from tinycrm import Item, TinyCRM, TinyCRMError

from .standin import StandIn


class Plan(str, enum.Enum):
    PRO = "pro"


def client(standin: StandIn, **options: Any) -> TinyCRM:
    return TinyCRM("tcrm_proj_1", base_url=standin.url, on_error=lambda _: None, **options)


class Calls(unittest.TestCase):
    def test_identify_posts_what_it_was_given_under_the_key(self) -> None:
        standin = StandIn(self, (200, {"version": 7, "customer": "c", "created": True, "changed": True, "stale": ["plan"]}))
        result = client(standin).identify("ada@example.com", name=None, params={"referral": None, "plan": "pro"})
        self.assertTrue(result.ok and result)
        self.assertIsNone(result.error)
        self.assertEqual(
            (result.version, result.customer, result.created, result.changed, result.stale, result.ignored),
            (7, "c", True, True, ["plan"], False),
        )
        [call] = standin.calls
        self.assertEqual(call.path, "/v1/identify")
        self.assertEqual(call.headers["authorization"], "Bearer tcrm_proj_1")
        self.assertEqual(call.headers["content-type"], "application/json")
        self.assertRegex(call.headers["user-agent"], r"^tinycrm-python/\d")
        uuid.UUID(call.headers["idempotency-key"])
        self.assertEqual(call.body, '{"email":"ada@example.com","params":{"referral":null,"plan":"pro"}}')

    def test_ping_takes_an_email_or_an_id_and_sends_no_idempotency_key(self) -> None:
        standin = StandIn(self)
        crm = client(standin)
        self.assertTrue(crm.ping("ada@example.com") and crm.ping(user_id=42))
        self.assertEqual([call.path for call in standin.calls], ["/v1/ping", "/v1/ping"])
        self.assertEqual(standin.bodies(), [{"email": "ada@example.com"}, {"user_id": "42"}])
        self.assertFalse(any("idempotency-key" in call.headers for call in standin.calls))

    def test_a_batch_posts_its_items_once_and_failed_ones_are_reported(self) -> None:
        failed = {"ok": False, "status": 422, "code": "invalid_fields", "detail": "wrong", "errors": [{"pointer": "/email"}]}
        standin = StandIn(self, (200, {"version": 7, "results": [{"ok": True}, failed]}))
        errors: list[TinyCRMError] = []
        crm = TinyCRM("k", base_url=standin.url, on_error=errors.append)
        user = uuid.uuid4()
        items: list[Item] = [{"email": "ada@example.com", "params": {"plan": Plan.PRO}}, {"type": "ping", "user_id": user}]
        result = crm.batch(item for item in items)
        self.assertTrue(result.ok)
        self.assertEqual([outcome["ok"] for outcome in result.results], [True, False])
        self.assertIn("idempotency-key", standin.calls[0].headers)
        sent = [{"email": "ada@example.com", "params": {"plan": "pro"}}, {"type": "ping", "user_id": str(user)}]
        self.assertEqual(standin.bodies(), [sent])
        crm.flush()
        [error] = errors
        self.assertEqual((error.item, error.code, error.status, str(error)), (1, "invalid_fields", 422, "item 1: wrong"))

    def test_values_are_sent_as_they_are_meant(self) -> None:
        berlin = timezone(timedelta(hours=2))
        table: list[tuple[object, str]] = [
            (Decimal("19.90"), "19.90"),
            (Decimal("9007199254740993.1"), "9007199254740993.1"),
            (Decimal("1E+2"), "1E+2"),
            (2**70, str(2**70)),
            (0.1, "0.1"),
            (True, "true"),
            (datetime(2026, 3, 1, 11, 0, tzinfo=berlin), '"2026-03-01T09:00:00Z"'),
            (datetime(2026, 3, 1, 9, 0, 0, 250, tzinfo=timezone.utc), '"2026-03-01T09:00:00.000250Z"'),
            # As pytz makes them: no time in JSON has an offset of seconds.
            (datetime(2026, 3, 1, 9, 53, 28, tzinfo=timezone(timedelta(seconds=3208))), '"2026-03-01T09:00:00Z"'),
            (date(2026, 3, 1), '"2026-03-01"'),
            (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
            (Plan.PRO, '"pro"'),
            (("a", ["b", None]), '["a",["b",null]]'),
            ({"é": {}}, '{"\\u00e9":{}}'),
        ]
        standin = StandIn(self)
        crm = client(standin)
        for value, text in table:
            with self.subTest(value=value):
                self.assertTrue(crm.identify("ada@example.com", params={"v": value}))
                body = standin.calls[-1].body
                self.assertEqual(body, f'{{"email":"ada@example.com","params":{{"v":{text}}}}}')
                json.loads(body)

    def test_what_the_caller_changes_afterwards_is_not_sent(self) -> None:
        standin = StandIn(self)
        params = {"plan": "pro"}
        result = client(standin).identify("ada@example.com", params=params)
        params["plan"] = "free"
        self.assertTrue(result)
        self.assertEqual(standin.bodies()[0]["params"], {"plan": "pro"})

    def test_calls_return_at_once_and_arrive_in_their_order_over_one_connection(self) -> None:
        standin = StandIn(self)
        crm = client(standin)
        results = [crm.ping(user_id=number) for number in range(200)]
        self.assertFalse(results[-1].done)
        self.assertTrue(crm.flush(30))
        self.assertTrue(all(result.done and result.ok for result in results))
        self.assertEqual([int(body["user_id"]) for body in standin.bodies()], list(range(200)))
        self.assertEqual(len({call.connection for call in standin.calls}), 1)

    def test_threads_may_share_a_client(self) -> None:
        standin = StandIn(self)
        crm = client(standin)
        threads = [threading.Thread(target=lambda: [crm.ping(user_id=n) for n in range(20)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertTrue(crm.flush(30))
        self.assertEqual(len(standin.calls), 160)

    def test_results_can_be_awaited_and_calls_are_sent_without(self) -> None:
        standin = StandIn(self, (200, {"version": 1}))

        async def story() -> None:
            async with client(standin) as crm:
                result = await crm.identify("ada@example.com")
                self.assertTrue(result.done and result.ok)
                results = await asyncio.gather(*(crm.ping(user_id=number) for number in range(20)))
                self.assertTrue(all(result.ok for result in results))
                crm.ping("nobody-waits@example.com")

        asyncio.run(story())
        self.assertEqual(len(standin.calls), 22)

    def test_a_call_is_sent_although_the_task_that_awaits_it_is_cancelled(self) -> None:
        standin = StandIn(self)

        async def story() -> None:
            crm = client(standin)
            results = [crm.ping(user_id=number) for number in range(50)]
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(asyncio.sleep(9)), 0)

            async def look() -> None:
                await results[-1]

            task = asyncio.ensure_future(look())
            await asyncio.sleep(0)
            task.cancel()
            self.assertTrue((await results[-1]).ok)

        asyncio.run(story())
        self.assertEqual(len(standin.calls), 50)

    def test_the_environment_says_key_and_address(self) -> None:
        standin = StandIn(self)
        environment = {"TINYCRM_API_KEY": "tcrm_proj_2", "TINYCRM_URL": f"{standin.url}/crm//"}
        with mock.patch.dict(os.environ, environment):
            self.assertTrue(TinyCRM().ping("ada@example.com"))
        self.assertEqual(standin.calls[0].headers["authorization"], "Bearer tcrm_proj_2")
        self.assertEqual(standin.calls[0].path, "/crm/v1/ping")

    def test_an_address_may_have_a_path_and_end_in_slashes_and_in_v1(self) -> None:
        standin = StandIn(self)
        for path in ("/crm//", "/v1", "/v1/", "/crm/v1//", "/crm1", ""):
            TinyCRM("k", base_url=standin.url + path).ping("ada@example.com").ok
        paths = ["/crm/v1/ping", "/v1/ping", "/v1/ping", "/crm/v1/ping", "/crm1/v1/ping", "/v1/ping"]
        self.assertEqual([call.path for call in standin.calls], paths)

    def test_a_publishable_keys_empty_answer_is_a_success(self) -> None:
        result = client(StandIn(self, (202,))).identify("ada@example.com")
        self.assertEqual((result.ok, result.answer, result.version), (True, {}, None))

    def test_an_ignored_customer_is_told(self) -> None:
        result = client(StandIn(self, (200, {"ok": True, "ignored": True}))).identify("me@my-company.example")
        self.assertEqual((result.ok, result.ignored, result.customer), (True, True, None))

    def test_a_closed_client_takes_no_more_calls(self) -> None:
        standin = StandIn(self)
        with client(standin) as crm:
            crm.ping("ada@example.com")
        self.assertEqual(len(standin.calls), 1)
        error = crm.ping("ada@example.com").error
        assert error
        self.assertEqual(error.code, "closed")

    def test_who_prints_a_client_does_not_print_its_key(self) -> None:
        crm = TinyCRM("tcrm_proj_secret", base_url=StandIn(self).url)
        self.assertNotIn("secret", f"{crm!r} {crm} {crm.ping('a@example.com')!r}")


if __name__ == "__main__":
    unittest.main()
