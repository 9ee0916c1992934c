"""One thread that does things in the order in which they were asked for.

Python programs of one process share a client, so the order in which a sign-up and its upgrade were told must be the order
in which they arrive. The thread begins with the first call and ends when there is nothing to do.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable

#: Seconds that an idle thread waits for more, and keeps its connection.
IDLE = 5.0
#: As many calls may wait.
MOST = 10_000
#: Seconds that the end of a program may be put off.
AT_EXIT = 10.0

log = logging.getLogger("tinycrm")


class Lane:
    """A queue and its thread. `close` is called when the thread ends."""

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self.reset()
        _lanes.add(self)

    def reset(self) -> None:
        """Empty and without a thread, as in a forked process: what was waiting is sent by the process that was forked."""
        self._changed = threading.Condition()
        self._alone = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._thread: threading.Thread | None = None
        self._busy = False

    def put(self, work: Callable[[], None]) -> bool:
        """Lets the work be done, here if there can be no thread; False when too much is waiting already."""
        with self._changed:
            if len(self._waiting) >= MOST:
                return False
            if self._thread or self._start():
                self._waiting.append(work)
                self._changed.notify_all()
                return True
        with self._alone:
            work()
        return True

    def _start(self) -> bool:
        thread = threading.Thread(target=self._run, name="tinycrm", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the program is ending, or has no threads left
            return False
        self._thread = thread
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._waiting, IDLE):
                    self._close()
                    self._thread = None
                    return
                work = self._waiting.popleft()
                self._busy = True
            try:
                with self._alone:
                    work()
            except Exception:
                log.exception("TinyCRM: a call was lost")
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def flush(self, timeout: float | None) -> bool:
        """Waits until all that was asked for is done; False when that took too long."""
        if threading.current_thread() is self._thread:
            return False
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout)

    def left(self) -> int:
        """How many calls are not done."""
        return len(self._waiting) + self._busy


_lanes: weakref.WeakSet[Lane] = weakref.WeakSet()


@atexit.register
def _finish() -> None:
    end = time.monotonic() + AT_EXIT
    for lane in list(_lanes):
        if not lane.flush(max(0.0, end - time.monotonic())):
            log.error("TinyCRM: the program ended before %d calls were answered", lane.left())


def _forked() -> None:
    for lane in list(_lanes):
        lane.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
