"""Contract checks for parts, as a command, as functions and as a pytest parametriser.

In a file of tests::

    from hitl_sim import check
    from bald import bald

    by_design = {"bald": {"order": "by design"}}

    @check.parametrize([bald], expected_failed_checks=by_design)
    def test_part(part, check):
        check(part)

A check raises `CheckError`, whose one line says what was seen and what is allowed.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from hitl_sim.check import base
from hitl_sim.check.base import Check, CheckError, Subject
from oracles.part import Kind, Part

BEFORE_WORK = ("shapes", "callbacks", "key")
"""Checks that a study makes of its own parts before it runs."""

PADDING = ("padding", "padding in training")
"""Those that it also makes of a network that is to train on padded rows."""


def _module(kind: Kind) -> Any:
    """Import what builds a part of a kind with samples, and the checks it alone has."""
    return import_module(f"{__name__}.{kind}")


def _checks_in(module: Any) -> list[Check]:
    return [value for value in vars(module).values() if isinstance(value, Check)]


def checks_of(kind: Kind) -> tuple[Check, ...]:
    """List the checks of a kind, the cheapest that says most first."""
    module, general = _module(kind), _checks_in(base)
    # kinds that compute nothing on a device name the general checks that they have
    names = getattr(module, "GENERAL", [check.name for check in general])
    kept = (check for check in general if check.name in names)
    return (*kept, *_checks_in(module))


_subjects: dict[tuple[int, str], Subject] = {}


def subject_of(part: Part, options: Mapping[str, Any] | None = None) -> Subject:
    """Build a part and its kind's samples, once for each set of options.

    Raises:
        CheckError: it does not build.
    """
    given = dict(options or {})
    key = (id(part), repr(sorted(given.items())))
    if key not in _subjects:
        _subjects[key] = _module(part.kind).sample(part, given)
    return _subjects[key]


class Outcome(NamedTuple):
    """What a check said of a part.

    Attributes:
        check: its name.
        failure: what was seen and what is allowed; "" where it passed.
        note: what a reader should know of a check that passed.
    """

    check: str
    failure: str
    note: str


def run_checks(part: Part, options: Mapping[str, Any] | None = None) -> list[Outcome]:
    """Run all checks of a part's kind.

    Args:
        part: the part.
        options: its static options; defaults where left out.

    Returns:
        One outcome a check; a part that does not build has the one outcome "build".
    """
    try:
        subject = subject_of(part, options)
    except CheckError as error:
        return [Outcome("build", str(error), "")]
    return [_outcome(check, subject) for check in checks_of(part.kind)]


def _outcome(check: Check, subject: Subject) -> Outcome:
    try:
        return Outcome(check.name, "", check.run(subject))
    except CheckError as error:
        return Outcome(check.name, str(error), "")
    except Exception as error:
        line = " ".join(str(error).split())[:200]
        return Outcome(check.name, f"it raised {type(error).__name__}: {line}", "")


def _run(check: Check, options: Mapping[str, Any], part: Part) -> None:
    try:
        check.run(subject_of(part, options))
    except CheckError as error:
        raise CheckError(f"{part.kind} {part.name!r}, {check.name}: {error}") from error


def parametrize(
    parts: Iterable[Part | tuple[Part, Mapping[str, Any]]],
    *,
    expected_failed_checks: Mapping[str, Mapping[str, str]] | None = None,
) -> Any:
    """Parametrise a test by `part` and `check`, over all checks of each part.

    Args:
        parts: what is checked; with its static options where they are not the defaults.
        expected_failed_checks: by the name of a part, the checks that it fails on
            purpose, with the reason. One that passes after all is a failure.

    Returns:
        A mark of pytest for a test of the form `def test(part, check): check(part)`.

    Raises:
        ValueError: a part or a check of that name is not among them.
    """
    import pytest  # noqa: PLC0415  a tool of tests, not needed by a run

    listed = [(p, {}) if isinstance(p, Part) else (p[0], dict(p[1])) for p in parts]
    expected = expected_failed_checks or {}
    for name, reasons in expected.items():
        known = {c.name for p, _ in listed if p.name == name for c in checks_of(p.kind)}
        for wrong in set(reasons) - known:
            raise ValueError(
                "`expected_failed_checks` must name parts and checks that are there, "
                f"got {wrong!r} of {name!r}."
            )
    params = []
    for part, options in listed:
        for check in checks_of(part.kind):
            why = expected.get(part.name, {}).get(check.name, "")
            fails = pytest.mark.xfail(reason=why, strict=True, raises=CheckError)
            name = "-".join([part.kind, part.name, *map(str, options.values())])
            call, marks = partial(_run, check, options), (fails,) if why else ()
            params.append(
                pytest.param(part, call, marks=marks, id=f"{name}-{check.name}")
            )
    return pytest.mark.parametrize(("part", "check"), params)


__all__ = [
    "BEFORE_WORK",
    "PADDING",
    "Check",
    "CheckError",
    "Outcome",
    "Subject",
    "checks_of",
    "parametrize",
    "run_checks",
    "subject_of",
]
