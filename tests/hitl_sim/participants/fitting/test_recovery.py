"""Crowds drawn from the prior come back, and intervals hold what they promise.

    pytest -m slow tests/hitl_sim/participants/fitting/test_recovery.py

takes some minutes: 102 crowds of three shapes are drawn, asked and fitted. All
parameters are pooled; most of them are people's. Laplace's intervals of the crowd's own
numbers alone are narrower than they say where people or answers are few.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from known_crowd import make_design

from hitl_sim.participants.fitting.quality import fit_quality
from hitl_sim.participants.fitting.quality_model import PRIORS, Shape, start_values
from hitl_sim.participants.validating.synthetic import ask, build_people, draw_items

SHAPES = ((20, 100, 8, 2), (30, 60, 15, 3), (40, 120, 6, 2))
CROWDS = 34
Z90 = 1.6448536269514722


def drawn(rng, name, size=()):
    prior = PRIORS[name]
    return rng.normal(prior.mean, prior.sd, size)


def standardised_errors(people, items, per_item, options, seed):
    """Draw a crowd, ask it, fit it: errors over standard errors, by parameter."""
    rng = np.random.default_rng(seed)
    shape = Shape("label", options, people, items, True)
    names = ("mean", "shared", "lapse", "difficulty")
    quality = start_values(shape)._replace(
        **{name: jnp.float32(drawn(rng, name)) for name in names},
        confusion=jnp.asarray(drawn(rng, "confusion", shape.num_confusions)),
    )
    spreads = {n: np.exp(drawn(rng, f"{n}_spread")) for n in ("skill", "lean")}
    skill = float(quality.mean) + spreads["skill"] * rng.standard_normal(people)
    lean = spreads["lean"] * rng.standard_normal((people, shape.num_leans))
    design = make_design(people, items, per_item, 0, seed)
    design = replace(design, num_options=options, truth=rng.integers(0, options, items))
    crowd = build_people(shape, quality, skill, lean)
    thing = draw_items(rng, shape, quality, items)
    answer, _ = ask(jax.random.key(seed), "label", crowd, thing, design)
    fit = fit_quality(replace(design, answer=answer), "label")
    checked = [n for n in names if n != "difficulty" or shape.has_difficulty]
    found = {
        n: (np.asarray(getattr(fit.quality, n)) - getattr(quality, n)) / fit.sd(n)
        for n in (*checked, "confusion")
    }
    for name, true in spreads.items():
        error = np.log(getattr(fit.spread, name)) - np.log(true)
        found[f"{name} spread"] = error / getattr(fit.spread_sd, name)
    found["skill"] = (fit.skill - skill) / fit.skill_sd
    found["lean"] = (fit.lean - lean) / fit.lean_sd
    return {name: np.ravel(value) for name, value in found.items()}


@pytest.mark.slow
def test_nine_in_ten_intervals_hold_what_they_should():
    errors = [
        standardised_errors(*shape, 100 * number + turn)
        for number, shape in enumerate(SHAPES)
        for turn in range(CROWDS)
    ]
    pooled = np.concatenate([v for found in errors for v in found.values()])
    covered = (np.abs(pooled) < Z90).mean()
    assert len(errors) >= 100
    assert 0.84 <= covered <= 0.96
