"""The command line: a file per family of commands, each one call that Python has too.

A command parses its options, makes the call and shows what it returns. It loads what it
needs itself, so that `--help` answers at once.
"""

from hitl_sim.cli import studies as studies  # isort: skip
from hitl_sim.cli import people as people  # isort: skip
from hitl_sim.cli import energy as energy  # isort: skip
from hitl_sim.cli import workload as workload  # isort: skip
from hitl_sim.cli import live as live  # isort: skip
from hitl_sim.cli import tools as tools  # isort: skip
from hitl_sim.cli.app import app as app


def main() -> None:
    """Enter from the console script."""
    app()
