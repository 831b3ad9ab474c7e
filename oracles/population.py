"""A crowd as a distribution over annotators, built from parameters people understand.

Accuracy, repeatability and shared error are separate parameters. Skill is solved for
the accuracy; the two lambdas follow from `repeatability = 1 - (ls lo)^2` and
`shared_error = 1 - ls^2`, and leave the accuracy where it is. Of the shared error a
share `p` may be predicted by item features (`oracles.evidence`): with a noise of
variance pi^2/6 and an evidence of variance `v = (pi^2/6) p r / (1 - p r)`, r the shared
error, evidence and noise together keep the correlations that were asked for.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from oracles.feedback import KINDS
from oracles.joint import Joint, JointSource, independent
from oracles.nodes import Answering, draw_nodes
from oracles.parameter import PARAMETERS, check_choice, check_parameter
from oracles.populations import PopulationSource, describe_population
from oracles.solve import (
    ItemSpread,
    expected_conflict,
    lapse_by_skill,
    solve_criterion,
    solve_median,
    solve_skill,
)

_NOISE_VARIANCE = math.pi**2 / 6.0

# What a kind that has no use for a parameter puts in its place.
_UNUSED = {"band": 0.0, "criterion": 0.0, "criterion_spread": 0.0}


class Population(NamedTuple):
    """Distribution over annotators: float32 numbers, so populations stack and map.

    Attributes:
        skill: mean of skill over people, utility; or `[A]`, each person's own, and
            `pace` with it. Such crowds do not stack with others.
        skill_spread: standard deviation of skill over people.
        own: lambda_own of the median person.
        shared: lambda_shared of the crowd.
        lapse: probability of a quick guess of the median person.
        pace: mean over people of the log seconds of a typical question.
        pace_spread: standard deviation of pace over people.
        practice: as the fields from here to `band`, everybody's number of
            `Annotators`, in its unit.
        criterion: mean over people of the utility that a marked group clears.
        criterion_spread: its standard deviation over people.

    The rest are None in a crowd that lacks them, which costs and changes nothing.

    Attributes:
        within_spread: as the fields from here to `skill_activity`, the parameter of
            `oracles.parameter`; consistency is minus the logit of lambda_own.
        evidence: standard deviation of what item features say for each option, utility.
        model_difficulty: utility that items cost per standard deviation of a model's
            margin.
        lean_spread: as the fields from here to `slope_spread`, the parameter of
            `oracles.parameter`.
        confusion: `[K, K]` utility that each option gains with everybody, by the right
            one.
        joint: how standardised traits of people go together; independent if None.
        extra: by name, as in `Annotators`: the same for everybody.
        foreign: by name, as in `Annotators`.
    """

    skill: ArrayLike
    skill_spread: ArrayLike
    own: ArrayLike
    shared: ArrayLike
    lapse: ArrayLike
    pace: ArrayLike
    pace_spread: ArrayLike
    practice: ArrayLike
    practice_power: ArrayLike
    conflict: ArrayLike
    length: ArrayLike
    drift: ArrayLike
    memory: ArrayLike
    spread: ArrayLike
    pause: ArrayLike
    band: ArrayLike
    criterion: ArrayLike
    criterion_spread: ArrayLike
    within_spread: ArrayLike | None = None
    lapse_spread: ArrayLike | None = None
    skill_pace: ArrayLike | None = None
    skill_lapse: ArrayLike | None = None
    skill_within: ArrayLike | None = None
    activity_spread: ArrayLike | None = None
    skill_activity: ArrayLike | None = None
    evidence: ArrayLike | None = None
    model_difficulty: ArrayLike | None = None
    lean_spread: ArrayLike | None = None
    difficulty_spread: ArrayLike | None = None
    spread_variation: ArrayLike | None = None
    pause_spread: ArrayLike | None = None
    practice_spread: ArrayLike | None = None
    bias_spread: ArrayLike | None = None
    slope_spread: ArrayLike | None = None
    confusion: Float[ArrayLike, "K K"] | None = None
    joint: Joint | None = None
    extra: Mapping[str, ArrayLike] = {}
    foreign: Mapping[str, ArrayLike] = {}


def build_population(
    population: str | PopulationSource,
    kind: str,
    num_options: int,
    *,
    accuracies: Sequence[float] | None = None,
    **parameters: float | None,
) -> Population:
    """Build a population, with the parameters that are given set anew; on the host.

    Args:
        population: one of `POPULATIONS`, a TOML file (see `describe_population`), or
            what that returns.
        kind: one of `FEEDBACK`.
        num_options: number of classes (label, verification) or of groups (importance,
            marks); the other kinds have 2.
        accuracies: mean single-answer accuracy of each of A people, in place of
            `accuracy` and of a spread of skill; they are then no sample.
        **parameters: numbers in place of the population's own, by the names of
            `oracles.parameter.PARAMETERS`; None keeps its own.

            accuracy: mean single-answer accuracy over people, lapses included.
            Verification: probability that a right suggestion is confirmed. Relevance:
            among answers that are not "unsure". Importance: probability that the
            better of two groups one standard deviation apart is ranked first;
            preference: that the better of two such objects is preferred, among answers
            that are not ties; difficulty: that an item is felt to be harder than one a
            standard deviation below it; number: that an item's number is put above one
            a standard deviation below it. Marks: probability, lapses apart, that a
            group one standard deviation above the person's criterion is marked. It is
            that of people as fresh and cautious as usual, without suggestion, habit or
            skip.

            seconds: of all groups together, for importance and marks.

    Raises:
        ValueError: an unknown name, or a parameter out of its range, naming all three.
    """
    if accuracies is not None:
        return _build_each(population, kind, num_options, accuracies, parameters)
    source = population
    if isinstance(source, str):
        source = describe_population(source)
    check_choice("kind", kind, KINDS)
    _check_options(kind, num_options)
    numbers = source.values(kind)
    if KINDS[kind].options == "groups":
        numbers["seconds"] *= num_options
    given = {n: value for n, value in parameters.items() if value is not None}
    _check_parameters(given, numbers)
    if "accuracy" in given:
        given["is_adverse"] = numbers.pop("skill", 0.0) < 0.0
    elif "skill" in given:
        numbers.pop("accuracy", None)
    joint = source.joint.get(kind)
    fields = _solve(source.name, kind, num_options, numbers | given, joint)
    leaves: dict[str, Any] = {k: np.asarray(v, np.float32) for k, v in fields.items()}
    extra = {k: leaves.pop(k) for k in fields if k not in Population._fields}
    built = Population(**leaves, extra=extra)
    if joint is None and built.lean_spread is None:
        return built
    traits = independent(num_options) if joint is None else joint.build(num_options)
    built = built._replace(
        joint=Joint(*(np.asarray(part, np.float32) for part in traits))
    )
    if joint is None or not joint.is_of(num_options):
        return built
    return built._replace(confusion=np.asarray(joint.confusion, np.float32))


def _build_each(
    population: str | PopulationSource,
    kind: str,
    num_options: int,
    accuracies: Sequence[float],
    parameters: Mapping[str, float | None],
) -> Population:
    """Build a crowd whose people are as right as they are said to be."""
    for name in ("accuracy", "skill", "skill_spread"):
        if parameters.get(name) is not None:
            raise ValueError(
                f"`{name}` must not be given beside `accuracies`, got "
                f"{parameters[name]} "
                f"and {tuple(accuracies)}."
            )
    if not accuracies:
        raise ValueError("`accuracies` must name at least one person's, got none.")
    alike: dict[str, Any] = {**parameters, "skill_spread": 0.0}
    each = [
        build_population(
            population, kind, num_options, **(alike | {"accuracy": accuracy})
        )
        for accuracy in accuracies
    ]
    skill, pace = (np.stack([getattr(p, n) for p in each]) for n in ("skill", "pace"))
    return each[0]._replace(skill=skill, pace=pace)


def _solve(
    name: str,
    kind: str,
    num_options: int,
    numbers: dict[str, float],
    joint: JointSource | None,
) -> dict[str, float]:
    """Turn numbers by the names of `PARAMETERS` into the fields of a population."""
    repeatability, shared_error = (
        numbers.pop(name) for name in ("repeatability", "shared_error")
    )
    systematic, hardness = (
        numbers.pop(name, None) for name in ("systematic", "model_difficulty")
    )
    if not KINDS[kind].is_of_class:
        systematic = hardness = None
        numbers.pop("difficulty_spread", None)
    if not _has_leanings(kind):
        numbers.pop("lean_spread", None)
    predicted = _predicted_share(systematic, shared_error)
    evidence = math.sqrt(_NOISE_VARIANCE * predicted / (1.0 - predicted))
    difficulty = math.hypot(hardness or 0.0, numbers.get("difficulty_spread", 0.0))
    items = ItemSpread(evidence, difficulty)
    mean_own, shared = _split_noise(
        *(
            (share - predicted) / (1.0 - predicted)
            for share in (repeatability, shared_error)
        )
    )
    own = solve_median(mean_own**2, numbers.get("within_spread", 0.0), power=2)
    lapse_spread = numbers.get("lapse_spread", 0.0)
    lapse = solve_median(numbers["lapse"], lapse_spread)
    answering = _answering(kind, num_options, numbers, items, joint)
    skill = _skill(name, kind, num_options, numbers, lapse, items, answering)
    if answering is not None:
        typical_conflict = answering.conflict(skill)
    else:
        spread = math.hypot(
            numbers["skill_spread"], math.sqrt(2.0) * evidence, items.difficulty
        )
        typical_conflict = expected_conflict(KINDS[kind], num_options, skill, spread)
    pace = math.log(numbers["seconds"]) - numbers["conflict"] * typical_conflict
    fields = {"skill": skill, "own": own, "shared": shared, "pace": pace}
    fields |= {"lapse": lapse}
    if systematic is not None:
        fields["evidence"] = evidence
    if hardness is not None:
        fields["model_difficulty"] = hardness
    if "mark_share" in numbers:
        fields["criterion"] = solve_criterion(skill, numbers["mark_share"])
    kept = {
        n: v
        for n, v in numbers.items()
        if n in PARAMETERS
        and (n in Population._fields or PARAMETERS[n].is_optional)
        and (PARAMETERS[n].needs is None or PARAMETERS[n].needs in numbers)
    }
    return _UNUSED | kept | fields


def _skill(
    name: str,
    kind: str,
    num_options: int,
    numbers: dict[str, float],
    lapse: float,
    items: ItemSpread,
    answering: Answering | None,
) -> float:
    if "skill" in numbers:
        return numbers["skill"]
    if "accuracy" not in numbers and numbers["lapse"] < 1.0:
        raise ValueError(
            f"`accuracy` or `skill` must be given for {kind} in population {name!r}, "
            "got neither."
        )
    if answering is not None:
        return (
            answering.solve_skill(numbers["accuracy"]) if "accuracy" in numbers else 0.0
        )
    rate = lapse_by_skill(
        lapse, numbers.get("lapse_spread", 0.0), numbers.get("skill_lapse", 0.0)
    )
    return solve_skill(
        KINDS[kind],
        num_options,
        accuracy=numbers.get("accuracy"),
        skill_spread=numbers["skill_spread"],
        lapse=rate,
        band=numbers.get("band", 0.0),
        items=items,
        is_adverse=bool(numbers.get("is_adverse", False)),
    )


def _has_leanings(kind: str) -> bool:
    return KINDS[kind].options == "classes"


def _answering(
    kind: str,
    num_options: int,
    numbers: Mapping[str, float],
    items: ItemSpread,
    joint: JointSource | None,
) -> Answering | None:
    """Return what people do who lean or confuse classes; None where nobody does."""
    lean_spread = numbers.get("lean_spread", 0.0)
    if joint is None and lean_spread == 0.0:
        return None
    is_same = joint is not None and joint.is_of(num_options)
    even = np.full(num_options, 1.0 / num_options)
    nodes = draw_nodes(
        independent(num_options) if joint is None else joint.build(num_options),
        num_options,
        lean_spread,
        np.array(joint.confusion) if joint is not None and is_same else None,
        np.array(joint.class_share) if joint is not None and is_same else even,
        items.evidence,
    )
    guess = 0.5 if KINDS[kind].is_check else 1.0 / num_options
    return Answering(nodes, numbers["skill_spread"], items, numbers["lapse"], guess)


_MAY_LACK = [
    n for n in Population._field_defaults if n not in ("joint", "extra", "foreign")
]


def traits_of(population: Population) -> tuple[str, ...]:
    """Name what a crowd has that others may lack; equal names make one program."""
    dicts = (population.extra, population.foreign)
    return (
        *(name for name in _MAY_LACK if getattr(population, name) is not None),
        *_joint_size(population.joint),
        *(name for names in dicts for name in sorted(names)),
    )


def _joint_size(joint: Joint | None) -> tuple[str, ...]:
    """Say of a joint what its arrays' shapes are; of none, nothing."""
    if joint is None:
        return ()
    num_groups, num_traits = np.shape(joint.centre)[-2:]
    return (f"joint of {num_traits} traits, {num_groups} groups",)


