"""What checks look at, and the checks that hold for every kind of part."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.interpreters import partial_eval

from hitl_sim.check.child import failure_of
from hitl_sim.energy import operations_in
from hitl_sim.part_source import source_of
from oracles.part import Part, PartError

TOLERANCE = 1e-5
"""How far floats may differ where only the compiler's order of operations does."""

NUM_KEYS = 8
"""Other keys that a random part is tried with."""

_PYTHON_VALUE = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerBoolConversionError,
    jax.errors.TracerIntegerConversionError,
    jax.errors.NonConcreteBooleanIndexError,
)


_ON_HOST = ("callback", "debug", "infeed", "outfeed")
"""What names of operations hold that run on the host."""


class CheckError(AssertionError):
    """A part that breaks its contract: one line says what was seen, what is allowed."""


def require(is_kept: object, message: str) -> None:
    """Refuse a part that does not keep a promise.

    Raises:
        CheckError: it does not; the message says what was seen and what is allowed.
    """
    if not is_kept:
        raise CheckError(message)


def require_within(
    name: str, values: Any, low: float, high: float, where: str = ""
) -> None:
    """Refuse values out of a range, both ends of which are in it.

    Raises:
        CheckError: there are some.
    """
    message = f"`{name}` must be in [{low}, {high}]{where}, got "
    found = f"{values.min()} to {values.max()}." if values.size else "none."
    # shares may be sums, which are rounded
    require(((values >= low) & (values <= high + 1e-6)).all(), message + found)


