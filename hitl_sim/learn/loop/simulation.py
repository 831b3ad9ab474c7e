"""What a run does that no protocol would: make its task, and simulate people."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from hitl_sim.learn.crowd import collect
from hitl_sim.learn.loop.config import Hyper, RunConfig, Seeds
from hitl_sim.learn.loop.stage import build_people, build_stage, guidance_of
from hitl_sim.task import TaskData
from oracles.replay import RecordedAnswers


def build_simulation(config: RunConfig) -> Callable[..., Any]:
    """Build what a run does that no protocol would: make its task, simulate people.

    People are asked the first round's questions in each round, under other item ids:
    what they are asked does not change what it takes to simulate them.

    Returns:
        `(seeds, hyper, data, answers=None) -> arrays`, to be timed beside the run.
    """
    intervention = guidance_of(config)
    set_up = build_stage(config, intervention)
    gather = build_people(config, intervention)

    def simulate(
        seeds: Seeds,
        hyper: Hyper,
        data: TaskData,
        answers: RecordedAnswers | None = None,
    ) -> Any:
        keys, setting, driver = set_up(seeds, hyper, data, answers)
        questions = driver.start()[0].questions
        if intervention.feedback is None or questions is None:
            return setting.split
        crowd = gather(keys.crowd, hyper.population, answers)

        def one_round(people: Any, number: jax.Array) -> tuple[Any, Any]:
            asked = questions._replace(item=questions.item + number)
            people, response, plan = crowd.ask(people, asked)
            return people, collect(response, asked, plan)

        rounds = jnp.arange(intervention.num_rounds, dtype=questions.item.dtype)
        return setting.split, jax.lax.scan(one_round, crowd.state, rounds)

    return simulate
