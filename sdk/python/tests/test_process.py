"""What a whole process sees: warnings, its end, and forks of it."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

from .standin import OK, StandIn

SOURCE = str(Path(__file__).parents[1] / "src")


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program that has the client."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": SOURCE, **environment}
    command = [sys.executable, "-c", f"from tinycrm import TinyCRM\n{program}"]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


class Processes(unittest.TestCase):
    def test_calls_that_nobody_looks_at_are_sent_and_tried_again_before_the_process_ends(self) -> None:
        standin = StandIn(self, (503,), OK)
        ended = run("crm = TinyCRM()\nfor n in range(20): crm.ping(user_id=n)", TINYCRM_API_KEY="k", TINYCRM_URL=standin.url)
        self.assertEqual((ended.returncode, ended.stderr, len(standin.calls)), (0, "", 21))

    def test_a_process_ends_soon_when_all_is_sent(self) -> None:
        standin = StandIn(self)
        program = "import time; crm = TinyCRM('k'); crm.ping('a@b.example').ok; began = time.time(); print(crm.flush())"
        self.assertEqual(run(program, TINYCRM_URL=standin.url).stdout, "True\n")

    def test_what_could_not_be_sent_is_said_and_the_end_is_not_put_off_for_long(self) -> None:
        program = """
import tinycrm._lane as lane
lane.AT_EXIT = 0.5
TinyCRM("k", base_url="http://127.0.0.1:1").ping("a@b.example")"""
        ended = run(program)
        self.assertEqual(ended.returncode, 0)
        self.assertIn("the program ended before 1 calls were answered", ended.stderr)

    def test_calls_made_while_the_process_ends_are_sent(self) -> None:
        standin = StandIn(self)
        program = """
import atexit
crm = TinyCRM("k")
atexit.register(lambda: crm.ping("a@b.example").ok)"""
        ended = run(program, TINYCRM_URL=standin.url)
        self.assertEqual((ended.returncode, ended.stderr, len(standin.calls)), (0, "", 1))

    def test_without_a_key_it_warns_once_and_does_nothing(self) -> None:
        standin = StandIn(self)
        program = """
for crm in (TinyCRM(), TinyCRM(""), TinyCRM(None)):
    for result in (crm.identify("ada@example.com"), crm.ping("ada@example.com")):
        print(result.ok, result.error.code)"""
        ended = run(program, TINYCRM_URL=standin.url)
        self.assertEqual((ended.returncode, ended.stdout), (0, "False no_key\n" * 6))
        self.assertEqual(ended.stderr, "TinyCRM: no API key, nothing is sent\n")
        self.assertEqual(standin.calls, [])

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_forked_workers_send_their_own_calls_over_their_own_connection(self) -> None:
        standin = StandIn(self)
        program = """
import os, warnings
warnings.simplefilter("ignore")
crm = TinyCRM("k")
crm.ping(user_id="parent").ok  # there is a thread and a connection now
for n in range(50): crm.ping(user_id=f"parent {n}")
children = []
for worker in range(4):
    child = os.fork()
    if not child:
        for n in range(25): crm.ping(user_id=f"{worker} {n}")
        os._exit(0 if crm.flush(20) else 1)
    children.append(child)
print([os.waitpid(child, 0)[1] for child in children], crm.flush(20))"""
        ended = run(program, TINYCRM_URL=standin.url)
        self.assertEqual((ended.stdout, ended.stderr), ("[0, 0, 0, 0] True\n", ""))
        users = [body["user_id"] for body in standin.bodies()]
        self.assertEqual((len(users), len(set(users))), (151, 151))
        for worker in range(4):
            mine = [user for user in users if user.startswith(f"{worker} ")]
            self.assertEqual(mine, [f"{worker} {n}" for n in range(25)])

    def test_an_idle_client_leaves_no_thread_behind(self) -> None:
        standin = StandIn(self)
        program = """
import threading, time
import tinycrm._lane as lane
lane.IDLE = 0.1
crm = TinyCRM("k")
crm.ping("a@b.example").ok
time.sleep(0.5)
print(threading.active_count(), crm.ping("a@b.example").ok)"""
        self.assertEqual(run(program, TINYCRM_URL=standin.url).stdout, "1 True\n")


if __name__ == "__main__":
    unittest.main()
