"""The first answers of a simulated project, as an export would hold them."""

import numpy as np

from hitl_sim.workforce import simulate_project
from hitl_sim.workforce.behaviour import SimulatedAnswers
from hitl_sim.workforce.people import draw_roster
from hitl_sim.workforce.progress import Log


class Recorded:
    """Answers that are kept as they are given."""

    def __init__(self, source):
        self.num_classes, self.source, self.given = source.num_classes, source, {}

    def answer(self, item, person):
        found = self.given[person, item] = self.source.answer(item, person)
        return found

    def close(self, item):
        self.source.close(item)


def run_and_log(project, seed):
    """Run a project; return its account and all its answers, the first done first."""
    rng = np.random.default_rng([seed, 77])
    roster = draw_roster(project.people, project.horizon_s, rng, project.start_s)
    source = Recorded(SimulatedAnswers(project.people.behaviour, roster.skill, rng))
    begun, rows = {}, []

    def look(what, time_s, person, item):
        if what == "begin":
            begun[person, item] = time_s
        elif what == "answer":
            rows.append((person, item, begun[person, item], time_s))

    account = simulate_project(project, seed, roster=roster, source=source, look=look)
    person, item, start_s, end_s = map(np.array, zip(*rows, strict=True))
    answer = np.array([source.given[p, i] for p, i, *_ in rows])
    truth = np.zeros(person.size, np.int64)
    return account, Log(person, item, start_s, end_s - start_s, answer, truth)


def first_part(log, share):
    """Keep the first answers, by when they were done."""
    return log.rows(np.arange(round(share * log.person.size)))
