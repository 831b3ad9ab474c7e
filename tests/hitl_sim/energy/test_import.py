import subprocess
import sys

CHECK = """
import sys, threading
import hitl_sim.energy, hitl_sim.energy.meters
from hitl_sim.energy.meters import Meter, NvmlBackend, RaplBackend, WallMeterBackend
from pathlib import Path
NvmlBackend(), RaplBackend(), Meter(), WallMeterBackend(Path("x"), 0.01, "test")
hitl_sim.energy.load_profile("laptop-cpu").idle_power
assert "jax" not in sys.modules, "jax"
assert "pynvml" not in sys.modules, "pynvml"
assert threading.active_count() == 1, threading.enumerate()
"""


def test_importing_energy_loads_no_jax_no_driver_and_starts_no_thread():
    done = subprocess.run(
        [sys.executable, "-c", CHECK], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
