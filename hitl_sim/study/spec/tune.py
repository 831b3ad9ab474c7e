"""The table [tune] of a study: the search for each arm's own training settings."""

from typing import Annotated, Literal

from msgspec import Meta

from hitl_sim.schema import Table
from hitl_sim.study.spec.axis import AxisSpec


class TuneSpec(Table, frozen=True):
    """How the control and every arm are tuned: alike, and apart from what judges them.

    Trials are settings drawn once and tried on replicates of their own, which take no
    part in any comparison; the first is the study's own setting. Of the control the
    best plateau sets the target; then, for control and arms, the trial that reaches it
    with the fewest joules per success on the study's own `device` is taken; another
    device of a report retrains nothing, and has these settings. Successive halving:
    each rung keeps the better half and doubles its replicates.

    Attributes:
        people: required. "none": nobody is asked in a trial, and arms with people have
            the settings of the control; "replayed": people answer once in each
            replicate, and all trials learn from these answers; "fresh": every trial
            asks them anew. What they are asked is billed so.
        bill: required; what a run is billed of the tuning of its arm, joules and
            people. "sunk": nothing; "shared": an even share, of as many trainings as
            `reuse.trainings` says; "billed": all of it.
        space: what is tuned: fields of [training] and [network], each with `values` or
            a range `low` to `high`, on a linear or a log `scale`.
        trials: settings that are tried, the study's own included.
        replicates: of each trial in the first rung.
        rungs: of successive halving; 1 tries all trials alike.
        method: how settings are drawn: as `draw.method`.

    References:
        Jamieson and Talwalkar (2016), Non-stochastic best arm identification and
        hyperparameter optimization, AISTATS: successive halving.
    """

    people: Literal["none", "replayed", "fresh"]
    bill: Literal["sunk", "shared", "billed"]
    space: Annotated[tuple[AxisSpec, ...], Meta(min_length=1)]
    trials: Annotated[int, Meta(ge=2, le=4096)] = 8
    replicates: Annotated[int, Meta(ge=1, le=1024)] = 4
    rungs: Annotated[int, Meta(ge=1, le=12)] = 2
    method: Literal["random", "latin", "sobol"] = "latin"
