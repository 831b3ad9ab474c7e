"""What a study file says: frozen structs, and one `validate` that every spec passes."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, assert_never, get_args

import msgspec
from msgspec import Meta

from hitl_sim.cost import GivenCarbon, Prices, check_prices, read_carbon
from hitl_sim.study.lever_spec import (
    FineTuneLever,
    LeverSpec,
    QuantiseLever,
    check_levers,
    find_lever,
)
from hitl_sim.study.network_spec import Count, NetworkSpec, check_network

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, Meta(gt=0.0)]
Spread = Annotated[float, Meta(ge=0.0)]
Correlation = Annotated[float, Meta(ge=-1.0, le=1.0)]
Scalar = str | int | float | bool
PROXY_STEPS = 60
"""Training steps of a machine's proxy where a study says nothing; assumed."""


_Kind = TypeVar("_Kind", bound=msgspec.Struct)


class SpecError(ValueError):
    """A study that cannot be run as written; the message names field and value."""


class _Struct(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
): ...


class TaskSpec(_Struct, frozen=True):
    """Where the items come from, how they are split, and what is wrong with the pool.

    Attributes:
        source: "digits", "docstrings", "planted", or a path: an .npz, .csv, .tsv,
            .jsonl or .parquet file, images in IDX, or a folder of images. A folder
            beside the study file is written with a slash, as "./flowers".
        pool: items that training may use.
        validation: held-out items that fix and test the target; billed.
        test: held-out items that are only watched.
        irrelevant: share of the pool without structure and with a random label.
        duplicate: share of the pool that repeats other items of it.
        wrong_label: share of the pool under another class's label.
        num_features: words kept for a text, or features of "planted"; other sources
            bring their own features.
        num_groups: feature groups; the source's own division when left out.
        label_column: label of a table; "label" when left out.
        text_column: text of a table; its other columns are then unused.
        item_column: of a table, what a recording (`crowd.recording`) calls its items.
        representation: of text: "tfidf" when left out, "hashed", or "tokens", which the
            networks "text_cnn" and "transformer" read.
        length: words of a text as tokens; 32 when left out.
        image_size: side to which a folder's images are resized, pixels; they must have
            one size when left out.
        informative_groups: groups of "planted" that matter; 4 when left out.
    """

    source: str
    pool: Annotated[int, Meta(ge=10)]
    validation: Annotated[int, Meta(ge=10)]
    test: Annotated[int, Meta(ge=10)]
    irrelevant: Share = 0.0
    duplicate: Share = 0.0
    wrong_label: Share = 0.0
    num_features: Annotated[int, Meta(ge=8, le=4096)] = 256
    num_groups: Annotated[int, Meta(ge=2)] | None = None
    label_column: str | None = None
    text_column: str | None = None
    item_column: str | None = None
    representation: Literal["tfidf", "hashed", "tokens"] | None = None
    length: Count | None = None
    image_size: Count | None = None
    informative_groups: Count | None = None


class TrainingSpec(_Struct, frozen=True):
    """Optimisation, and the grid of checkpoints up to the common cap.

    Attributes:
        learning_rate: of each step; "fixed_hessian" needs none and reads none.
        batch: items of each step, drawn by lot, or "all" items of the training set
            (arms whose set has a size that the program knows).
        optimiser: "adam"; "sgd" with momentum; or "fixed_hessian", which brings linear
            networks to the optimum of logistic regression in few steps on all items.
        l2: with "fixed_hessian", the weight of half the squared weights, biases apart,
            beside the summed cross-entropy: scikit-learn's 1 / C.
        steps_per_checkpoint: steps between two evaluations.
        checkpoints: evaluations until the common cap on steps.
    """

    learning_rate: Positive = 1e-3
    batch: Count | Literal["all"] = 32
    optimiser: Literal["adam", "sgd", "fixed_hessian"] = "adam"
    steps_per_checkpoint: Count = 10
    checkpoints: Annotated[int, Meta(ge=1, le=100_000)] = 60
    l2: Positive | None = None

    def resolved(self) -> dict[str, Any]:
        """Return what fixes the training, by name."""
        tables: dict[str, Any] = msgspec.to_builtins(self)
        # a training without it is what it was before there was any
        return {k: v for k, v in tables.items() if k != "l2" or v is not None}


class TargetSpec(_Struct, frozen=True):
    """The target: a fraction of the control's best smoothed validation accuracy.

    Attributes:
        fraction: of the best smoothed accuracy of the control's pilot run.
        smoothing: checkpoints in the trailing mean.
    """

    fraction: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.95
    smoothing: Count = 5


class CrowdSpec(_Struct, frozen=True):
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


class CrewSpec(_Struct, frozen=True):
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


