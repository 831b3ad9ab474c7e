"""The joint distribution of what people have: traits that go together, kinds of error.

A population's numbers say how large each trait is and how far it spreads over people.
A *joint* says of the standardised traits how they go together, of the classes which are
taken for which, and, where it holds `people`, how people really lie: each row stands
for several fitted people near each other, with the covariance within such groups as
noise, so that no row is a person and none can be recognised. Apart from all these are
kinds of people with a fixed `behaviour`, such as one answer whatever is asked.

```toml
[mine.joint.label]
options = ["cat", "dog"]                  # classes that were answered about
class_share = [0.5, 0.5]                  # how often each was right
confusion = [[0.0, 0.1], [-0.2, 0.0]]     # utility, by right option, to each option
traits = ["skill", "pace", "lean 1"]
correlation = [[1.0, -0.2, 0.0], [-0.2, 1.0, 0.1], [0.0, 0.1, 1.0]]
source = "fitted to our pilot"

[[mine.joint.label.behaviour]]
name = "always 'cat'"
weight = 0.05                             # share of people
centre = [0.0, -0.5, -5.0]                # skill and leanings in utility, as they are
spread = [0.0, 1.0, 0.0]                  # the rest standardised, and its noise

[mine_resampled.joint.label]              # beside a based_on = "mine"
people = [[0.4, -1.1, 0.3, 0.8], [0.6, 0.7, -0.2, -0.5]]   # weight, then the traits
noise = [[0.3, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 0.4]]
```
Where a task has another number of classes, leanings and confusion say nothing of them:
the first are then independent over options and the second is left out.

References:
    Domingo-Ferrer, Mateo-Sanz (2002), Practical data-oriented microaggregation for
    statistical disclosure control, IEEE TKDE 14(1), 189-201: groups in place of people.
    Silverman (1986), Density estimation for statistics and data analysis, section
    6.4: the smoothed bootstrap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Rows = tuple[tuple[float, ...], ...]

TRAITS = ("skill", "pace", "activity", "spread", "pause", "practice")
"""Traits that may go together, beside leanings: "lean 1" and so on. Skill in utility,
the logs of pace, of activity, of the spread of times and of practice, the logit of
pauses and waits."""

# files hold four digits
_TOLERANCE = 1e-3
_LEAST_EIGENVALUE = 1e-6
_OPTIONAL = ("source", "people", "noise", "behaviour")


class Joint(NamedTuple):
    """How standardised traits are drawn: D columns, `TRAITS` and then leanings.

    Attributes:
        edge: `[C]` cumulative weights of the groups of people; one group of weight 1
            where traits are normal.
        centre: `[C, D]` where each group lies.
        width: `[C, D]` what the noise around a centre is multiplied by.
        fixed: `[C]` 1 where skill and leanings are in utility, whatever the crowd's
            mean and spreads; 0 where they are standardised.
        factor: `[D, D]` lower triangular factor of the covariance around a centre.
    """

    edge: Float[ArrayLike, "C"]
    centre: Float[ArrayLike, "C D"]
    width: Float[ArrayLike, "C D"]
    fixed: Float[ArrayLike, "C"]
    factor: Float[ArrayLike, "D D"]


@dataclass(frozen=True)
class Behaviour:
    """A kind of people who do one thing.

    Attributes:
        name: what they do.
        weight: share of people, in (0, 1).
        centre: `[D]` skill and leanings, utility; the other traits standardised.
        spread: `[D]` what noise of the traits is multiplied by; >= 0.
    """

    name: str
    weight: float
    centre: tuple[float, ...]
    spread: tuple[float, ...]


@dataclass(frozen=True)
class JointSource:
    """A joint distribution as a file holds it; see the head of this module.

    Attributes:
        options: K classes that were answered about.
        class_share: `[K]` how often each was right; they sum to 1.
        confusion: `[K, K]` utility that each option gains, by the right one.
        traits: D names.
        correlation: `[D, D]` of the standardised traits.
        source: where it comes from.
        people: `[C, 1 + D]` weight and standardised traits of groups of people; empty
            where traits are normal.
        noise: `[D, D]` covariance within the groups; empty without people.
        behaviour: kinds of people apart from these.
    """

    options: tuple[str, ...]
    class_share: tuple[float, ...]
    confusion: Rows
    traits: tuple[str, ...]
    correlation: Rows
    source: str
    people: Rows = ()
    noise: Rows = ()
    behaviour: tuple[Behaviour, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return what decides answers, as plain values."""
        found = asdict(self)
        del found["source"]
        return found

    def is_of(self, num_options: int) -> bool:
        """Whether leanings and confusion are of a task's classes."""
        return len(self.options) == num_options

    def build(self, num_options: int) -> Joint:
        """Lay the traits out for a task with that many options."""
        place = self._places(num_options)
        kept = [i for i, column in enumerate(place) if column is not None]
        at = np.array([place[i] for i in kept], int)
        size = len(TRAITS) + num_options - 1

        def spread(matrix: Rows) -> Floats:
            whole = np.eye(size)
            part = np.array(matrix, float).reshape(len(place), -1)
            whole[np.ix_(at, at)] = part[np.ix_(kept, kept)]
            return whole

        def laid(rows: Rows) -> Floats:
            whole = np.zeros((len(rows), size))
            if rows:
                whole[:, at] = np.array(rows, float)[:, kept]
            return whole

        if self.people:
            weight, *columns = np.array(self.people, float).T
            centre, noise = laid(tuple(zip(*columns, strict=True))), self.noise
        else:
            weight, centre, noise = np.ones(1), np.zeros((1, size)), self.correlation
        fixed = np.array([kind.weight for kind in self.behaviour])
        share = np.concatenate([fixed, (1.0 - fixed.sum()) * weight / weight.sum()])
        spreads = laid(tuple(kind.spread for kind in self.behaviour))
        return Joint(
            edge=np.cumsum(share),
            centre=np.concatenate(
                [laid(tuple(kind.centre for kind in self.behaviour)), centre]
            ),
            width=np.concatenate([spreads, np.ones_like(centre)]),
            fixed=np.repeat([1.0, 0.0], [fixed.size, weight.size]),
            factor=factor_of(spread(noise)),
        )

    def _places(self, num_options: int) -> list[int | None]:
        """Return the column of each trait; None of leanings to other classes."""
        is_same = self.is_of(num_options)
        return [
            TRAITS.index(name)
            if name in TRAITS
            else len(TRAITS) + int(name.split()[1]) - 1
            if is_same
            else None
            for name in self.traits
        ]


