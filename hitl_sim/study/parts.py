"""Parts that a study brings: planned, checked, kept, and loaded in workers."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, cast

from hitl_sim.cache import keep
from hitl_sim.output import write_bytes
from hitl_sim.part_source import Source, load, read_code, source_of, told_if_slow
from hitl_sim.study.grid import Condition, expand
from hitl_sim.study.kept_parts import kept_in
from hitl_sim.study.spec import (
    PartSpec,
    Scalar,
    SpecError,
    StudySpec,
    in_study,
    load_spec,
)
from oracles.part import Kind, Part

_CHECKED_S = 90.0
"""Time that checks of a part may take before it is told that they go on, s."""


def foreign_parts(spec: StudySpec) -> dict[str, Part]:
    """Load the parts that a study brings, by the names it gave them.

    Raises:
        SpecError: one cannot be loaded, or is not what it was when the study was read.
    """
    return {
        name: _planned(name, part.source, tuple(sorted((part.identity or {}).items())))
        for name, part in spec.part.items()
    }


@cache
def _planned(name: str, source: str, identity: tuple[tuple[str, Scalar], ...]) -> Part:
    """Load a part once in a process: equal conditions have the same one."""
    with in_study(f"[part.{name}] "):
        loaded = load(Source.of(source))
    if identity and dict(identity) != loaded.identity:
        raise SpecError(
            f"[part.{name}] {source!r} must stay as it was when the study was read, "
            "but its code has changed. Read the study again."
        )
    return loaded.part


class Use(NamedTuple):
    """One use of a part of a study's own.

    Attributes:
        name: what the study calls the part.
        part: its table.
        kind: what it is.
        options: static options that are given; the rest are at their defaults.
        is_padded: whether it is a network that is to train on padded rows.
    """

    name: str
    part: PartSpec
    kind: Kind
    options: Mapping[str, Scalar]
    is_padded: bool = False


def used_parts(conditions: Iterable[Condition]) -> list[Use]:
    """List the parts that conditions use, each set of options once."""
    found: dict[Any, Use] = {}
    for condition in conditions:
        for name, identity in condition.parts.items():
            kind = cast(Kind, identity["kind"])
            options = _options_of(condition, kind, name)
            # a training set may be padded, which is then a part of each step
            is_padded = kind == "network" and condition.training.batch == "all"
            use = Use(name, condition.spec.part[name], kind, options, is_padded)
            key = (name, repr(sorted(options.items())), is_padded)
            found.setdefault(key, use)
    return list(found.values())


def check_parts(conditions: Iterable[Condition]) -> None:
    """Hold the parts that conditions use to their contracts, in processes of their own.

    Each runs for samples of its kind, on the CPU; nothing of the study is computed. One
    that passed is not tried again while neither its code nor any package here changes.

    Raises:
        SpecError: a part does not build, breaks its contract, or does not give the
            same bytes in two processes.
    """
    installed = sorted((d.name, d.version) for d in metadata.distributions())
    for use in used_parts(conditions):
        options = sorted(use.options.items())
        key = (use.part.identity, options, use.is_padded, installed)
        keep("check", key, partial(_check, use))


def _check(use: Use) -> str:
    # much is imported that a study whose parts have passed does not need
    from hitl_sim.check import BEFORE_WORK, PADDING  # noqa: PLC0415
    from hitl_sim.check.child import failure_of  # noqa: PLC0415

    names = (*BEFORE_WORK, *(PADDING if use.is_padded else ()))
    source = use.part.source
    # the processes that check start JAX first
    with told_if_slow(f"Part {source!r} is still being checked", _CHECKED_S):
        failure = failure_of(source, use.options, names)
    if failure:
        raise SpecError(f"[part.{use.name}] {use.kind}: {failure}")
    return "passed"


def _options_of(condition: Condition, kind: str, name: str) -> Mapping[str, Scalar]:
    """Static options that a condition gives its part of a kind."""
    methods = {method.kind: method for method in condition.arm.method}
    stages = {stage.kind: stage for stage in condition.arm.before}
    tables = {
        "network": condition.network,
        "optimiser": condition.training,
        "metric": condition.spec.target,
        "task": condition.task,
        "annotator": condition.crowd,
        "method": methods.get(name),
        "intervention": stages.get(name, condition.arm),
    }
    field = "aggregate_options" if kind == "aggregation" else "options"
    return getattr(tables.get(kind, condition.arm), field, {})


def find_uses(
    part: str, study: Path | None
) -> tuple[Source, list[Mapping[str, Scalar]]]:
    """Say where a part stands, and with which options a study uses it.

    Args:
        part: its source, or with a study also the name that this gives it.
        study: the study's file; None for the default options.

    Raises:
        SpecError: the study cannot be read, or does not use the part.
        PartError: the source is none.
    """
    if study is None:
        return Source.of(part), [{}]
    spec = load_spec(study)
    named = spec.part.get(part)
    source = Source.of(named.source if named else part).under(Path())
    uses = [u for u in used_parts(expand(spec)) if Source.of(u.part.source) == source]
    if not uses:
        raise SpecError(f"Study {str(study)!r} must use the part {part!r}, got no use.")
    return source, [use.options for use in uses]


def keep_parts(spec: StudySpec, out: Path) -> None:
    """Copy the sources of a planned study's parts to its results, each form once.

    Installed parts stay where they are: the study's tables name package and version.
    """
    for part in spec.part.values():
        source = Source.of(part.source)
        if not source.is_file:
            continue
        code = read_code(Path(source.module))
        for path, text in code.files.values():
            target = kept_in(out, code.sha256) / path
            if not target.is_file() or target.read_bytes() != text:
                write_bytes(target, text)


def as_specs(parts: Mapping[str, Part]) -> dict[str, PartSpec]:
    """Turn parts at hand into the tables of a study.

    Raises:
        PartError: worker processes could not find one of them.
    """
    return {name: PartSpec(source=str(source_of(p))) for name, p in parts.items()}
