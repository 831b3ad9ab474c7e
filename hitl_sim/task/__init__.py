"""Tasks as pytrees: real data with known truth, feature groups and corruption."""

from hitl_sim.task.check import check_corruption as check_corruption
from hitl_sim.task.check import check_sizes as check_sizes
from hitl_sim.task.corrupt import build_leftover as build_leftover
from hitl_sim.task.corrupt import build_split as build_split
from hitl_sim.task.data import Corruption as Corruption
from hitl_sim.task.data import Pool as Pool
from hitl_sim.task.data import Split as Split
from hitl_sim.task.data import Status as Status
from hitl_sim.task.data import TaskData as TaskData
from hitl_sim.task.data import TaskInfo as TaskInfo
from hitl_sim.task.load import load_task as load_task
