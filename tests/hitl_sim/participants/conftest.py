"""A crowd of known traits that has answered, and what is fitted to it."""

import sys
from pathlib import Path

import pytest

from hitl_sim.participants.fit import fit_record

sys.path.insert(0, str(Path(__file__).parent))

from known_crowd import answer_design, make_design


@pytest.fixture(scope="session")
def crowd():
    """The answers of a crowd of known traits: record, skills, paces."""
    return answer_design(make_design())


@pytest.fixture(scope="session")
def fitted(crowd):
    """The fit to that crowd's answers."""
    return fit_record(crowd[0], "label", ("no", "yes"))
