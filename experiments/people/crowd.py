"""A crowd tuned to a recorded set: the numbers that people and items are drawn from."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

POPULATIONS = Path(__file__).parent / "populations.toml"


@dataclass(frozen=True)
class Crowd:
    """Distribution of people and items of one set; utilities unless a unit is named.

    People:

    Attributes:
        skill: mean skill.
        skill_spread: its standard deviation over people.
        skill_workload: skill per standard deviation of log workload.
        poor: share of people whose skill is lower by `poor_drop`.
        poor_drop: how much lower.
        own: lambda_own.
        shared: lambda_shared.
        lapse: probability of a guess.
        spammer: share of people whose lapse is `spammer_lapse`, at mean workload.
        spammer_workload: log odds of that per standard deviation of log workload.
        spammer_lapse: their probability of a guess.
        bias: mean leaning towards the last option.
        bias_spread: its standard deviation over people.
        taste: standard deviation of every person's leaning to each option.
        class_bias: standard deviation of leanings to options that all people share.
        band: median half width of a tie.
        band_spread: standard deviation of its logarithm over people.

    Items:

    Attributes:
        difficulty_spread: standard deviation of difficulty.
        level_difficulty: mean difficulty of every known condition, in the order of
            their names.
        class_spread: standard deviation of the mean difficulty of the classes.
        log_discrimination: standard deviation of log discrimination; its mean is 1.
        odd: share of items whose truth people do not see: their signal is `odd_signal`.
        odd_signal: what multiplies the signal there.
        evidence: standard deviation of e[i, k], the same for all people.
        rival: mean evidence for the one wrong option that an item resembles.
        rival_spread: its standard deviation.
        partner: probability that this is the usual rival of the true class.

    Times:

    Attributes:
        pace: mean log seconds.
        pace_spread: standard deviation over people.
        pace_skill: log seconds per standard deviation of skill.
        pace_workload: log seconds per standard deviation of log workload.
        slow: share of people who take `slow_by` more log seconds.
        slow_by: how many more.
        practice: extra time of the first question, fraction.
        practice_power: exponent of the practice curve.
        conflict: log seconds per unit of conflict.
        length: exponent of relative length.
        drift: standard deviation of the slow part of log seconds.
        memory: its coefficient from question to question.
        spread: median standard deviation of the rest of log seconds.
        spread_spread: standard deviation of its logarithm over people.
        pause: probability of an interruption.

    Marks:

    Attributes:
        mark_skill: mean skill of marking.
        mark_skill_spread: its standard deviation over people.
        mark_shared: lambda_shared of marks.
        criterion: mean criterion.
        criterion_spread: its standard deviation over people.
        mark_skew: importance of words is (exp(skew z) - mean) / sd; 0 = normal.
    """

    skill: float = 2.0
    skill_spread: float = 0.0
    skill_workload: float = 0.0
    poor: float = 0.0
    poor_drop: float = 0.0
    own: float = 1.0
    shared: float = 1.0
    lapse: float = 0.0
    spammer: float = 0.0
    spammer_workload: float = 0.0
    spammer_lapse: float = 1.0
    bias: float = 0.0
    bias_spread: float = 0.0
    taste: float = 0.0
    class_bias: float = 0.0
    band: float = 0.0
    band_spread: float = 0.0
    difficulty_spread: float = 0.0
    level_difficulty: tuple[float, ...] = ()
    class_spread: float = 0.0
    log_discrimination: float = 0.0
    odd: float = 0.0
    odd_signal: float = 0.0
    evidence: float = 0.0
    rival: float = 0.0
    rival_spread: float = 0.0
    partner: float = 0.0
    pace: float = 0.0
    pace_spread: float = 0.0
    pace_skill: float = 0.0
    pace_workload: float = 0.0
    slow: float = 0.0
    slow_by: float = 0.0
    practice: float = 0.0
    practice_power: float = 1.0
    conflict: float = 0.0
    length: float = 0.0
    drift: float = 0.0
    memory: float = 0.0
    spread: float = 0.0
    spread_spread: float = 0.0
    pause: float = 0.0
    mark_skill: float = 1.0
    mark_skill_spread: float = 0.0
    mark_shared: float = 1.0
    criterion: float = 0.0
    criterion_spread: float = 0.0
    mark_skew: float = 0.0

    def with_number(self, name: str, value: float | tuple[float, ...]) -> "Crowd":
        """Return the crowd with one number changed."""
        return Crowd(**{**vars(self), name: value})


def load_crowd(name: str) -> Crowd:
    """Load the tuned crowd of a set."""
    table = tomllib.loads(POPULATIONS.read_text())[name]
    known = {field.name for field in fields(Crowd)}
    numbers = {key: value for key, value in table.items() if key != "source"}
    if unknown := sorted(set(numbers) - known):
        raise ValueError(f"`{name}` must hold fields of a crowd only, got {unknown}.")
    if "level_difficulty" in numbers:
        numbers["level_difficulty"] = tuple(numbers["level_difficulty"])
    return Crowd(**numbers)
