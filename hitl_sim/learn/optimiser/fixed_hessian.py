"""Multinomial logistic regression at its optimum, by descent in a fixed metric.

The Hessian of the softmax cross-entropy of a linear network is at most
`(I - 11'/K) / 2 (x) X'X`, whatever the weights. So one inverse per training set serves
every step, no step needs a search along its line, and a number of steps that is known
beforehand suffices. Starting from zero the weights of the classes always add up to
zero, on which `I - 11'/K` is the identity.

References:
    Böhning (1992), Multinomial logistic regression algorithm, Annals of the Institute
    of Statistical Mathematics 44, 197-200: the bound.
    Nesterov (1983), A method of solving a convex programming problem with convergence
    rate O(1/k^2), Soviet Mathematics Doklady 27, 372-376: the momentum.
    O'Donoghue, Candès (2015), Adaptive restart for accelerated gradient schemes,
    Foundations of Computational Mathematics 15, 715-732, section 3.2: its restart.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from hitl_sim.learn.optimiser.base import Descent, Params, refuses
from oracles import part


def check_study(study: Any) -> None:
    """Refuse a study whose training is not that of plain, linear, exact regression.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    training, network = study.training, study.network
    if training.l2 is None:
        raise ValueError(
            "`training.l2` must be given exactly where `training.optimiser` is "
            f"'fixed_hessian', got None with {training.optimiser!r}."
        )
    if training.batch != "all":
        raise ValueError(
            "`training.batch` must be 'all' with `training.optimiser` "
            f"'fixed_hessian', got {training.batch}."
        )
    if network.kind != "linear":
        raise ValueError(
            "`network.kind` must be 'linear' with `training.optimiser` "
            f"'fixed_hessian', got {network.kind!r}."
        )
    precision = network.options.get("precision", "float32")
    if precision != "float32":
        raise ValueError(
            "`network.precision` must be 'float32' with `training.optimiser` "
            f"'fixed_hessian', whose steps are small differences, got {precision!r}."
        )
    for arm in study.arm:
        if arm.method:
            raise ValueError(
                "`arm.method` must be left out with `training.optimiser` "
                "'fixed_hessian', which acts on plain weights, got "
                f"{arm.method[0].kind!r} in arm {arm.name!r}."
            )
        if arm.penalises_inputs:
            raise ValueError(
                "`arm.use` must be 'select' with `training.optimiser` 'fixed_hessian', "
                "whose bound is of the cross-entropy alone, got 'penalty' in arm "
                f"{arm.name!r}."
            )


@part.optimiser(version=1, params={"l2": 1.0})
@refuses(check_study)
def fixed_hessian(total_steps: int) -> Descent:
    """Steps in a fixed metric to the optimum of a linear network, on all items.

    It needs no learning rate, and starts from zero. Its param `l2` > 0 is the weight of
    half the squared weights, biases apart, beside the summed cross-entropy:
    scikit-learn's 1 / C.
    """
    del total_steps

    def start(weights: Any) -> Any:
        zeros = jax.tree.map(jnp.zeros_like, weights)
        check_linear(zeros)
        return zeros

    def prepare(params: Params, x: Any, y: Any, is_used: Any, weights: Any) -> Metric:
        check_linear(weights)
        num_classes = jax.tree.leaves(weights)[0].shape[0]
        return build_metric(x, y, is_used, num_classes, params["l2"])

    def step_down(params: Params, metric: Any, weights: Any, num_steps: Any) -> Any:
        del params
        return descend(metric, weights, num_steps)

    return Descent(start, prepare, step_down)


class Metric(NamedTuple):
    """A training set as every step needs it; the constant 1 is its last feature.

    Attributes:
        rows: `[N, D + 1]`.
        columns: `[D + 1, N]`, the same numbers.
        target: `[K, N]` 1 at the label of each item that is used, else 0.
        is_used: `[N]` 1 or 0.
        shrink: `[D + 1]` weight of each squared weight, halved, in the objective.
        inverse: `[D + 1, D + 1]` inverse of `X'X / 2 + diag(shrink)`.
    """

    rows: Float[Array, "items inputs"]
    columns: Float[Array, "inputs items"]
    target: Float[Array, "classes items"]
    is_used: Float[Array, " items"]
    shrink: Float[Array, " inputs"]
    inverse: Float[Array, "inputs inputs"]


