"""What holds in every test: the CPU, no silent broadcasting, shapes checked.

Properties are tried on the same examples every time. What was compiled once is kept for
the next process, as workers of studies keep it. The shape check costs well under a
second; it reads the jaxtyping annotations of our own functions and stands aside where
beartype is not installed.
"""

import contextlib
import ctypes
import gc
import importlib.util
import os
from collections import Counter
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# many small programs compile sooner without fusion emitters, and in one part each and
# not in several; both give the same bytes
os.environ["XLA_FLAGS"] = (
    f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_use_fusion_emitters=false"
    " --xla_cpu_parallel_codegen_split_count=1"
)

if importlib.util.find_spec("beartype") is not None:
    from jaxtyping import install_import_hook

    install_import_hook(["oracles", "hitl_sim.learn"], "beartype.beartype")

if importlib.util.find_spec("hypothesis") is not None:
    from hypothesis import settings

    # no test may hang on how busy the machine is
    settings.register_profile("same_examples", derandomize=True, deadline=None)
    settings.load_profile("same_examples")

import jax
import pytest

from hitl_sim.cache import cache_settings

# tracing makes many small objects that live on: looking for cycles among them so often
# as plain Python does takes a twentieth of the time
gc.set_threshold(20_000, 20, 20)

jax.config.update("jax_numpy_rank_promotion", "raise")
for name, value in cache_settings().items():
    jax.config.update(name, value)

_COMPILES_MORE_THAN_IT_RUNS = (
    "tests/oracles/",
    "tests/hitl_sim/learn/",
    "tests/hitl_sim/check/",
    "tests/hitl_sim/session/test_desk.py",
    "tests/contract/",
)
_HELD_MIB = 1400
_compiled: dict[str, bool] = {}
"""Whether what is compiled in this process was compiled without optimisation."""


def is_quick(path):
    """Whether a file's programs are compiled without optimisation."""
    return path.startswith(_COMPILES_MORE_THAN_IT_RUNS)


def pytest_collection_modifyitems(config, items):
    """Deal files out to workers: one with whole studies, one of the others, and so on.

    Of both those with most tests come first. A long file that one worker got last would
    leave the other idle, and studies beside studies would wait for each other. Files
    that are compiled without optimisation come last, together.
    """
    if not hasattr(config, "workerinput"):
        return
    size = Counter(item.path for item in items)
    studies = {item.path for item in items if item.get_closest_marker("study")}
    turn = {}
    for files in (size.keys() & studies, size.keys() - studies):
        ranked = sorted(files, key=lambda path: (-size[path], path))
        turn |= {path: place for place, path in enumerate(ranked)}
    items.sort(
        key=lambda item: (
            is_quick(item.nodeid),
            turn[item.path],
            item.path not in studies,
        )
    )


def resident_mib() -> float:
    """Memory that this process holds now, in MiB; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def return_freed_memory() -> None:
    """Give back to the system what was freed, where its library can; else keep it.

    Memory that is freed and yet held would have every later file start from nothing.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture(scope="module", autouse=True)
def quick_compilation(request):
    """Leave optimisation out where tests compile for longer than they run.

    Whole studies and their workers are optimised as they are for users, and so are the
    tests that compare bytes. What was compiled one way is not used the other, for the
    last bit may differ. Compiled programs are let go where they fill memory.
    """
    where = request.path.relative_to(request.config.rootpath).as_posix()
    before = jax.config.read("jax_disable_most_optimizations")
    quick = is_quick(where)
    if _compiled.setdefault("is_quick", quick) != quick:
        jax.clear_caches()
        _compiled["is_quick"] = quick
    jax.config.update("jax_disable_most_optimizations", quick or before)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
    if resident_mib() > _HELD_MIB:
        return_freed_memory()
    if resident_mib() > _HELD_MIB:
        jax.clear_caches()
        gc.collect()
        return_freed_memory()