Role = Literal["control", "null", "arm"]


class _Arm(_Struct, frozen=True, kw_only=True, tag_field="kind"):
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    lever: tuple[LeverSpec, ...] = ()


class _PeopleArm(_Arm, frozen=True):
    """An arm that asks people.

    Attributes:
        people: different people per question.
        asks: times that each of them is asked it.
        simulated: whether simulated people answer although the crowd has a recording.
    """

    people: Count = 3
    asks: Count = 1
    simulated: bool = False


class WholePoolArm(_Arm, frozen=True, kw_only=True, tag="whole_pool"):
    """Train on everything, ask nobody.

    Attributes:
        role: "control"; "null", its copy; or "arm" of its own, which differs from the
            control by a lever.
    """

    role: Literal["control", "null", "arm"]


class RandomShareArm(_Arm, frozen=True, tag="random_share"):
    """Train on a share drawn at random."""

    share: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.5


class MachineShareArm(_Arm, frozen=True, tag="machine_share"):
    """Train on the share that a machine likes best.

    Attributes:
        share: of the pool.
        score: "loss", "el2n" or "grand" of a quickly trained proxy, or "duplicate": how
            like an item is to an earlier one, without a proxy.
        proxy_steps: training steps of the proxy; 60 when left out.
        keep: whether items of "low" score are kept, which fit, or of "high" score.
    """

    share: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.5
    score: Literal["loss", "el2n", "grand", "duplicate"] = "loss"
    proxy_steps: Count | None = None
    keep: Literal["low", "high"] = "low"


class MachineImportanceArm(_Arm, frozen=True, tag="machine_importance"):
    """Go by the feature groups that a quickly trained proxy relies on most.

    Attributes:
        share: of the groups.
        proxy_steps: training steps of the proxy.
        use: "select" trains on these groups alone; "penalty" trains on all, with the
            input gradients of the others penalised.
        penalty: weight of these squared gradients; given exactly with use = "penalty".
    """

    share: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.5
    proxy_steps: Count = PROXY_STEPS
    use: Literal["select", "penalty"] = "select"
    penalty: Positive | None = None


class RelevanceArm(_PeopleArm, frozen=True, tag="relevance"):
    """People rate items; a small model generalises; a share is kept.

    Attributes:
        share: of the pool.
        questions: items that people rate.
        generalise_steps: training steps of the small model.
        rated: "random" items, those of which a proxy is "uncertain", or the centres of
            a "cluster" each.
        proxy_steps: training steps of the proxy, with rated = "uncertain"; 60 when
            left out.
    """

    share: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.5
    questions: Count = 200
    generalise_steps: Count = 30
    rated: Literal["random", "uncertain", "cluster"] = "random"
    proxy_steps: Count | None = None


class VerificationArm(_PeopleArm, frozen=True, tag="verification"):
    """A proxy doubts some given labels; people verify those; rejected items go.

    Attributes:
        questions: items that people verify.
        proxy_steps: training steps of the proxy.
    """

    questions: Count = 200
    proxy_steps: Count = PROXY_STEPS


class ImportanceArm(_PeopleArm, frozen=True, tag="importance"):
    """Go by the feature groups that people find most important.

    Attributes:
        share: of the groups.
        feedback: whether a person answers with a "ranking" of all groups or "marks"
            those that matter.
        use: "select" trains on these groups alone; "penalty" trains on all, with the
            input gradients of the others penalised.
        penalty: weight of these squared gradients; given exactly with use = "penalty".
    """

    share: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.5
    feedback: Literal["ranking", "marks"] = "ranking"
    use: Literal["select", "penalty"] = "select"
    penalty: Positive | None = None


class LabellingArm(_PeopleArm, frozen=True, tag="labelling"):
    """People label what a model asks for, round after round.

    Attributes:
        strategy: what is asked next.
        rounds: rounds of questions.
        questions: items per round.
        aggregate: how several answers become one label.
        refit: "warm" trains on from the last weights, "scratch" afresh every round,
            "final_only" in the last round alone (with strategy "random").
        epochs: passes over the labelled items per fit; every round trains an equal
            share of the cap when left out.
        score: whether a model scores the whole unlabelled pool before each round, or
            a random subsample.
        score_items: size of that subsample; given exactly with score = "subsample".
        suggest: whether people are shown the class that the model would give, from the
            second round on; how much that sways them is `crowd.pull`.
    """

    strategy: Literal["random", "entropy", "margin"] = "margin"
    rounds: Count = 10
    questions: Count = 20
    aggregate: Literal["majority", "dawid_skene"] = "majority"
    refit: Literal["warm", "scratch", "final_only"] = "warm"
    epochs: Count | None = None
    score: Literal["pool", "subsample"] = "pool"
    score_items: Count | None = None
    suggest: bool = False
    initial: Annotated[int, Meta(ge=0)] = 0

    @property
    def stages(self) -> int:
        """Fits of a model: the rounds, and one before them if labels are there."""
        return self.rounds + (self.initial > 0)