@dataclass(frozen=True)
class Subject:
    """A part, built, and samples of what a study would give it.

    Attributes:
        part: the part.
        options: its static options, as they were given.
        call: what it does, `(key, data, params) -> out`.
        data: a sample, arrays in tuples.
        expected: form of each array that comes out, by its name; see `forms`.
        extremes: further samples by what is extreme in them.
        num_items: items that each array of the sample begins with, in any order; None
            where order may matter.
        padded: sample with more that does not count; None where nothing can be padded.
        more: what checks of its own kind need.
    """

    part: Part
    options: Mapping[str, Any]
    call: Callable[[jax.Array, Any, Mapping[str, Any]], Any]
    data: Any
    expected: Mapping[str, str]
    extremes: Mapping[str, Any] = field(default_factory=dict)
    num_items: int | None = None
    padded: Any = None
    more: Any = None

    @property
    def params(self) -> dict[str, jax.Array]:
        """Its traced numbers at their defaults, `[]` float32."""
        return {name: jnp.float32(value) for name, value in self.part.params.items()}

    @property
    def args(self) -> tuple[jax.Array, Any, dict[str, jax.Array]]:
        """Arguments of a call."""
        return jax.random.key(0), self.data, self.params

    @property
    def samples(self) -> dict[str, Any]:
        """All samples, by what they are."""
        return {"the sample": self.data, **self.extremes}

    @cached_property
    def compiled(self) -> Any:
        """The call under jit."""
        return jax.jit(self.call)

    @cached_property
    def traced(self) -> tuple[Any, Any]:
        """The call as a program, and the forms of what comes out; see `_trace`."""
        return _trace(self)

    def run(
        self, data: Any = None, seed: int = 0, params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run what it does.

        Args:
            data: the sample when left out.
            seed: of the key.
            params: those that are not at their defaults.

        Returns:
            What comes out, as numpy arrays by their names.
        """
        data = self.data if data is None else data
        out = self.compiled(
            jax.random.key(seed), data, self.params | dict(params or {})
        )
        return {name: np.asarray(leaf) for name, leaf in arrays(out).items()}


@dataclass(frozen=True)
class Check:
    """One thing that a part of some kind must do.

    Attributes:
        name: short, in words, as reports have it.
        run: raises `CheckError`; returns what a reader should know, "" for nothing.
    """

    name: str
    run: Callable[[Subject], str]


def promise(run: Callable[[Subject], str]) -> Check:
    """Make a function the check that its name says in words."""
    return Check(run.__name__.replace("_", " "), run)


def arrays(tree: Any) -> dict[str, Any]:
    """Name the arrays of what came out, by their path."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    name = partial(jax.tree_util.keystr, simple=True, separator=".")
    return {name(path) or "score": leaf for path, leaf in leaves}


def forms(tree: Any) -> dict[str, str]:
    """Write dtype and shape of each array, as `float32[24, 4]`, by its name."""
    return {name: _form(leaf) for name, leaf in arrays(tree).items()}


def _form(array: Any) -> str:
    if not hasattr(array, "dtype"):
        return type(array).__name__
    return f"{array.dtype}[{', '.join(map(str, array.shape))}]"


def in_words(error: BaseException) -> str:
    """Say in one line what a part raised."""
    if isinstance(error, _PYTHON_VALUE):
        return (
            "it used a traced array as a Python value, as `float`, `if` or `range` do"
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"it raised {type(error).__name__}: {' '.join(lines[:2])}".rstrip(".")


def build(
    part: Part,
    options: Mapping[str, Any],
    make: Callable[[dict[str, Any]], Any],
    wanted: tuple[type, str] = (object, ""),
) -> Any:
    """Build what a part's factory returns.

    Args:
        part: the part.
        options: as they are given.
        make: calls the factory with all its options.
        wanted: the type that it has to return, and the same in words.

    Raises:
        CheckError: it raised, returned something else, or an option is not its own.
    """
    try:
        built = make(part.with_options(options))
    except PartError as error:
        raise CheckError(str(error)) from error
    except Exception as error:
        raise CheckError(f"its factory must build, but {in_words(error)}.") from error
    of, words = wanted
    got = type(built).__name__
    require(isinstance(built, of), f"its factory must return {words}, got {got}.")
    return built


def _trace(subject: Subject) -> tuple[Any, Any]:
    """Trace a call; return its program and what would come out, without values.

    Raises:
        CheckError: it cannot be traced, or a param cannot.
    """
    key, data, params = subject.args

    # a function of its own: what was traced before is not traced again
    def call(key: jax.Array, data: Any, params: Mapping[str, Any]) -> Any:
        return subject.call(key, data, params)

    try:
        traced: tuple[Any, Any] = jax.make_jaxpr(call, return_shape=True)(
            key, data, params
        )
        return traced
    except _PYTHON_VALUE as error:
        try:
            jax.make_jaxpr(lambda k, d: subject.call(k, d, params))(key, data)
        except Exception:
            raise CheckError(f"it must be traceable, but {in_words(error)}.") from error
        names = ", ".join(f"`{name}`" for name in params)
        raise CheckError(
            f"a param ({names}) must stay a traced number, but it was used as a Python "
            "value, so that each value would be a program: make it an option."
        ) from error
    except Exception as error:
        raise CheckError(f"it must be traceable, but {in_words(error)}.") from error


def _require_traceable(subject: Subject) -> None:
    """Refuse what cannot be traced, in words, before it is run."""
    _ = subject.traced


@promise
def shapes(subject: Subject) -> str:
    """Each array that comes out has the shape and dtype of the kind's contract."""
    found = forms(subject.traced[1])
    for name in {**subject.expected, **found}:
        wanted, seen = subject.expected.get(name), found.get(name)
        message = f"`{name}` must be {wanted or 'left out'}, got {seen or 'none'}."
        require(wanted == seen, message)
    return ""


def require_same(one: Any, other: Any, words: str, *, exact: bool = False) -> None:
    """Refuse two outcomes that are not the same: floats up to rounding unless `exact`.

    Raises:
        CheckError: an array differs.
    """
    right = arrays(other)
    for name, leaf in arrays(one).items():
        a, b = np.asarray(leaf), np.asarray(right[name])
        is_float = np.issubdtype(a.dtype, np.floating) and not exact
        least = TOLERANCE if is_float else 0.0
        same = np.isclose(a, b, rtol=least, atol=least, equal_nan=True)
        if not same.all():
            allowed = f"to within {least:g}" if is_float else "to the bit"
            first = np.flatnonzero(~same)[0]
            raise CheckError(
                f"`{name}` must be the same {words}, {allowed}, got "
                f"{np.ravel(a)[first]} and {np.ravel(b)[first]}."
            )


@promise
def transformations(subject: Subject) -> str:
    """Plain, under jit, vmap and lax.map it does the same."""
    _require_traceable(subject)
    key, data, params = subject.args
    plain, run = subject.call(key, data, params), subject.compiled
    require_same(plain, run(key, data, params), "plain and under jit")
    keys = jnp.stack([key, jax.random.key(1)])
    alone = jax.tree.map(
        lambda *leaves: jnp.stack(leaves), *[run(key, data, params) for key in keys]
    )
    over_keys = jax.vmap(subject.call, in_axes=(0, None, None))
    require_same(alone, jax.jit(over_keys)(keys, data, params), "alone and under vmap")

    @jax.jit
    def one_by_one(keys: jax.Array, data: Any, params: Mapping[str, Any]) -> Any:
        return jax.lax.map(lambda key: subject.call(key, data, params), keys)

    require_same(alone, one_by_one(keys, data, params), "alone and under map")
    return ""


@promise
def order(subject: Subject) -> str:
    """Items in another order get the same, in that order."""
    if subject.num_items is None:
        return "order may matter to this kind"
    if uses_key(subject):
        return "draws go by place, so order was not tried"
    places = np.random.default_rng(1).permutation(subject.num_items)
    moved = jax.tree.map(lambda leaf: leaf[places], subject.data)
    whole = {name: leaf[places] for name, leaf in subject.run().items()}
    require_same(whole, subject.run(moved), "whatever the order of the items")
    return ""


@promise
def padding(subject: Subject) -> str:
    """What does not count changes nothing of the rest, which comes first."""
    if subject.padded is None:
        return "nothing is padded in this kind"
    alone, more = subject.run(), subject.run(subject.padded)
    rest = {name: leaf[: len(alone[name])] for name, leaf in more.items()}
    require_same(alone, rest, "whatever the padding holds")
    return ""


@promise
def retracing(subject: Subject) -> str:
    """Another value of a param is the same program."""
    _require_traceable(subject)
    key, data, params = subject.args
    traces = []

    def counted(key: jax.Array, data: Any, params: Mapping[str, Any]) -> Any:
        traces.append(1)
        return subject.call(key, data, params)

    run = jax.jit(counted)
    for factor in (1.0, 0.5, 2.0):
        # traced alone: what it computes does not matter here
        run.trace(key, data, {name: value * factor for name, value in params.items()})
    number = len(traces)
    require(number == 1, f"it must be traced once for all params, got {number}.")
    return "" if params else "it has no param"


def _primitives(jaxpr: Any) -> set[str]:
    """Names of all operations of a program, those of its loops and branches too."""
    found = set()
    for equation in jaxpr.eqns:
        found.add(equation.primitive.name)
        values = list(equation.params.values())
        for value in jax.tree.leaves(values, is_leaf=_is_program):
            if _is_program(value):
                found |= _primitives(getattr(value, "jaxpr", value))
    return found


def _is_program(value: Any) -> bool:
    return hasattr(value, "eqns") or hasattr(value, "jaxpr")


@promise
def callbacks(subject: Subject) -> str:
    """No part of it runs on the host."""
    names = _primitives(subject.traced[0].jaxpr)
    found = ", ".join(sorted(n for n in names if any(word in n for word in _ON_HOST)))
    require(not found, f"it must call nothing on the host, got {found}.")
    return ""


def uses_key(subject: Subject) -> bool:
    """Whether anything that comes out hangs on the key."""
    closed, _ = subject.traced
    used = [True] * len(closed.jaxpr.outvars)
    return bool(partial_eval.dce_jaxpr(closed.jaxpr, used)[1][0])


@promise
def key(subject: Subject) -> str:
    """The same key gives the same bytes, another one another draw."""
    programs = [subject.traced[0], _trace(subject)[0]]
    # functions of rules are written with their addresses
    texts = {re.sub("0x[0-9a-f]+", "", str(program)) for program in programs}
    consts = {digest(program.consts) for program in programs}
    require(
        len(texts) == len(consts) == 1,
        "it must be one program however often it is traced, got two: draw from the "
        "key, never from `numpy.random` or `random`.",
    )
    require_same(subject.run(), subject.run(), "for the same key", exact=True)
    if not uses_key(subject):
        return "nothing in it is random"
    for sample in subject.samples.values():
        one, others = digest(subject.run(sample)), range(1, NUM_KEYS + 1)
        if any(digest(subject.run(sample, seed)) != one for seed in others):
            return ""
    # a lot between equals may decide nothing where there are none
    return f"what it draws decided nothing under {NUM_KEYS + 1} keys"


@promise
def processes(subject: Subject) -> str:
    """Two processes with other seeds of Python's hashes give the same bytes."""
    try:
        source = source_of(subject.part)
    except PartError as error:
        raise CheckError(str(error)) from error
    failure = failure_of(str(source), subject.options, ())
    require(not failure, failure)
    return ""


@promise
def finite(subject: Subject) -> str:
    """Whatever is extreme in a sample, what comes out is finite."""
    for words, data in subject.samples.items():
        for name, value in subject.run(data).items():
            bad = value[~np.isfinite(value)]
            seen = f"{bad[0]} with {words}" if bad.size else ""
            require(not seen, f"`{name}` must be finite, got {seen}.")
    return ""


@promise
def work(subject: Subject) -> str:
    """Its operations can be counted; what cannot be is said."""
    traced, _ = subject.traced
    try:
        notes = sorted(set(operations_in(traced).notes))
    except Exception as error:
        raise CheckError(
            f"its work must be countable, but {in_words(error)}."
        ) from error
    return f"not counted exactly: {'; '.join(notes)}" if notes else ""


def digest(out: Any) -> str:
    """Hash the bytes of what came out."""
    found = hashlib.sha256()
    for name, value in arrays(out).items():
        found.update(name.encode())
        is_key = jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
        plain = jax.random.key_data(value) if is_key else value
        found.update(np.ascontiguousarray(np.asarray(plain)).tobytes())
    return found.hexdigest()
