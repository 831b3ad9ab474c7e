"""What units of work do, counted from their programs as the manifest keeps it."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax

from hitl_sim.energy import operations_in
from hitl_sim.energy.memory import products_in
from hitl_sim.learn import Halves, RunConfig, WorkLine, describe_halves
from hitl_sim.learn.work import Unit


def count_unit(unit: Unit) -> dict[str, Any]:
    """Count what one unit of work does, as the manifest keeps it."""
    program = jax.make_jaxpr(unit.program)(*unit.args)
    operations = operations_in(program)
    return {
        "phase": unit.phase,
        "flops": _per_item(operations.flops, unit.items),
        "matrix_flops": _per_item(operations.matrix_flops, unit.items),
        "random_flops": operations.random_flops / unit.items,
        "bytes_moved": operations.bytes_moved / unit.items,
        "num_kernels": operations.num_kernels / unit.items,
        "products": [
            product.to_json() | {"times": times / unit.items}
            for product, times in products_in(program).items()
        ],
    }


def _per_item(counts: Mapping[str, float], items: int) -> dict[str, float]:
    return {name: number / items for name, number in sorted(counts.items())}


def count_units(config: RunConfig, work: Sequence[WorkLine]) -> dict[str, Any]:
    """Count a run's units of work, and the halves of one that is split."""
    units = {line.unit.name: count_unit(line.unit) for line in work}
    halves = describe_halves(config)
    if halves is not None:
        units[halves.whole] |= count_halves(halves)
    return units


def count_halves(halves: Halves | None) -> dict[str, Any]:
    """Count what device and server do; nothing where the network is whole."""
    if halves is None:
        return {}
    return {
        "halves": {
            "device": count_unit(halves.device),
            "server": count_unit(halves.server),
            "num_inputs": halves.num_inputs,
            "num_features": halves.num_features,
            "beside_b": halves.beside_b,
        }
    }
