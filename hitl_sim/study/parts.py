"""Parts that a study brings: planned, checked, kept, and loaded in workers."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

from hitl_sim.check import BEFORE_WORK, PADDING, checks_of
from hitl_sim.check.child import ask
from hitl_sim.output import write_bytes
from hitl_sim.part_source import Source, load, read_code, source_of, told_if_slow
from hitl_sim.study.grid import Condition, expand
from hitl_sim.study.kept_parts import kept_in
from hitl_sim.study.spec import PartSpec, Scalar, SpecError, StudySpec, load_spec
from oracles.part import Kind, Part, PartError

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
    try:
        loaded = load(Source.of(source))
    except PartError as error:
        raise SpecError(f"[part.{name}] {error}") from error
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
        checks: names of the checks that it has to pass before it runs.
    """

    name: str
    part: PartSpec
    kind: Kind
    options: Mapping[str, Scalar]
    checks: tuple[str, ...] = BEFORE_WORK


def used_parts(conditions: Iterable[Condition]) -> list[Use]:
    """List the parts that conditions use, each set of options once."""
    found: dict[Any, Use] = {}
    for condition in conditions:
        for name, identity in condition.parts.items():
            kind = cast(Kind, identity["kind"])
            options = _options_of(condition, kind, name)
            use = Use(name, condition.spec.part[name], kind, options)
            if kind == "network" and condition.training.batch == "all":
                # a training set may be padded, which is then a part of each step
                use = use._replace(checks=(*BEFORE_WORK, *PADDING))
            key = (name, repr(sorted(options.items())), use.checks)
            found.setdefault(key, use)
    return list(found.values())


def check_parts(conditions: Iterable[Condition]) -> None:
    """Hold the parts that conditions use to their contracts, in processes of their own.

    Each runs for samples of its kind, on the CPU; nothing of the study is computed.

    Raises:
        SpecError: a part does not build, breaks its contract, or does not give the
            same bytes in two processes.
    """
    for name, part, kind, options, checks in used_parts(conditions):
        if not checks_of(kind):
            continue
        # the processes that check start JAX first
        with told_if_slow(f"Part {part.source!r} is still being checked", _CHECKED_S):
            answers = ask(part.source, options, checks)
        failures = [answer.failure for answer in answers if answer.failure]
        if not failures and len({answer.digest for answer in answers}) > 1:
            failures = [
                "two processes must give the same bytes, got others under another "
                "PYTHONHASHSEED."
            ]
        if failures:
            raise SpecError(f"[part.{name}] {kind}: {failures[0]}")


def _options_of(condition: Condition, kind: str, name: str) -> Mapping[str, Scalar]:
    """Static options that a condition gives its part of a kind."""
    methods = {method.kind: method for method in condition.arm.method}
    tables = {
        "network": condition.network,
        "optimiser": condition.training,
        "metric": condition.spec.target,
        "task": condition.task,
        "annotator": condition.crowd,
        "method": methods.get(name),
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
        if part.file is None:
            continue
        code = read_code(Path(part.file))
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
