import sys

import numpy as np
import pytest

from hitl_sim.analysis.sobol import MissingSalibError, sobol_indices

A, B = 7.0, 0.1


def ishigami(levels):
    x = np.pi * (2.0 * levels - 1.0)
    return (
        np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])
    )


def test_the_ishigami_function_has_the_indices_that_are_known_of_it():
    # Ishigami and Homma (1990): variances in closed form
    pi4 = np.pi**4
    first = 0.5 * (1.0 + B * pi4 / 5.0) ** 2
    second = A**2 / 8.0
    both = B**2 * pi4**2 * (1.0 / 18.0 - 1.0 / 50.0)
    whole = first + second + both
    found = sobol_indices(("x1", "x2", "x3"), ishigami, seed=1, num_base=4096)
    assert [i.name for i in found] == ["x1", "x2", "x3"]
    expected_first = [first / whole, second / whole, 0.0]
    expected_total = [(first + both) / whole, second / whole, both / whole]
    assert [i.first for i in found] == pytest.approx(expected_first, abs=0.02)
    assert [i.total for i in found] == pytest.approx(expected_total, abs=0.02)


def test_the_same_seed_gives_the_same_indices():
    one, two = (
        sobol_indices(("x1", "x2", "x3"), ishigami, seed=2, num_base=64)
        for _ in range(2)
    )
    assert one == two


def test_without_salib_the_message_says_how_to_get_it(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("SALib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "SALib", None)
    with pytest.raises(MissingSalibError, match=r"hitl-sim\[sensitivity\]"):
        sobol_indices(("x",), lambda levels: levels[:, 0], seed=0)


def test_an_output_that_does_not_vary_is_refused():
    with pytest.raises(ValueError, match="vary"):
        sobol_indices(("x",), lambda levels: np.ones(len(levels)), seed=0, num_base=8)