def build_metric(
    x: Float[Array, "items features"],
    y: Int[Array, " items"],
    is_used: Bool[Array, " items"],
    num_classes: int,
    l2: float | Float[Array, ""],
) -> Metric:
    """Prepare a training set.

    Args:
        x: `[N, D]` features.
        y: `[N]` labels.
        is_used: `[N]` which of them count; at least one.
        num_classes: K.
        l2: weight > 0 of half the squared weights, biases apart, beside the summed
            cross-entropy; scikit-learn's 1 / C.
    """
    used = is_used.astype(x.dtype)
    rows = jnp.concatenate([x, jnp.ones((x.shape[0], 1), x.dtype)], axis=1)
    # a transpose that XLA folds into the products that read it slows them down
    columns = jax.lax.optimization_barrier(rows.T)  # type: ignore[no-untyped-call]
    shrink = jnp.full(rows.shape[1], l2, x.dtype).at[-1].set(0.0)
    bound = 0.5 * (columns * used[None]) @ rows + jnp.diag(shrink)
    factor = jax.scipy.linalg.cho_factor(bound, lower=True)
    inverse = jax.scipy.linalg.cho_solve(factor, jnp.eye(rows.shape[1], dtype=x.dtype))
    target = (y[None] == jnp.arange(num_classes)[:, None]) * used[None]
    return Metric(rows, columns, target, used, shrink, inverse)


def gradient(
    metric: Metric, weights: Float[Array, "classes inputs"]
) -> Float[Array, "classes inputs"]:
    """Return the gradient of the penalised cross-entropy, summed over items.

    Args:
        metric: the training set.
        weights: `[K, D + 1]`, the bias last.
    """
    # items lie along the rows of memory: ten classes would leave its lanes half empty
    p = jax.nn.softmax(weights @ metric.columns, axis=0)
    slope = (p - metric.target) * metric.is_used[None]
    return slope @ metric.rows + metric.shrink[None] * weights


def descend(metric: Metric, params: Any, num_steps: int | Int[Array, ""]) -> Any:
    """Take some steps towards the optimum, which is unique.

    Args:
        metric: the training set.
        params: of a linear network; the weights of its classes add up to zero.
        num_steps: steps; may be traced.

    Returns:
        Params of the same structure.
    """
    weights = _pack(params)

    def step(_: Any, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        last, ahead, count = state
        slope = gradient(metric, ahead)
        new = ahead - slope @ metric.inverse
        move = new - last
        # uphill: the momentum has gone too far, and starts anew
        count = jnp.where((slope * move).sum() > 0.0, 0.0, count)
        return new, new + count / (count + 3.0) * move, count + 1.0

    start = (weights, weights, jnp.zeros((), weights.dtype))
    return _unpack(jax.lax.fori_loop(0, num_steps, step, start)[0], params)


def check_linear(params: Any) -> None:
    """Refuse what is no linear network.

    Raises:
        ValueError: there are other weights than one bias and one kernel.
    """
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(params)]
    if [len(shape) for shape in shapes] != [1, 2]:
        raise ValueError(
            f"`optimiser` must not be 'fixed_hessian' for a network that is not "
            f"linear, got one with weights of shapes {shapes}."
        )


def _pack(params: Any) -> Float[Array, "classes inputs"]:
    check_linear(params)
    bias, kernel = jax.tree.leaves(params)
    return jnp.concatenate([kernel.T, bias[:, None]], axis=1)


def _unpack(weights: Float[Array, "classes inputs"], params: Any) -> Any:
    leaves = [weights[:, -1], weights[:, :-1].T]
    return jax.tree.unflatten(jax.tree.structure(params), leaves)