def lean_basis(num_options: int) -> Floats:
    """Return what each option gains per unit of each leaning, `[K - 1, K]`.

    Of two options the second gains. Of more, leanings are orthonormal contrasts
    (Helmert), so that gains sum to 0 and no option is singled out.
    """
    if num_options == 2:
        return np.array([[0.0, 1.0]])
    k = num_options
    below = np.tril(np.ones((k, k)), -1)[1:]
    row = np.arange(1, k)[:, None]
    basis: Floats = (below - row * np.eye(k)[1:]) / np.sqrt(row * (row + 1.0))
    return basis


def independent(num_options: int) -> Joint:
    """Return the joint of traits that do not go together."""
    size = len(TRAITS) + num_options - 1
    nowhere, alike = np.zeros((1, size)), np.ones((1, size))
    return Joint(np.ones(1), nowhere, alike, np.zeros(1), np.eye(size))


def factor_of(covariance: Floats) -> Floats:
    """Return the lower triangular factor, of the nearest matrix that has one."""
    value, vector = np.linalg.eigh((covariance + covariance.T) / 2.0)
    mended = (vector * np.maximum(value, _LEAST_EIGENVALUE)) @ vector.T
    return np.asarray(np.linalg.cholesky(mended))


def parse_joint(where: str, table: Any, base: JointSource | None = None) -> JointSource:
    """Read a joint distribution from a file's table.

    Args:
        where: what the user calls the table.
        table: its fields.
        base: what is not given.

    Raises:
        ValueError: a field is unknown, missing, or not of the shape or range it has to
            be of; names it, its value and what is allowed.
    """
    names = [f.name for f in fields(JointSource)]
    if not isinstance(table, Mapping):
        raise ValueError(f"`{where}` must be a table, got {table!r}.")
    for name in table:
        if name not in names:
            raise ValueError(
                f"`{where}.{name}` is not a field. Allowed: {', '.join(names)}."
            )
    read = {name: _field(f"{where}.{name}", name, v) for name, v in table.items()}
    if base is None:
        for name in names:
            if name not in (*read, *_OPTIONAL):
                raise ValueError(f"`{where}.{name}` must be given.")
        base = JointSource((), (), (), (), (), "")
    found = replace(base, **read)
    _check(where, found)
    return found


def _field(where: str, name: str, value: Any) -> Any:
    if name == "source":
        return str(value)
    if name in ("options", "traits"):
        return tuple(map(str, _listed(where, value)))
    if name == "class_share":
        return _numbers(where, value)
    if name == "behaviour":
        return tuple(_behaviour(where, row) for row in _listed(where, value))
    return tuple(_numbers(where, row) for row in _listed(where, value))


