import multiprocessing
import os
import subprocess
import sys

import pytest
from meter_kit.beside import read_beside, spin, work_beside

from hitl_sim.energy.meters.processor_time import family, program_root, read_cpu_time

pytestmark = pytest.mark.skipif(
    read_cpu_time() is None, reason="processor time can be read on Linux only"
)


def test_our_own_work_is_counted_in_both():
    before = read_cpu_time()
    spin(0.2)
    after = read_cpu_time()
    assert after.own_s - before.own_s == pytest.approx(0.2, abs=0.06)
    assert after.host_s - before.host_s > 0.1


def test_a_living_child_is_counted_and_is_family():
    before = read_cpu_time()
    code = (
        "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    child.stdout.readline()
    during = read_cpu_time()
    assert child.pid in set(family(os.getpid()))
    child.communicate(b"\n")
    after = read_cpu_time()
    assert during.own_s - before.own_s >= 0.25
    assert after.own_s - before.own_s >= 0.25


def test_a_system_without_proc_tells_nothing(tmp_path):
    assert read_cpu_time(tmp_path) is None


def test_a_sibling_worker_is_of_our_program_and_not_our_own_work():
    context = multiprocessing.get_context("spawn")
    is_working, is_over, results = context.Event(), context.Event(), context.Queue()
    reader = context.Process(target=read_beside, args=(is_working, is_over, results))
    worker = context.Process(target=work_beside, args=(is_working, is_over))
    reader.start(), worker.start()
    own_s, program_s, is_ours = results.get(timeout=60)
    reader.join(), worker.join()
    assert own_s < 0.2
    assert program_s - own_s > 0.3
    assert is_ours
    assert program_root() == os.getpid()
