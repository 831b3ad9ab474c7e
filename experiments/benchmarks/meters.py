"""The same faults shown to our meter and to others: the error of each, side by side.

    python experiments/benchmarks/meters.py [--quick] [--environments DIR] [--json FILE]

Fake devices of known power (a driver library compiled from C, and a powercap tree) take
the place of real ones, and each tool measures the same stretch of a few seconds through
its own public interface, each time in a process of its own. The others are installed
into throw-away virtual environments, or into DIR to be kept; one that cannot be
installed or run is shown as such. Then: what opening a window costs.

No number here is about real hardware: it shows how each tool handles what a device may
do, not how good a device's own sensor is.
"""

import argparse
import importlib
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

kit = importlib.import_module("meter_kit.nvml")
powercap = importlib.import_module("meter_kit.powercap")

WORKER = Path(__file__).with_name("rivals") / "meter_worker.py"
TOOLS = {"zeus": "zeus", "codecarbon": "codecarbon", "carbontracker": "carbontracker"}
OURS = "hitl_sim"
SPAN_S = 4.0
SERVER = {
    "intel-rapl:0": ("package-0", 100.0),
    "intel-rapl:0:0": ("core", 70.0),
    "intel-rapl:0:1": ("dram", 10.0),
    "intel-rapl:1": ("package-1", 50.0),
    "intel-rapl:1:0": ("dram", 5.0),
    "intel-rapl:2": ("psys", 230.0),
    "intel-rapl-mmio:0": ("package-0", 100.0),
}
SOCKETS = {
    folder: zone
    for folder, zone in SERVER.items()
    if zone[0] not in ("psys", "core") and "mmio" not in folder
}
DIES = {
    "intel-rapl:0": ("package-0-die-0", 80.0),
    "intel-rapl:1": ("package-0-die-1", 80.0),
}
UUIDS = (
    "GPU-11111111-1111-1111-1111-111111111111",
    "GPU-22222222-2222-2222-2222-222222222222",
)


@dataclass(frozen=True)
class Fault:
    """What is wrong, and what the truth is.

    Attributes:
        name: in words.
        boards: fake boards, as keys of the fake library.
        zones: zones of the fake powercap tree.
        board: which board's energy is asked for.
        watts: true power of the processors; None for a fault of boards.
        halfway: what happens in the middle: a line for the library's file with the
            time put in, or `vanish` or `empty` for a counter's file.
        wraps: whether the processor counters wrap in the middle.
        has_answer: whether any number would be right; else the only right answer is
            that there is none.
        environ: environment of the measured program.
        has_smi: whether the driver's command is installed beside its library.
    """

    name: str
    boards: tuple = ()
    zones: dict = field(default_factory=dict)
    board: int = 0
    watts: float | None = None
    halfway: str = ""
    wraps: bool = False
    has_answer: bool = True
    environ: dict = field(default_factory=dict)
    has_smi: bool = True


STEADY = {"idle_w": 200, "load_w": 200}
FAULTS = (
    Fault("GPU at 200 W", (STEADY,)),
    Fault("the same, no nvidia-smi installed", (STEADY,), has_smi=False),
    Fault("GPU in pulses, 50/400 W, a quarter on", ({"load_w": 400, "duty": 0.25},)),
    Fault("GPU whose counter resets midway", (STEADY,), halfway="0.reset_at {now}"),
    Fault("GPU without a counter", ({**STEADY, "no_counter": 1},)),
    Fault("GPU lost midway", (STEADY,), halfway="0.lost_at {now}", has_answer=False),
    Fault(
        "second GPU chosen by UUID",
        (
            {"idle_w": 300, "load_w": 300, "uuid": UUIDS[0]},
            {**STEADY, "uuid": UUIDS[1]},
        ),
        board=1,
        environ={"CUDA_VISIBLE_DEVICES": UUIDS[1]},
    ),
    Fault("one MIG slice of a GPU", ({**STEADY, "mig": 1},), has_answer=False),
    Fault("two sockets, dram, psys, mmio twin", zones=SERVER, watts=165.0),
    Fault("processor counters wrap midway", zones=SOCKETS, watts=165.0, wraps=True),
    Fault("two dies, one counter shown twice", zones=DIES, watts=80.0),
    Fault(
        "counter file vanishes midway",
        zones=SERVER,
        watts=165.0,
        halfway="vanish",
        has_answer=False,
    ),
    Fault(
        "counter file empty at the end",
        zones=SERVER,
        watts=165.0,
        halfway="empty",
        has_answer=False,
    ),
    Fault("no counter at all", has_answer=False),
)


