"""What a session's windows of work take of a loop with ten of them a second.

    python experiments/benchmarks/windows.py [--windows N]

A window is opened and closed around nothing, with the meters that this machine has, and
with those that it may lack: a powercap tree of two packages and their memory, as files,
and eight accelerators whose driver takes 50 us to tell a counter (assumed). The median
of some rounds is told, as a share of a tenth of a second, beside the share that a whole
`Meter.window` takes, which reads everything that a meter knows.
"""

import argparse
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import hitl_sim as hs
from hitl_sim.energy.meters import Meter, NvmlBackend, RaplBackend
from hitl_sim.energy.meters.choose import default_backends

PER_S = 10
ROUNDS = 7
ZONES = {"0": "package-0", "0:0": "dram", "1": "package-1", "1:0": "dram"}
BOARDS, DRIVER_S = 8, 5e-5


def powercap(root):
    """Write a tree of counters that stand still."""
    for number, name in ZONES.items():
        folder = root / f"intel-rapl:{number}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "energy_uj").write_text("123456789\n")
        (folder / "max_energy_range_uj").write_text("262143328850\n")
    return RaplBackend(root)


def accelerators():
    """Make boards whose driver is as slow as drivers are."""
    begin = time.monotonic()

    def energy(_):
        end = time.perf_counter() + DRIVER_S
        while time.perf_counter() < end:
            pass
        return int((time.monotonic() - begin) * 300e3)

    driver = SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: BOARDS,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda handle: f"Board {handle}",
        nvmlDeviceGetTotalEnergyConsumption=energy,
    )
    return NvmlBackend(driver, environ={})


def time_each(open_window, number):
    """Return the median time of one window, s."""
    found = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _ in range(number):
            with open_window() as window:
                del window
        found.append((time.perf_counter() - begin) / number)
    return statistics.median(found)


def measure(name, backends, folder, number):
    """Time windows of a session, and whole windows of its meter."""
    session = hs.Session(
        folder / name,
        target=hs.target(smoothing=1),
        meters=Meter(backends),
        device="h100",
    )
    with session.arm("control", role="control") as arm:
        ours = time_each(lambda: arm.work("train", items=32), number)
        arm.report(step=1, accuracy=0.5)
    meter = session.metering.meter
    whole = time_each(
        lambda: meter.window("train", phase="train"), max(1, number // 20)
    )
    shares = (f"{100 * PER_S * s:8.4f} %" for s in (ours, whole))
    print(f"{name:24}{ours * 1e6:10.1f} us  {'  '.join(shares)}")


def main():
    """Print a line for each set of meters."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--windows", type=int, default=2_000)
    number = parser.parse_args().windows
    print(f"{'meters':24}{'a window':>13}  share at {PER_S}/s  whole windows")
    with TemporaryDirectory() as name:
        folder = Path(name)
        measure("none", [], folder, number)
        measure("this machine's", default_backends(), folder, number)
        measure("two packages", [powercap(folder / "powercap")], folder, number)
        measure("eight accelerators", [accelerators()], folder, number // 10)


if __name__ == "__main__":
    main()
