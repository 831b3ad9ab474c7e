"""The contract of a method: what makes training or use cheaper, beside any guidance.

A method acts on the *course* of a training: its phases, in each of which the network
has one form. One file holds all of a method: its table in a study, its checks, what it
does to the course, and its work.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import jax
from jaxtyping import Array, Float

from hitl_sim.learn.network import Hooks, Network, NetworkChoice
from hitl_sim.learn.optimise import Learner, TrainConfig
from hitl_sim.learn.optimiser import Params
from hitl_sim.learn.work import WorkLine
from hitl_sim.part import (
    PROBLEMS,
    Part,
    Problem,
    from_table,
    method as mark_method,
)
from hitl_sim.schema import Table, kind_of


@dataclass(frozen=True)
class Host:
    """What a method is built for: the network, its sizes and its training.

    Attributes:
        network: what fixes its program.
        sizes: input width D and output width K.
        train: its training.
        num_left: items of the source outside the split.
        parts: parts that the study brings, by the names it gave them.
    """

    network: NetworkChoice
    sizes: tuple[int, int]
    train: TrainConfig
    num_left: int = 0
    parts: Mapping[str, Part] = field(default_factory=dict, hash=False)


class Work(NamedTuple):
    """What is done once to all weights of a phase before the steps of a checkpoint.

    Attributes:
        name: of it.
        program: `(trained, held) -> (trained, held)`.
        due: `[C] numbers of checkpoints -> [C]` how often it is done before each.
    """

    name: str
    program: Callable[[Any, Any], Any]
    due: Callable[[Any], Any]


class Phase(NamedTuple):
    """A phase of training, in which the network has one form.

    Attributes:
        config: its shapes.
        network: what is trained; with hooks where any method acts.
        layout: `Layout` of its weights; None where no method acts.
        part: `weights [leaves] -> (trained, held)` as its hooks take them; None where
            more than weights is trained or held.
        wrap: what is done around the forward pass `(weights, x) -> logits`.
        mark: what tells its training step from the plain network's, for names of units.
        checkpoints: of the first stage, where another phase follows; else 0.
        deploy: what is done once before the network is used, for names of units;
            empty where it is used as it is trained.
        answer: what tells its use from the plain network's.
        take_over: turns the learner of the phase before into this one's; None for the
            first phase.
        work: what is done to its weights beside training steps.
        idle: the phase as it is billed up to checkpoint `idle_until`, where a method
            has nothing to do before; None where it acts from the start.
        idle_until: that checkpoint.
    """

    config: NetworkChoice
    network: Network
    layout: Any = None
    part: Any = None
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda apply: apply
    mark: str = ""
    checkpoints: int = 0
    deploy: str = ""
    answer: str = ""
    take_over: Callable[[Learner], Learner] | None = None
    work: tuple[Work, ...] = ()
    idle: Any = None
    idle_until: int = 0

    @property
    def hooks(self) -> Hooks:
        """Hooks of its network.

        Raises:
            TypeError: no method acts on it.
        """
        if self.network.hooks is None:
            raise TypeError("`network` must have hooks.")
        return self.network.hooks

    def hooked(self, **changed: Any) -> "Phase":
        """Change some of these hooks."""
        hooks = self.hooks._replace(**changed)
        return self._replace(network=self.network._replace(hooks=hooks))

    def leaves(self, trained: Any, held: Any) -> list[Any]:
        """Return the weights of the plain network."""
        return list(jax.tree.leaves(self.hooks.plain(trained, held)))


class TrainingPhases(NamedTuple):
    """The phases of a run; all but the last lie in its first stage.

    Attributes:
        phases: at least one.
        ready: the first checkpoint, from 0, whose model counts: all methods act in
            full.
    """

    phases: tuple[Phase, ...]
    ready: int = 0

    def each(self, change: Callable[[Phase], Phase]) -> "TrainingPhases":
        """Change every phase, also as it is billed while it idles."""

        def changed(phase: Phase) -> Phase:
            idle = None if phase.idle is None else changed(phase.idle)
            return change(phase)._replace(idle=idle)

        return self._replace(phases=tuple(changed(phase) for phase in self.phases))

    def plain(self, learner: Learner) -> Any:
        """Return params of the last phase's network as if no method acted on it."""
        network = self.phases[-1].network
        if network.hooks is None:
            return learner.weights(network, learner.params)
        return network.hooks.plain(learner.params, learner.held)