def main():
    """Measure every fault with every tool and print the errors."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="five faults only")
    parser.add_argument("--environments", type=Path, help="folder to keep them in")
    parser.add_argument("--json", type=Path, help="file for the raw answers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        library = kit.compile_library(folder)
        if library is None:
            print("No C compiler: the fake driver library cannot be built.")
            return
        pythons = {OURS: sys.executable}
        for tool in TOOLS:
            pythons[tool] = install(tool, options.environments or folder)
        faults = FAULTS[:3] + FAULTS[8:10] if options.quick else FAULTS
        answers = {}
        for number, fault in enumerate(faults):
            for tool, python in pythons.items():
                place = folder / f"{number}-{tool}"
                place.mkdir()
                answers[fault.name, tool] = ask(fault, tool, python, place, library)
        print_table(faults, pythons, answers)
        if options.json:
            rows = [{"fault": f, "tool": t, **a} for (f, t), a in answers.items()]
            options.json.write_text(json.dumps(rows, indent=2) + "\n")
        print_overhead(folder, library)


def install(tool, folder):
    """Return the Python of an environment with a tool, or why there is none."""
    home = folder / tool
    python = home / "bin" / "python"
    if not python.exists():
        print(f"installing {tool} ...", file=sys.stderr, flush=True)
        for command in (
            [sys.executable, "-m", "venv", str(home)],
            [str(python), "-m", "pip", "install", "-q", TOOLS[tool], "nvidia-ml-py"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                shutil.rmtree(home, ignore_errors=True)
                lines = done.stderr.strip().splitlines() or ["no message"]
                return RuntimeError(lines[-1])
    return str(python)


def ask(fault, tool, python, place, library):
    """Let one tool measure one fault and return what it said and the truth."""
    if isinstance(python, RuntimeError):
        return {"problem": f"not installed: {python}"}
    zero_ns = time.monotonic_ns() - 100_000_000_000
    old = os.environ.get("FAKE_NVML_FILE")
    machine = kit.FakeMachine(place / "boards", zero_ns=zero_ns)
    machine.write(**({} if fault.boards else {"no_driver": 1}))
    for board in fault.boards:
        machine.add(**board)
    tree = make_tree(place / "powercap", fault)
    environ = {
        **os.environ,
        **fault.environ,
        "LD_LIBRARY_PATH": str(library.parent),
        "FAKE_NVML_FILE": str(machine.path),
        "PYTHONPATH": os.pathsep.join([str(place), str(ROOT)]),
        "JAX_PLATFORMS": "cpu",
    }
    if fault.boards and fault.has_smi:
        smi = place / "nvidia-smi"
        smi.write_text("#!/bin/sh\nexit 0\n")
        smi.chmod(0o755)
        environ["PATH"] = f"{place}{os.pathsep}{environ['PATH']}"
    (place / "sitecustomize.py").write_text(REDIRECT.format(root=str(tree.root)))
    job = {
        "tool": tool,
        "span_s": SPAN_S,
        "halfway": fault.halfway,
        "place": str(place),
        "is_processor": fault.watts is not None,
        "counter": str(tree.folder("intel-rapl:0") / "energy_uj"),
        "zero_ns": zero_ns,
    }
    try:
        with tree:
            return run_worker(fault, python, job, environ, machine, tree)
    finally:
        if old is not None:
            os.environ["FAKE_NVML_FILE"] = old


def run_worker(fault, python, job, environ, machine, tree):
    """Start the worker, let it begin when the counters stand right, and read it."""
    place = Path(job["place"])
    process = subprocess.Popen(
        [python, str(WORKER), json.dumps(job)],
        env=environ,
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not (place / "ready").exists() and process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
        time.sleep(0.01)
    if fault.wraps:
        for folder, (_, watts) in fault.zones.items():
            tree.counters[folder] = powercap.RANGE_UJ - watts * SPAN_S / 2 * 1e6
        time.sleep(0.1)
    (place / "go").touch()
    try:
        out, err = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        return {"problem": "did not end within 120 s"}
    lines = [line for line in out.splitlines() if line.startswith("ANSWER ")]
    if not lines:
        last = (err.strip().splitlines() or ["without a message"])[-1]
        return {"problem": f"stops: {last}"}
    answer = json.loads(lines[-1].removeprefix("ANSWER "))
    seconds = answer["end_s"] - answer["begin_s"]
    truth = None
    if fault.watts is not None:
        truth = fault.watts * seconds
    elif fault.boards:
        truth = machine.energy(fault.board, answer["begin_s"], answer["end_s"])
    return {**answer, "truth": truth if fault.has_answer else None}


def make_tree(root, fault):
    """Make a powercap tree as the kernel lays it out: nested, and flat beside it."""
    root.mkdir()
    tree = powercap.LiveTree(root, fault.zones, dict.fromkeys(fault.zones, 7_000_000))
    for name in fault.zones:
        if not (root / name).exists():
            (root / name).symlink_to(tree.folder(name))
        control = root / name.partition(":")[0]
        if not (control / "subsystem").exists():
            (control / "subsystem").symlink_to(root)
    return tree


def describe(answer):
    """Put an answer in few words."""
    if "problem" in answer:
        return answer["problem"][:34]
    joules, truth = answer["joules"], answer["truth"]
    if joules is None:
        said = "says so" if answer["reason"] else "no number, no reason"
        return said if truth is None else f"gives up: {answer['reason']}"[:34]
    mark = " (modelled)" if answer.get("is_modelled") else ""
    if truth is None:
        return f"gives {joules:.0f} J{mark}"
    error = joules / truth - 1
    interval = answer.get("interval")
    holds = ""
    if interval:
        holds = " in" if interval[0] <= truth <= interval[1] else " OUTSIDE"
        holds = f", truth{holds} interval"
    return f"{joules:.0f} J, {100 * error:+.1f} %{holds}{mark}"


def print_table(faults, pythons, answers):
    """Print a row per fault and a column per tool."""
    names = list(pythons)
    rows = [["fault", "truth", *names]]
    for fault in faults:
        truths = [answers[fault.name, name].get("truth") for name in names]
        known = [truth for truth in truths if truth is not None]
        truth = f"{statistics.mean(known):.0f} J" if known else "none can be told"
        cells = [describe(answers[fault.name, name]) for name in names]
        rows.append([fault.name, truth, *cells])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print(" | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            print("-|-".join("-" * width for width in widths))


def print_overhead(folder, library):
    """Print what a window of one second costs beside it, with all fakes there."""
    place = folder / "overhead"
    place.mkdir()
    machine = kit.FakeMachine(place / "boards", zero_ns=time.monotonic_ns() - 10**9)
    machine.add(**STEADY)
    tree = make_tree(place / "powercap", Fault("", zones=SERVER))
    environ = {
        **os.environ,
        "LD_LIBRARY_PATH": str(library.parent),
        "FAKE_NVML_FILE": str(machine.path),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", OVERHEAD, str(tree.root)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    print()
    if done.returncode:
        print(f"overhead: {done.stderr.strip().splitlines()[-1]}")
        return
    cost = json.loads(done.stdout)
    print(
        f"overhead of a window of 1 s, one board and {len(SERVER)} zones: opening and"
        f" closing {1e3 * cost['edges_s']:.2f} ms, background processor time"
        f" {1e3 * cost['background_s']:.2f} ms,"
        f" {100 * math.fsum(cost.values()):.2f} % of the second together"
    )


OVERHEAD = """
import json, statistics, sys, time
from pathlib import Path
from hitl_sim.energy.meters import Meter, NvmlBackend, RaplBackend
meter = Meter([NvmlBackend(), RaplBackend(Path(sys.argv[1]))])
with meter.window("first", phase="idle"):
    pass
