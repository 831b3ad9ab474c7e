"""Arms whose intervention the study brings itself."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from msgspec import field
from msgspec.structs import replace

from hitl_sim.learn.intervention.arm import Arm, Surroundings, TaskFacts
from hitl_sim.learn.intervention.base import Intervention, Program
from hitl_sim.learn.replay import REPLAYED
from hitl_sim.part import Part, find
from hitl_sim.schema import Count, Scalar, one_of

Question = Literal[
    "label", "verification", "relevance", "importance", "marks", "preference"
]


class ForeignArm(Arm, frozen=True, kw_only=True, tag=False):
    """An arm whose intervention the study brings.

    Attributes:
        kind: name of the part.
        question: kind of question that it puts to people; left out where it asks none.
        people: different people per question.
        asks: times that each of them is asked it.
        simulated: whether simulated people answer although the crowd has a recording.
        options: of the part; each of their values is a program.
        params: of the part, traced; those left out have its defaults.
    """

    kind: str
    question: Question | None = None
    people: Count = 3
    asks: Count = 1
    simulated: bool = False
    options: dict[str, Scalar] = field(default_factory=dict)
    params: dict[str, float] = field(default_factory=dict)

    traced: ClassVar[tuple[str, ...]] = ("params",)
    uses_trained_network: ClassVar[bool] = True

    @property
    def may_be_before(self) -> bool:
        """The part says so by its rounds."""
        return True

    @property
    def leaves(self) -> Mapping[str, float]:
        """Those of the part."""
        return self.params

    def inert(self, field: str, team: int) -> None:
        """Say nothing: what the part shows to people is not known here."""
        del field, team

    def complete(self, parts: Mapping[str, Part]) -> "ForeignArm":
        """Fill in the defaults of the part."""
        try:
            part = find("intervention", self.kind, parts)
            options = part.with_options(self.options)
            params = part.with_params(self.params)
        except ValueError as error:
            raise ValueError(f"Arm {self.name!r}: {error}") from error
        return replace(self, options=options, params=params)

    def check(self, study: Surroundings) -> None:
        """Refuse what contradicts itself or the study."""
        # whether its training sets have sizes that are known is seen once it is built
        super().check(study._replace(batch=study.batch or 1))

    def check_task(self, task: TaskFacts) -> None:
        """Refuse a part that is no intervention, or methods that it leaves no room."""
        built, kinds = self.build(task.program), [method.kind for method in self.method]
        if kinds and built.is_scratch:
            raise ValueError(
                f"`arm.method` must be left out where intervention {self.kind!r} "
                "trains "
                f"each round from fresh weights, got {kinds} in arm {self.name!r}."
            )
        first = built.stage_lengths(task.program.train.num_checkpoints)[0]
        for method in self.method:
            method.check(self, first)
            is_less = built.num_features < task.program.shape.num_features
            if method.is_pretrained and is_less:
                raise ValueError(
                    f"`arm.method` must not hold {method.kind!r}, whose network "
                    f"is pretrained on all features, where {self.kind!r} takes some "
                    f"away, got both in arm {self.name!r}."
                )

    def check_replayed(self) -> None:
        """Refuse kinds of question whose answers cannot be replayed."""
        if self.question not in REPLAYED:
            raise ValueError(
                f"`arm.question` must be {one_of(REPLAYED)} where answers are replayed "
                f"from `crowd.recording`, got {self.question!r} in arm {self.name!r}. "
                "Give it `simulated = true` to ask simulated people."
            )

    def asked_in(self, program: Program) -> int:
        """Count the questions that the part puts in all of its rounds."""
        built = self.build(program)
        return built.num_rounds * built.num_questions

    def items_left(self, program: Program) -> int:
        """As the part says; none for certain where it does not."""
        return self.build(program).items_kept or 0

    def build(self, program: Program) -> Intervention:
        """Build what the part describes, and hold it to what an intervention is.

        Raises:
            TypeError: it is no intervention.
            ValueError: it asks, or trains, otherwise than it may.
        """
        part = find("intervention", self.kind, program.parts)
        built = part(program, **self.options)
        if not isinstance(built, Intervention):
            raise TypeError(
                f"intervention {self.kind!r} must return an `Intervention`, got "
                f"{built!r}."
            )
        _check(self, built, program.train.num_checkpoints)
        if program.train.batch is None:
            _check_capacity(self, built)
        return built


def _check(arm: ForeignArm, built: Intervention, num_checkpoints: int) -> None:
    where = f"in arm {arm.name!r}"
    if built.feedback != arm.question:
        raise ValueError(
            f"`arm.question` must be {built.feedback!r}, which intervention "
            f"{arm.kind!r} asks, got {arm.question!r} {where}."
        )
    if (built.num_questions > 0) != (built.feedback is not None):
        raise ValueError(
            f"`num_questions` of intervention {arm.kind!r} must be > 0 exactly where "
            f"it asks, got {built.num_questions} {where}."
        )
    if built.num_rounds < 1:
        raise ValueError(
            f"`num_rounds` of intervention {arm.kind!r} must be >= 1, got "
            f"{built.num_rounds} {where}."
        )
    try:
        built.stage_lengths(num_checkpoints)
    except ValueError as error:
        raise ValueError(
            f"`num_rounds` of intervention {arm.kind!r}, and its start if it has one, "
            f"must divide `training.checkpoints` ({num_checkpoints}), got "
            f"{built.num_stages} {where}."
        ) from error
    if len(built.steps) != num_checkpoints:
        raise ValueError(
            f"`steps` of intervention {arm.kind!r} must be {num_checkpoints}, the "
            f"checkpoints of `training.checkpoints`, got {len(built.steps)} {where}."
        )


def _check_capacity(arm: ForeignArm, built: Intervention) -> None:
    """Refuse steps on all items where it is not known how many there are."""
    sizes = built.capacity
    if sizes is None or len(sizes) != built.num_stages:
        raise ValueError(
            "`training.batch` must be a number of items with an intervention that does "
            "not say by `capacity` how many items each of its stages trains on, got "
            f"'all' with {arm.kind!r} in arm {arm.name!r}."
        )
    if built.has_penalty:
        raise ValueError(
            "`training.batch` must be a number of items with an intervention that "
            "penalises input gradients, which are of every row, got 'all' with "
            f"{arm.kind!r} in arm {arm.name!r}."
        )


BROUGHT: type[Arm] = ForeignArm
"""The table of every intervention that a study brings."""
