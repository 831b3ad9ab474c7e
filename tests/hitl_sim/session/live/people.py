"""People who answer at a page's desk, played straight at its file: `people.py FOLDER`.

What each says follows from the question and who they are alone.
"""

import json
import sys
import time
import zlib
from pathlib import Path

from hitl_sim.session.desk.page import dealing, participant
from hitl_sim.session.desk.page.settings import Settings
from hitl_sim.session.desk.page.store import FILE, Store

SETTINGS = Settings()


class Players:
    """Some people at a desk.

    Their script says what each of them says to each question; none of it is random.
    """

    def __init__(self, folder, number=3, script=None):
        self.store, self.script = Store(folder), script or said
        with self.store.reading() as db:
            (there,) = db.execute("SELECT count(*) FROM person").fetchone()
        if there < number:
            participant.invite(self.store, number - there)
        self.people = [participant.Person(n + 1, "yes") for n in range(number)]

    def answer(self):
        """Let everybody answer one question; return how many did."""
        return sum(self.answer_one(person) for person in self.people)

    def answer_one(self, person):
        shown = dealing.next_question(self.store, SETTINGS, person)
        if shown is None:
            return False
        with self.store.reading() as db:
            (item,) = db.execute(
                "SELECT item FROM assignment WHERE id = ?", (shown["assignment"],)
            ).fetchone()
        told = dealing.Told(self.script(shown, item, person.name), 1.5, 2.0, 0.25)
        return dealing.answer(self.store, person, shown["assignment"], told)


def said(shown, item, person):
    """Answer by a hash of item and person."""
    lot = zlib.crc32(json.dumps([shown["kind"], item, person]).encode())
    number = len(shown["options"])
    if shown["kind"] == "importance":
        order = sorted(range(number), key=lambda k: zlib.crc32(f"{lot} {k}".encode()))
        return tuple(order)
    if shown["kind"] == "marks":
        return tuple((lot >> k) % 2 for k in range(number))
    return lot % number


def play(folder, until=lambda: False, number=3, script=None):
    """Answer whatever is asked, from when the desk is there."""
    while not (folder / FILE).exists():
        if until():
            return
        time.sleep(0.05)
    players = Players(folder, number, script)
    while not until():
        if not players.answer():
            time.sleep(0.02)
    players.store.close()


if __name__ == "__main__":
    play(Path(sys.argv[1]))
