"""A real HTTP server that gives prepared answers and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
import unittest
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Optional, Union


class Call(NamedTuple):
    at: float
    path: str
    headers: dict[str, str]
    body: str
    connection: int


#: A status, a body and headers; or something else that is done with the request.
Answer = Union["tuple[Any, ...]", Callable[[BaseHTTPRequestHandler], None]]

OK = (200, {"version": 7})


class StandIn:
    """Gives each answer once, and the last one again and again."""

    def __init__(self, test: unittest.TestCase, *answers: Answer) -> None:
        self.calls: list[Call] = []
        self.answers = answers or (OK,)
        standin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                answer = standin.answers[min(len(standin.calls), len(standin.answers) - 1)]
                headers = {name.lower(): value for name, value in self.headers.items()}
                standin.calls.append(Call(time.monotonic(), self.path, headers, body, self.client_address[1]))
                if callable(answer):
                    self.close_connection = True
                    answer(self)
                else:
                    self.say(*answer)

            #: What a proxy is asked for a tunnel.
            do_CONNECT = do_POST

            def say(self, status: int, body: object = "", headers: Optional[dict[str, str]] = None) -> None:
                data = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                for name, value in {**(headers or {}), "content-length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)

    def bodies(self) -> list[Any]:
        return [json.loads(call.body) for call in self.calls]
