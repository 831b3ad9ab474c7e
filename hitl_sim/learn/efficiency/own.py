"""Methods that a study brings, and the easy way to build one: by what it does."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
import numpy as np
from msgspec import field
from msgspec.structs import replace

from hitl_sim.learn.efficiency.base import (
    Host,
    Kept,
    Method,
    MethodSpec,
    Phase,
    Scene,
    TrainingPhases,
    Work,
    within,
)
from hitl_sim.learn.optimise import Learner
from hitl_sim.part import Part, find
from hitl_sim.schema import Scalar


class ForeignMethod(MethodSpec, frozen=True, kw_only=True, tag=False):
    """A method that a study brings.

    Attributes:
        kind: name of the part.
        options: of the part; each of their values is a program.
        params: of the part, traced; those left out have its defaults.
    """

    kind: str
    options: dict[str, Scalar] = field(default_factory=dict)
    params: dict[str, float] = field(default_factory=dict)

    needs_layers: ClassVar[bool] = False

    @property
    def leaves(self) -> Mapping[str, float]:
        """Those of the part."""
        return self.params

    def complete(self, parts: Mapping[str, Part]) -> "ForeignMethod":
        """Fill in the defaults of the part."""
        part = find("method", self.kind, parts)
        options = part.with_options(self.options)
        return replace(self, options=options, params=part.with_params(self.params))

    def check_task(self, arm: Any, task: Any) -> None:
        """Refuse a part that does not build what a method is."""
        program, shape = task.program, task.program.shape
        sizes = (shape.num_features, shape.num_classes)
        host = Host(program.network, sizes, program.train, task.num_left, program.parts)
        self.build(host)

    def build(self, host: Host) -> Method:
        """Build what the part describes.

        Raises:
            TypeError: it is no method.
        """
        part = find("method", self.kind, host.parts)
        built = part(host, **self.options)
        if isinstance(built, Around):
            built = Method(built.act)
        if not isinstance(built, Method):
            raise TypeError(
                f"method {self.kind!r} must return an `Around` or a `Method`, got "
                f"{built!r}."
            )
        given = [f"{n}={str(v).replace(':', '.')}" for n, v in self.options.items()]
        name = ",".join([f"{self.kind}.v{part.version}", *given])
        return built._replace(act=lambda c, s: built.act(c, s._replace(name=name)))


class Around(NamedTuple):
    """A method by what it does around a network in training; all may be left out.

    `trained` is the pytree that steps change: all weights, unless a method before it
    changes fewer. `params` are the method's traced numbers, by name.

    Attributes:
        start: `(trained, params) -> state` before the first step; else it is None.
        weights: `(weights, params) -> weights` that passes use, in training and in use;
            gradients go through it.
        forward: `(apply, params) -> apply`, of training and of use, where `apply` is
            `(weights, x [B, D]) -> [B, K] logits`; weights are to be passed on.
        loss: `(trained, state, params) -> []`, added to the loss.
        gradients: `(gradients, trained, state, params) -> gradients`.
        settle: `(trained, state, params) -> (trained, state)` after each step.
        revise: `(trained, state, checkpoint [], params) -> (trained, state)` before the
            steps of each checkpoint.
        deploy: `(weights, state, params) -> weights`, once before the network is used.
        ready: the first checkpoint, from 0, whose model counts.
    """

    start: Callable[..., Any] | None = None
    weights: Callable[..., Any] | None = None
    forward: Callable[..., Any] | None = None
    loss: Callable[..., Any] | None = None
    gradients: Callable[..., Any] | None = None
    settle: Callable[..., Any] | None = None
    revise: Callable[..., Any] | None = None
    deploy: Callable[..., Any] | None = None
    ready: int = 0

    def act(self, course: TrainingPhases, scene: Scene) -> TrainingPhases:
        """Put it around each form of the network."""
        phases = course.each(lambda phase: self._put(phase, scene)).phases
        return TrainingPhases(phases, max(course.ready, self.ready))

    def _put(self, phase: Phase, scene: Scene) -> Phase:
        hooks, params, name = phase.hooks, scene.params, scene.name
        before: Any = phase.take_over

        def begun(trained: Any, held: Any) -> tuple[Any, Kept]:
            state = self.start(trained, params) if self.start else None
            return trained, Kept(held, state)

        def seen(found: Any) -> Any:
            return self.weights(found, params) if self.weights else found

        def used(trained: Any, held: Kept) -> Any:
            found = seen(hooks.deploy(trained, held.beside))
            return self.deploy(found, held.own, params) if self.deploy else found

        def wrap(apply: Callable[..., Any]) -> Callable[..., Any]:
            return self.forward(apply, params) if self.forward else apply

        def take_over(learner: Learner) -> Learner:
            inner: Learner = before(learner._replace(held=learner.held.beside))
            trained, held = begun(inner.params, inner.held)
            return inner._replace(params=trained, held=held)

        in_steps = (self.weights, self.forward, self.loss, self.gradients, self.settle)
        put = phase.hooked(
            start=lambda key: begun(*hooks.start(key)),
            weights=lambda trained, held: seen(hooks.weights(trained, held.beside)),
            settle=_in_turn(hooks.settle, self.settle, params),
            revise=_in_turn(hooks.revise, self.revise, params),
            deploy=used,
            answer=wrap(hooks.answer),
            plain=within(hooks.plain),
            loss=_added(hooks.loss, self.loss, params),
            gradients=_turned(hooks.gradients, self.gradients, params),
        )
        network = put.network._replace(apply=wrap(phase.network.apply))
        if self.forward:
            network = network._replace(prepare=lambda x: x)
        work = [w._replace(program=within(w.program)) for w in phase.work]
        return put._replace(
            network=network,
            part=None,
            wrap=lambda apply: wrap(phase.wrap(apply)),
            mark=phase.mark + (f":{name}" if any(in_steps) else ""),
            deploy="-".join(filter(None, (phase.deploy, name if self.deploy else ""))),
            answer=phase.answer + (f":{name}" if self.forward else ""),
            take_over=take_over if before else None,
            work=(*work, *self._work(name, params)),
        )

    def _work(self, name: str, params: Any) -> Iterator[Work]:
        revise = self.revise
        if revise is not None:
            number = jnp.int32(self.ready)
            yield Work(
                f"revise-{name}",
                lambda trained, held: revise(trained, held.own, number, params),
                np.ones_like,
            )


def _in_turn(first: Any, then: Any, params: Any) -> Any:
    """Do what methods before do to weights, then what this one does."""

    def changed(trained: Any, held: Kept, *at: Any) -> tuple[Any, Kept]:
        beside, state = held
        if first:
            trained, beside = first(trained, beside, *at)
        if then:
            trained, state = then(trained, state, *at, params)
        return trained, Kept(beside, state)

    return changed if first or then else None


def _added(first: Any, then: Any, params: Any) -> Any:
    """Add the losses of methods before and of this one."""
    if then is None:
        return within(first) if first else None

    def summed(trained: Any, held: Kept) -> Any:
        own = then(trained, held.own, params)
        return own + first(trained, held.beside) if first else own

    return summed


def _turned(first: Any, then: Any, params: Any) -> Any:
    """Change gradients as methods before do, then as this one does."""
    if then is None:
        return within(first) if first else None

    def turned(slopes: Any, trained: Any, held: Kept) -> Any:
        if first:
            slopes = first(slopes, trained, held.beside)
        return then(slopes, trained, held.own, params)

    return turned


BROUGHT: type[MethodSpec] = ForeignMethod
"""The table of every method that a study brings."""
