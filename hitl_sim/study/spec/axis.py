"""The tables [[axis]] and [draw] of a study: what is swept."""

from typing import Annotated, Literal

from msgspec import Meta

from hitl_sim.schema import Scalar, Table


class AxisSpec(Table, frozen=True):
    """One swept field: its values, or a range that points are drawn from.

    Attributes:
        field: "task", or table and field, as "crowd.shared_error",
            "training.learning_rate", "arm.share", or a method's by its kind, as
            "arm.method.prune.share".
        values: the values it takes; crossed with those of other axes.
        low: least value of a range.
        high: largest value of a range. Between two integers it takes integers.
        scale: whether a range is even on a "linear" or a "log" scale.
        drawn: whether `values` are drawn from, as a range is, in place of crossed.
        link: axes of one name here go through their values together.
        arms: the arms that it applies to; all on which it acts when left out.
    """

    field: str
    values: Annotated[tuple[Scalar, ...], Meta(min_length=1)] | None = None
    low: int | float | None = None
    high: int | float | None = None
    scale: Literal["linear", "log"] = "linear"
    drawn: bool = False
    link: str | None = None
    arms: tuple[str, ...] | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether its points come from the table `draw`."""
        return self.drawn or self.values is None


class DrawSpec(Table, frozen=True):
    """How points of all drawn axes are chosen together.

    Attributes:
        method: "random" points, a "latin" hypercube, or a scrambled "sobol" sequence.
        points: how many.
    """

    method: Literal["random", "latin", "sobol"]
    points: Annotated[int, Meta(ge=1, le=65_536)]