class Scene(NamedTuple):
    """What of a run a method's course hangs on.

    Attributes:
        params: its own traced numbers, `[]` each.
        rates: the optimiser's.
        before: `network -> phase` of another network with the methods before this one.
        known: params that the method itself trained before; None for fresh ones.
        name: of a method that a study brings, with its options, for names of units.
    """

    params: Mapping[str, Float[Array, ""]]
    rates: Params
    before: Callable[[NetworkChoice], Phase]
    known: Any = None
    name: str = ""


class Method(NamedTuple):
    """A method that has been built for a host.

    Attributes:
        act: `(course, scene) -> course`.
        pretrain: `(key, x [M, D], y [M], rates) -> params` of the items outside the
            split, in a random order; None where nothing is trained before.
        work: `() -> lines` of what is done before the run; None for nothing.
        halves: `network -> (device, server)`, the halves of a network in use: `(params,
            x) -> sent` and `(params, sent) -> logits`; None where it is used whole.
    """

    act: Callable[[TrainingPhases, Scene], TrainingPhases]
    pretrain: Callable[..., Any] | None = None
    work: Callable[[], Iterable[WorkLine]] | None = None
    halves: Callable[[Any], tuple[Callable[..., Any], Callable[..., Any]]] | None = None


class Kept(NamedTuple):
    """What steps leave alone: `held` of the methods before, and a method's own."""

    beside: Any
    own: Any


def within(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Let a hook of the methods before, whose last argument is `held`, find its own."""
    return lambda *args: hook(*args[:-1], args[-1].beside)


class MethodSpec(Table, frozen=True, tag_field="kind"):
    """An entry of an arm's list; what stands here holds where nothing is asked for."""

    turn: ClassVar[int] = 2
    """When it acts, whatever the order of the list; equal ones in that order."""
    is_pretrained: ClassVar[bool] = False
    """Whether it trains on other items before the run, which is billed as is said."""
    needs_layers: ClassVar[bool] = True
    """Whether it reads the layers of a network."""

    @property
    def kind(self) -> str:
        """Name of its part."""
        return kind_of(self)

    @property
    def leaves(self) -> Mapping[str, float]:
        """Numbers that are traced, by name: what `Scene.params` holds."""
        return {}

    @property
    def billed(self) -> "MethodSpec":
        """What a device has in its place, where no device has it."""
        return self

    def complete(self, parts: Mapping[str, Part]) -> "MethodSpec":
        """Fill in the defaults of a part that it names.

        Raises:
            ValueError: options or params that the part does not have.
        """
        del parts
        return self

    def check(self, arm: Any, checkpoints: int) -> None:
        """Refuse what contradicts itself, or what else is in its arm.

        Args:
            arm: that has it.
            checkpoints: of the arm's first fit.

        Raises:
            ValueError: the message names field, value and what is allowed.
        """

    def check_task(self, arm: Any, task: Any) -> None:
        """Refuse a task or network that lacks what is needed.

        Args:
            arm: that has it.
            task: its `TaskFacts`.

        Raises:
            ValueError: the message names field, value and what is allowed.
        """

    def build(self, host: Host) -> Method:
        """Build it for a network and its training.

        Raises:
            ValueError: it is impossible there.
        """
        raise NotImplementedError(f"{type(self).__name__} must be a method.")


def beside(arm: Any, kind: str) -> Any:
    """Return the method of a kind that an arm has, None where it has none."""
    return next((method for method in arm.method if method.kind == kind), None)


def built_in(
    table: type[MethodSpec],
    version: int = 1,
    problems: tuple[Problem, ...] = PROBLEMS,
) -> Part:
    """Make the part that a method's table describes: `(host, **options) -> Method`."""
    return from_table(table, mark_method, version=version, problems=problems)
