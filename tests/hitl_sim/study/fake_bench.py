"""A worker that answers at once, so that its parent can be tested by itself."""

from concurrent.futures import Future
from typing import ClassVar

from hitl_sim.energy import WorkUnit
from hitl_sim.study.metered import Bench, TimingSample

STEP = WorkUnit("train:64-8-10:b16", "train", {"float32": 1e6}, 1e5, 30)
SCORE = WorkUnit("score:64-8-10:n100", "score", {"float32": 1e3}, 1e3, 0.1)


class FakeExecutor:
    """Answers `submit` from a table of functions by name."""

    answers: ClassVar = {}
    asked: ClassVar = []

    def __init__(self, num_workers):
        self.num_workers = num_workers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def submit(self, module, function, *args):
        future = Future()
        FakeExecutor.asked.append((function, args))
        try:
            future.set_result(self.answers[function](*args))
        except BaseException as error:  # as a pool hands it over
            future.set_exception(error)
        return future


def bench(condition, platform="cpu"):
    return Bench(platform, "a device", ((STEP, condition), (SCORE, condition)))


def sample(unit_s, window_s, gross=(), core_frac=1.0, vmap_size=1, **signs):
    return TimingSample(
        vmap_size * window_s / unit_s, window_s, tuple(gross), core_frac, **signs
    )
