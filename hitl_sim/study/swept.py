"""A study's runs as a table: their names, and one typed column per swept field.

A column is named as its axis; a param of arms, `arm.params.PARAM`, has one for each arm
that has it, `arm.ARM.PARAM`. Its type is that of the field's annotation, whatever
values are swept; it is null where the axis does not act. A field of several types, such
as a number or "all", is text, with its numbers once more in `<column>_num`.
"""

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import (
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints as hints_of,
)

import msgspec
import pyarrow as pa

from hitl_sim.learn.intervention import Arm
from hitl_sim.record import LABEL_SCHEMA
from hitl_sim.study.grid import Condition, axes_of
from hitl_sim.study.plan import Plan
from hitl_sim.study.spec import Scalar, StudySpec

NUMBERS = "_num"
"""How the name of a column ends that holds the numbers of a column of texts."""
_FREE: Mapping[str, Any] = {
    "params": float,
    "options": Scalar,
    "aggregate_params": float,
    "aggregate_options": Scalar,
}
"""Tables whose keys a part gives: traced numbers, and static options."""
_OF_ARM = {"arm.params": "", "arm.aggregate_params": "aggregate."}
"""Tables of an arm's params, and how columns name them after the arm."""
_TYPES: Mapping[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
}


def runs_table(plan: Plan) -> pa.Table:
    """List a study's runs, finished or not.

    Returns:
        One row per run, in the study's order: `key`, the columns of `LABEL_SCHEMA`,
        and those of the axes.
    """
    columns = axis_columns(plan.spec)
    schema = pa.schema(
        [*LABEL_SCHEMA, *(f for found in columns.values() for f in found)]
    )
    rows: list[dict[str, Any]] = []
    place: dict[int, int] = {}
    for (_, names), run in zip(plan.labels(), plan.runs, strict=True):
        if id(run.condition) not in place:
            place[id(run.condition)] = len(rows)
            rows.append(names | dict(_cells(columns, run.condition)))
    order = pa.array([place[id(run.condition)] for run in plan.runs], pa.int64())
    table = pa.Table.from_pylist(rows, schema=schema).take(order)
    keys = pa.array([run.key for run in plan.runs], pa.string())
    return table.add_column(0, "key", keys).combine_chunks()


def axis_columns(spec: StudySpec) -> dict[str, tuple[pa.Field, ...]]:
    """Give each swept field its columns: one, or two where it has several types.

    The axis over tasks has none, for each run names its task already.

    Returns:
        Columns by the name of the first.
    """
    found: dict[str, tuple[pa.Field, ...]] = {}
    for axis in spec.axis:
        if axis.field in LABEL_SCHEMA.names:
            continue
        kinds = {kind for hint in _hints(axis.field, spec) for kind in _plain(hint)}
        names = [axis.field]
        if axis.field.rpartition(".")[0] in _OF_ARM:
            arms = [arm for arm in spec.arm if axis in axes_of(spec, arm)]
            names = [_column(axis.field, arm) for arm in arms]
        found |= {name: _fields(name, kinds) for name in names}
    return found


def _column(field: str, arm: Arm) -> str:
    """Name the column of a swept field in the rows of an arm."""
    table, _, param = field.rpartition(".")
    return f"arm.{arm.name}.{_OF_ARM[table]}{param}" if table in _OF_ARM else field


def _fields(name: str, kinds: set[type]) -> tuple[pa.Field, ...]:
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) == 1:
        return (pa.field(name, _TYPES[kinds.pop()]),)
    return pa.field(name, pa.string()), pa.field(name + NUMBERS, pa.float64())


def _cells(
    columns: Mapping[str, Sequence[pa.Field]], condition: Condition
) -> Iterator[tuple[str, Scalar]]:
    """Yield the cells of one condition's swept values."""
    for field, value in condition.settings.items():
        name = _column(field, condition.arm)
        match columns.get(name, ()):
            case (one,):
                yield one.name, float(value) if one.type == pa.float64() else value
            case (text, number):
                yield text.name, value if isinstance(value, str) else f"{value:g}"
                if isinstance(value, int | float) and not isinstance(value, bool):
                    yield number.name, float(value)


def _hints(field: str, spec: StudySpec) -> Iterator[Any]:
    """Find the annotations of a swept field, in each struct that has it."""
    table, _, name = field.partition(".")
    kind, below = None, name.partition(".")[0]
    if below in ("method", "before"):
        _, kind, name = name.split(".", 2)
    if table == "machine":
        name = name.rpartition(".")[2]
    head = name.partition(".")[0]
    if head in _FREE:
        yield _FREE[head]
        return
    structs: list[msgspec.Struct] = (
        list(spec.arm)
        if table == "arm"
        else list(spec.task.values())
        if table == "task"
        else list(spec.machine.values())
        if table == "machine"
        else [getattr(spec, table)]
    )
    if kind is not None:
        some = (one for arm in spec.arm for one in getattr(arm, below))
        structs = [one for one in some if one.kind == kind]
    for struct in structs:
        if name in struct.__struct_fields__:
            yield hints_of(type(struct), include_extras=True)[name]


def _plain(hint: Any) -> Iterator[type]:
    """Yield the plain types of an annotation; a list is a text of its own."""
    origin = get_origin(hint)
    if origin is Annotated:
        yield from _plain(get_args(hint)[0])
    elif origin is Literal:
        yield from (type(value) for value in get_args(hint))
    elif origin in (Union, types.UnionType):
        for one in get_args(hint):
            if one is not types.NoneType:
                yield from _plain(one)
    elif hint in _TYPES:
        yield hint
    else:
        # one number in the place of a list is one entry of it
        yield from (str, float)
