"""When a run of a session counts as there."""

from dataclasses import dataclass

from hitl_sim.session.error import SessionError

RESERVED = ("step", "fit_step", "test")
"""Names that `Arm.report` has for something else."""


@dataclass(frozen=True)
class Target:
    """A fraction of the best smoothed metric of the control's pilot.

    Attributes:
        metric: name of what is reported; higher is better.
        fraction: of the best smoothed metric of the run that fixes the target.
        smoothing: reports in the trailing mean, this one included.
    """

    metric: str
    fraction: float
    smoothing: int


def target(
    metric: str = "accuracy", fraction: float = 0.95, smoothing: int = 5
) -> Target:
    """Say when a run of a session is there.

    A run of role "pilot", the control with another initialisation, fixes the target
    beforehand. Where a session has none, the control's own runs do, and the report
    says so: the control then always reaches it.

    Args:
        metric: name of the number that `Arm.report` is told, measured on validation
            items; higher is better.
        fraction: of its best smoothed value; in (0, 1].
        smoothing: reports in the trailing mean; >= 1.

    Raises:
        SessionError: a number is out of range, or the name cannot be one of a report.
    """
    if not metric.isidentifier() or metric in RESERVED:
        raise SessionError(
            "`metric` must be a name that a report can have, such as 'accuracy', got "
            f"{metric!r}."
        )
    if not 0.0 < fraction <= 1.0:
        raise SessionError(f"`fraction` must be in (0, 1], got {fraction}.")
    if smoothing < 1:
        raise SessionError(f"`smoothing` must be >= 1 reports, got {smoothing}.")
    return Target(metric, float(fraction), int(smoothing))
