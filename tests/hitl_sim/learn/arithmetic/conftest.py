import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.arithmetic import quantise_kernel, quantise_rows

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def matrices():
    """Inputs with negative numbers, zeros, and rows of very unlike sizes."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(9, 37)).astype(np.float32)
    x[:, 3] = 0.0
    x[2] *= 1e-3
    x[5] *= 1e4
    kernel = (rng.normal(size=(37, 6)) * 0.2).astype(np.float32)
    return x, kernel


@pytest.fixture(scope="session")
def scales(matrices):
    """The scales of rows and columns that our own code chose, which a test checks."""
    x, kernel = map(jnp.asarray, matrices)
    rows, columns = quantise_rows(x), quantise_kernel(kernel)
    return np.asarray(rows.scale)[:, 0], np.asarray(columns.scale)[0]
