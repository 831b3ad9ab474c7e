"""What holds in every test: the CPU, no silent broadcasting, shapes checked.

Properties are tried on the same examples every time. The shape check costs well under a
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

jax.config.update("jax_numpy_rank_promotion", "raise")
