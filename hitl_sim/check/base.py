"""What checks look at, and the checks that hold for every kind of part."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.interpreters import partial_eval

from hitl_sim.energy import operations_in
from oracles.part import Part, PartError

RTOL, ATOL = 1e-5, 1e-5
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


Call = Callable[[jax.Array, Any, Mapping[str, Any]], Any]
"""`(key, data, params) -> out`, what a part's factory returns, on a kind's samples."""


@dataclass(frozen=True)
class Subject:
    """A part, built, and samples of what a study would give it.

    Attributes:
        part: the part.
        options: its static options, as they were given.
        call: what it does.
        data: a sample, arrays in tuples.
        expected: shape and dtype of each array that comes out, by its name.
        extremes: further samples by what is extreme in them.
        turned: sample with its items in another order, and that order `[N]`; None
            where order may matter.
        padded: sample with more that does not count, and what of it comes out in the
            place of `call(data)`; None where nothing can be padded.
        more: what checks of its own kind need.
    """

    part: Part
    options: Mapping[str, Any]
    call: Call
    data: Any
    expected: Mapping[str, jax.ShapeDtypeStruct]
    extremes: Mapping[str, Any] = field(default_factory=dict)
    turned: tuple[Any, np.ndarray] | None = None
    padded: tuple[Any, Callable[[Any], Any]] | None = None
    more: Any = None

    @property
    def params(self) -> dict[str, jax.Array]:
        """Its traced numbers at their defaults, `[]` float32."""
        return {name: jnp.float32(value) for name, value in self.part.params.items()}

    @property
    def args(self) -> tuple[jax.Array, Any, dict[str, jax.Array]]:
        """Arguments of a call."""
        return jax.random.key(0), self.data, self.params


@dataclass(frozen=True)
class Check:
    """One thing that a part of some kind must do.

    Attributes:
        name: short, in words, as reports have it.
        run: raises `CheckError`; returns what a reader should know, "" for nothing.
    """

    name: str
    run: Callable[[Subject], str]


def arrays(tree: Any) -> dict[str, Any]:
    """Name the arrays of what came out, by their path."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {_name(path): leaf for path, leaf in leaves}


def _name(path: Sequence[Any]) -> str:
    return jax.tree_util.keystr(tuple(path), simple=True, separator=".") or "score"


def struct(shape: Sequence[int], dtype: Any) -> jax.ShapeDtypeStruct:
    """Say what shape and dtype an array has to have."""
    return jax.ShapeDtypeStruct(tuple(shape), dtype)  # type: ignore[no-untyped-call]


def written(array: Any) -> str:
    """Write an array's dtype and shape, as `float32[24, 4]`."""
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
    part: Part, options: Mapping[str, Any], make: Callable[[dict[str, Any]], Any]
) -> Any:
    """Build what a part's factory returns.

    Args:
        part: the part.
        options: as they are given.
        make: calls the factory with all its options.

    Raises:
        CheckError: it raised, or an option is not its own.
    """
    try:
        return make(part.with_options(options))
    except PartError as error:
        raise CheckError(str(error)) from error
    except Exception as error:
        raise CheckError(f"its factory must build, but {in_words(error)}.") from error


def _traced(subject: Subject) -> Any:
    """Trace a call.

    Raises:
        CheckError: it cannot be traced, or a param cannot.
    """
    key, data, params = subject.args

    # a function of its own: what was traced before is not traced again
    def call(key: jax.Array, data: Any, params: Mapping[str, Any]) -> Any:
        return subject.call(key, data, params)

    try:
        return jax.make_jaxpr(call)(key, data, params)
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


def check_shapes(subject: Subject) -> str:
    """Each array that comes out has the shape and dtype of the kind's contract."""
    _traced(subject)
    out = arrays(jax.eval_shape(subject.call, *subject.args))
    for name in {**subject.expected, **out}:
        want, got = subject.expected.get(name), out.get(name)
        if (
            want is None
            or got is None
            or (want.shape, want.dtype)
            != (
                got.shape,
                got.dtype,
            )
        ):
            wanted = "left out" if want is None else written(want)
            seen = "none" if got is None else written(got)
            raise CheckError(f"`{name}` must be {wanted}, got {seen}.")
    return ""


def _same(one: Any, other: Any, words: str, *, exact: bool = False) -> None:
    """Hold two outcomes against each other: floats up to rounding unless `exact`."""
    left, right = arrays(one), arrays(other)
    for name, value in left.items():
        a, b = np.asarray(value), np.asarray(right[name])
        is_float = np.issubdtype(a.dtype, np.floating) and not exact
        is_same = (
            np.allclose(a, b, rtol=RTOL, atol=ATOL, equal_nan=True)
            if is_float
            else np.array_equal(a, b, equal_nan=np.issubdtype(a.dtype, np.floating))
        )
        if not is_same:
            allowed = f"to within {RTOL:g}" if is_float else "to the bit"
            differ = np.flatnonzero(np.ravel(a != b))
            first = differ[0] if differ.size else 0
            raise CheckError(
                f"`{name}` must be the same {words}, {allowed}, got "
                f"{np.ravel(a)[first]} and {np.ravel(b)[first]}."
            )