edges, background = [], []
for _ in range(5):
    begin = time.perf_counter()
    with meter.window("empty", phase="idle"):
        pass
    edges.append(time.perf_counter() - begin)
    with meter.window("second", phase="idle"):
        before = time.process_time()
        time.sleep(1.0)
        background.append(time.process_time() - before)
print(json.dumps({"edges_s": statistics.median(edges),
                  "background_s": statistics.median(background)}))
"""

REDIRECT = '''"""Let paths below the kernel's powercap tree lead to the fake one."""
import builtins, functools, io, os
REAL, FAKE = "/sys/class/powercap", {root!r}
def led(path):
    if isinstance(path, (str, os.PathLike)):
        text = os.fspath(path)
        for real in (REAL, "/sys/devices/virtual/powercap", "/zeus_sys/class/powercap"):
            if isinstance(text, str) and (text == real or text.startswith(real + "/")):
                return FAKE + text[len(real):]
    return path
def wrap(module, name):
    original = getattr(module, name)
    @functools.wraps(original)
    def call(path=".", *args, **options):
        return original(led(path), *args, **options)
    setattr(module, name, call)
for name in ("stat", "lstat", "listdir", "scandir", "access", "open", "readlink"):
    wrap(os, name)
wrap(builtins, "open")
wrap(io, "open")
'''


if __name__ == "__main__":
    main()
