"""Background work at a pace, only while a window is open."""

from __future__ import annotations

import threading
from collections.abc import Callable

Stop = Callable[[], None]
Every = Callable[[Callable[[], object], Callable[[], float]], Stop]
"""Calls a function again and again, after pauses of some seconds, until stopped."""


def thread_every(tick: Callable[[], object], pause_s: Callable[[], float]) -> Stop:
    """Call `tick` on a daemon thread after each pause, s; it must not raise.

    Returns:
        A function that ends the thread and waits for it.
    """
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(pause_s()):
            tick()

    thread = threading.Thread(target=work, name="hitl_sim meter", daemon=True)
    thread.start()

    def stop() -> None:
        is_over.set()
        thread.join()

    return stop


class WhileOpen:
    """Background work of a backend, as a context of each window.

    Attributes:
        lock: held while the work begins; for the backend's own use as well.
    """

    def __init__(self, begin: Callable[[], Stop | None]) -> None:
        """Take what the first window begins, and what that returns to end it."""
        self.lock = threading.RLock()
        self._begin = begin
        self._num_open = 0
        self._stop: Stop | None = None

    def __enter__(self) -> None:
        """Count one more window; with the first, begin the work."""
        with self.lock:
            self._num_open += 1
            if self._num_open == 1:
                self._stop = self._begin()

    def __exit__(self, *_: object) -> None:
        """Count one window less; with the last, end the work and wait for its end."""
        with self.lock:
            self._num_open -= 1
            stop = None
            if self._num_open == 0:
                stop, self._stop = self._stop, None
        if stop is not None:
            stop()
