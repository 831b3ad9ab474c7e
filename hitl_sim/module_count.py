"""Count networks for a bill by the walk of their program, as studies are counted.

Weights stay abstract, so that no memory is needed for them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from hitl_sim.energy import WorkUnit, count_operations
from hitl_sim.energy.count import Operations
from hitl_sim.energy.workload import Counted, Transformer
from hitl_sim.energy.workload.describe import NetworkModel
from hitl_sim.learn.network.outline import outline
from hitl_sim.learn.work import abstract

PRODUCTS, REST = "products", "all else"
_DTYPES = {"tf32": "float32", "float8": "float8_e4m3fn"}
"""Data types of precisions that have another name."""


def count_module(build: Callable[..., Any], model: NetworkModel, batch: int) -> Counted:
    """Count what one item takes of a module.

    Operations of training are those of the gradient of half the outputs' squares by
    all weights, without an optimiser, which takes a few operations per weight and step.

    Args:
        build: see `outline`.
        model: what its call takes.
        batch: items of a step; what does not grow with it is shared by them.

    Raises:
        ValueError: see `outline`.
    """
    inputs = [
        abstract(batch, *one.shape, dtype=jnp.dtype(one.dtype)) for one in model.inputs
    ]
    found = outline(build, inputs)
    forward = count_operations(found.used, found.weights, *inputs)
    training = count_operations(jax.grad(found.trained), found.weights, *inputs)
    return Counted(
        found.name,
        _parts(forward, batch),
        _parts(training, batch),
        float(found.num_weights),
        tokens=model.sequence,
        units=(_unit("train", training), _unit("score", forward)),
        unit_items=batch,
        notes=tuple(dict.fromkeys((*training.notes, *forward.notes))),
    )


def _parts(operations: Operations, batch: int) -> Mapping[str, float]:
    products = sum(operations.matrix_flops.values())
    rest = operations.total_flops - products
    parts = {PRODUCTS: products / batch, REST: rest / batch}
    return {name: flop for name, flop in parts.items() if flop}


def _unit(phase: str, operations: Operations) -> WorkUnit:
    return WorkUnit(
        f"{phase}:described",
        phase,
        operations.flops,
        operations.bytes_moved,
        operations.num_kernels,
        operations.matrix_flops,
    )


def count_transformer(shape: Transformer, batch: int, precision: str) -> Counted:
    """Count a described transformer with its traffic and kernels.

    Its operations stay those of the closed form; the program tells a step's units.

    Args:
        shape: the network.
        batch: sequences of a step.
        precision: of the products, as `training.precision` names it.
    """
    dim, inner = shape.width, shape.inner
    keys = dim // shape.heads * shape.key_value
    sizes = {"q": (dim, dim), "k": (dim, keys), "v": (dim, keys), "o": (dim, dim)}
    sizes |= {"up": (dim, inner), "down": (inner, dim)}
    sizes |= {"gate": (dim, inner)} if shape.is_gated else {}
    kind = jnp.dtype(_DTYPES.get(precision, precision))
    blocks = {n: abstract(shape.layers, *s, dtype=kind) for n, s in sizes.items()}
    weights = {"blocks": blocks, "embed": abstract(dim, shape.vocabulary, dtype=kind)}
    tokens = abstract(batch, shape.sequence, dtype=jnp.int32)
    asked = round(shape.sequence * shape.output_frac)

    def forward(weights: Any, tokens: Any) -> Any:
        table = weights["embed"].T if shape.vocabulary else jnp.zeros((1, dim), kind)
        x, _ = jax.lax.scan(
            lambda x, block: (_block(shape, x, block), None),
            table[tokens],
            weights["blocks"],
        )
        return x[:, :asked] @ weights["embed"] if shape.vocabulary else x

    def loss(weights: Any, tokens: Any) -> Any:
        return jnp.sum(jnp.square(forward(weights, tokens))) / 2

    # what float32 products are left to by default may be TF32
    with jax.default_matmul_precision("highest" if precision == "float32" else None):
        units = (
            _unit("train", count_operations(jax.grad(loss), weights, tokens)),
            _unit("score", count_operations(forward, weights, tokens)),
        )
    return replace(shape.counted(), units=units, unit_items=batch)


def _block(shape: Transformer, x: Any, weights: Mapping[str, Any]) -> Any:
    """Apply one block to `[B, S, D]` activations; norms have no scale."""
    batch, length, dim = x.shape
    size = dim // shape.heads

    def heads(name: str, number: int) -> Any:
        split = (_norm(x) @ weights[name]).reshape(batch, length, number, size)
        return jnp.repeat(split, shape.heads // number, axis=2)

    query = heads("q", shape.heads)
    key, value = (heads(name, shape.key_value) for name in ("k", "v"))
    scores = jnp.einsum("bihd,bjhd->bhij", query, key) / size**0.5
    mixed = jnp.einsum("bhij,bjhd->bihd", jax.nn.softmax(scores), value)
    x = x + mixed.reshape(batch, length, dim) @ weights["o"]
    wide = _norm(x) @ weights["up"]
    wide = (
        jax.nn.silu(_norm(x) @ weights["gate"]) * wide
        if shape.is_gated
        else jax.nn.gelu(wide)
    )
    return x + wide @ weights["down"]


def _norm(x: Any) -> Any:
    return x * jax.lax.rsqrt(jnp.mean(jnp.square(x), -1, keepdims=True) + 1e-6)
