"""The course of a run: the forms that its network takes, one after the other."""

from collections.abc import Callable
from typing import Any, NamedTuple

from hitl_sim.learn.lever.config import LeverConfig
from hitl_sim.learn.lever.form import Form, Gated, build_form
from hitl_sim.learn.lever.unit import best_units, shrink, weigh_units
from hitl_sim.learn.network import Network, NetworkChoice, NetworkConfig
from hitl_sim.learn.optimise import Learner, TrainConfig, resume_learner
from hitl_sim.learn.optimiser import Params


class Leg(NamedTuple):
    """A part of a run in which the network has one form.

    Attributes:
        config: its shapes.
        network: what is trained.
        mark: what tells its training step from the plain network's.
        checkpoints: of the first stage, where another leg follows; else 0.
        deploy: what is done once before the network is used, for names of units;
            empty where it is used as it is trained.
        answer: what tells its use from the plain network's.
        take_over: turns the learner of the leg before into this one's; None for the
            first leg.
    """

    config: NetworkChoice
    network: Network
    mark: str = ""
    checkpoints: int = 0
    deploy: str = ""
    answer: str = ""
    take_over: Callable[[Learner], Learner] | None = None


class Course(NamedTuple):
    """The legs of a run; all but the last lie in its first stage.

    Attributes:
        legs: at least one.
        ready: the first checkpoint, from 0, whose model counts.
    """

    legs: tuple[Leg, ...]
    ready: int = 0

    def plain(self, learner: Learner) -> Any:
        """Return params of the last leg's network as if no lever acted on it."""
        network = self.legs[-1].network
        hooks = network.hooks
        if hooks is None:
            return learner.weights(network, learner.params)
        return hooks.plain(learner.params, learner.held)


def build_course(
    config: NetworkConfig,
    sizes: tuple[int, int],
    lever: LeverConfig,
    train: TrainConfig,
    params: Params,
    pretrained: Any = None,
) -> Course:
    """Build the course that a lever sends a network on.

    Args:
        config: the network, whole.
        sizes: input width D and output width K.
        lever: what acts on it.
        train: its training.
        params: traced numbers of the optimiser.
        pretrained: params to start from, where there are any.
    """
    cut = lever.cut
    if cut is None:
        form = build_form(config, sizes, lever, pretrained)
        return Course((_leg(config, form),), lever.ready)
    is_gated = cut.form == "gated"
    whole = build_form(config, sizes, lever, pretrained, is_gated=is_gated)
    left = config.shrink(cut.share)
    small = build_form(left, sizes, lever)

    def take_over(learner: Learner) -> Learner:
        weights, held = cut_units(config, lever, whole, small, learner)
        return resume_learner(weights, held, train, params)

    first = _leg(config, whole)._replace(checkpoints=cut.after)
    second = _leg(left, small)._replace(take_over=take_over)
    return Course((first, second), lever.ready)


def _leg(config: NetworkConfig, form: Form) -> Leg:
    return Leg(config, form.network, form.mark, 0, form.deploy, form.answer)


def cut_units(
    config: NetworkConfig,
    lever: LeverConfig,
    whole: Form,
    small: Form,
    learner: Learner,
) -> tuple[Any, Any]:
    """Take units away from a trained network, by their gates or their weights.

    Returns:
        What the small form trains, and what it holds.
    """
    cut, layers = lever.cut, config.units()
    hooks = whole.network.hooks
    if cut is None or hooks is None or small.part is None:
        raise TypeError("`lever` must take units away.")
    leaves = whole.layout.flatten(hooks.plain(learner.params, learner.held))
    if isinstance(learner.params, Gated):
        scores = learner.params.gates
    else:
        scores = weigh_units(whole.layout, layers, leaves)
    kept = best_units(scores, cut.share)
    return small.part(shrink(whole.layout, layers, leaves, kept))
