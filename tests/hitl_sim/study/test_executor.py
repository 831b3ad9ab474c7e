import os
import subprocess
import sys
import threading

import pytest

from hitl_sim.study.cluster import Place, open_executor, place_of
from hitl_sim.study.executor import (
    LocalExecutor,
    WorkerLostError,
    prepare_workers,
)


def test_a_lost_worker_takes_only_its_own_call_with_it():
    with LocalExecutor(1) as executor:
        before = executor.submit("os", "getpid").result()
        lost = executor.submit("os", "_exit", 3)
        with pytest.raises(WorkerLostError, match="ended with code 3"):
            lost.result()
        assert executor.submit("os", "getpid").result() != before != os.getpid()


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="processes cannot be kept on a core"
)
def test_each_worker_stays_on_a_core_of_its_own():
    num_workers = len(os.sched_getaffinity(0))
    with LocalExecutor(num_workers) as executor:
        calls = [
            executor.submit("os", "sched_getaffinity", 0) for _ in range(num_workers)
        ]
        seen = [call.result() for call in calls]
    assert all(len(cores) == 1 for cores in seen)
    assert set().union(*seen) == os.sched_getaffinity(0)


def evaluate(text):
    """Evaluate an expression in a fresh worker."""
    with LocalExecutor(1) as executor:
        return executor.submit("builtins", "eval", text).result()


@pytest.mark.skipif(sys.platform != "linux", reason="workers fork on Linux alone")
def test_a_worker_begins_with_what_it_needs_and_nothing_of_it_started(monkeypatch):
    prepare_workers()
    # Dask's local scheduler leaves a seed behind
    monkeypatch.setenv("PYTHONHASHSEED", "6640")
    there = "'hitl_sim.study.worker' in __import__('sys').modules"
    assert evaluate(there)
    backends = "__import__('jax')._src.xla_bridge._backends"
    assert evaluate(backends) == {}


def test_a_worker_sees_variables_as_they_are_when_it_begins(monkeypatch):
    monkeypatch.delenv("HITL_SIM_TOLD", raising=False)
    told = "__import__('os').environ.get('HITL_SIM_TOLD')"
    assert evaluate(told) is None
    monkeypatch.setenv("HITL_SIM_TOLD", "now")
    assert evaluate(told) == "now"
    # what JAX reads when it is imported is read anew
    is_wide = "__import__('jax').config.jax_enable_x64"
    assert not evaluate(is_wide)
    monkeypatch.setenv("JAX_ENABLE_X64", "1")
    assert evaluate(is_wide)


def test_linear_algebra_starts_no_thread_in_a_worker():
    # a loop is computed in XLA's pool, whose threads hand their name on
    factor = (
        "float(__import__('jax').jit(lambda a: __import__('jax').lax.fori_loop(0, 3, "
        "lambda _, x: __import__('jax').numpy.linalg.cholesky(x), a))("
        "__import__('jax').numpy.eye(600)).sum())"
    )
    threads = "__import__('hitl_sim.study.worker.process', fromlist=['']).xla_threads()"
    assert evaluate(f"({factor}, {threads})") == (600.0, 1)


def test_an_error_comes_back_with_its_place():
    with LocalExecutor(1) as executor:
        future = executor.submit("operator", "truediv", 1, 0)
        with pytest.raises(ZeroDivisionError) as caught:
            future.result()
    assert "executor.py" in caught.value.__notes__[0]


def test_an_answer_that_cannot_travel_is_an_error_and_no_end():
    with LocalExecutor(1) as executor:
        with pytest.raises(RuntimeError, match="lock"):
            executor.submit("threading", "Lock").result()
        assert executor.submit("os", "getpid").result() > 0


def test_an_interrupted_executor_ends_at_once():
    def interrupted():
        with LocalExecutor(1) as executor:
            running = executor.submit("time", "sleep", 600)
            waiting = executor.submit("time", "sleep", 600)
            while not running.running():
                pass
            assert not waiting.done()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert threading.active_count() < 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cloud", 1, None, ()), "`executor` must be one of .* got 'cloud'"),
        (("local", 1, "tcp://a:1", ()), "`scheduler` must be left out unless"),
        (("slurm", 1, None, ("partition",)), "`slurm` must be name=value"),
        (("local", 1, None, ("a=1",)), "`slurm` must be name=value"),
    ],
)
def test_a_place_that_cannot_be_is_refused(words, message):
    with pytest.raises(ValueError, match=message):
        place_of(*words)


def test_words_of_slurm_become_numbers_where_they_are():
    place = place_of("slurm", 3, None, ("timeout_min=60", "slurm_partition=cpu"))
    assert place == Place(
        "slurm", 3, None, {"timeout_min": 60, "slurm_partition": "cpu"}
    )


def test_what_is_not_installed_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ValueError, match=r"pip install 'hitl-sim\[slurm\]'"):
        open_executor(Place("slurm", 1), 1, tmp_path)


def test_compiled_programs_are_kept_where_the_script_imports_jax_itself(tmp_path):
    """A spawned child runs these imports before it is told where to keep them."""
    script = tmp_path / "script.py"
    script.write_text(
        "import jax\n"
        "from hitl_sim.study.executor import LocalExecutor\n"
        "ask = \"__import__('jax').config.jax_compilation_cache_dir\"\n"
        "if __name__ == '__main__':\n"
        "    with LocalExecutor(1) as executor:\n"
        "        print(executor.submit('builtins', 'eval', ask).result())\n"
    )
    out = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.startswith(str(tmp_path / "hitl_sim" / "jax-"))