def check_transformations(subject: Subject) -> str:
    """Plain, under jit, vmap and lax.map it does the same."""
    _traced(subject)
    key, data, params = subject.args
    plain = subject.call(key, data, params)
    run = jax.jit(subject.call)
    _same(plain, run(key, data, params), "plain and under jit")
    keys = jnp.stack([key, jax.random.key(1)])
    alone = jax.tree.map(
        lambda *leaves: jnp.stack(leaves), *[run(key, data, params) for key in keys]
    )
    over_keys = jax.vmap(subject.call, in_axes=(0, None, None))
    _same(alone, jax.jit(over_keys)(keys, data, params), "alone and under vmap")

    @jax.jit
    def one_by_one(keys: jax.Array, data: Any, params: Mapping[str, Any]) -> Any:
        return jax.lax.map(lambda key: subject.call(key, data, params), keys)

    _same(alone, one_by_one(keys, data, params), "alone and under map")
    return ""


def check_order(subject: Subject) -> str:
    """Items in another order get the same, in that order."""
    if subject.turned is None:
        return "order may matter to this kind"
    if uses_key(subject):
        return "draws go by place, so order was not tried"
    key, data, params = subject.args
    turned, order = subject.turned
    run = jax.jit(subject.call)
    moved = jax.tree.map(lambda leaf: leaf[order], run(key, data, params))
    _same(moved, run(key, turned, params), "whatever the order of the items")
    return ""


def check_padding(subject: Subject) -> str:
    """What does not count changes nothing of the rest."""
    if subject.padded is None:
        return "nothing is padded in this kind"
    key, data, params = subject.args
    padded, cut = subject.padded
    run = jax.jit(subject.call)
    rest = cut(run(key, padded, params))
    _same(cut(run(key, data, params)), rest, "whatever the padding holds")
    return ""


def check_retracing(subject: Subject) -> str:
    """Another value of a param is the same program."""
    _traced(subject)
    key, data, params = subject.args
    traces = []

    def counted(key: jax.Array, data: Any, params: Mapping[str, Any]) -> Any:
        traces.append(1)
        return subject.call(key, data, params)

    run = jax.jit(counted)
    for factor in (1.0, 0.5, 2.0):
        # traced alone: what it computes does not matter here
        run.trace(key, data, {name: value * factor for name, value in params.items()})
    if len(traces) != 1:
        raise CheckError(f"it must be traced once for all params, got {len(traces)}.")
    return "" if params else "it has no param"


def _primitives(jaxpr: Any) -> set[str]:
    """Names of all operations of a program, those of its loops and branches too."""
    found = set()
    for equation in jaxpr.eqns:
        found.add(equation.primitive.name)
        for value in jax.tree.leaves(
            list(equation.params.values()), is_leaf=_is_program
        ):
            if _is_program(value):
                found |= _primitives(getattr(value, "jaxpr", value))
    return found


def _is_program(value: Any) -> bool:
    return hasattr(value, "eqns") or hasattr(value, "jaxpr")


def check_callbacks(subject: Subject) -> str:
    """No part of it runs on the host."""
    names = _primitives(_traced(subject).jaxpr)
    found = sorted(n for n in names if any(word in n for word in _ON_HOST))
    if found:
        raise CheckError(f"it must call nothing on the host, got {', '.join(found)}.")
    return ""


def check_finite(subject: Subject) -> str:
    """Whatever is extreme in a sample, what comes out is finite."""
    key, _, params = subject.args
    run = jax.jit(subject.call)
    for words, data in {"the sample": subject.data, **subject.extremes}.items():
        for name, value in arrays(run(key, data, params)).items():
            if not np.isfinite(np.asarray(value)).all():
                bad = np.asarray(value)[~np.isfinite(np.asarray(value))][0]
                raise CheckError(f"`{name}` must be finite, got {bad} with {words}.")
    return ""


def uses_key(subject: Subject) -> bool:
    """Whether anything that comes out hangs on the key."""
    closed = _traced(subject)
    used = [True] * len(closed.jaxpr.outvars)
    return bool(partial_eval.dce_jaxpr(closed.jaxpr, used)[1][0])


def check_key(subject: Subject) -> str:
    """The same key gives the same bytes, another one another draw."""
    _, data, params = subject.args
    key = jax.random.key(0)
    programs = [_traced(subject) for _ in range(2)]
    # functions of rules are written with their addresses
    texts = {re.sub("0x[0-9a-f]+", "", str(program)) for program in programs}
    consts = {digest(program.consts) for program in programs}
    if len(texts) > 1 or len(consts) > 1:
        raise CheckError(
            "it must be one program however often it is traced, got two: draw from the "
            "key, never from `numpy.random` or `random`."
        )
    run = jax.jit(subject.call)
    first, again = (run(key, data, params) for _ in range(2))
    _same(first, again, "for the same key", exact=True)
    if not uses_key(subject):
        return "nothing in it is random"
    samples = [data, *subject.extremes.values()]
    for sample in samples:
        one = digest(run(key, sample, params))
        others = {
            digest(run(jax.random.key(i + 1), sample, params)) for i in range(NUM_KEYS)
        }
        if others != {one}:
            return ""
    # a lot between equals may decide nothing where there are none
    return f"what it draws decided nothing under {NUM_KEYS + 1} keys"


def check_work(subject: Subject) -> str:
    """Its operations can be counted; what cannot be is said."""
    try:
        counted = operations_in(_traced(subject))
    except CheckError:
        raise
    except Exception as error:
        raise CheckError(
            f"its work must be countable, but {in_words(error)}."
        ) from error
    notes = sorted(set(counted.notes))
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
