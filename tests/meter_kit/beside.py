"""What workers do beside one another; a module that a process of its own can import."""

import os
import time

from hitl_sim.energy.meters.processor_time import family, program_root, read_cpu_time


def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def read_beside(is_working, is_over, results):
    """Read before and after a sibling has worked; a worker's side of the test."""
    before = read_cpu_time()
    is_working.wait()
    is_over.wait()
    after = read_cpu_time()
    ours = {os.getppid()} <= set(family(program_root()))
    results.put((after.own_s - before.own_s, after.program_s - before.program_s, ours))


def work_beside(is_working, is_over):
    is_working.set()
    spin(0.5)
    is_over.set()
    time.sleep(0.3)
