"""Compute against memory: operations, and bytes moved by level, with data reuse."""

from hitl_sim.energy.memory.reuse import (
    Extent as Extent,
    Product as Product,
    Tiling as Tiling,
    count_moved as count_moved,
    fit_tiling as fit_tiling,
)
from hitl_sim.energy.memory.split import (
    EnergySplit as EnergySplit,
    load_technology as load_technology,
    products_in as products_in,
    split_energy as split_energy,
)
from hitl_sim.energy.memory.stored import (
    FORMATS as FORMATS,
    ModelShape as ModelShape,
    moved_bytes as moved_bytes,
    query_bytes as query_bytes,
    stored_bytes as stored_bytes,
)
