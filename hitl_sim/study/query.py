"""The child's side of pricing use: count queries of what a study trains, train nothing.

This module is imported only in a worker, after the environment is set.
"""

from collections.abc import Sequence
from typing import Any

import jax

from hitl_sim.energy.memory import products_in
from hitl_sim.learn import Query, describe_halves, describe_query, describe_shape
from hitl_sim.learn.network import build_network
from hitl_sim.learn.work import abstract
from hitl_sim.study import worker
from hitl_sim.study.grid import Condition


def count_queries(
    conditions: Sequence[Condition], batch: int | None
) -> dict[str, dict[str, Any]]:
    """Count a query of each condition's network in use.

    Args:
        conditions: whose networks.
        batch: queries that one call answers; those of the validation set if None.

    Returns:
        By name of the unit that looks at the validation set: `shape`, sizes of the
        network, and where a batch is given `query`, its counts as a manifest keeps
        them, with `batch`.
    """
    found: dict[str, dict[str, Any]] = {}
    for condition in conditions:
        info, data = worker.data_of(condition)
        config = worker.run_config(condition, info, data)
        query = describe_query(config, batch)
        if query.held_out in found:
            continue
        found[query.held_out] = {"shape": sizes_of(query)}
        if batch is not None and query.unit.name != query.held_out:
            halves = describe_halves(config, batch)
            counts = worker.count_unit(query.unit) | worker.count_halves(halves)
            found[query.held_out]["query"] = counts | {"batch": batch}
    return found


def sizes_of(query: Query) -> dict[str, Any]:
    """Write the sizes of a network in use as `energy.memory.ModelShape` reads them.

    What attention reads and writes is what products of a traced pass do, without those
    with weights.
    """
    shape = describe_shape(query.network, query.sizes)
    plain = build_network(query.network, *query.sizes)
    params = jax.eval_shape(plain.init, jax.random.key(0))
    program = jax.make_jaxpr(plain.apply)(params, abstract(1, query.sizes[0]))
    mixed = sum(
        times * (m * k + k * n + m * n)
        for product, times in products_in(program).items()
        for m, n, k in [product.size]
    )
    weighted = sum(m * k + k * n + m * n for m, k, n in shape.layers)
    return {
        "layers": [list(layer) for layer in shape.layers],
        "num_kept": shape.num_kept,
        "num_vectors": shape.num_vectors,
        "num_looked_up": shape.num_looked_up,
        "num_mixed": mixed - weighted,
        "chunk": shape.chunk,
    }
