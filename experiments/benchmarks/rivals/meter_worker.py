"""Measure one stretch with one tool, in its own Python; started by `meters.py`."""

import importlib
import json
import sys
import time
from pathlib import Path

J_PER_KWH = 3.6e6


def main():
    """Measure, and print one line of JSON."""
    job = json.loads(sys.argv[1])
    begin, end = BUILDERS[job["tool"]](job)
    place = Path(job["place"])
    (place / "ready").touch()
    while not (place / "go").exists():
        time.sleep(0.005)
    begin()
    begin_s = (time.monotonic_ns() - job["zero_ns"]) * 1e-9
    time.sleep(job["span_s"] / 2)
    happen(job)
    time.sleep(job["span_s"] / 2)
    end_s = (time.monotonic_ns() - job["zero_ns"]) * 1e-9
    answer = {"begin_s": begin_s, "end_s": end_s, "reason": "", **end()}
    print("ANSWER " + json.dumps(answer), flush=True)


def happen(job):
    """Let the fault happen."""
    what = job["halfway"]
    counter = Path(job["counter"])
    if what == "vanish":
        counter.parent.rename(counter.parent.with_name("gone"))
    elif what == "empty":
        counter.unlink()
        counter.symlink_to("/dev/null")
        (counter.parent / "energy_uj.new").mkdir(exist_ok=True)
    elif what:
        now = (time.monotonic_ns() - job["zero_ns"]) * 1e-9
        with (Path(job["place"]) / "boards").open("a") as file:
            file.write(what.format(now=now) + "\n")


def ours(job):
    """Measure with a window of ours."""
    meters = importlib.import_module("hitl_sim.energy.meters")
    # the tree is fake, so what others do on this machine's processors is no part of it
    backends = (meters.NvmlBackend(), meters.RaplBackend(cpu_time=lambda: None))
    window = meters.Meter(backends).window("work", phase="command")
    opened = []

    def begin():
        opened.append(window.__enter__())

    def end():
        window.__exit__(None, None, None)
        total = importlib.import_module("hitl_sim.energy").total
        prefix = "host/package" if job["is_processor"] else "host/gpu"
        parts = [q for q in opened[0].joules if q.of.startswith(prefix)]
        if not all(part.is_known for part in parts):
            reasons = [part.reason for part in parts if part.reason]
            return {"joules": None, "reason": "; ".join(reasons)}
        whole = total(parts)
        return {"joules": whole.value, "interval": whole.interval}

    return begin, end


def zeus(job):
    """Measure with a window of Zeus's monitor."""
    monitor = importlib.import_module("zeus.monitor").ZeusMonitor()

    def begin():
        monitor.begin_window("work", sync_execution=False)

    def end():
        seen = monitor.end_window("work", sync_execution=False)
        parts = [seen.gpu_energy]
        if job["is_processor"]:
            parts = [seen.cpu_energy, seen.dram_energy]
        return {"joules": sum(sum((part or {}).values()) for part in parts)}

    return begin, end


def codecarbon(job):
    """Measure with CodeCarbon's offline tracker."""
    module = importlib.import_module("codecarbon")
    tracker = module.OfflineEmissionsTracker(
        country_iso_code="FRA",
        measure_power_secs=1,
        save_to_file=False,
        log_level="error",
    )

    def end():
        tracker.stop()
        data = tracker.final_emissions_data
        kwh = data.gpu_energy
        if job["is_processor"]:
            kwh = data.cpu_energy + data.ram_energy
        return {"joules": kwh * J_PER_KWH}

    return tracker.start, end


def carbontracker(job):
    """Measure one epoch with carbontracker, without its PUE."""
    module = importlib.import_module("carbontracker.tracker")
    tracker = module.CarbonTracker(
        epochs=1,
        monitor_epochs=1,
        update_interval=1,
        components="cpu" if job["is_processor"] else "gpu",
        verbose=0,
    )

    def end():
        thread = tracker.tracker
        tracker.epoch_end()
        kwh = sum(
            float(sum(component.energy_usage(thread.epoch_times)))
            for component in thread.components
        )
        return {"joules": kwh * J_PER_KWH}

    return tracker.epoch_start, end


BUILDERS = {
    "hitl_sim": ours,
    "zeus": zeus,
    "codecarbon": codecarbon,
    "carbontracker": carbontracker,
}

if __name__ == "__main__":
    main()
