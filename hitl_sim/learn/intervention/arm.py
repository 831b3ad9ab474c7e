"""What every arm of a study says, and what may be asked of it.

An arm is the table of one intervention. Its file holds the table, what it asks and of
how many items, what it needs of study and task, which of its numbers are traced, its
program and its work; whoever handles arms asks these and never which arm it is.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from msgspec import Meta, field

from hitl_sim.learn.efficiency.base import MethodSpec
from hitl_sim.learn.intervention.base import Intervention, Program
from hitl_sim.learn.network import NetworkChoice
from hitl_sim.part import Part, Problem, from_table, intervention as mark_intervention
from hitl_sim.schema import Count, Scalar, Table, kind_of
from oracles.feedback import KINDS
from oracles.parameter import PARAMETERS

if TYPE_CHECKING:
    Methods = tuple[MethodSpec, ...]
    Stages = tuple["Arm", ...]
else:
    # which table a method or a stage has is looked up by its kind, not known here
    Methods = Stages = tuple[Any, ...]

PROXY_STEPS = 60
"""Training steps of a machine's proxy where a study says nothing; assumed."""


class Surroundings(NamedTuple):
    """What of a study an arm has to fit.

    Attributes:
        team: people in the team.
        batch: items of a training step; None where all are in each.
        checkpoints: of a run.
        steps_per_checkpoint: most training steps before each.
    """

    team: int
    batch: int | None
    checkpoints: int
    steps_per_checkpoint: int


class TaskFacts(NamedTuple):
    """What of a task and its network an arm has to fit.

    Attributes:
        name: of the task.
        is_tokens: whether features are the ids of words.
        program: the surroundings of a run, with the network that reads the task.
        num_items: of the source.
        num_left: of them, those outside the split.
        network_kind: what the study calls that.
        readers: `suits -> kinds` of built-in networks that read the task and suit.
    """

    name: str
    is_tokens: bool
    program: Program
    num_items: int
    num_left: int
    network_kind: str
    readers: Callable[[Callable[[NetworkChoice], bool]], tuple[str, ...]]


