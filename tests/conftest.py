"""What holds in every test: the CPU, no silent broadcasting, shapes checked.

Properties are tried on the same examples every time. What was compiled once is kept for
the next process, as workers of studies keep it. The shape check costs well under a
second; it reads the jaxtyping annotations of our own functions and stands aside where
beartype is not installed.
"""

import importlib.util
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

if importlib.util.find_spec("beartype") is not None:
    from jaxtyping import install_import_hook

    install_import_hook(["oracles", "hitl_sim.learn"], "beartype.beartype")

if importlib.util.find_spec("hypothesis") is not None:
    from hypothesis import settings

    settings.register_profile("same_examples", derandomize=True)
    settings.load_profile("same_examples")

import jax
import pytest

from hitl_sim.compile_cache import cache_settings

jax.config.update("jax_numpy_rank_promotion", "raise")
for name, value in cache_settings().items():
    jax.config.update(name, value)
# small programs are compiled sooner than they are written and read
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)

_COMPILES_MORE_THAN_IT_RUNS = (
    "tests/oracles/",
    "tests/hitl_sim/learn/",
    "tests/hitl_sim/check/",
    "tests/contract/",
)


@pytest.fixture(scope="module", autouse=True)
def quick_compilation(request):
    """Leave optimisation out where tests compile for longer than they run.

    Whole studies, their workers and the wheel compile as they do for users, and so do
    the tests that compare bytes.
    """
    where = request.path.relative_to(request.config.rootpath).as_posix()
    if not where.startswith(_COMPILES_MORE_THAN_IT_RUNS):
        yield
        return
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
