"""Workloads that are described rather than run: operations, device time, joules."""

from hitl_sim.energy.workload.device_time import (
    PRECISIONS as PRECISIONS,
    busy_power as busy_power,
    check_share as check_share,
    cost_of_hours as cost_of_hours,
    cost_of_operations as cost_of_operations,
    peak as peak,
)
from hitl_sim.energy.workload.network import (
    Counted as Counted,
    Residual as Residual,
    Transformer as Transformer,
    dense as dense,
)
from hitl_sim.energy.workload.stated import (
    Number as Number,
    Stated as Stated,
    default_of as default_of,
    quantity_of as quantity_of,
)
