import numpy as np
import pytest
from scipy.special import ndtri

from hitl_sim.analysis.decision.shapley import shapley_effects

A, B = 7.0, 0.1
NAMES = ("x1", "x2", "x3")


def ishigami(levels):
    x = np.pi * (2.0 * levels - 1.0)
    return (
        np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])
    )


def normal(levels):
    return ndtri(np.clip(levels, 1e-9, 1.0 - 1e-9))


def additive(levels):
    return normal(levels) @ np.array([1.0, 2.0, 0.0])


def multiplied(levels):
    return (1.0 + normal(levels) * np.array([0.5, 1.0, 0.0])).prod(axis=1)


def known_of_ishigami():
    # Ishigami and Homma (1990): variances in closed form; x1 and x3 share theirs
    pi4 = np.pi**4
    alone = 0.5 * (1.0 + B * pi4 / 5.0) ** 2
    both = B**2 * pi4**2 * (1.0 / 18.0 - 1.0 / 50.0)
    parts = np.array([alone + both / 2.0, A**2 / 8.0, both / 2.0])
    return parts / parts.sum()


CASES = {
    ishigami: known_of_ishigami(),
    additive: np.array([1.0, 4.0, 0.0]) / 5.0,
    # var of a product of 1 + s z: alone s^2, together s^2 t^2, halved between the two
    multiplied: np.array([0.25 + 0.125, 1.0 + 0.125, 0.0]) / 1.5,
}


@pytest.mark.parametrize("function", CASES)
def test_effects_are_those_known_in_closed_form(function):
    found = shapley_effects(NAMES, function, seed=1)
    assert [effect.name for effect in found] == list(NAMES)
    for effect, true in zip(found, CASES[function], strict=True):
        # Student's half width of 8 batches is 2.36 standard errors
        assert effect.share == pytest.approx(true, abs=4.0 / 2.36 * effect.half + 1e-9)
        assert effect.half < 0.08


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("function", CASES)
def test_effects_sum_to_one_as_computed(function, seed):
    found = shapley_effects(NAMES, function, seed=seed, batch_pairs=16)
    assert sum(effect.share for effect in found) == pytest.approx(1.0, abs=1e-12)


def test_an_input_that_moves_nothing_has_no_effect():
    found = shapley_effects(NAMES, additive, seed=3)
    assert (found[2].share, found[2].half) == (0.0, 0.0)


def test_intervals_hold_the_closed_form_in_most_keys():
    # 95 % of 180, less four standard errors
    hits = [
        abs(effect.share - true) <= effect.half
        for seed in range(60)
        for effect, true in zip(
            shapley_effects(NAMES, ishigami, seed=seed),
            CASES[ishigami],
            strict=True,
        )
    ]
    assert np.mean(hits) > 0.95 - 4.0 * np.sqrt(0.95 * 0.05 / len(hits))


def test_the_same_seed_gives_the_same_effects():
    one, two = (shapley_effects(NAMES, ishigami, seed=2) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_an_output_that_does_not_vary_or_is_unknown_is_refused(value):
    with pytest.raises(ValueError, match="vary"):
        shapley_effects(("x",), lambda levels: np.full(len(levels), value), seed=0)
