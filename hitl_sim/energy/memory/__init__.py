"""Compute against memory: operations, and bytes moved by level, with data reuse."""

from hitl_sim.energy.memory.reuse import Extent as Extent
from hitl_sim.energy.memory.reuse import Product as Product
from hitl_sim.energy.memory.reuse import Tiling as Tiling
from hitl_sim.energy.memory.reuse import count_moved as count_moved
from hitl_sim.energy.memory.reuse import fit_tiling as fit_tiling
from hitl_sim.energy.memory.split import EnergySplit as EnergySplit
from hitl_sim.energy.memory.split import load_technology as load_technology
from hitl_sim.energy.memory.split import products_in as products_in
from hitl_sim.energy.memory.split import split_energy as split_energy
from hitl_sim.energy.memory.stored import FORMATS as FORMATS
from hitl_sim.energy.memory.stored import ModelShape as ModelShape
from hitl_sim.energy.memory.stored import moved_bytes as moved_bytes
from hitl_sim.energy.memory.stored import query_bytes as query_bytes
from hitl_sim.energy.memory.stored import stored_bytes as stored_bytes
