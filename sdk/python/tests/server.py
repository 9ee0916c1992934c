"""A real TinyCRM server for tests, with a database of its own that is thrown away."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any


class Server:
    """Starts `tinycrm serve`; ready when made."""

    def __init__(self) -> None:
        binary = os.environ.get("TINYCRM_BIN")
        if not binary:
            raise RuntimeError("These tests need a server: run `make test`, or set TINYCRM_BIN to the tinycrm binary")
        self._binary = binary
        # Not made here: the server must be able to give it to the postgres user.
        self._data = Path(tempfile.gettempdir()) / f"tinycrm-{uuid.uuid4().hex[:8]}"
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._log = tempfile.TemporaryFile()
        command = [binary, "serve", "--data-dir", str(self._data), "--listen", f"127.0.0.1:{port}"]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz"):
                    return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    self._log.seek(0)
                    said = self._log.read().decode(errors="replace")
                    self.stop()
                    raise RuntimeError(f"tinycrm serve is not ready. It said:\n{said}") from None
                time.sleep(0.05)

    def command(self, *words: str) -> Any:
        """Runs a command of the command line on this server's data; what it printed as JSON."""
        line = [self._binary, *words, "--json", "--data-dir", str(self._data)]
        return json.loads(subprocess.run(line, check=True, stdout=subprocess.PIPE).stdout)

    def project(self, slug: str) -> str:
        """Makes a project; its secret key."""
        return str(self.command("project", "create", slug)["key"])

    def query(self, key: str, question: dict[str, Any]) -> Any:
        """The answer to a query under a key."""
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        request = urllib.request.Request(f"{self.url}/v1/query", json.dumps(question).encode(), headers)
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()
        shutil.rmtree(self._data, ignore_errors=True)
