"""The contract of an optimiser.

A factory `(total_steps, **options)` returns a `Transform`: from the traced params to an
`optax.GradientTransformation`, whose updates are added to the weights as they are, so
that the learning rate and any schedule of it are its own. `total_steps` is the cap on
the steps of the training that it is built for. Or it returns a `Descent`. One that
cannot train just any study `refuses` the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import jax
import optax
from jaxtyping import Array, Bool, Float, Int

from oracles.part import Part

Params = Mapping[str, Float[Array, ""]]
"""Traced numbers of an optimiser, by name."""
Transform = Callable[[Params], optax.GradientTransformation]
Factory = TypeVar("Factory", bound=Callable[..., Any])


class Descent(NamedTuple):
    """An optimiser that takes its own steps on a whole training set.

    Attributes:
        start: `weights -> weights` that training starts from.
        prepare: `(params, x [N, D], y [N], is_used [N], weights) -> problem`, once for
            a training set.
        descend: `(params, problem, weights, num_steps) -> weights`; `num_steps` may be
            traced.
    """

    start: Callable[[Any], Any]
    prepare: Callable[
        [
            Params,
            Float[Array, "items features"],
            Int[Array, " items"],
            Bool[Array, " items"],
            Any,
        ],
        Any,
    ]
    descend: Callable[[Params, Any, Any, Any], Any]


def refuses(check: Callable[[Any], None]) -> Callable[[Factory], Factory]:
    """Let an optimiser check the studies that name it, before any work.

    Args:
        check: `study -> None`; raises `ValueError` where it cannot train the study.
    """

    def put(factory: Factory) -> Factory:
        vars(factory)["check"] = check
        return factory

    return put


@dataclass(frozen=True)
class OptimiserConfig:
    """What fixes an optimiser's program.

    Attributes:
        part: of kind "optimiser".
        options: of its factory, by name and in order.
    """

    part: Part
    options: tuple[tuple[str, Any], ...] = ()

    def build(self, total_steps: int) -> Transform | Descent:
        """Build it for a training of at most so many steps.

        Raises:
            ValueError: it returns neither of the two.
        """
        built: Any = self.part(total_steps, **dict(self.options))
        if not callable(built) and not isinstance(built, Descent):
            raise ValueError(
                f"`{self.part.name}` must return a function of its params or a "
                f"`Descent`, got {type(built).__name__}."
            )
        given: Transform | Descent = built
        return given

    def describe(self) -> str:
        """Name it as the end of a unit of work's name; Adam goes without."""
        given = [
            f"{name}={value}"
            for name, value in self.options
            if self.part.options.get(name) != value
        ]
        if self.part.name == "adam" and not given:
            return ""
        return ":" + ",".join([self.part.name, *given])


def abstract_params(config: OptimiserConfig) -> dict[str, Any]:
    """Describe an optimiser's traced numbers without making them."""
    return {
        name: jax.ShapeDtypeStruct((), "float32")  # type: ignore[no-untyped-call]
        for name in config.part.params
    }
