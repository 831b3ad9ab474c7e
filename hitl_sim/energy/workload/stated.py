"""Numbers that a description states, and those that stand where it is silent."""

import functools
import math
import tomllib
from importlib import resources
from typing import Annotated, Literal

from msgspec import Meta

from hitl_sim.energy.error import Error, merge_errors
from hitl_sim.energy.quantity import Kind, Quantity, Scope
from hitl_sim.schema import Table

_KINDS = {"measured": Kind.MEASURED_SAMPLED, "stated": Kind.ASSUMED}
_DATA = resources.files("hitl_sim.energy") / "data" / "workloads.toml"


class Stated(Table, frozen=True, kw_only=True):
    """A number with its origin, where a plain number would be one that is assumed.

    Attributes:
        value: the number.
        low: lower end of its 95 % interval; the value where left out.
        high: upper end; the value where left out.
        kind: "measured" by whoever published it, or "stated": chosen or estimated.
        source: where it comes from.
    """

    value: Annotated[float, Meta(ge=0)]
    low: Annotated[float, Meta(ge=0)] | None = None
    high: Annotated[float, Meta(ge=0)] | None = None
    kind: Literal["measured", "stated"] = "stated"
    source: str | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """Return lower and upper end."""
        return (
            self.value if self.low is None else self.low,
            self.value if self.high is None else self.high,
        )


Number = Annotated[float, Meta(ge=0)] | Stated


def quantity_of(
    number: float | Stated, unit: str, name: str, scope: Scope = Scope.CONSTANT
) -> Quantity:
    """Return a number of a description as a quantity.

    Args:
        number: plain, or with interval, kind and source.
        unit: of it.
        name: of the field or option, for messages and where no source is given.
        scope: what it covers.

    Raises:
        ValueError: it is not finite, or its interval does not hold it.
    """
    given = number if isinstance(number, Stated) else Stated(value=float(number))
    low, high = given.ends
    if not isinstance(number, Stated) and not 0.0 <= given.value < math.inf:
        raise ValueError(f"`{name}` must be finite and >= 0, got {given.value:g}.")
    if not 0.0 <= low <= given.value <= high < math.inf:
        raise ValueError(
            f"`{name}` must hold finite numbers with 0 <= low <= value <= high, got"
            f" {low:g}, {given.value:g}, {high:g}."
        )
    source = given.source or f"given as {name}"
    # two fields may have one source, and yet do not err together
    error = Error(f"{name}: {source}", low - given.value, high - given.value)
    return Quantity(
        given.value,
        unit,
        _KINDS[given.kind],
        scope,
        (low, high),
        source,
        errors=merge_errors((error,)),
    )


@functools.cache
def default_of(name: str) -> Quantity:
    """Return what stands where a description is silent; see `data/workloads.toml`."""
    entry = tomllib.loads(_DATA.read_text(encoding="utf-8"))[name]
    return Quantity(
        entry["value"],
        entry["unit"],
        Kind(entry["kind"]),
        Scope(entry["scope"]),
        (entry["low"], entry["high"]),
        entry["source"],
    )
