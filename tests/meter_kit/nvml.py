"""The fake NVML library: how to compile it, and how to tell it what to be."""

import ctypes
import math
import os
import shutil
import subprocess
from pathlib import Path

import pynvml

SOURCE = Path(__file__).with_name("fake_nvml.c")
LIBRARY = "libnvidia-ml.so.1"


def compile_library(folder):
    """Build the library in a folder and return its path; None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    path = Path(folder) / LIBRARY
    command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror"]
    subprocess.run(
        [*command, str(SOURCE), "-o", str(path), "-lm", "-pthread"], check=True
    )
    return path


class FakeMachine:
    """The file that says what the library shows, and the truth behind it."""

    def __init__(self, path, **settings):
        self.path = Path(path)
        self.settings = settings
        self.boards = []
        os.environ["FAKE_NVML_FILE"] = str(self.path)

    def add(self, **board):
        self.boards.append(board)
        self.write()
        return self

    def write(self, **settings):
        self.settings.update(settings)
        lines = [f"boards {len(self.boards)}"]
        lines += [f"{key} {value}" for key, value in self.settings.items()]
        for index, board in enumerate(self.boards):
            lines += [f"{index}.{key} {value}" for key, value in board.items()]
        fresh = self.path.with_suffix(".new")
        fresh.write_text("\n".join(lines) + "\n")
        fresh.replace(self.path)

    def energy(self, index, start_s, end_s):
        """Return the true energy of a board between two times, J."""
        return self._energy(index, end_s) - self._energy(index, start_s)

    def _energy(self, index, at_s):
        board = self.boards[index]
        idle, load = board.get("idle_w", 50), board.get("load_w", 200)
        period, duty = board.get("load_period", 1), board.get("duty", 1)
        since = min(at_s, board.get("load_to", math.inf)) - board.get("load_from", 0)
        busy = 0.0
        if since > 0:
            whole = since // period
            rest = min(since - whole * period, duty * period)
            busy = whole * duty * period + rest
        return idle * at_s + (load - idle) * busy


def load_into_pynvml(path, monkeypatch):
    """Make NVIDIA's own Python binding use the library at a path."""
    monkeypatch.setattr(pynvml, "nvmlLib", ctypes.CDLL(str(path)))
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    return pynvml
