"""The client and a real server; and the client as the server itself serves it, installed by pip."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import unittest
import urllib.request
import venv
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from tinycrm import TinyCRM, TinyCRMError, __version__

from .server import Server

ADA = "ada@example.com"
server: Server


def setUpModule() -> None:
    global server
    server = Server()


def tearDownModule() -> None:
    server.stop()


class Story(unittest.TestCase):
    def setUp(self) -> None:
        self.key = server.project(f"app-{self.id().rsplit('.', 1)[1].replace('_', '-')[:30].strip('-')}")
        self.errors: list[TinyCRMError] = []
        self.crm = TinyCRM(self.key, base_url=server.url, on_error=self.errors.append)

    def count(self, filter: str, **question: Any) -> int:
        return int(server.query(self.key, {"filter": filter, "select": ["count"], **question})["count"])

    def test_what_identify_says_can_be_asked_for_at_once(self) -> None:
        trial = datetime.now(timezone.utc) + timedelta(days=3)
        result = self.crm.identify(
            ADA, name="Ada", status="trial", params={"plan": "pro", "mrr": Decimal("29.90"), "trial_ends": trial}
        )
        self.assertTrue(result.ok and result.created and result.customer, result)
        filter = 'params.plan = "pro" and params.mrr = 29.9 and params.trial_ends in next 7 days and status = trial'
        self.assertEqual(self.count(filter, min_version=result.version), 1)
        [customer] = server.query(self.key, {"filter": "", "select": ["customers"]})["customers"]
        self.assertEqual((customer["email"], customer["name"]), (ADA, "Ada"))

    def test_every_field_arrives(self) -> None:
        crm = self.crm
        crm.identify(ADA, user_id=42, params={"tags": ["lead"], "logins": 1, "old": True}, first_seen="2020-01-01")
        crm.identify(user_id=42, increment={"logins": 2}, add={"tags": "vip"}, unset=["old"], set_once={"source": "hn"})
        crm.identify(user_id=42, remove={"tags": "lead"})
        self.assertTrue(crm.ping(user_id=42))
        filter = 'params.logins = 3 and params.tags has "vip" and not params.tags has "lead" and params.source = "hn"'
        self.assertEqual(self.count(f"{filter} and not params.old exists and first_seen < 2020-01-02"), 1)
        self.assertTrue(crm.identify(ADA, params={"plan": "pro"}, replace=True))
        self.assertEqual(self.count('params.plan = "pro" and not params.logins exists'), 1)
        late = crm.identify(ADA, params={"plan": "free"}, timestamp=datetime.now(timezone.utc) - timedelta(minutes=1))
        self.assertEqual((late.ok, late.stale), (True, ["plan"]))
        self.assertEqual(self.errors, [])

    def test_calls_arrive_in_their_order(self) -> None:
        for number in range(100):
            self.crm.identify(ADA, params={"n": number})
        self.assertTrue(self.crm.flush(60))
        self.assertEqual(self.count("params.n = 99"), 1)

    def test_a_batch_brings_many_and_a_bad_item_fails_alone(self) -> None:
        result = self.crm.batch(
            [{"email": ADA}, {"email": "ada"}, {"type": "ping", "email": ADA}, {"email": "b@example.com"}]
        )
        self.assertEqual([outcome["ok"] for outcome in result.results], [True, False, True, True])
        self.assertEqual(self.count(""), 2)
        self.crm.flush()
        self.assertEqual([(error.item, error.status) for error in self.errors], [(1, 422)])
        self.assertEqual(self.errors[0].errors[0]["pointer"], "/email")

    def test_what_the_server_refuses_is_explained(self) -> None:
        error = self.crm.identify(user_id="stranger").error
        assert error
        self.assertEqual((error.status, error.code), (422, "unknown_user"))
        error = self.crm.identify("ada").error
        assert error
        self.assertTrue(error.message and error.request_id and error.errors[0]["pointer"] == "/email")
        error = TinyCRM("tcrm_proj_nobody", base_url=server.url, on_error=self.errors.append).ping(ADA).error
        assert error
        self.assertEqual((error.status, error.code), (401, "unauthorized"))

    def test_asyncio(self) -> None:
        async def story() -> None:
            async with self.crm as crm:
                results = await asyncio.gather(*(crm.identify(f"{n}@example.com") for n in range(50)))
                self.assertTrue(all(result.ok for result in results))

        asyncio.run(story())
        self.assertEqual(self.count(""), 50)


class Installed(unittest.TestCase):
    def install(self, *line: str) -> Path:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        folder = Path(temporary.name)
        venv.create(folder, with_pip=True)
        environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_CONFIG_FILE": os.devnull}
        command = [str(folder / "bin/pip"), "install", "--quiet", *line]
        subprocess.run(command, check=True, env=environment)
        return folder / "bin/python"

    def call(self, python: Path, slug: str) -> None:
        key = server.project(slug)
        program = f"""
import tinycrm
from importlib.metadata import metadata, version
assert version("tinycrm") == tinycrm.__version__ == "{__version__}", version("tinycrm")
assert metadata("tinycrm")["Requires-Python"] == ">=3.9"
result = tinycrm.TinyCRM().identify("ada@example.com", status="paid")
assert result.ok, result.error"""
        environment = {"TINYCRM_API_KEY": key, "TINYCRM_URL": server.url}
        subprocess.run([str(python), "-I", "-c", program], check=True, env=environment)
        self.assertEqual(server.query(key, {"filter": "status = paid", "select": ["count"]})["count"], 1)

    def test_the_line_that_the_server_says_installs_a_client_that_works(self) -> None:
        with urllib.request.urlopen(f"{server.url}/llms.txt") as response:
            guide = response.read().decode()
        line = guide[guide.index("pip install ") :].split("`")[0]
        self.assertEqual(line, f"pip install {server.url}/sdk/tinycrm-{__version__}-py3-none-any.whl")
        self.call(self.install(*line.split()[2:]), "installed")

    def test_a_line_without_a_version_installs_it_too(self) -> None:
        self.call(self.install("tinycrm", "--no-index", "--find-links", f"{server.url}/sdk"), "found")


if __name__ == "__main__":
    unittest.main()
