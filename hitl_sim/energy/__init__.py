"""Energy: numbers with provenance, meters, device profiles and operation counts."""

from hitl_sim.energy.count import (
    count_operations as count_operations,
    operations_in as operations_in,
)
from hitl_sim.energy.profile import DeviceProfile as DeviceProfile
from hitl_sim.energy.profile_file import (
    load_profile as load_profile,
    save_profile as save_profile,
)
from hitl_sim.energy.quantity import (
    Kind as Kind,
    Quantity as Quantity,
    Scope as Scope,
    exact as exact,
    modelled as modelled,
    total as total,
    unavailable as unavailable,
)
from hitl_sim.energy.work import UnitCost as UnitCost, WorkUnit as WorkUnit