ArmSpec = (
    WholePoolArm
    | RandomShareArm
    | MachineShareArm
    | MachineImportanceArm
    | RelevanceArm
    | VerificationArm
    | ImportanceArm
    | LabellingArm
)


class AxisSpec(_Struct, frozen=True):
    """One swept field: its values, or a range that points are drawn from.

    Attributes:
        field: "task", or table and field, as "crowd.shared_error",
            "training.learning_rate", "arm.share", or a lever's by its kind, as
            "arm.lever.prune.share".
        values: the values it takes; crossed with those of other axes.
        low: least value of a range.
        high: largest value of a range. Between two integers it takes integers.
        scale: whether a range is even on a "linear" or a "log" scale.
        drawn: whether `values` are drawn from, as a range is, in place of crossed.
        link: axes of one name here go through their values together.
        arms: the arms that it applies to; all on which it acts when left out.
    """

    field: str
    values: Annotated[tuple[Scalar, ...], Meta(min_length=1)] | None = None
    low: int | float | None = None
    high: int | float | None = None
    scale: Literal["linear", "log"] = "linear"
    drawn: bool = False
    link: str | None = None
    arms: tuple[str, ...] | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether its points come from the table `draw`."""
        return self.drawn or self.values is None


class DrawSpec(_Struct, frozen=True):
    """How points of all drawn axes are chosen together.

    Attributes:
        method: "random" points, a "latin" hypercube, or a scrambled "sobol" sequence.
        points: how many.
    """

    method: Literal["random", "latin", "sobol"]
    points: Annotated[int, Meta(ge=1, le=65_536)]


class StudySpec(_Struct, frozen=True):
    """A whole study.

    Attributes:
        question: what the study asks, in words; opens the report.
        note: what a reader has to know beside the answer, such as another study of the
            same task that found otherwise, and why; follows the question.
        seed: fixes every draw.
        replicates: independent redraws of split, initialisation and crowd.
        smallest_effect: smallest change of rho that would matter.
        width: runs per dispatch; part of what fixes the bytes.
        lanes: of them, runs that are mapped together; divides `width` and is part of
            what fixes the bytes. None: one on a CPU, all of them elsewhere.
            `hitl-sim run --tune` measures it.
        task: tasks by name.
        network: the network of every arm.
        training: its training.
        target: when an arm counts as there.
        crowd: who answers.
        crew: how they work.
        arm: the arms; exactly one has the role "control".
        axis: what is swept.
        draw: how points of drawn axes are chosen; where there are any.
        exclude: tables of field = value; a condition that equals one is left out.
        device: name or path of a device profile; applied after the runs.
        prices: applied last.
    """

    question: str
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    replicates: Annotated[int, Meta(ge=2)]
    smallest_effect: Annotated[float, Meta(gt=0.0, lt=1.0)]
    task: dict[str, TaskSpec]
    arm: Annotated[tuple[ArmSpec, ...], Meta(min_length=1)]
    prices: Prices
    device: str
    note: str = ""
    width: Annotated[int, Meta(ge=1, le=128)] = 32
    lanes: Annotated[int, Meta(ge=1, le=128)] | None = None
    network: NetworkSpec = NetworkSpec()
    training: TrainingSpec = TrainingSpec()
    target: TargetSpec = TargetSpec()
    crowd: CrowdSpec = CrowdSpec()
    crew: CrewSpec = CrewSpec()
    axis: tuple[AxisSpec, ...] = ()
    draw: DrawSpec | None = None
    exclude: tuple[dict[str, Scalar], ...] = ()


PeopleArm = RelevanceArm | VerificationArm | ImportanceArm | LabellingArm


def asks_people(arm: ArmSpec) -> bool:
    """Whether an arm puts questions to people."""
    return isinstance(arm, PeopleArm)


QUESTION = {"ranking": "importance", "marks": "marks"}
"""Kind of question behind each way to ask for importance."""


def question_of(arm: PeopleArm) -> str:
    """Kind of question that an arm puts to people."""
    match arm:
        case ImportanceArm():
            return QUESTION[arm.feedback]
        case LabellingArm():
            return "label"
        case RelevanceArm() | VerificationArm():
            return str(arm.__struct_config__.tag)
        case _:
            assert_never(arm)


def is_replayed(arm: ArmSpec, crowd: CrowdSpec) -> bool:
    """Whether recorded people answer an arm's questions."""
    is_open = isinstance(arm, PeopleArm) and not arm.simulated
    return is_open and crowd.recording is not None


