"""Tasks as pytrees: real data with known truth, feature groups and corruption."""

from hitl_sim.task.check import (
    check_sizes as check_sizes,
)
from hitl_sim.task.corrupt import (
    Places as Places,
    build_leftover as build_leftover,
    build_split as build_split,
    draw_places as draw_places,
    read_split as read_split,
)
from hitl_sim.task.data import (
    Corruption as Corruption,
    Pool as Pool,
    Split as Split,
    Status as Status,
    TaskData as TaskData,
    TaskInfo as TaskInfo,
)
from hitl_sim.task.load import load_task as load_task
