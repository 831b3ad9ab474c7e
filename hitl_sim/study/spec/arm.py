"""The tables [[arm]] of a study: what each does, and whom it asks."""

from typing import Annotated, Literal, assert_never

from msgspec import Meta

from hitl_sim.study.lever_spec import LeverSpec
from hitl_sim.study.network_spec import Count
from hitl_sim.study.spec.base import Positive, Table
from hitl_sim.study.spec.crowd import CrowdSpec

PROXY_STEPS = 60
"""Training steps of a machine's proxy where a study says nothing; assumed."""


Role = Literal["control", "null", "arm"]


class _Arm(Table, frozen=True, kw_only=True, tag_field="kind"):
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
    aggregate: Literal["majority", "dawid_skene", "one_coin", "glad"] = "majority"
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
