"""The device's side of a run whose people answer elsewhere, call by call."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax

from hitl_sim.learn import RunConfig
from hitl_sim.learn.crowd import Answers, PanelConfig
from hitl_sim.learn.loop import (
    Opened,
    People,
    RoundState,
    Stage,
    apart_of,
    begin_before,
    build_people,
    build_stage,
    course_of,
    end_before,
    guidance_of,
)
from hitl_sim.study.worker import compiler_options

Arguments = tuple[Any, Any, Any]
"""Draw, leaves and data of a run."""


class Answerers(NamedTuple):
    """Simulated people as compiled programs.

    Attributes:
        begin: `(key, population) -> state` before the first question.
        ask: `(key, population, state, questions) -> (state, response, who was asked)`.
    """

    begin: Callable[..., Any]
    ask: Callable[..., Any]


def _answerers(gather: Callable[..., People], apart: int | None) -> Answerers:
    def begin(key: Any, population: Any) -> Any:
        return gather(key, population, None, apart).state

    def ask(key: Any, population: Any, state: Any, questions: Any) -> Any:
        return gather(key, population, None, apart).ask(state, questions)

    compiled = partial(jax.jit, compiler_options=compiler_options())
    return Answerers(compiled(begin), compiled(ask))


class Device:
    """What a sweep does in one program, cut where people answer.

    Each call is compiled once for all runs of a program, in the way of the sweep. What
    a run has for itself are its `arguments`: draw, leaves and data.

    Attributes:
        config: what fixes the program.
        guidance: its intervention.
    """

    def __init__(self, config: RunConfig) -> None:
        """Compile nothing yet."""
        self.config, self.guidance = config, guidance_of(config)
        self._people: dict[tuple[int | None, PanelConfig], Answerers] = {}
        guidance, shape = self.guidance, config.program.shape
        set_up = build_stage(config, guidance)

        def stage(arguments: Arguments) -> Stage:
            draw, hyper, data = arguments
            return set_up(draw, hyper, data, None)

        def begin(arguments: Any, setting: Any, number: int) -> Opened:
            begun = stage(arguments)
            return begin_before(guidance, shape, number, begun, setting, arguments[1])

        def end(opened: Opened, setting: Any, answers: Any, number: int) -> Any:
            return end_before(guidance, number, opened, setting, answers)

        def start(arguments: Any, setting: Any) -> Any:
            return stage(arguments).drive(setting).start()

        def step(
            arguments: Any, setting: Any, state: Any, answers: Any, is_first: bool
        ) -> Any:
            driver = stage(arguments).drive(setting)
            return driver.round_step(state, answers, is_first)

        compiled = partial(jax.jit, compiler_options=compiler_options())
        self.set_up = compiled(lambda arguments: stage(arguments).setting)
        self._begin = compiled(begin, static_argnums=2)
        self._end = compiled(end, static_argnums=3)
        self._start = compiled(start)
        self._step = compiled(step, static_argnums=4)

    def begin_stage(self, arguments: Arguments, setting: Any, number: int) -> Opened:
        """Begin a stage before the arm's own."""
        opened: Opened = self._begin(arguments, setting, number)
        return opened

    def end_stage(
        self, opened: Opened, setting: Any, answers: Answers | None, number: int
    ) -> Any:
        """End it, and return the setting that it leaves."""
        return self._end(opened, setting, answers, number)

    def start(self, arguments: Arguments, setting: Any) -> tuple[RoundState, Any]:
        """Begin the arm's own rounds; see `RoundDriver.start`."""
        state, curve = self._start(arguments, setting)
        return state, curve

    def round_step(
        self,
        arguments: Arguments,
        setting: Any,
        state: RoundState,
        answers: Answers | None,
    ) -> tuple[RoundState, Any]:
        """Learn from a round's answers, and choose what is asked next."""
        is_first = self.is_apart and int(state.number) == 0
        state, curve = self._step(arguments, setting, state, answers, is_first)
        return state, curve

    def people(self, panel: PanelConfig, number: int | None) -> Answerers:
        """Return the simulated people of a stage before the arm's own, or of that.

        Args:
            panel: how many of them answer one question.
            number: of the stage; None for the arm's own.
        """
        place = number, panel
        if place not in self._people:
            of_stage = self.guidance.before
            stage = self.guidance if number is None else of_stage[number].guidance
            apart = None if number is None else apart_of(number)
            self._people[place] = _answerers(build_people(stage, panel), apart)
        return self._people[place]

    @cached_property
    def is_apart(self) -> bool:
        """Whether the first round is a program of its own; see `learn.loop.run`."""
        if self.guidance.has_start:
            return False
        if self.guidance.feedback is None:
            return True
        return len(course_of(self.config, self.guidance.num_features).phases) > 1
