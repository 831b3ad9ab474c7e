"""The modules of an experiment import each other by name, as when it is run."""

import sys
from pathlib import Path

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
sys.path[:0] = [str(EXPERIMENTS / "people"), str(EXPERIMENTS)]
