"""Energy: numbers with provenance, meters, device profiles and operation counts."""

from hitl_sim.energy.count import count_operations as count_operations
from hitl_sim.energy.count import operations_in as operations_in
from hitl_sim.energy.profile import DeviceProfile as DeviceProfile
from hitl_sim.energy.profile_file import load_profile as load_profile
from hitl_sim.energy.profile_file import save_profile as save_profile
from hitl_sim.energy.quantity import Kind as Kind
from hitl_sim.energy.quantity import Quantity as Quantity
from hitl_sim.energy.quantity import Scope as Scope
from hitl_sim.energy.quantity import exact as exact
from hitl_sim.energy.quantity import modelled as modelled
from hitl_sim.energy.quantity import total as total
from hitl_sim.energy.quantity import unavailable as unavailable
from hitl_sim.energy.work import UnitCost as UnitCost
from hitl_sim.energy.work import WorkUnit as WorkUnit
