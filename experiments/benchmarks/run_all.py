"""Run every benchmark of this folder, each in a process of its own."""

import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run the benchmarks in the order of their names."""
    here = Path(__file__)
    for path in sorted(here.parent.glob("*.py")):
        if path != here:
            print(f"== {path.stem}", flush=True)
            subprocess.run([sys.executable, str(path)], check=True)


if __name__ == "__main__":
    main()
