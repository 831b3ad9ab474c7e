"""What a study takes before and beside its work, in two versions of the code.

    python experiments/benchmarks/set_up.py [OLD] [NEW]

Versions are folders or revisions, by default d1c04c0 and this one. Each runs the frozen
quickstart, an older one its own of the same content, with an empty cache of compiled
programs and then with the cache that this has left.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

FROZEN, OLDER = (
    "experiments/benchmarks/quickstart_frozen.toml",
    "experiments/quickstart.toml",
)
HERE = Path(__file__).resolve().parents[2]
CALL = "from hitl_sim.cli import main; main()"


class Taken(NamedTuple):
    """What a run of the study took, s.

    Attributes:
        set_up: of all workers, to trace, count, lower and compile.
        kernel: of all workers, inside compiled programs.
        whole: from the command to its end, report included.
        first: from the command to the first record on disk.
    """

    set_up: float
    kernel: float
    whole: float
    first: float


def run(tree: Path, cache: Path, out: Path, workers: int) -> Taken:
    """Run the study of a tree with the tree's code."""
    study = tree / FROZEN
    study = study if study.exists() else tree / OLDER
    env = os.environ | {"PYTHONPATH": str(tree), "XDG_CACHE_HOME": str(cache)}
    where = ["--out", str(out), "--workers", str(workers)]
    command = [sys.executable, "-c", CALL, "run", str(study), *where]
    begin = time.time()
    subprocess.run(command, env=env, cwd=tree, check=True, stdout=subprocess.DEVNULL)
    end = time.time()
    records = [file.stat().st_mtime for file in (out / "records").glob("*.parquet")]
    told = [json.loads(file.read_text()) for file in (out / "sidecar").glob("*.json")]
    chunks = [one for one in told if "setup_s" in one]
    return Taken(
        sum(one["setup_s"] for one in chunks),
        sum(one["kernel_s"] for one in chunks),
        end - begin,
        min(records) - begin,
    )


def checkout(version: str, folder: Path) -> Path:
    """Return the folder of a version; a revision is unpacked into one."""
    if Path(version).is_dir():
        return Path(version).resolve()
    command = ["git", "-C", str(HERE), "archive", version]
    packed = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def main() -> None:
    """Print what both versions took, cold and warm, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", nargs="?", default="d1c04c0")
    parser.add_argument("new", nargs="?", default=str(HERE))
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trees = {
            name: checkout(getattr(given, name), Path(folder, f"{name}_tree"))
            for name in ("old", "new")
        }
        for state in ("cold", "warm"):
            found = []
            for name, tree in trees.items():
                home = Path(folder, name)
                found.append(run(tree, home, home / f"out_{state}", given.workers))
                told = ", ".join(
                    f"{k} {v:.1f} s" for k, v in found[-1]._asdict().items()
                )
                print(f"{state}, {name}: {told}", flush=True)
            old, new = (taken._asdict() for taken in found)
            told = ", ".join(f"{k} {new[k] / old[k]:.2f}" for k in old)
            print(f"{state}, new / old: {told}", flush=True)


if __name__ == "__main__":
    main()
