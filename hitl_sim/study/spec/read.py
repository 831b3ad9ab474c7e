"""Tables of a study read to structs."""

from typing import Any, TypeVar

import msgspec

from hitl_sim import read_table as reading
from hitl_sim.study.spec.base import SpecError

_Struct = TypeVar("_Struct", bound=msgspec.Struct)

_REQUIRED = {
    "boundary": "one of 'device_only', 'workstation', 'whole_person'. What an hour of "
    "a person stands for decides the answer, so it has no default.",
    "label_cost": "one of 'sunk', 'bought_same_price', 'bought_elsewhere'. What "
    "the control's labels cost decides the answer, so it has no default.",
    "waiting": "one of 'held', 'released', 'shared'. Whether a device that waits for "
    "people is billed may decide the answer, so it has no default.",
    "smallest_effect": "the smallest change of rho that would matter to you, for "
    "example 0.05.",
}


def read_table(table: Any, struct: type[_Struct], where: str = "") -> _Struct:
    """Read a plain table of a study; see `hitl_sim.read_table`.

    Args:
        table: of plain values; what is a struct already stays as it is.
        struct: what it is read to.
        where: the table's path in the study; "" for the whole study.

    Raises:
        SpecError: a field that does not fit, its value, and what is allowed.
    """
    try:
        return reading.read_table(
            table, struct, where, whole="a study", required=_REQUIRED
        )
    except reading.TableError as error:
        raise SpecError(str(error)) from error
