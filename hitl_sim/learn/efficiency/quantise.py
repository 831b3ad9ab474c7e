"""Quantisation: products of 8-bit whole numbers, in use and maybe in training."""

from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar, Literal, NamedTuple

import jax
from msgspec.structs import replace

from hitl_sim.learn.arithmetic import (
    MatrixProduct,
    apply_int8,
    approximate_product,
    find_multiplier,
    int8_product,
    quantise_kernel,
    runs_in_int8,
    simulated_product,
    straight_through,
)
from hitl_sim.learn.efficiency.base import (
    Host,
    Method,
    MethodSpec,
    Phase,
    Scene,
    TrainingPhases,
    beside,
    built_in,
)
from hitl_sim.learn.network import Product, build_network


class QuantiseMethod(MethodSpec, frozen=True, tag="quantise"):
    """Multiply 8-bit whole numbers in place of float32, in use and maybe in training.

    Accuracy is that of the quantised network. Items that a model scores to choose among
    them are scored in float32, so an arm of kind `labelling` takes no other form than
    "post_training".

    Attributes:
        form: "post_training" rounds the trained network; "aware" rounds in the forward
            passes of training too, and lets gradients straight through; "approximate"
            does so with a multiplier that errs, which no device here has: joules that
            it saves are hypothetical.
        multiplier: its design; given exactly with "approximate".
    """

    form: Literal["post_training", "aware", "approximate"]
    multiplier: str | None = None

    turn: ClassVar[int] = 3

    @property
    def product(self) -> tuple[str, MatrixProduct]:
        """Name of the arithmetic of the forward pass, and its product.

        Exact products are computed in int8 where this backend can, and else with the
        same whole numbers in float32.
        """
        if self.multiplier is not None:
            product = partial(approximate_product, multiplier=self.multiplier)
            return f"approximate-{self.multiplier}", product
        if runs_in_int8():
            return "int8", int8_product
        return "int8_simulated", simulated_product

    @property
    def billed(self) -> "QuantiseMethod":
        """What the device at hand computes in place of an approximate multiplier.

        No device has the multiplier. What looking its products up costs is the
        simulator's; the device that is billed multiplies the same numbers exactly.
        """
        if self.multiplier is None:
            return self
        return replace(self, form="aware", multiplier=None)

    def check(self, arm: Any, checkpoints: int) -> None:
        """Refuse a multiplier that is none, and a training that cannot be rounded."""
        del checkpoints
        if (self.form == "approximate") != (self.multiplier is not None):
            raise ValueError(
                "`arm.method.multiplier` must be given exactly where `arm.method.form` "
                f"is 'approximate', got {self.multiplier!r} with {self.form!r}."
            )
        if self.multiplier is not None:
            find_multiplier(self.multiplier)
        tune = beside(arm, "fine_tune")
        is_low_rank = tune is not None and tune.train == "low_rank"
        if is_low_rank and self.form != "post_training":
            raise ValueError(
                "`arm.method.form` must be 'post_training' beside low-rank adapters, "
                f"whose weights are whole only in use, got {self.form!r}."
            )
        if arm.uses_trained_network and self.form != "post_training":
            raise ValueError(
                "`arm.method.form` must be 'post_training' in an arm of kind "
                f"{arm.kind!r}, whose model chooses items by what it answers in "
                f"float32, got {self.form!r} in arm {arm.name!r}."
            )

    def check_task(self, arm: Any, task: Any) -> None:
        """Refuse a machine without the library that multiplies."""
        del task
        if find_spec("qwix") is None:
            raise ValueError(
                "`arm.method.kind` must be another where qwix is not installed (pip "
                f"install 'hitl-sim[int8]'), got 'quantise' in arm {arm.name!r}."
            )

    def build(self, host: Host) -> Method:
        """Let every form of the network use 8-bit products."""

        def act(course: TrainingPhases, scene: Scene) -> TrainingPhases:
            del scene
            return course.each(lambda phase: _quantised(phase, host.sizes, self))

        return Method(act)


class _Deployed(NamedTuple):
    """A network as it is used: its params, and its kernels as 8-bit numbers.

    Attributes:
        params: of which the kernels are not read.
        kernels: in the order of a pass.
    """

    params: Any
    kernels: tuple[Any, ...]


def _quantised(phase: Phase, sizes: tuple[int, int], quantise: QuantiseMethod) -> Phase:
    """Let a network use 8-bit products.

    Products with weights are quantised: each row of inputs and each column of weights
    has a scale of its own. Word vectors, attention, normalisation and biases stay.
    """
    (arithmetic, product), deploy = quantise.product, phase.hooks.deploy
    multiply, name = straight_through(product), f":{arithmetic}"

    def rounding(params: Any) -> tuple[Any, Product]:
        return params, lambda x, kernel, bias: multiply(x, kernel) + bias[None]

    def kept(deployed: _Deployed) -> tuple[Any, Product]:
        coming = iter(deployed.kernels)
        return (
            deployed.params,
            lambda x, kernel, bias: apply_int8(x, next(coming)) + bias[None],
        )

    def round_weights(trained: Any, held: Any) -> _Deployed:
        params = deploy(trained, held)
        leaves = jax.tree.leaves(params)
        kernels = tuple(quantise_kernel(leaves[i]) for i in phase.layout.passed)
        return _Deployed(params, kernels)

    rounded = build_network(phase.config, *sizes, rounding)
    if quantise.form != "post_training":
        apply, prepare = phase.wrap(rounded.apply), rounded.prepare
        network = phase.network._replace(apply=apply, prepare=prepare)
        phase = phase._replace(network=network, mark=phase.mark + name)
    if arithmetic != "int8":
        return phase.hooked(answer=phase.wrap(rounded.apply))._replace(answer=name)
    in_use = build_network(phase.config, *sizes, kept)
    whole = phase.hooked(deploy=round_weights, answer=phase.wrap(in_use.apply))
    deployed = "-".join(filter(None, (phase.deploy, "quantise")))
    return whole._replace(deploy=deployed, answer=name)


quantise = built_in(QuantiseMethod)