def _behaviour(where: str, table: Any) -> Behaviour:
    names = [f.name for f in fields(Behaviour)]
    if not isinstance(table, Mapping) or set(table) != set(names):
        raise ValueError(
            f"`{where}` must be tables of {', '.join(names)}, got {table!r}."
        )
    (weight,) = _numbers(f"{where}.weight", [table["weight"]])
    vectors = (_numbers(f"{where}.{n}", table[n]) for n in ("centre", "spread"))
    return Behaviour(str(table["name"]), weight, *vectors)


def _listed(where: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ValueError(f"`{where}` must be a list, got {value!r}.")
    return value


def _numbers(where: str, value: Any) -> tuple[float, ...]:
    found = _listed(where, value)
    for number in found:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError(f"`{where}` must hold numbers, got {number!r}.")
        if not np.isfinite(number):
            raise ValueError(f"`{where}` must hold finite numbers, got {number}.")
    return tuple(map(float, found))


def _check(where: str, joint: JointSource) -> None:
    """Refuse what is no distribution."""
    k, d = len(joint.options), len(joint.traits)
    if k < 2 or len(set(joint.options)) < k:
        raise ValueError(
            f"`{where}.options` must be two names or more, each once, got "
            f"{joint.options}."
        )
    allowed = (*TRAITS, *(f"lean {i + 1}" for i in range(k - 1)))
    for name in joint.traits:
        if name not in allowed or joint.traits.count(name) > 1:
            raise ValueError(
                f"`{where}.traits` must be of {', '.join(allowed)}, each once, got "
                f"{name!r}."
            )
    _check_shape(f"{where}.class_share", joint.class_share, (k,))
    share = np.array(joint.class_share)
    if (share < 0.0).any() or abs(share.sum() - 1.0) > _TOLERANCE:
        raise ValueError(
            f"`{where}.class_share` must be >= 0 and sum to 1, got {share.sum():g}."
        )
    _check_shape(f"{where}.confusion", joint.confusion, (k, k))
    _check_covariance(f"{where}.correlation", joint.correlation, d)
    if (abs(np.diagonal(np.array(joint.correlation)) - 1.0) > _TOLERANCE).any():
        raise ValueError(f"`{where}.correlation` must have 1 on its diagonal.")
    if bool(joint.people) != bool(joint.noise):
        given, lacking = ("people", "noise") if joint.people else ("noise", "people")
        raise ValueError(f"`{where}.{lacking}` must be given where `{given}` is.")
    if joint.people:
        _check_shape(f"{where}.people", joint.people, (len(joint.people), 1 + d))
        weight = min(row[0] for row in joint.people)
        if weight <= 0.0:
            raise ValueError(
                f"`{where}.people` must begin with weights > 0, got {weight:g}."
            )
        _check_covariance(f"{where}.noise", joint.noise, d)
    _check_behaviours(f"{where}.behaviour", joint.behaviour, d)


def _check_behaviours(where: str, kinds: tuple[Behaviour, ...], size: int) -> None:
    total = sum(kind.weight for kind in kinds)
    if total >= 1.0 or any(kind.weight <= 0.0 for kind in kinds):
        raise ValueError(
            f"`{where}.weight` must be > 0 and sum to less than 1, got {total:g}."
        )
    for kind in kinds:
        _check_shape(f"{where}.centre", kind.centre, (size,))
        _check_shape(f"{where}.spread", kind.spread, (size,))
        if min(kind.spread, default=0.0) < 0.0:
            raise ValueError(
                f"`{where}.spread` must be >= 0, got {min(kind.spread):g}."
            )


def _check_shape(where: str, values: Any, shape: tuple[int, ...]) -> None:
    sizes = {len(row) for row in values} if len(shape) == 2 else {0}
    wanted = {shape[1]} if len(shape) == 2 else {0}
    if len(values) != shape[0] or sizes != wanted:
        by = " by ".join(map(str, shape))
        found = f"{len(values)} rows of {sorted(sizes)}" if len(shape) == 2 else ""
        raise ValueError(
            f"`{where}` must hold {by} numbers, got {found or len(values)}."
        )


def _check_covariance(where: str, values: Rows, size: int) -> None:
    _check_shape(where, values, (size, size))
    matrix = np.array(values, float)
    if (abs(matrix - matrix.T) > _TOLERANCE).any():
        raise ValueError(f"`{where}` must be symmetric.")
    least = float(np.linalg.eigvalsh(matrix).min()) if size else 0.0
    if least < -_TOLERANCE:
        raise ValueError(f"`{where}` must have no eigenvalue below 0, got {least:.3g}.")
