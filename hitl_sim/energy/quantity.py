"""A number that knows its unit, origin, coverage and error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import methodcaller
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hitl_sim.energy.display import format_value
from hitl_sim.energy.error import (
    Error,
    Errors,
    Interval,
    Values,
    additive_interval,
    checked_interval,
    combine_errors,
    error_from_json,
    finite,
    from_plain,
    merge_errors,
    plain,
    product_interval,
)
from hitl_sim.energy.provenance import (
    Kind,
    Part,
    Parts,
    Scope,
    add_parts,
    check_disjoint,
    common_place,
    common_scope,
    describe_parts,
    join_texts,
    merge_parts,
    part_from_json,
    shares_by_kind,
    weakest,
)

__all__ = [
    "Kind",
    "Quantity",
    "Scope",
    "exact",
    "modelled",
    "total",
    "unavailable",
]

_LEVELS: Mapping[str, Kind] = {
    "measured": Kind.MEASURED_SAMPLED,
    "modelled": Kind.MODELLED_ANALYTIC,
}
_NO_SOURCE = "no source"
_SPARE: Mapping[str, Any] = {"of": "", "reason": "", "composition": [], "errors": None}
"""Fields that JSON leaves out where they say nothing."""


@dataclass(frozen=True, eq=False)
class Quantity:
    """A number, or an array of numbers, with its provenance.

    Attributes:
        value: the number; `None` when nothing is known. Never 0 for unknown. A sum
            with unavailable parts holds the sum of the known ones, a lower bound.
        unit: its unit, for example `J`, `s`, `USD`, `J/h`.
        kind: the weakest kind among its parts.
        scope: what it covers.
        interval: 95 % (lower, upper) ends around the value; equal to the value when it
            is exact; `None` when nothing is known about its error.
        source: where it comes from: a device, file, dataset or paper. Quantities with
            intervals and the same source are taken to err together.
        of: whose it is, as a path such as `host/gpu0`; tells devices apart in sums.
        reason: why the value, or a part of it, is unavailable.
        composition: the parts of a sum; empty for a plain quantity.
        errors: what each source of error does to the value; `None` with no interval.
            Taken from `interval` and `source` when not given.

    Raises:
        ValueError: a number is not finite, an interval does not hold its value, the
            source is empty, or kind, value and reason contradict each other.
    """

    value: Values | None
    unit: str
    kind: Kind
    scope: Scope
    interval: Interval | None
    source: str
    of: str = field(default="", kw_only=True)
    reason: str = field(default="", kw_only=True)
    composition: Parts = field(default=(), kw_only=True)
    errors: Errors | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Normalise numbers and refuse contradictions."""
        if not self.source:
            raise ValueError("`source` must be a text that is not empty, got ''.")
        _check_kind(self)
        value = None if self.value is None else finite(self.value, "value")
        interval = None
        if self.interval is not None:
            interval = checked_interval(value, self.interval, self.unit)
        errors = self.errors
        if value is None or interval is None:
            errors = None
        elif errors is None:
            ends = Error(self.source, interval[0] - value, interval[1] - value)
            errors = merge_errors((ends,))
        checked = {"value": value, "interval": interval, "errors": errors}
        for name, numbers in checked.items():
            object.__setattr__(self, name, numbers)

    @property
    def parts(self) -> Parts:
        """Return the composition, or this quantity as its own only part."""
        if self.composition:
            return self.composition
        return (
            Part(self.kind, self.scope, self.source, self.of, self.value, self.reason),
        )

    @property
    def is_known(self) -> bool:
        """Return whether all of the quantity is known."""
        return self.kind is not Kind.UNAVAILABLE

    @property
    def is_partial(self) -> bool:
        """Return whether some parts are known and others are unavailable."""
        return self.value is not None and not self.is_known

    def shares(self) -> dict[Kind, float]:
        """Return the share of the known value by kind, strongest kind first."""
        return shares_by_kind(self.parts)

    def without_interval(self) -> Quantity:
        """Return the value alone, for sums of which nobody asks how sure they are."""
        return replace(self, interval=None, errors=None)

    def __add__(self, other: Quantity) -> Quantity:
        """Add, keeping the parts; what is unavailable makes the sum a lower bound.

        Raises:
            ValueError: units differ, or two parts cover the same thing twice.
        """
        if not isinstance(other, Quantity):
            return NotImplemented
        _check_same_unit(self, other)
        check_disjoint(self.parts, other.parts)
        return _added(self, other)

    def __sub__(self, other: Quantity) -> Quantity:
        """Subtract; anything unavailable in what is taken away makes all unavailable.

        Scopes may overlap: idle is taken from gross.

        Raises:
            ValueError: units differ.
        """
        if not isinstance(other, Quantity):
            return NotImplemented
        _check_same_unit(self, other)
        if not other.is_known:
            return unavailable(self.unit, self.scope, other.reason, of=self.of)
        return _added(self, other.scaled(-1.0))

    def scaled(self, factor: npt.ArrayLike, *, unit: str | None = None) -> Quantity:
        """Multiply by an exact number or array.

        Args:
            factor: what to multiply by; its shape broadcasts against the value's.
            unit: unit of the result where the factor converts; default this unit.

        Returns:
            The product; what is unavailable stays so, at a factor of 0 too.

        Raises:
            ValueError: the factor is not finite, or is negative for a partial sum
                (a lower bound would become an upper one).
        """
        by = finite(factor, "factor")
        if self.is_partial and np.any(np.less(by, 0.0)):
            raise ValueError(f"`factor` must be >= 0 for a partial sum, got {by}.")

        def apply(values: Values) -> Values:
            return plain(values * by)

        interval, errors = self.interval, self.errors
        if interval is not None:
            low, high = map(apply, interval)
            interval = plain(np.minimum(low, high)), plain(np.maximum(low, high))
        if errors is not None:
            moved = (Error(e.source, apply(e.low), apply(e.high)) for e in errors)
            errors = merge_errors(moved)
        parts = (
            part if part.value is None else part.having(apply(part.value))
            for part in self.composition
        )
        return replace(
            self,
            value=None if self.value is None else apply(self.value),
            unit=self.unit if unit is None else unit,
            interval=interval,
            composition=tuple(parts),
            errors=errors,
        )

    def times(
        self, other: Quantity, *, unit: str, scope: Scope | None = None
    ) -> Quantity:
        """Multiply by another quantity, such as a price, a power or an intensity.

        Args:
            other: the rate. Where it is not wholly known, nothing of the product is.
            unit: unit of the product, `USD` for `J` times `USD/J`.
            scope: what the product covers; default what this quantity covers.

        Returns:
            The product, of the weakest kind, with the parts of this quantity. Each
            source of error is moved to its ends alone (exact for that source) and the
            sources are combined in quadrature on the log scale; `monte_carlo` says
            when that is too rough.
        """
        return _combined(self, other, unit, scope, is_quotient=False)

    def over(
        self, other: Quantity, *, unit: str, scope: Scope | None = None
    ) -> Quantity:
        """Divide by another quantity; a shared source of error cancels.

        Args:
            other: the divisor. Where it is not wholly known, no quotient is.
            unit: unit of the quotient.
            scope: what the quotient covers; default what this quantity covers.

        Returns:
            The quotient, as for `times`.

        Raises:
            ValueError: the divisor, or an end of its interval, is not positive.
        """
        floors = [] if other.value is None else [other.value, *(other.interval or ())]
        if any(np.any(np.less_equal(floor, 0.0)) for floor in floors):
            raise ValueError(
                f"`other` must be > 0 {other.unit} with its whole interval, "
                f"got {other}."
            )
        return _combined(self, other, unit, scope, is_quotient=True)

    def at(self, row: int, rename: tuple[str, str] = ("", "")) -> Quantity:
        """Return one of an array of quantities, which all have one provenance.

        Args:
            row: which of the values `[C]`; a number that all share is kept.
            rename: what stands in sources for something that differs by row, and what
                it is in this one.
        """

        def pick(values: Values) -> float:
            return values if isinstance(values, float) else values.item(row)

        def named(text: str) -> str:
            return text.replace(*rename) if rename[0] else text

        found, ends, errors = object.__new__(Quantity), self.interval, self.errors
        # what was checked as an array is not checked again
        vars(found).update(
            vars(self),
            value=None if self.value is None else pick(self.value),
            source=named(self.source),
            interval=None if ends is None else (pick(ends[0]), pick(ends[1])),
            composition=tuple(
                Part(
                    part.kind,
                    part.scope,
                    named(part.source),
                    part.of,
                    None if part.value is None else pick(part.value),
                    part.reason,
                )
                for part in self.composition
            ),
            errors=None
            if errors is None
            else tuple(
                Error(named(error.source), low, high)
                for error in errors
                for low, high in ((pick(error.low), pick(error.high)),)
                if low or high
            ),
        )
        return found

    def require(self, level: Kind | Literal["measured", "modelled"]) -> Quantity:
        """Return this quantity if all of it is known well enough.

        Args:
            level: a kind, or `measured` (by counter or by samples), or `modelled`
                (that, or a model of operations and constants).

        Raises:
            ValueError: the quantity, or a part of it, is of a weaker kind.
        """
        if not isinstance(level, Kind) and level not in _LEVELS:
            raise ValueError(
                "`level` must be a Kind or one of 'measured', 'modelled', "
                f"got {level!r}."
            )
        floor = level if isinstance(level, Kind) else _LEVELS[level]
        if self.kind < floor:
            name = level.words if isinstance(level, Kind) else level
            raise ValueError(f"`quantity` must be {name}, got {self}.")
        return self

    def __eq__(self, other: object) -> bool:
        """Return whether all fields are equal, arrays element by element."""
        if not isinstance(other, Quantity):
            return NotImplemented
        return self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        """Write the number with prefix, interval and kind, without its source."""
        if self.value is None:
            return f"unavailable: {self.reason}"
        bound = "≥ " if self.is_partial else ""
        text = format_value(self.value, self.unit, self.interval)
        note = "" if self.interval is not None else ", no interval"
        return f"{bound}{text} ({describe_parts(self.parts)}{note})"

    def to_json(self) -> dict[str, Any]:
        """Return a mapping of plain values that `from_json` turns back into this."""
        # numbers and arrays of numpy alike
        written = msgspec.json.encode(self, enc_hook=methodcaller("tolist"))
        data = msgspec.json.decode(written)
        return {k: v for k, v in data.items() if k not in _SPARE or v != _SPARE[k]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Quantity:
        """Rebuild a quantity from what `to_json` returned."""
        interval, errors = data["interval"], data.get("errors")
        read = {
            "value": from_plain(data["value"]),
            "kind": Kind(data["kind"]),
            "scope": Scope(data["scope"]),
            "interval": None if interval is None else tuple(interval),
            "composition": tuple(map(part_from_json, data.get("composition", ()))),
            "errors": None if errors is None else tuple(map(error_from_json, errors)),
        }
        return cls(**{**data, **read})


def exact(
    value: npt.ArrayLike,
    unit: str,
    kind: Kind,
    scope: Scope,
    source: str,
    *,
    of: str = "",
) -> Quantity:
    """Build a quantity that has no error of its own, such as a count or a set price."""
    number = plain(value)
    return Quantity(number, unit, kind, scope, (number, number), source, of=of)


def modelled(
    value: Values,
    unit: str,
    kind: Kind,
    scope: Scope,
    source: str,
    errors: Errors,
    *,
    of: str = "",
) -> Quantity:
    """Build a quantity from what each source of error does to it.

    Its interval combines the terms in quadrature on the log scale, as for a product.
    """
    interval = product_interval(value, errors)
    return Quantity(value, unit, kind, scope, interval, source, of=of, errors=errors)


def unavailable(unit: str, scope: Scope, reason: str, *, of: str = "") -> Quantity:
    """Build the quantity of which nothing is known, and say why."""
    return Quantity(
        None, unit, Kind.UNAVAILABLE, scope, None, _NO_SOURCE, of=of, reason=reason
    )


def total(quantities: Iterable[Quantity]) -> Quantity:
    """Add quantities in order.

    Raises:
        ValueError: there are none, units differ, or scopes overlap.
    """
    terms = list(quantities)
    if not terms:
        raise ValueError("`quantities` must hold at least one quantity, got none.")
    return sum(terms[1:], start=terms[0])


def _check_kind(quantity: Quantity) -> None:
    """Refuse a kind, value or reason that contradicts the parts."""
    kinds = [part.kind for part in quantity.composition] or [quantity.kind]
    if quantity.kind is not weakest(kinds):
        raise ValueError(
            f"`kind` must be {weakest(kinds).value}, the weakest of the composition,"
            f" got {quantity.kind.value}."
        )
    if (Kind.UNAVAILABLE in kinds) != bool(quantity.reason):
        raise ValueError(
            "`reason` must be given exactly when something is unavailable,"
            f" got {quantity.reason!r} for kind {quantity.kind.value}."
        )
    if {Kind.UNAVAILABLE}.issuperset(kinds) != (quantity.value is None):
        raise ValueError(
            "`value` must be None exactly when all of it is unavailable,"
            f" got {quantity.value} for kind {quantity.kind.value}."
        )


def _check_same_unit(left: Quantity, right: Quantity) -> None:
    if left.unit != right.unit:
        raise ValueError(f"`unit` must be {left.unit}, got {right.unit}.")


def _added(left: Quantity, right: Quantity) -> Quantity:
    """Add two quantities whose parts may be added."""
    errors: Errors | None = ()
    for term in (left, right):
        if term.value is not None and errors is not None:
            errors = None if term.errors is None else errors + term.errors
    parts = merge_parts(left.parts + right.parts)
    return _assembled(parts, left.unit, errors, additive_interval)


def _combined(
    left: Quantity,
    right: Quantity,
    unit: str,
    scope: Scope | None,
    *,
    is_quotient: bool,
) -> Quantity:
    """Multiply or divide, keeping the parts of the first quantity."""
    if right.value is None or not right.is_known:
        return unavailable(unit, scope or left.scope, right.reason, of=left.of)
    rate = right.value

    def apply(value: Values, by: Values) -> Values:
        return plain(value / by if is_quotient else value * by)

    errors: Errors | None = None
    if left.value is not None and left.errors is not None and right.errors is not None:
        errors = combine_errors(apply, (left.value, left.errors), (rate, right.errors))
    parts = merge_parts(
        Part(
            kind=weakest((part.kind, right.kind)),
            scope=scope or part.scope,
            source=f"{part.source} {'/' if is_quotient else 'x'} {right.source}",
            of=part.of,
            value=None if part.value is None else apply(part.value, rate),
            reason=part.reason,
        )
        for part in left.parts
    )
    return _assembled(parts, unit, errors, product_interval)


def _assembled(
    parts: Parts,
    unit: str,
    errors: Errors | None,
    interval_fn: Callable[[Values, Errors], Interval],
) -> Quantity:
    """Build a quantity from its merged parts and its error terms."""
    value = add_parts(parts)
    interval = None
    if value is None:
        errors = None
    elif errors is not None:
        errors = merge_errors(errors)
        interval = interval_fn(value, errors)
    return Quantity(
        value,
        unit,
        weakest(part.kind for part in parts),
        common_scope(parts),
        interval,
        join_texts(part.source for part in parts),
        of=common_place(parts),
        reason=join_texts(part.reason for part in parts),
        composition=parts if len(parts) > 1 else (),
        errors=errors,
    )
