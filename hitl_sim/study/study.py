"""A study as one object: read from a file or built in Python, planned, and run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hitl_sim.study.cores import num_cores
from hitl_sim.study.parts import as_specs
from hitl_sim.study.spec import SpecError, StudySpec, convert, load_spec
from oracles.part import Part

if TYPE_CHECKING:
    from hitl_sim.results import Results
    from hitl_sim.study.cluster import Place
    from hitl_sim.study.registration import Registration
    from hitl_sim.study.runner import DryRun, StudyRun
    from hitl_sim.study.sweep import Progress


class Study:
    """A validated study; equal studies have equal specs.

    Attributes:
        spec: its tables, as frozen structs of `hitl_sim.study.spec`.
        last_run: what the last call of `run` computed and what failed in it; None
            before the first.
    """

    def __init__(self, spec: StudySpec | None = None, /, **tables: Any) -> None:
        """Check a study built in Python by the rules of a study file.

        Args:
            spec: the whole study.
            **tables: its tables and fields in place of that, or on top of it: structs,
                or plain tables as in a study file. Where a plain table names a part,
                the part itself may stand.

        Raises:
            SpecError: the first field that breaks a rule, its value, and what is
                allowed.
            PartError: worker processes could not find a part.
        """
        base = {} if spec is None else msgspec.to_builtins(spec)
        self.spec: StudySpec = convert(base | _plain_tables(tables))
        self.last_run: StudyRun | None = None

    @classmethod
    def load(
        cls,
        path: Path | str,
        smoke: bool = False,
        on_code: Callable[[str], None] = lambda _: None,
    ) -> Study:
        """Read and validate a study file.

        Args:
            path: the file (TOML).
            smoke: whether to read the quick form in its table `smoke`.
            on_code: called before with one line that names the code that parts of the
                study's own execute, where there is any.

        Raises:
            SpecError: the file is missing, or is no study that can be run.
        """
        return cls(load_spec(Path(path), is_smoke=smoke, on_code=on_code))

    def __eq__(self, other: object) -> bool:
        """Whether two studies are the same."""
        return isinstance(other, Study) and self.spec == other.spec

    def __hash__(self) -> int:
        """Hash the question and the seed, which equal studies share."""
        return hash((self.spec.question, self.spec.seed))

    def __repr__(self) -> str:
        """Tell the study's question, arms and tasks."""
        arms = ", ".join(arm.name for arm in self.spec.arm)
        return (
            f"Study({self.spec.question!r}; arms {arms}; {', '.join(self.spec.task)})"
        )

    def plan(self, out: Path | str | None = None) -> DryRun:
        """Say what running the study would do, and do none of it.

        Args:
            out: results folder whose finished runs would not be computed again.

        Raises:
            SpecError: the study cannot be run as written.
        """
        from hitl_sim.study.runner import dry_run  # noqa: PLC0415 - loads data

        return dry_run(self.spec, None if out is None else Path(out))

    def register(self) -> Registration:
        """Return what the study fixes before its runs, with the hash of its plan.

        `hitl_sim.report.registration.registration_page` makes a page of it.

        Raises:
            SpecError: the study cannot be run as written, as far as its file tells.
        """
        from hitl_sim.study.registration import register_study  # noqa: PLC0415

        return register_study(self.spec)

    def run(
        self,
        out: Path | str,
        workers: int | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
        *,
        place: Place | None = None,
        limit_s: float | None = None,
        on_plan: Callable[[DryRun], None] = lambda _: None,
    ) -> Results:
        """Compute the runs that the folder lacks, and open its results.

        Interrupting or killing it loses at most the runs under way; the same call goes
        on from there, and ends with the same bytes. Runs that failed are told by
        `last_run` and by `Results.status()`, and are tried again by the next call.

        Args:
            out: results folder; made if missing.
            workers: processes, one core each; all cores when left out.
            progress: called at the start and whenever runs have come back.
            place: where runs are computed, in place of local processes.
            limit_s: time after which runs are taken to hang, s.
            on_plan: called before anything is computed, with what `plan` says.

        Raises:
            SpecError: the study cannot be run as written; nothing was done.
            RecordError: the folder cannot be used, or holds records of another
                environment; nothing was lost.
        """
        from hitl_sim.study.runner import run_study  # noqa: PLC0415 - loads data

        self.last_run = run_study(
            self.spec,
            Path(out),
            workers or num_cores(),
            progress,
            place=place,
            limit_s=limit_s,
            on_plan=on_plan,
        )
        from hitl_sim.results import Results  # noqa: PLC0415 - loads statistics

        return Results(Path(out))


def load(path: Path | str, smoke: bool = False) -> Study:
    """Read and validate a study file; see `Study.load`."""
    return Study.load(path, smoke)


def _plain_tables(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Turn tables into those of a study file; parts become names and sources."""
    parts: dict[str, Part] = {}
    plain: dict[str, Any] = _named(tables, parts)
    if not parts:
        return plain
    sources = msgspec.to_builtins(as_specs(parts))
    return plain | {"part": {**plain.get("part", {}), **sources}}


def _named(value: Any, parts: dict[str, Part]) -> Any:
    """Put names in the place of parts, and gather the parts by name."""
    match value:
        case Part():
            if parts.setdefault(value.name, value) is not value:
                raise SpecError(
                    f"`part.{value.name}` must be one part, got two of that name."
                )
            return value.name
        case Mapping():
            return {key: _named(one, parts) for key, one in value.items()}
        case list() | tuple():
            return [_named(one, parts) for one in value]
        case _:
            return msgspec.to_builtins(value)
