"""The parameters of a crowd: one row each, from which all else is read.

Whatever has a row may stand in a population's file and in a study's table `[crowd]`, be
swept, and be given to `build_population`; `hitl-sim crowd` lists it. Defaults and their
sources stand beside those of the populations, in `data/populations.toml`, kind by kind:
a parameter that a population does not have is off.

A new parameter of a person is a row with `is_optional` here, and a line where it acts,
which reads it from `Annotators.extra`.

Only the standard library is imported here.
"""

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

_LARGEST = 3.4028234e38
"""Largest float32, in which crowds are computed; IEEE 754-2008, table 3.5."""

Acts = Literal[
    "always", "asked again", "answered again", "dealt unevenly", "something suggested"
]
"""Where a parameter changes any outcome: where the same person is asked again, where a
question has more than one answer, where not everybody answers every question, where
people are shown a suggestion."""

Beside = Literal["model", "times", "never"]
"""Where a parameter acts beside a recording: on simulated people who answer what nobody
recorded, also where no more than times are missing, or nowhere."""


class Range(NamedTuple):
    """Numbers from `low` to `high`; an open end is left out."""

    low: float = -math.inf
    high: float = math.inf
    is_open: bool = False
    unit: str = ""

    def holds(self, value: float) -> bool:
        """Whether a value is finite, in float32 too, and inside."""
        if not abs(value) <= _LARGEST:
            return False
        if self.is_open:
            return self.low < value < self.high
        return self.low <= value <= self.high

    def __str__(self) -> str:
        """Say what is allowed, as an error does."""
        unit = f" {self.unit}" if self.unit else ""
        if self.high < math.inf:
            ends = "()" if self.is_open else "[]"
            return f"in {ends[0]}{self.low:g}, {self.high:g}{ends[1]}{unit}"
        if self.low > -math.inf:
            return f"{'>' if self.is_open else '>='} {self.low:g}{unit}"
        return f"finite{unit}"


class Parameter(NamedTuple):
    """One number of a crowd.

    Attributes:
        range: what it may be.
        doc: what it is, with its unit.
        is_optional: whether a person may lack it: it is then the same for everybody,
            travels in `Annotators.extra`, and is no part of a program without it.
        needs: another parameter without which it says nothing; people who may lack
            both have both or neither.
        kinds: feedback kinds that it acts on; every kind if empty.
        acts: where it changes any outcome.
        beside: where it acts beside a recording.
        axis: what the axis of a figure along it is called, where that is more than its
            name.
        formerly: what it was called before.
    """

    range: Range
    doc: str
    is_optional: bool = False
    needs: str | None = None
    kinds: tuple[str, ...] = ()
    acts: Acts = "always"
    beside: Beside = "model"
    axis: str | None = None
    formerly: str | None = None


SHARE = Range(0.0, 1.0)
SPREAD = Range(0.0)
CORRELATION = Range(-1.0, 1.0)
DURATION = Range(0.0, is_open=True, unit="s")
ANY = Range()

_OF_CLASSES = ("label", "verification", "relevance")
"""Kinds whose right option is one of the classes of an item, so that what its features
or a model say of the item can speak for and against it."""
_OF_ITEMS = (*_OF_CLASSES, "preference", "difficulty")
"""Kinds of which there are many questions: groups of features are asked about once."""

PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        # quality and consistency
        "accuracy": Parameter(
            SHARE,
            "mean single-answer accuracy over people and items",
            axis="accuracy of an answer",
        ),
        "skill": Parameter(
            ANY, "mean utility that the right option gains, in place of an accuracy"
        ),
        "skill_spread": Parameter(
            SPREAD, "standard deviation of skill over people, utility"
        ),
        "repeatability": Parameter(
            SHARE,
            "noise correlation of one person asked twice; at least `shared_error`",
            acts="asked again",
            axis="repeatability: one person asked twice",
        ),
        "within_spread": Parameter(
            SPREAD,
            "standard deviation over people of the logit of within-person noise",
            acts="asked again",
            formerly="own_spread",
        ),
        "shared_error": Parameter(
            SHARE,
            "noise correlation of two people on one item",
            acts="answered again",
            axis="shared error: two people on one item",
        ),
        "lapse": Parameter(SHARE, "share of quick guesses, mean over people"),
        "lapse_spread": Parameter(
            SPREAD, "standard deviation over people of the logit of lapse"
        ),
        "systematic": Parameter(
            SHARE,
            "share of the shared error that the items' features predict",
            kinds=_OF_CLASSES,
            axis="systematic error: share that features predict",
        ),
        "lean_spread": Parameter(
            SPREAD,
            "standard deviation over people of what an option gains with them, utility",
            kinds=("label", "verification"),
        ),
        "difficulty_spread": Parameter(
            SPREAD,
            "standard deviation over items of what they cost everybody, utility",
            kinds=_OF_CLASSES,
        ),
        "model_difficulty": Parameter(
            SPREAD,
            "utility that an item costs people per standard deviation of a model's "
            "margin on it",
            kinds=_OF_CLASSES,
        ),
        # times
        "seconds": Parameter(
            DURATION,
            "median time of a typical question, practised and not guessed, s; of each "
            "group where groups are ranked or marked",
            beside="times",
        ),
        "pace_spread": Parameter(
            SPREAD, "standard deviation of log seconds over people", beside="times"
        ),
        "spread": Parameter(
            SPREAD, "standard deviation of a person's log seconds", beside="times"
        ),
        "spread_variation": Parameter(
            SPREAD,
            "standard deviation over people of the log of `spread`",
            beside="times",
        ),
        "skew": Parameter(
            SHARE,
            "how far log seconds lean to the slow side: 0 is normal, 1 Gumbel",
            is_optional=True,
            beside="times",
        ),
        "drift": Parameter(
            SPREAD,
            "standard deviation of the slow, AR(1) part of log seconds",
            beside="times",
        ),
        "memory": Parameter(
            Range(0.0, 0.999), "coefficient of that slow part", beside="times"
        ),
        "conflict": Parameter(
            ANY, "log seconds per unit of conflict (log 2 at a tie)", beside="times"
        ),
        "length": Parameter(
            ANY, "exponent of the item's relative size in seconds", beside="times"
        ),
        "practice": Parameter(
            SPREAD, "extra time of the first question, fraction of it", beside="times"
        ),
        "practice_power": Parameter(
            SPREAD, "exponent of the power law by which that vanishes", beside="times"
        ),
        "pause": Parameter(
            SHARE, "probability that a question is interrupted", beside="times"
        ),
        "wait": Parameter(
            SHARE,
            "probability that a question waits, for some typical times more",
            is_optional=True,
            beside="times",
        ),
        "lapse_time": Parameter(
            Range(0.0, is_open=True),
            "time of a quick guess over that of a typical question; a third without",
            is_optional=True,
            beside="times",
        ),
        "pause_spread": Parameter(
            SPREAD,
            "standard deviation over people of the logits of `pause` and `wait`",
            beside="times",
        ),
        "practice_spread": Parameter(
            SPREAD,
            "standard deviation over people of the log of `practice`",
            beside="times",
        ),
        # read-outs
        "band": Parameter(
            SPREAD,
            'half width of "unsure" or of a tie, utility',
            kinds=("relevance", "preference"),
        ),
        "mark_share": Parameter(
            Range(0.0, 1.0, is_open=True),
            "share of the groups that a person marks",
            kinds=("marks",),
        ),
        "criterion_spread": Parameter(
            SPREAD,
            "standard deviation over people of the utility that a marked group clears",
            kinds=("marks",),
        ),
        "bias": Parameter(
            ANY,
            "what people say too much on average, standard deviations of the numbers",
            is_optional=True,
            kinds=("number",),
        ),
        "bias_spread": Parameter(
            SPREAD,
            "standard deviation of that over people",
            kinds=("number",),
        ),
        "slope": Parameter(
            SPREAD,
            "how far a number grows in what the median person says, beside what noise "
            "takes; 1 uses the range as it is",
            is_optional=True,
            kinds=("number",),
        ),
        "slope_spread": Parameter(
            SPREAD,
            "standard deviation over people of the log of that",
            kinds=("number",),
        ),
        # biases, abstention, vigor
        "automation_bias": Parameter(
            ANY,
            "utility that a suggested option gains: anchoring on a suggestion",
            is_optional=True,
            kinds=(*_OF_CLASSES, "preference"),
            acts="something suggested",
            beside="never",
            formerly="pull",
        ),
        "response_repetition": Parameter(
            ANY,
            "utility that the previous answer gains: anchoring on the last answer",
            is_optional=True,
            kinds=("label",),
            formerly="habit",
        ),
        "skip_margin": Parameter(
            SPREAD,
            "no answer that stands by less than this margin of utility",
            is_optional=True,
        ),
        "skip_level": Parameter(
            ANY, "no answer where no option is worth this utility", is_optional=True
        ),
        "caution": Parameter(
            ANY,
            "log factor on the signal, paid for with time; 0 is as usual",
            is_optional=True,
        ),
        "learning": Parameter(
            ANY,
            "skill that tenfold practice adds, utility, 0 at one's tenth question; "
            "it goes on over all of an arm's questions",
            is_optional=True,
        ),
        "fatigue": Parameter(
            SHARE,
            "share of the signal that is lost in the long run; it grows over all of an "
            "arm's questions, and breaks do not take it off",
            is_optional=True,
        ),
        "fatigue_s": Parameter(
            DURATION,
            "time on task after which 63 % of that is lost, s",
            is_optional=True,
            needs="fatigue",
        ),
        # the crowd
        "skill_pace": Parameter(CORRELATION, "correlation of skill with slowness"),
        "skill_lapse": Parameter(
            CORRELATION, "correlation of skill with lapse", needs="lapse_spread"
        ),
        "skill_within": Parameter(
            CORRELATION,
            "correlation of skill with consistency",
            needs="within_spread",
            acts="asked again",
            formerly="skill_own",
        ),
        "activity_spread": Parameter(
            SPREAD,
            "standard deviation over people of the log of how much they take on",
            kinds=_OF_ITEMS,
            acts="dealt unevenly",
            beside="never",
        ),
        "skill_activity": Parameter(
            CORRELATION,
            "correlation of skill with how much people take on",
            needs="activity_spread",
            kinds=_OF_ITEMS,
            acts="dealt unevenly",
            beside="never",
        ),
    }
)
"""Every parameter by name."""