def acts_on_crowd(field: str, crowd: CrowdSpec) -> bool:
    """Whether a field of the crowd changes anything where a recording is replayed."""
    if crowd.policy == "model":
        return field not in DEALT_DIALS
    return field in ("recording", "policy", *TIME_DIALS)


def load_spec(path: Path, *, is_smoke: bool = False) -> StudySpec:
    """Read and validate a study file.

    Args:
        path: the file.
        is_smoke: whether its table `smoke` is laid over the study: tables of it are
            merged, anything else in it stands in the place of the study's own.

    Raises:
        SpecError: the file is missing, is no TOML, has no table `smoke` although it is
            asked for, or does not pass `validate`.
    """
    try:
        # editors of some systems begin a file with a byte order mark
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SpecError(
            f"Study file must be readable, got {str(path)!r}: {error.strerror}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"Study file {str(path)!r} must be TOML: {error}.") from error
    smoke = raw.pop("smoke", None)
    whole = _located(raw, path.parent)
    if not is_smoke and smoke is None:
        return whole
    if not isinstance(smoke, Mapping):
        raise SpecError(
            "`smoke` must be a table of what a quick form of this study changes, got "
            f"{smoke!r}."
        )
    # checked in any case: a smoke form that is wrong should not wait to be asked for
    small = _located(_overlaid(raw, smoke), path.parent)
    return small if is_smoke else whole


def _overlaid(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """Merge tables; what is no table stands in the place of what it meets."""
    merged = dict(base)
    for name, value in top.items():
        below = merged.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[name] = _overlaid(below, value)
        else:
            merged[name] = value
    return merged


def _located(raw: Mapping[str, Any], folder: Path) -> StudySpec:
    """Validate, reading relative paths of all files from the study file's folder."""
    spec = convert(raw)
    tasks = {
        name: msgspec.structs.replace(task, source=_resolve(task.source, folder))
        for name, task in spec.task.items()
    }
    named = spec.crowd.recording
    crowd = msgspec.structs.replace(
        spec.crowd,
        population=_resolve(spec.crowd.population, folder),
        recording=None if named is None else _resolve(named, folder),
    )
    axes = tuple(
        msgspec.structs.replace(axis, values=_resolved(axis.values, folder))
        if axis.field in _FILES and axis.values is not None
        else axis
        for axis in spec.axis
    )
    exclude = tuple(
        {
            field: _resolved((value,), folder)[0] if field in _FILES else value
            for field, value in table.items()
        }
        for table in spec.exclude
    )
    try:
        prices = read_carbon(spec.prices, folder)
    except ValueError as error:
        raise SpecError(str(error)) from error
    return msgspec.structs.replace(
        spec,
        prices=prices,
        task=tasks,
        device=_resolve(spec.device, folder),
        crowd=crowd,
        axis=axes,
        exclude=exclude,
    )


_FILES = ("crowd.population", "crowd.recording")
"""Fields that may hold paths, swept ones too."""


def _resolved(values: tuple[Scalar, ...], folder: Path) -> tuple[Scalar, ...]:
    return tuple(_resolve(v, folder) if isinstance(v, str) else v for v in values)


def _resolve(name: str, folder: Path) -> str:
    is_path = Path(name).suffix != "" or "/" in name or os.sep in name
    return str((folder / name).resolve()) if is_path else name


def validate(spec: StudySpec) -> StudySpec:
    """Check a spec made in Python by the rules of a study file.

    Args:
        spec: any instance; struct construction itself checks nothing.

    Returns:
        The same spec, converted.

    Raises:
        SpecError: the first field that breaks a rule, its value, and what is allowed.
    """
    return convert(msgspec.to_builtins(spec))


def convert(raw: Mapping[str, Any]) -> StudySpec:
    """Turn plain tables into a validated `StudySpec`; see `validate`."""
    _check_numbers(raw, "")
    tasks = raw.get("task")
    for name, task in tasks.items() if isinstance(tasks, Mapping) else ():
        # by itself, so that a message can say which of the tasks it is about
        _convert(task, TaskSpec, raw, f".task.{name}")
    spec = _convert(raw, StudySpec, raw, "")
    try:
        check_prices(spec.prices)
        check_network(spec.network)
    except ValueError as error:
        raise SpecError(str(error)) from error
    if spec.lanes is not None and spec.width % spec.lanes:
        raise SpecError(
            f"`lanes` must divide `width` ({spec.width}), got {spec.lanes}."
        )
    _check_optimiser(spec)
    _check_target(spec)
    _check_accuracies(spec)
    _check_arms(spec)
    _check_recording(spec)
    _check_tasks(spec)
    return spec


def _convert(
    tables: Any, struct: type[_Kind], raw: Mapping[str, Any], path: str
) -> _Kind:
    try:
        return msgspec.convert(tables, struct)
    except msgspec.ValidationError as error:
        raise SpecError(_explain(str(error), raw, path)) from error


def _check_numbers(value: Any, path: str) -> None:
    """Refuse, wherever it stands, a number that the learner's float32 cannot hold."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            _check_numbers(below, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for i, below in enumerate(value):
            _check_numbers(below, f"{path}[{i}]")
    elif isinstance(value, int | float):
        # NaN is in no range
        is_held = value == 0 or _LEAST_NUMBER <= abs(value) <= _LARGEST_NUMBER
        if not is_held:
            raise SpecError(
                f"`{path}` must be a finite number (0, or {_LEAST_NUMBER:g} to "
                f"{_LARGEST_NUMBER:g} in size), got {value}."
            )


_LEAST_NUMBER, _LARGEST_NUMBER = 1.17549435e-38, 3.4028234e38
"""Least and largest size of a normal float32, IEEE 754-2008, table 3.5."""


def _check_target(spec: StudySpec) -> None:
    """Refuse a mean that no curve is long enough for."""
    smoothing, checkpoints = spec.target.smoothing, spec.training.checkpoints
    if smoothing > checkpoints:
        raise SpecError(
            f"`target.smoothing` must be <= {checkpoints}, the checkpoints of "
            f"`training.checkpoints`, got {smoothing}."
        )


def _check_optimiser(spec: StudySpec) -> None:
    training = spec.training
    is_fixed = training.optimiser == "fixed_hessian"
    if is_fixed != (training.l2 is not None):
        raise SpecError(
            "`training.l2` must be given exactly where `training.optimiser` is "
            f"'fixed_hessian', got {training.l2} with {training.optimiser!r}."
        )
    if not is_fixed:
        return
    if training.batch != "all":
        raise SpecError(
            "`training.batch` must be 'all' with `training.optimiser` "
            f"'fixed_hessian', got {training.batch}."
        )
    if spec.network.kind != "linear":
        raise SpecError(
            "`network.kind` must be 'linear' with `training.optimiser` "
            f"'fixed_hessian', got {spec.network.kind!r}."
        )
    if spec.network.precision != "float32":
        raise SpecError(
            "`network.precision` must be 'float32' with `training.optimiser` "
            "'fixed_hessian', whose steps are small differences, got "
            f"{spec.network.precision!r}."
        )
    for arm in spec.arm:
        if arm.lever:
            raise SpecError(
                "`arm.lever` must be left out with `training.optimiser` "
                "'fixed_hessian', which acts on plain weights, got "
                f"{arm.lever[0].__struct_config__.tag!r} in arm {arm.name!r}."
            )
        if getattr(arm, "penalty", None) is not None:
            raise SpecError(
                "`arm.use` must be 'select' with `training.optimiser` 'fixed_hessian', "
                "whose bound is of the cross-entropy alone, got 'penalty' in arm "
                f"{arm.name!r}."
            )


def _check_accuracies(spec: StudySpec) -> None:
    crowd, each = spec.crowd, spec.crowd.accuracies
    if each is None:
        return
    if len(each) != spec.crew.size:
        raise SpecError(
            "`crowd.accuracies` must hold one number for each of the "
            f"{spec.crew.size} people of `crew.size`, got {each}."
        )
    for name in ("accuracy", "skill_spread"):
        if getattr(crowd, name) is not None:
            raise SpecError(
                f"`crowd.{name}` must be left out beside `crowd.accuracies`, got "
                f"{getattr(crowd, name)} and {each}."
            )


def _check_arms(spec: StudySpec) -> None:
    names = [arm.name for arm in spec.arm]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"`arm.name` must be unique, got {name!r} twice.")
    controls = [
        a.name for a in spec.arm if isinstance(a, WholePoolArm) and a.role == "control"
    ]
    if len(controls) != 1:
        raise SpecError(
            "`arm.role` must be 'control' for exactly one whole_pool arm, "
            f"got {len(controls)}: {controls}."
        )
    for arm in spec.arm:
        _check_arm(arm, spec)
        _check_lever(arm, spec)
    _check_pretraining(spec)


def _check_recording(spec: StudySpec) -> None:
    """Refuse a recording that cannot answer an arm, and dials that nobody heeds."""
    crowd = spec.crowd
    if (crowd.recording is None) != (crowd.policy is None):
        raise SpecError(
            "`crowd.policy` must be 'refuse', 'restrict' or 'model' exactly where "
            f"`crowd.recording` is given, got {crowd.policy!r} with "
            f"{crowd.recording!r}."
        )
    for arm in spec.arm:
        if isinstance(arm, PeopleArm) and arm.simulated and crowd.recording is None:
            raise SpecError(
                "`arm.simulated` must be false without `crowd.recording`, for all "
                f"people are simulated then, got true in arm {arm.name!r}."
            )
        if is_replayed(arm, crowd):
            _check_replayed(arm)
    asked = [arm for arm in spec.arm if asks_people(arm)]
    if not asked or not all(is_replayed(arm, crowd) for arm in asked):
        return
    for name in crowd.dials:
        if not acts_on_crowd(name, crowd):
            raise SpecError(
                f"`crowd.{name}` must be left out where all answers are replayed from "
                f"`crowd.recording`, got {getattr(crowd, name)!r}: recorded people "
                "answer as they did."
            )


def _check_replayed(arm: ArmSpec) -> None:
    if isinstance(arm, RelevanceArm):
        return
    if isinstance(arm, ImportanceArm):
        if arm.feedback != "marks":
            raise SpecError(
                "`arm.feedback` must be 'marks' where answers are replayed from "
                f"`crowd.recording`, for a ranking cannot be imported, got "
                f"{arm.feedback!r} in arm {arm.name!r}."
            )
        return
    if not isinstance(arm, LabellingArm):
        kind = str(arm.__struct_config__.tag)
        raise SpecError(
            "`arm.kind` must be 'labelling', 'relevance' or 'importance' where answers "
            "are replayed from `crowd.recording`, for nobody recorded what they say to "
            f"given labels, got {kind!r} in arm {arm.name!r}. Give it `simulated = "
            "true` to ask simulated people."
        )
    if arm.suggest:
        raise SpecError(
            "`arm.suggest` must be false where answers are replayed from "
            "`crowd.recording`, for those people saw no suggestion, got true in arm "
            f"{arm.name!r}."
        )


def _check_lever(arm: ArmSpec, spec: StudySpec) -> None:
    if isinstance(arm, WholePoolArm) and (arm.role == "arm") != bool(arm.lever):
        raise SpecError(
            "`arm.role` must be 'arm' for exactly those whole_pool arms that have a "
            f"lever, got {arm.role!r} with {len(arm.lever)} in arm {arm.name!r}."
        )
    if arm.lever and spec.network.precision != "float32":
        raise SpecError(
            "`network.precision` must be 'float32' with arms that have levers, got "
            f"{spec.network.precision!r} with arm {arm.name!r}."
        )
    stages = arm.stages if isinstance(arm, LabellingArm) else 1
    try:
        check_levers(arm.lever, spec.training.checkpoints // stages)
    except ValueError as error:
        raise SpecError(f"Arm {arm.name!r}: {error}") from error
    tune = find_lever(arm.lever, FineTuneLever)
    if isinstance(arm, LabellingArm) and arm.lever and arm.refit != "warm":
        raise SpecError(
            "`arm.refit` must be 'warm' with a lever, which acts on one training from "
            f"its begin to its end, got {arm.refit!r} in arm {arm.name!r}."
        )
    quantise = find_lever(arm.lever, QuantiseLever)
    is_rounded = quantise is not None and quantise.form != "post_training"
    if isinstance(arm, LabellingArm) and is_rounded:
        raise SpecError(
            "`arm.lever.form` must be 'post_training' in an arm of kind 'labelling', "
            "whose model chooses items by what it answers in float32, got "
            f"{quantise.form!r} in arm {arm.name!r}."
        )
    if tune is None or not isinstance(arm, ImportanceArm | MachineImportanceArm):
        return
    if arm.use == "select":
        raise SpecError(
            "`arm.use` must be 'penalty' with a lever of kind 'fine_tune', for a "
            f"pretrained network reads all features, got 'select' in arm {arm.name!r}."
        )


def _check_pretraining(spec: StudySpec) -> None:
    tuned = [a.name for a in spec.arm if find_lever(a.lever, FineTuneLever)]
    if bool(tuned) != (spec.prices.pretraining is not None):
        raise SpecError(
            "`prices.pretraining` must be given as 'sunk', 'shared' or 'full' exactly "
            "where an arm has a lever of kind 'fine_tune', got "
            f"{spec.prices.pretraining!r} with {tuned or 'no such arm'}."
        )


def _check_arm(arm: ArmSpec, spec: StudySpec) -> None:
    if isinstance(arm, PeopleArm) and arm.people > spec.crew.size:
        raise SpecError(
            f"`arm.people` must be <= `crew.size` ({spec.crew.size}), got "
            f"{arm.people} in arm {arm.name!r}."
        )
    if isinstance(arm, LabellingArm):
        _check_labelling(arm, spec.training)
    elif spec.training.batch == "all" and not isinstance(arm, _WHOLE_ARMS):
        raise SpecError(
            "`training.batch` must be a number of items with an arm that trains on "
            f"a share of them or trains a proxy, got 'all' with {arm.name!r}."
        )
    if isinstance(arm, MachineShareArm) and arm.score == "duplicate":
        _check_no_proxy(arm, "score", arm.score, arm.proxy_steps)
    if isinstance(arm, RelevanceArm) and arm.rated != "uncertain":
        _check_no_proxy(arm, "rated", arm.rated, arm.proxy_steps)
    if isinstance(arm, ImportanceArm | MachineImportanceArm):
        _check_penalty(arm)


_WHOLE_ARMS = (WholePoolArm, ImportanceArm)
"""Kinds of arm that train on the whole pool, and on nothing else."""


def _check_no_proxy(arm: ArmSpec, field: str, value: str, steps: int | None) -> None:
    if steps is not None:
        raise SpecError(
            f"`arm.proxy_steps` must be left out where `arm.{field}` is {value!r}, "
            f"which trains no proxy, got {steps} in arm {arm.name!r}."
        )


def _check_penalty(arm: ImportanceArm | MachineImportanceArm) -> None:
    if (arm.use == "penalty") != (arm.penalty is not None):
        raise SpecError(
            "`arm.penalty` must be given exactly where `arm.use` is 'penalty', got "
            f"{arm.penalty!r} with {arm.use!r} in arm {arm.name!r}."
        )


def _check_labelling(arm: LabellingArm, training: TrainingSpec) -> None:
    where = f"in arm {arm.name!r}"
    if training.checkpoints % arm.stages:
        also = " + 1 (`arm.initial` is a stage of its own)" if arm.initial else ""
        raise SpecError(
            f"`arm.rounds`{also} must divide `training.checkpoints` "
            f"({training.checkpoints}), got {arm.stages} {where}."
        )
    if (arm.score == "subsample") != (arm.score_items is not None):
        raise SpecError(
            "`arm.score_items` must be given exactly where `arm.score` is "
            f"'subsample', got {arm.score_items!r} with {arm.score!r} {where}."
        )
    if arm.score_items is not None and arm.score_items < arm.questions:
        raise SpecError(
            f"`arm.score_items` must be >= `arm.questions` ({arm.questions}), got "
            f"{arm.score_items} {where}."
        )
    if arm.refit == "final_only" and arm.suggest:
        raise SpecError(
            "`arm.suggest` must be false where `arm.refit` is 'final_only', for there "
            f"is no model to suggest, got true {where}."
        )
    if arm.refit == "final_only" and arm.strategy != "random":
        raise SpecError(
            "`arm.strategy` must be 'random' where `arm.refit` is 'final_only', for "
            f"there is no model to choose with, got {arm.strategy!r} {where}."
        )
    cap = training.checkpoints * training.steps_per_checkpoint
    items = [(r + 1) * arm.questions for r in range(arm.rounds)]
    if arm.initial:
        items = [arm.initial, *(arm.initial + n for n in items)]
    fits = items[-1:] if arm.refit == "final_only" else items
    epochs, batch = arm.epochs or 0, training.batch
    steps = sum(-(-epochs * n // (n if batch == "all" else batch)) for n in fits)
    if steps > cap:
        raise SpecError(
            f"`arm.epochs` must lead to at most the cap of {cap} training steps "
            f"(checkpoints x steps_per_checkpoint), got {steps} {where}."
        )


def _check_tasks(spec: StudySpec) -> None:
    if not spec.task:
        raise SpecError("`task` must hold at least one table, got none.")
    for name, task in spec.task.items():
        total = task.irrelevant + task.duplicate + task.wrong_label
        if total > 1.0:
            raise SpecError(
                f"`task.{name}`: irrelevant + duplicate + wrong_label must be <= 1, "
                f"got {total:g}."
            )
        for arm in spec.arm:
            asked = _questions(arm)
            if asked > task.pool:
                raise SpecError(
                    f"`arm.questions` must not exceed `task.{name}.pool` "
                    f"({task.pool}), got {asked} in all in arm {arm.name!r}."
                )


def _questions(arm: ArmSpec) -> int:
    """Items that an arm asks about, or is given; 0 where it asks of no item."""
    match arm:
        case LabellingArm():
            return arm.initial + arm.rounds * arm.questions
        case RelevanceArm() | VerificationArm():
            return arm.questions
        case (
            WholePoolArm()
            | RandomShareArm()
            | MachineShareArm()
            | MachineImportanceArm()
            | ImportanceArm()
        ):
            return 0
        case _:
            assert_never(arm)


_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(?P<name>.+)`")
_MISSING = re.compile(r"missing required field `(?P<name>.+)`")
_KINDS = tuple(arm.__struct_config__.tag for arm in get_args(ArmSpec))
_LEVERS = tuple(lever.__struct_config__.tag for lever in get_args(LeverSpec))


def _explain(message: str, raw: Mapping[str, Any], above: str) -> str:
    """Rewrite a msgspec message so that it names field, value and what is allowed.

    Args:
        message: what msgspec said.
        raw: the whole study's tables.
        above: path of the table that was converted.

    Returns:
        One sentence, and a list of what is allowed where there is one.
    """
    match = _AT.match(message)
    what = match["what"] if match else message
    path = above + ((match["path"] or "") if match else "")
    where = path.lstrip(".")
    value = _look_up(raw, path)
    prefix = f"{where}." if where else ""
    if found := _UNKNOWN.search(what):
        allowed = ", ".join(sorted(_fields_at(path, value)))
        hint = f" Allowed: {allowed}." if allowed else ""
        return f"`{prefix}{found['name']}` is not a field of a study.{hint}"
    if found := _MISSING.search(what):
        if found["name"] == "kind":
            kinds = _LEVERS if "lever" in where else _KINDS
            listed = ", ".join(map(repr, kinds))
            return f"`{prefix}kind` must be one of {listed}, got none."
        hint = _REQUIRED.get(found["name"], "it has no default.")
        return f"`{prefix}{found['name']}` must be given: {hint}"
    return f"`{where}` must be {_condition(what, where, path, raw)}, got {value!r}."


def _condition(what: str, where: str, path: str, raw: Mapping[str, Any]) -> str:
    """Say what a value must be."""
    is_arm_kind = where.startswith("arm") and where.endswith("kind")
    kinds = _LEVERS if "lever" in where else _KINDS
    choices = kinds if is_arm_kind else _choices(path, raw)
    if choices and not what.startswith("Expected"):
        return f"one of {', '.join(map(repr, choices))}"
    expected = what.removeprefix("Expected ").partition(", got ")[0]
    return expected.replace("`", "").replace("object", "table")


_REQUIRED = {
    "boundary": "one of 'device_only', 'workstation', 'whole_person'. What an hour of "
    "a person stands for decides the answer, so it has no default.",
    "label_standing": "one of 'sunk', 'bought_same_price', 'bought_elsewhere'. What "
    "the control's labels cost decides the answer, so it has no default.",
    "smallest_effect": "the smallest change of rho that would matter to you, for "
    "example 0.05.",
}


def _steps(path: str) -> Iterable[str | int]:
    for name, index in re.findall(r"\.?([A-Za-z_][\w-]*)|\[(\d+|\.\.\.)\]", path):
        yield name or (int(index) if index.isdigit() else index)


def _look_up(raw: Any, path: str) -> Any:
    for step in _steps(path):
        if step == "...":
            return raw
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def _struct_at(path: str, value: Any) -> type[msgspec.Struct] | None:
    steps = list(_steps(path))
    if not steps:
        return StudySpec
    if steps[0] == "arm" and "lever" in steps and isinstance(value, Mapping):
        levers = {a.__struct_config__.tag: a for a in get_args(LeverSpec)}
        return levers.get(str(value.get("kind")))
    if steps[0] == "arm" and isinstance(value, Mapping):
        kinds = {a.__struct_config__.tag: a for a in get_args(ArmSpec)}
        return kinds.get(str(value.get("kind")))
    if steps[-1] == "carbon_kgco2e_per_kwh":
        return GivenCarbon
    tables: dict[str | int, type[msgspec.Struct]] = {
        "task": TaskSpec,
        "network": NetworkSpec,
        "training": TrainingSpec,
        "target": TargetSpec,
        "crowd": CrowdSpec,
        "crew": CrewSpec,
        "axis": AxisSpec,
        "draw": DrawSpec,
        "prices": Prices,
    }
    return tables.get(steps[0])


def _fields_at(path: str, value: Any) -> tuple[str, ...]:
    struct = _struct_at(path, value)
    return () if struct is None else struct.__struct_fields__


def _choices(path: str, raw: Mapping[str, Any]) -> tuple[Any, ...]:
    """Look up the values that a choice field allows."""
    steps = list(_steps(path))
    parent_path = path.rpartition(".")[0]
    struct = _struct_at(parent_path, _look_up(raw, parent_path))
    if struct is None:
        return ()
    kinds = {f.name: f.type for f in msgspec.structs.fields(struct)}
    choice = kinds.get(str(steps[-1]))
    options = [choice, *get_args(choice)]
    literals = [get_args(o) for o in options if get_args(o)]
    flat = [v for group in literals for v in group if isinstance(v, str)]
    return tuple(flat)
