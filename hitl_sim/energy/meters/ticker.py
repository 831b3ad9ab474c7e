"""Background work at a pace: a thread that lives only while a window is open."""

from __future__ import annotations

import threading
from collections.abc import Callable

Stop = Callable[[], None]
Every = Callable[[Callable[[], None], Callable[[], float]], Stop]
"""Calls a function again and again, after pauses of some seconds, until stopped."""


def thread_every(tick: Callable[[], None], pause_s: Callable[[], float]) -> Stop:
    """Call `tick` on a daemon thread after each pause.

    Args:
        tick: what to do; it must not raise.
        pause_s: returns how long to wait before the next call, s.

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