OPTIONAL = tuple(name for name, row in PARAMETERS.items() if row.is_optional)
"""Parameters that a person may lack."""

FORMER_NAMES = {row.formerly: name for name, row in PARAMETERS.items() if row.formerly}
"""What parameters were called before, and are called now."""


def check_choice(name: str, value: object, allowed: Iterable[str]) -> None:
    """Refuse what is none of those that are allowed.

    Raises:
        ValueError: it is another; names all three.
    """
    known = tuple(allowed)
    if value not in known:
        listed = ", ".join(map(repr, known))
        raise ValueError(f"`{name}` must be one of {listed}, got {value!r}.")


def check_parameter(name: str, value: float) -> None:
    """Refuse a number that is not in its parameter's range.

    Raises:
        ValueError: no such parameter, or out of its range; names all three.
    """
    if name in FORMER_NAMES:
        raise ValueError(
            f"`{name}` must be called `{FORMER_NAMES[name]}`, got {value}."
        )
    if name not in PARAMETERS:
        allowed = ", ".join(PARAMETERS)
        raise ValueError(f"`{name}` is not a number of a population: {allowed}.")
    allowed_range = PARAMETERS[name].range
    if not allowed_range.holds(value):
        raise ValueError(f"`{name}` must be {allowed_range}, got {value}.")
