"""A fake powercap tree: counters in files, driven by a clock that is asked for."""

import contextlib
import threading
import time
from pathlib import Path

RANGE_UJ = 262_143_328_850
SECOND = 1_000_000_000


class Tree:
    """A powercap tree whose counters follow constant watts.

    Args:
        root: folder to make it in.
        zones: name and watts by folder; `nested` folders are made inside their parents.
        begin_uj: where counters begin, by folder.
        is_nested: whether sub-zones lie inside their parents, as in the kernel.
    """

    def __init__(self, root, zones, begin_uj=None, is_nested=False):
        self.root = Path(root)
        self.zones = zones
        self.is_nested = is_nested
        self.begin_uj = begin_uj or {}
        self.now_ns = 0
        self.counters = {}
        for folder, (name, _) in zones.items():
            path = self.folder(folder)
            path.mkdir(parents=True)
            (path / "name").write_text(f"{name}\n")
            (path / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
            self.set(folder, self.begin_uj.get(folder, 0))

    def folder(self, name):
        if not self.is_nested:
            return self.root / name
        control, _, rest = name.partition(":")
        path, parts = self.root / control, rest.split(":")
        for depth in range(1, len(parts) + 1):
            path = path / f"{control}:{':'.join(parts[:depth])}"
        return path

    def set(self, folder, microjoules):
        self.counters[folder] = microjoules
        path = self.folder(folder) / "energy_uj"
        if path.parent.exists() and (path.exists() or self.now_ns == 0):
            path.write_text(f"{microjoules % RANGE_UJ:.0f}\n")

    def add(self, seconds):
        for folder, (_, watts) in self.zones.items():
            self.set(folder, self.counters[folder] + watts * seconds * 1e6)

    def clock(self):
        return self.now_ns

    def sleep(self, seconds):
        self.now_ns += int(seconds * SECOND)
        self.add(seconds)


class LiveTree(Tree):
    """A tree that a thread keeps up with the monotonic clock."""

    def __init__(self, root, zones, begin_uj=None, is_nested=True):
        super().__init__(root, zones, begin_uj, is_nested)
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def set(self, folder, microjoules):
        """Replace the file at once, so that no reader finds it empty.

        A file that was made to fail stays as it is.
        """
        self.counters[folder] = microjoules
        path = self.folder(folder) / "energy_uj"
        fresh = path.with_name("energy_uj.new")
        with contextlib.suppress(OSError):
            fresh.write_text(f"{microjoules % RANGE_UJ:.0f}\n")
            fresh.replace(path)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()

    def _work(self):
        last = time.monotonic()
        while not self.is_over.wait(0.002):
            now = time.monotonic()
            self.add(now - last)
            last = now
