import threading
import time

from hitl_sim.energy.meters.backend import thread_every


def test_a_tick_comes_again_until_it_is_stopped_and_the_thread_is_gone():
    ticks, before = [], threading.active_count()
    enough = threading.Event()

    def tick():
        ticks.append(time.monotonic())
        if len(ticks) >= 3:
            enough.set()

    stop = thread_every(tick, lambda: 0.001)
    assert enough.wait(5.0)
    stop()
    num = len(ticks)
    assert threading.active_count() == before
    time.sleep(0.01)
    assert len(ticks) == num
