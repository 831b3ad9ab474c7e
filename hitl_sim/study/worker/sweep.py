"""The program of a group: many runs of one config, some of them mapped together."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.learn import (
    Draw,
    Hyper,
    RunConfig,
    Seeds,
    Trace,
    build_drawn_run,
    draw_run,
)
from hitl_sim.learn.loop import Judging
from hitl_sim.study.worker.process import compiler_options
from hitl_sim.task import Corruption, TaskData
from oracles import Population
from oracles.replay import RecordedAnswers


def build_sweep(config: RunConfig, dispatch_size: int, vmap_size: int) -> Any:
    """Build the program of a group: a dispatch of runs, mapped some at a time.

    On a CPU a mapped program is often no faster per run than the plain one, and takes
    half as long again to compile; one of many small operations gains, and so does any
    on a GPU. Runs past `num_runs` are padding: a block of nothing else costs nothing.

    Args:
        config: what the runs share.
        dispatch_size: runs of a dispatch.
        vmap_size: runs that are mapped together; divides `dispatch_size`.

    Returns:
        `(num_runs [], Draw [R], Hyper [R], TaskData, answers=None) -> Trace [R]`,
        compiled on first use; `answers` are those that all runs replay.
    """
    # traced once, for its shapes and for itself
    run = jax.jit(build_drawn_run(config), inline=True)

    def sweep(
        num_runs: Any,
        draws: Draw,
        hyper: Hyper,
        data: TaskData,
        answers: RecordedAnswers | None = None,
    ) -> Trace:
        one = jax.tree.map(lambda a: a[0], (draws, hyper))
        trace = jax.eval_shape(run, *one, data, answers)

        def lane(index: jax.Array, one_draw: Draw, one_hyper: Hyper) -> Trace:
            # a block may end in padding
            out: Trace = jax.tree.map(
                lambda a: jnp.where(index < num_runs, a, jnp.zeros_like(a)),
                run(one_draw, one_hyper, data, answers),
            )
            return out

        def block(args: tuple[jax.Array, Draw, Hyper]) -> Trace:
            out: Trace = jax.lax.cond(
                args[0][0] < num_runs,
                lambda: jax.vmap(lane)(*args),
                lambda: jax.tree.map(
                    lambda a: jnp.zeros((vmap_size, *a.shape), a.dtype), trace
                ),
            )
            return out

        def plain(args: tuple[jax.Array, Draw, Hyper]) -> Trace:
            out: Trace = jax.lax.cond(
                args[0] < num_runs,
                lambda: run(*args[1:], data, answers),
                lambda: jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), trace),
            )
            return out

        runs = (jnp.arange(dispatch_size), draws, hyper)
        if vmap_size == 1:
            alone: Trace = jax.lax.map(plain, runs)
            return alone
        cut = jax.tree.map(lambda a: a.reshape(-1, vmap_size, *a.shape[1:]), runs)
        together = jax.lax.map(block, cut)
        out: Trace = jax.tree.map(
            lambda a: a.reshape(dispatch_size, *a.shape[2:]), together
        )
        return out

    return jax.jit(sweep)


def pad_runs(values: Sequence[Any], dispatch_size: int) -> Any:
    """Stack the leaves of runs, `[R]`; the last run stands for those that lack."""
    values = [*values, *[values[-1]] * (dispatch_size - len(values))]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *values)


def draw_runs(
    seeds: Seeds,
    corruption: Corruption,
    data: TaskData,
    sizes: tuple[int, int, int],
    judges: Population | None = None,
    judging: Judging | None = None,
) -> Draw:
    """Draw keys and splits of runs, `[R]`; all groups of a task share this program."""
    draws: Draw = _drawing()(seeds, corruption, data, sizes, judges, judging)
    return draws


@cache
def _drawing() -> Callable[..., Draw]:
    """Build the program that draws; once it is known how programs are compiled here."""

    def draw(
        seeds: Seeds,
        corruption: Corruption,
        data: TaskData,
        sizes: tuple[int, int, int],
        judges: Population | None,
        judging: Judging | None,
    ) -> Draw:
        def draw_one(own: tuple[Seeds, Corruption]) -> Draw:
            return draw_run(*own, data, sizes, judges, judging)

        draws: Draw = jax.lax.map(draw_one, (seeds, corruption))
        return draws

    return jax.jit(draw, static_argnums=(3, 5), compiler_options=compiler_options())
