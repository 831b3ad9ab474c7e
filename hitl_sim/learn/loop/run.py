"""One run: rounds of asking, learning from the answers, and choosing what is next.

The sweep scans and maps `round_step`; an event-driven driver may call it as it is,
with answers that come from elsewhere.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from hitl_sim.learn.crowd import Labour, collect
from hitl_sim.learn.intervention import Intervention
from hitl_sim.learn.loop.config import (
    Draw,
    Hyper,
    RunConfig,
    Seeds,
    Trace,
    draw_run,
)
from hitl_sim.learn.loop.driver import RoundDriver, RoundState
from hitl_sim.learn.loop.stage import (
    build_before,
    build_people,
    build_stage,
    course_of,
    guidance_of,
)
from hitl_sim.learn.optimise import Curve
from hitl_sim.learn.replay import count
from hitl_sim.task import TaskData
from oracles.replay import RecordedAnswers


def build_run(config: RunConfig) -> Callable[..., Trace]:
    """Build the pure function that is one whole run.

    Returns:
        `(seeds, hyper, data, answers=None) -> Trace`, to be mapped and compiled by the
        caller; `answers` are those of recorded people, where the panel has a policy.

    Raises:
        ValueError: as `build_drawn_run`.
    """
    run_drawn = build_drawn_run(config)

    def run(
        seeds: Seeds,
        hyper: Hyper,
        data: TaskData,
        answers: RecordedAnswers | None = None,
    ) -> Trace:
        draw = draw_run(seeds, hyper.corruption, data, config.sizes)
        return run_drawn(draw, hyper, data, answers)

    return run


def build_drawn_run(config: RunConfig) -> Callable[..., Trace]:
    """Build a run from where its keys and its split are drawn.

    Returns:
        `(draw, hyper, data, answers=None) -> Trace`; see `build_run`.

    Raises:
        ValueError: the rounds do not divide the checkpoints, or the panel does not
            fit the team.
    """
    intervention = guidance_of(config)
    # refuses rounds that do not divide the checkpoints
    intervention.stage_lengths(config.program.train.num_checkpoints)
    # the network has other shapes after its first round
    is_changed = len(course_of(config, intervention.num_features).phases) > 1
    is_apart = is_changed and not intervention.has_start
    set_up = build_stage(config, intervention)
    gather = build_people(intervention, config.program.panel)
    prepare = build_before(intervention, config.program.shape)

    def run(
        draw: Draw,
        hyper: Hyper,
        data: TaskData,
        answers: RecordedAnswers | None = None,
    ) -> Trace:
        stage = set_up(draw, hyper, data, answers)
        setting, before = prepare(stage, hyper)
        driver = stage.drive(setting)
        state, begun = driver.start()
        if intervention.feedback is None:
            trace = _run_alone(intervention, driver, state, begun)
            return trace._replace(labour=_all_rounds(before, None))
        people, ask = gather(stage.keys.crowd, hyper.population, answers)

        def one_round(
            carry: tuple[RoundState, Any], is_first: bool
        ) -> tuple[tuple[RoundState, Any], tuple[Curve, Labour]]:
            state, people = carry
            questions = state.questions
            if questions is None:
                raise TypeError("an intervention with feedback must ask questions.")
            people, response, plan = ask(people, questions)
            given, labour = collect(response, questions, plan)
            state, curve = driver.round_step(state, given, is_first)
            return (state, people), (curve, labour)

        carry, parts = (state, people), []
        later = intervention.num_rounds - is_apart
        for rounds, is_first in ((int(is_apart), True), (later, False)):
            if rounds:
                step = partial(one_round, is_first=is_first)
                carry, part = _repeat(step, carry, rounds)
                parts.append(part)
        curve, labour = jax.tree.map(lambda *a: jnp.concatenate(a), *parts)
        curve = jax.tree.map(lambda a: a.reshape(-1), curve)
        if begun is not None:
            curve = jax.tree.map(lambda *a: jnp.concatenate(a), begun, curve)
        trace = Trace(curve, _all_rounds(before, labour), *carry[0].learned)
        if config.program.panel.policy is None:
            return trace
        return trace._replace(replay=count(carry[1]))

    return run


def _run_alone(
    intervention: Intervention,
    driver: RoundDriver,
    state: RoundState,
    begun: Curve | None,
) -> Trace:
    """Run what asks nobody; a machine may look at the network between rounds."""
    is_first = begun is None
    curves = [] if begun is None else [begun]
    if is_first:
        state, curve = driver.round_step(state, None, is_first=True)
        curves.append(curve)
    later = intervention.num_rounds - is_first
    if later:
        state, curve = _repeat(lambda s: driver.round_step(s, None), state, later)
        curves.append(jax.tree.map(lambda a: a.reshape(-1), curve))
    whole = curves[0]
    if len(curves) > 1:
        whole = jax.tree.map(lambda *a: jnp.concatenate(a), *curves)
    return Trace(whole, None, *state.learned)


def _all_rounds(before: tuple[Labour, ...], own: Labour | None) -> Labour | None:
    """Put the rounds of all stages in one, `[R, T, A]`; queues are padded."""
    if not before:
        return own
    parts = [jax.tree.map(lambda a: a[None], one) for one in before]
    parts += [] if own is None else [own]
    most = max(part.seconds.shape[1] for part in parts)

    def joined(*arrays: jax.Array) -> jax.Array:
        if arrays[0].ndim == 1:
            return jnp.concatenate(arrays)
        room = [((0, 0), (0, most - a.shape[1]), (0, 0)) for a in arrays]
        padded = [jnp.pad(a, own) for a, own in zip(arrays, room, strict=True)]
        return jnp.concatenate(padded)

    whole: Labour = jax.tree.map(joined, *parts)
    return whole


def _repeat(step: Callable[[Any], Any], carry: Any, rounds: int) -> tuple[Any, Any]:
    """Take some rounds alike; results are stacked as by a scan."""
    if rounds > 1:
        return jax.lax.scan(lambda carry, _: step(carry), carry, None, rounds)
    # nothing need be asked after it, so that it may end in another form
    carry, out = step(carry)
    return carry, jax.tree.map(lambda a: a[None], out)


def build_simulation(config: RunConfig) -> Callable[..., Any]:
    """Build what a run does that no protocol would: make its task, simulate people.

    People are asked the first round's questions in each round, under other item ids:
    what they are asked does not change what it takes to simulate them.

    Returns:
        `(seeds, hyper, data, answers=None) -> arrays`, to be timed beside the run.
    """
    intervention = guidance_of(config)
    set_up = build_stage(config, intervention)
    gather = build_people(intervention, config.program.panel)
    prepare = build_before(intervention, config.program.shape)

    def simulate(
        seeds: Seeds,
        hyper: Hyper,
        data: TaskData,
        answers: RecordedAnswers | None = None,
    ) -> Any:
        draw = draw_run(seeds, hyper.corruption, data, config.sizes)
        stage = set_up(draw, hyper, data, answers)
        setting, before = prepare(stage, hyper)
        questions = stage.drive(setting).start()[0].questions
        if intervention.feedback is None or questions is None:
            return setting.split, before
        start, ask = gather(stage.keys.crowd, hyper.population, answers)

        def one_round(people: Any, number: jax.Array) -> tuple[Any, Any]:
            asked = questions._replace(item=questions.item + number)
            people, response, plan = ask(people, asked)
            return people, collect(response, asked, plan)

        rounds = jnp.arange(intervention.num_rounds, dtype=questions.item.dtype)
        return setting.split, before, jax.lax.scan(one_round, start, rounds)

    return simulate
