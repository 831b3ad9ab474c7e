"""The modules of an experiment import each other by name, as when it is run."""

import sys
from pathlib import Path

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
KNOWN_CROWD = Path(__file__).parents[1] / "hitl_sim" / "participants"
sys.path[:0] = [str(EXPERIMENTS / "people"), str(EXPERIMENTS), str(KNOWN_CROWD)]
