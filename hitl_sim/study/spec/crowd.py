"""The tables [crowd] and [crew] of a study: who answers, and how they work."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from hitl_sim.schema import Correlation, Positive, Share, Spread, Table


class CrowdSpec(Table, frozen=True):
    """Who answers: a population, and the dials that depart from it.

    A dial that is left out keeps the population's own number. All may be swept.

    Attributes:
        population: a name that `hitl-sim crowd` lists, the path of a .toml file of
            your own, or such a path, a colon and the name of one of its populations.
        recording: the path of recorded answers, as `hitl-sim import` writes them, that
            are replayed in the place of simulated ones: labels; ratings of relevance by
            0 (drop), 1 (unsure), 2 (keep); marks of the task's feature groups. Those
            people are the crew.
        policy: where too few people answered an item: "refuse" the study, "restrict"
            questions to other items, or let a "model", the population, answer; given
            exactly with a recording.
        accuracy: mean single-answer accuracy over people and items.
        accuracies: mean single-answer accuracy of each person of the crew, in place of
            `accuracy` and `skill_spread`.
        shared_error: noise correlation of two people on one item.
        repeatability: noise correlation of one person asked twice.
        lapse: share of quick guesses.
        seconds: time of a typical question, s.
        systematic: share of the shared error that the items' features predict.
        model_difficulty: utility that an item costs people per standard deviation of
            a model's margin on it.
        skill_spread: standard deviation of skill over people, utility.
        lapse_spread: of the logit of lapse.
        own_spread: of the logit of each person's own inconsistency.
        pace_spread: of log seconds.
        skill_pace: correlation of skill with slowness.
        skill_lapse: correlation of skill with lapse; needs `lapse_spread`.
        skill_own: correlation of skill with consistency; needs `own_spread`.
        activity_spread: standard deviation of the log of how much people take on.
        skill_activity: correlation of skill with that; needs `activity_spread`.
        pull: utility that a suggested class gains (labels, arms that suggest).
        habit: utility that the previous answer gains (labels).
        skip_margin: no answer that stands by less than this margin of utility.
        skip_level: no answer where no option is worth this utility.
        caution: log factor on the signal, paid for with time; 0 is as usual.
        fatigue: share of the signal that is lost in the long run. It grows over all of
            an arm's questions; the crew's breaks do not take it off.
        fatigue_s: time on task after which 63 % of that is lost, s; needs `fatigue`.
    """

    population: str = "typical"
    recording: str | None = None
    policy: Literal["refuse", "restrict", "model"] | None = None
    accuracy: Share | None = None
    accuracies: tuple[Share, ...] | None = None
    shared_error: Share | None = None
    repeatability: Share | None = None
    lapse: Share | None = None
    seconds: Positive | None = None
    systematic: Share | None = None
    model_difficulty: Spread | None = None
    skill_spread: Spread | None = None
    lapse_spread: Spread | None = None
    own_spread: Spread | None = None
    pace_spread: Spread | None = None
    skill_pace: Correlation | None = None
    skill_lapse: Correlation | None = None
    skill_own: Correlation | None = None
    activity_spread: Spread | None = None
    skill_activity: Correlation | None = None
    pull: float | None = None
    habit: float | None = None
    skip_margin: Spread | None = None
    skip_level: float | None = None
    caution: float | None = None
    fatigue: Share | None = None
    fatigue_s: Positive | None = None

    @property
    def dials(self) -> dict[str, Any]:
        """The dials that are given, by name; numbers, but for `accuracies`."""
        names = (n for n in self.__struct_fields__ if n not in _WHO)
        named = {name: getattr(self, name) for name in names}
        return {name: value for name, value in named.items() if value is not None}


_WHO = ("population", "recording", "policy")
"""Fields of a crowd that are no dials."""
TIME_DIALS = ("seconds", "pace_spread")
"""Dials that act on recorded people too, where their times were not recorded."""
DEALT_DIALS = ("activity_spread", "skill_activity", "pull")
"""Dials that never act beside a recording: it settles who answers, and that nobody saw
a suggestion."""


class CrewSpec(Table, frozen=True):
    """How many people there are and when they work.

    Attributes:
        size: people in the crew.
        hours_per_day: length of the daily shift, h.
        days_per_week: working days.
        break_every_s: seconds of work between breaks.
        break_s: length of a break, s; 0 for none.
        pay_basis: "worked" pays answers, "present" also waiting inside a shift.
        is_break_paid: whether breaks are paid.
        requester_h: hours of the requester for guidelines, set-up and adjudication of
            one arm's work; assumed one hour unless the study says otherwise.
    """

    size: Annotated[int, Meta(ge=1, le=10_000)] = 3
    hours_per_day: Annotated[float, Meta(gt=0.0, le=24.0)] = 8.0
    days_per_week: Annotated[int, Meta(ge=1, le=7)] = 5
    break_every_s: Positive = 3600.0
    break_s: Annotated[float, Meta(ge=0.0)] = 300.0
    pay_basis: Literal["worked", "present"] = "worked"
    is_break_paid: bool = True
    requester_h: Annotated[float, Meta(ge=0.0)] = 1.0


def acts_on_crowd(field: str, crowd: CrowdSpec) -> bool:
    """Whether a field of the crowd changes anything where a recording is replayed."""
    if crowd.policy == "model":
        return field not in DEALT_DIALS
    return field in ("recording", "policy", *TIME_DIALS)
