"""What int8 takes, beside what a device is known to do with it, as a sentence."""

from __future__ import annotations

from hitl_sim.analysis.break_even import Answer
from hitl_sim.analysis.lever import LeverRow, Use
from hitl_sim.analysis.lever.claim import agree_in_sign, is_below, opposite
from hitl_sim.energy import DeviceProfile
from hitl_sim.report.number import RHO, digits, ratio_text


def tell_int8(row: LeverRow, profile: DeviceProfile) -> str:
    """Say what a row with int8 products takes, and hold it against its published sign.

    Args:
        row: of an arm that quantises.
        profile: the device.
    """
    moved = (
        ""
        if row.chip is None
        else "; in a chip the operations of training would take"
        f" {ratio_text(row.chip.operations)} and, with the bytes that they move,"
        f" {ratio_text(row.chip.ratio)}"
    )
    return (
        f"{row.name}: a query takes {digits(row.use.beside)} of the control's joules on"
        f" this device, and training to the target {RHO} ="
        f" {ratio_text(row.finding.ratio)}: {_int8(row.use, profile)}{moved}"
    )


def _int8(use: Use, profile: DeviceProfile) -> str:
    """Hold a query's joules in int8 against the sign that suits the device.

    Where int8 is multiplied no faster than float32, it was found to take more, and less
    where it is.
    """
    gain = profile.product_speed("int8")
    if gain is None:
        return (
            "whether this device multiplies int8 faster than float32 is not known"
            f" (profile {profile.name} has no peak of int8, which is billed at the rate"
            " of float32), so that neither published sign can be tested"
        )
    if gain > 1.0 and not use.is_int8:
        return (
            f"this device multiplies int8 {digits(gain)} times as fast as float32, but"
            " the program that was counted multiplies the whole numbers in float32, so"
            " that no published sign can be tested"
        )
    takes_less = is_below(*use.beside_ends)
    if gain > 1.0:
        where = f"the device multiplies it {digits(gain)} times as fast as float32"
        agreement = agree_in_sign(takes_less)
    else:
        where = "the device multiplies it no faster than float32"
        agreement = agree_in_sign(opposite(takes_less))
    return f"{_SIGN[takes_less]} where {where}, {agreement}"


_SIGN = {
    Answer.YES: "int8 takes less",
    Answer.NO: "int8 takes as much or more",
    Answer.UNDETERMINED: "int8 may take more or less",
}