def _predicted_share(systematic: float | None, shared_error: float) -> float:
    """Return the share of all noise that item features predict."""
    predicted = (systematic or 0.0) * shared_error
    if predicted > 0.95:
        raise ValueError(
            "`systematic` times `shared_error` must be in [0, 0.95], got "
            f"{predicted:g}. Answers that features predict alone leave no noise."
        )
    return predicted


def _split_noise(repeatability: float, shared_error: float) -> tuple[float, float]:
    """Return lambda_own and lambda_shared of the two correlations."""
    shared = math.sqrt(1.0 - shared_error)
    both = math.sqrt(1.0 - repeatability)
    return (min(both / shared, 1.0) if shared > 0 else 1.0), shared


def _check_options(kind: str, num_options: int) -> None:
    if num_options < 2:
        raise ValueError(f"`num_options` must be >= 2, got {num_options}.")
    if KINDS[kind].options == "pair" and num_options != 2:
        raise ValueError(f"`num_options` must be 2 for {kind}, got {num_options}.")


def _check_parameters(given: dict[str, float], own: dict[str, float]) -> None:
    """Refuse parameters out of range, and those that say nothing without another."""
    numbers = own | given
    for name, value in given.items():
        # the reach of accuracy depends on the rest and is told by the solver
        if name != "accuracy":
            check_parameter(name, value)
        needed = PARAMETERS[name].needs
        if needed is not None and needed not in numbers:
            raise ValueError(
                f"`{needed}` must be given where `{name}` is, got neither a parameter "
                "nor a number of the population."
            )
    if "accuracy" in given and "skill" in given:
        raise ValueError(
            "`skill` must not be given beside `accuracy`, got "
            f"{given['skill']} and {given['accuracy']}."
        )
    if numbers["repeatability"] < numbers["shared_error"]:
        low = numbers["shared_error"]
        raise ValueError(
            f"`repeatability` must be in [shared_error, 1] = [{low:g}, 1], got "
            f"{numbers['repeatability']}. What all people share, a person repeats."
        )
