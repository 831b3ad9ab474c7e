"""What an audit found: runs billed and measured, ratios, and what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hitl_sim.energy import Quantity
from hitl_sim.energy.repeat import MIN_REPEATS, Repeated
from hitl_sim.study.store import write_json

TRIES = 4
"""How often a run is tried until the machine is quiet."""


@dataclass(frozen=True)
class AuditedRun:
    """One run, billed and measured.

    Attributes:
        task: its task.
        arm: its arm.
        replicate: its number.
        billed_s: device seconds by the profile, to the cap, instrument included.
        measured_s: seconds of the run by itself, without `aside_s`.
        aside_s: seconds of making its task and of answering for people.
        billed_j: device joules by the profile.
        measured_j: joules of the run by itself, or why there are none.
        is_same_curve: whether the rerun learned what the record says, to 1/1,000.
        disturbance: how other programs disturbed the machine each time that it was
            tried; empty where it was quiet.
    """

    task: str
    arm: str
    replicate: int
    billed_s: Quantity
    measured_s: float
    aside_s: float
    billed_j: Quantity
    measured_j: Quantity
    is_same_curve: bool
    disturbance: str = ""


class Verdict(NamedTuple):
    """Billed over measured, in one measure.

    Attributes:
        ratio: with the interval of the profile's constants and of the sample; or
            unavailable with the reason.
        sample: the same with the interval of the sample of runs alone; None where it
            is unavailable.
    """

    ratio: Quantity
    sample: Repeated | None


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        profile: label of the profile that billed.
        runs: in the order in which they were drawn.
        seconds: billed over measured seconds, of the quiet runs where they are enough.
        joules: billed over measured joules, likewise.
        is_interrupted: whether somebody stopped it.
        disturbed_units: units of these runs that the profile was given while others
            disturbed the machine.
        ruled_frac: share of the billed seconds that the profile did not measure, but
            took from its rule for other units.
    """

    profile: str
    runs: tuple[AuditedRun, ...]
    seconds: Verdict
    joules: Verdict
    is_interrupted: bool
    disturbed_units: tuple[str, ...] = ()
    ruled_frac: float = 0.0

    @property
    def num_disturbed(self) -> int:
        """Return how many runs never had the machine to themselves."""
        return sum(bool(run.disturbance) for run in self.runs)

    @property
    def is_evidence(self) -> bool:
        """Return whether the ratios say something of the bill, not of the machine."""
        return len(quiet_runs(self.runs)) >= MIN_REPEATS and not self.disturbed_units

    @property
    def disturbance(self) -> str:
        """Say how the machine was disturbed, and what that leaves; '' where it was not.

        Returns:
            One sentence for the runs and one for the profile, where there is one.
        """
        sentences = []
        if self.num_disturbed:
            first = next(run.disturbance for run in self.runs if run.disturbance)
            left = (
                "they are left out"
                if len(quiet_runs(self.runs)) >= MIN_REPEATS
                else ("the ratio is no evidence: repeat it on a quiet machine")
            )
            sentences.append(
                f"The machine was disturbed in {self.num_disturbed} of"
                f" {len(self.runs)} runs, {TRIES} times each ({first}); {left}."
            )
        if self.disturbed_units:
            sentences.append(
                f"The profile was measured on a disturbed machine"
                f" ({len(self.disturbed_units)} of the units here), so the ratio is no"
                " evidence: measure it again on a quiet one."
            )
        return " ".join(sentences)

    def write(self, folder: Path) -> Path:
        """Keep the audit beside the records of its study, and never among them."""
        path = folder / "sidecar" / "audit.json"
        write_json(
            path,
            {
                "profile": self.profile,
                "is_evidence": self.is_evidence,
                "disturbance": self.disturbance,
                "ruled_frac": self.ruled_frac,
                "seconds": self.seconds.ratio.to_json(),
                "joules": self.joules.ratio.to_json(),
                "runs": [
                    {
                        name: value.to_json() if isinstance(value, Quantity) else value
                        for name, value in vars(run).items()
                    }
                    for run in self.runs
                ],
            },
        )
        return path


def quiet_runs(runs: Sequence[AuditedRun]) -> list[AuditedRun]:
    """Return the runs that had the machine to themselves."""
    return [run for run in runs if not run.disturbance]


def number_of(quantity: Quantity) -> float:
    """Return a quantity's one number.

    Raises:
        TypeError: it is unknown, or an array.
    """
    if not isinstance(quantity.value, float):
        raise TypeError(f"`quantity` must be one number, got {quantity}.")
    return quantity.value