class Arm(Table, frozen=True, tag_field="kind"):
    """An arm of a study; what stands here holds where nobody is asked.

    Attributes:
        name: of the arm.
        method: what acts on the network beside guidance.
        training: settings of [training] that it has for itself, by name. An arm that
            is trained better than its control saves by that: tune both instead.
        before: stages that are over before its own begins, each a table of an
            intervention; see `before`.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    method: Methods = ()
    training: dict[str, Scalar] = field(default_factory=dict)
    before: Stages = ()

    traced: ClassVar[tuple[str, ...]] = ()
    """Fields that are traced: each of their values is of the same program."""
    is_on_whole_pool: ClassVar[bool] = False
    """Whether it trains on the whole pool, and on nothing else."""
    least_questions: ClassVar[int] = 1
    """Fewest that it can put to people at a time."""
    uses_trained_network: ClassVar[bool] = False
    """Whether it looks at the network that is trained to choose what comes next."""
    goes_by_groups: ClassVar[bool] = False
    """Whether it goes by groups of features, which at most one stage of an arm may."""
    gives_labels: ClassVar[bool] = False
    """Whether all items that it leaves have labels of its own, and no given one."""

    @property
    def kind(self) -> str:
        """Name of its intervention."""
        return kind_of(self)

    @property
    def role(self) -> str:
        """What it is compared as: "control"; "null", its copy; or "arm"."""
        return "arm"

    @property
    def question(self) -> str | None:
        """Kind of question that is put to people; None where nobody is asked."""
        return None

    @property
    def asking(self) -> tuple["Arm", ...]:
        """Its stages that put questions to people, in their order."""
        stages = (*self.before, self)
        return tuple(stage for stage in stages if stage.question is not None)

    @property
    def questions_of(self) -> tuple[str, ...]:
        """Kinds of question that people are asked in any of its stages."""
        return tuple(str(stage.question) for stage in self.asking)

    @property
    def machines(self) -> tuple[str, ...]:
        """Machines that it asks as annotators, by what the study calls them."""
        return ()

    @property
    def all_machines(self) -> tuple[str, ...]:
        """Machines that any of its stages asks, each once."""
        stages = (*self.before, self)
        return tuple(dict.fromkeys(name for one in stages for name in one.machines))

    @property
    def needs_confidence(self) -> bool:
        """Whether these have to say how sure they are."""
        return False

    @property
    def people(self) -> int:
        """Different people per question."""
        return 1

    @property
    def asks(self) -> int:
        """Times that each of them is asked it."""
        return 1

    @property
    def simulated(self) -> bool:
        """Whether simulated people answer although there is a recording."""
        return False

    @property
    def suggests(self) -> bool:
        """Whether people are shown a suggestion."""
        return False

    @property
    def num_questions(self) -> int:
        """Questions of a whole run."""
        return 0

    @property
    def num_items(self) -> int:
        """Items that a run asks about, or is given; 0 where it asks of no item."""
        return 0

    @property
    def stages(self) -> int:
        """Fits of a model."""
        return 1

    def first_stage(self, checkpoints: int) -> int:
        """Checkpoints of the first fit, of all that a run has."""
        return checkpoints // self.stages

    @property
    def may_be_before(self) -> bool:
        """Whether it may be over before another arm's own begins, as far as is known.

        What a study brings is known once it is built.
        """
        return not self.uses_trained_network

    @property
    def penalises_inputs(self) -> bool:
        """Whether the loss holds input gradients."""
        return False

    @property
    def leaves(self) -> Mapping[str, float]:
        """Numbers that are traced, by name: what `Setting.params` holds."""
        found = {name: getattr(self, name) for name in self.traced}
        return {name: number for name, number in found.items() if number is not None}

    @property
    def all_leaves(self) -> Mapping[str, float]:
        """These, and those of methods and stages, as "method.KIND.NAME" or "before"."""
        below = {
            f"{field}.{one.kind}.{name}": number
            for field, some in (("method", self.method), ("before", self.before))
            for one in some
            for name, number in one.leaves.items()
        }
        return {**self.leaves, **below}

    def num_options(self, num_classes: int, num_groups: int) -> int:
        """Options of a question; the classes where nobody is asked."""
        if self.question is None:
            return num_classes
        return KINDS[self.question].num_options(num_classes, num_groups)

    def pool_labels(self, pool: int) -> int:
        """Given labels of the pool that are used; people's own are not given."""
        return pool

    def given_labels(self, pool: int) -> int:
        """Given labels that any stage uses; none once a stage has labels of its own."""
        for place, stage in enumerate(self.before):
            if stage.gives_labels:
                earlier = (one.pool_labels(pool) for one in self.before[:place])
                return max(earlier, default=0)
        return self.pool_labels(pool)

    def asked_in(self, program: Program) -> int:
        """Count the questions of a whole run in some surroundings."""
        del program
        return self.num_questions

    def items_per_step(self, pool: int) -> float:
        """Mean number of items in a training step that takes all there are."""
        return float(pool)

    def items_kept(self, pool: int) -> int:
        """Fewest items of a pool that it leaves to what comes after it."""
        return pool

    def items_left(self, program: Program) -> int:
        """Count the same in some surroundings."""
        return self.items_kept(program.shape.num_pool)

    def items_at_once(self, pool: int) -> int:
        """Most items that go through the network to choose by; 0 where none do."""
        return pool

    def complete(self, parts: Mapping[str, Part]) -> "Arm":
        """Fill in the defaults of the parts that it names.

        Raises:
            ValueError: it names a part that does not exist, or options or params that
                the part does not have.
        """
        del parts
        return self

    def check(self, study: Surroundings) -> None:
        """Refuse what contradicts itself or the study.

        Raises:
            ValueError: the message names field, value and what is allowed.
        """
        if self.people > study.team:
            raise ValueError(
                f"`arm.people` must be <= `workforce.size` ({study.team}), got "
                f"{self.people} in arm {self.name!r}."
            )
        if study.batch is None and not self.is_on_whole_pool:
            raise ValueError(
                "`training.batch` must be a number of items with an arm that trains on "
                f"a share of them or trains a proxy, got 'all' with {self.name!r}."
            )

    def check_task(self, task: TaskFacts) -> None:
        """Refuse a task or network that lacks what is needed.

        Raises:
            ValueError: the message names field, value and what is allowed.
        """
        del task

    def check_replayed(self) -> None:
        """Refuse questions that recorded people cannot have answered.

        Raises:
            ValueError: the message names field, value and what is allowed.
        """
        raise ValueError(
            "`arm.kind` must be 'labelling', 'relevance' or 'importance' where answers "
            "are replayed from `crowd.recording`, for nobody recorded what they say to "
            f"given labels, got {self.kind!r} in arm {self.name!r}. Give it "
            "`simulated = true` to ask simulated people."
        )

    def inert(self, field: str, team: int) -> str | None:
        """Say why a swept field of the crowd changes nothing; None where it does.

        Args:
            field: with its table, as "crowd.response_repetition".
            team: people in the team.
        """
        table, _, name = field.partition(".")
        row = PARAMETERS.get(name) if table == "crowd" else None
        if row is None or self.question is None:
            return None
        if row.acts == "asked again" and self.asks == 1:
            return (
                "nobody is asked the same question twice, so how well people repeat "
                "themselves changes no distribution of outcomes"
            )
        if row.acts == "answered again" and self.people * self.asks == 1:
            return (
                "each question is answered once, so what people share changes no "
                "distribution of single answers"
            )
        if row.acts == "something suggested" and not self.suggests:
            return "nobody is shown a suggestion"
        if row.acts == "dealt unevenly" and self.people == team:
            return "everybody answers every question, however active they are"
        if row.kinds and self.question not in row.kinds:
            kinds = ", ".join(row.kinds)
            return f"it acts on questions of kind {kinds}, not {self.question}"
        return None

    def build(self, program: Program) -> Intervention:
        """Build what is asked, and what is done with the answers.

        Raises:
            ValueError: it is impossible in these surroundings.
        """
        raise NotImplementedError(f"{type(self).__name__} must be an intervention.")


class PeopleArm(Arm, frozen=True):
    """An arm that asks people.

    Attributes:
        people: different people per question.
        asks: times that each of them is asked it.
        simulated: whether simulated people answer although the crowd has a recording.
    """

    people: Count = 3
    asks: Count = 1
    simulated: bool = False

    @property
    def question(self) -> str:
        """Kind of question that is put to people."""
        return self.kind

    @property
    def num_items(self) -> int:
        """Those that are asked about, one question each."""
        return self.num_questions


def check_names_a_class(arm: Arm, repair: str, none_of_these: bool) -> None:
    """Refuse questions that recorded people who named a class did not answer.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    if repair == "drop":
        raise ValueError(
            "`arm.repair` must be 'correct' where answers are replayed from "
            "`crowd.recording`, for those people named a class, got 'drop' in arm "
            f"{arm.name!r}."
        )
    if none_of_these:
        raise ValueError(
            "`arm.none_of_these` must be false where answers are replayed from "
            "`crowd.recording`, for those people could name a class alone, got true in "
            f"arm {arm.name!r}."
        )


def check_no_proxy(arm: Arm, field: str, value: str, steps: int | None) -> None:
    """Refuse training steps of a proxy that a choice does without.

    Raises:
        ValueError: there are any.
    """
    if steps is not None:
        raise ValueError(
            f"`arm.proxy_steps` must be left out where `arm.{field}` is {value!r}, "
            f"which trains no proxy, got {steps} in arm {arm.name!r}."
        )


def check_compares_items(arm: Arm, task: TaskFacts) -> None:
    """Refuse features by which items cannot be compared.

    Raises:
        ValueError: they are the ids of words.
    """
    if task.is_tokens:
        raise ValueError(
            f"`task.{task.name}.representation` must be 'tfidf' or 'hashed' "
            f"with the arm {arm.name!r}, which compares items by their features, got "
            "'tokens'."
        )


def built_in(
    arm: type[Arm],
    version: int = 1,
    problems: tuple[Problem, ...] = ("classification",),
) -> Part:
    """Make the part that an arm's table describes.

    Args:
        arm: the table; its own fields are the part's options.
        version: raised whenever what it does changes.
        problems: what a task may ask for where the arm is used.

    Returns:
        A part whose factory is `(program, **options) -> Intervention`; its attribute
        `table` is the table.
    """
    tag = str(arm.__struct_config__.tag)
    given = {"name": tag, "method": (), "training": {}, "before": ()}
    return from_table(
        arm,
        mark_intervention,
        version=version,
        traced=arm.traced,
        given=given,
        problems=problems,
    )
