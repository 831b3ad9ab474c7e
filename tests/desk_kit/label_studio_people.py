"""People with accounts on a Label Studio server, who do what a script says."""

import json
import re
import threading
import time
import urllib.error
import urllib.request

from hitl_sim.session.desk.label_studio.labelling import NONE_OF_THEM
from hitl_sim.session.desk.page.shown import LEVELS, item_name

_MARK = re.compile(r"\[hitl_sim/[^/]*/(\w+)/\w+\]")


class Account:
    """Somebody with an account, and what their browser sends."""

    def __init__(self, url, token, number):
        self.url, self.token, self.number = url, token, number

    def send(self, method, path, body=None, scheme="Token"):
        """Return status and body of a response."""
        asked = urllib.request.Request(
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {
                "authorization": f"{scheme} {self.token}",
                "content-type": "application/json",
            },
            method=method,
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as response:
                data, status = response.read(), response.status
        except urllib.error.HTTPError as error:
            data, status = error.read(), error.code
        return status, json.loads(data) if data else None

    def projects(self):
        """Return kind of questions by number of project, last made first."""
        path = "/api/projects/?page=1&page_size=100&include=id,description"
        rows = self.send("GET", path)[1]["results"]
        marks = {row["id"]: _MARK.search(row["description"] or "") for row in rows}
        return {number: mark[1] for number, mark in marks.items() if mark}

    def next(self, project):
        """Return the task that the server gives; None where it has none."""
        status, task = self.send("GET", f"/api/projects/{project}/next/")
        return task if status == 200 else None

    def draft(self, task, result, seconds):
        told = {"result": result, "lead_time": seconds}
        assert self.send("POST", f"/api/tasks/{task}/drafts", told)[0] == 201

    def hand_in(self, task, result, seconds=2.0, **more):
        told = {"result": result, "lead_time": seconds, **more}
        status, made = self.send("POST", f"/api/tasks/{task}/annotations/", told)
        assert status == 201, made
        return made["id"]


def result_of(kind, options, said, sure=None):
    """Return what Label Studio's page hands in for an answer."""
    own = {"from_name": "answer", "origin": "manual"}
    if kind == "importance":
        order = [options[place] for place in said]
        value, tag = {"ranker": {"answer": order}}, "ranker"
    else:
        words = LEVELS.get(kind, options)
        if kind == "marks":
            chosen = [
                one for one, is_marked in zip(words, said, strict=True) if is_marked
            ]
            value = {"choices": chosen or [NONE_OF_THEM]}
        else:
            value = {"choices": [words[said]]}
        tag = "choices"
    to = "groups" if kind == "importance" else "part0"
    found = [{"type": tag, "to_name": to, "value": value, **own}]
    if sure is not None:
        number = {"type": "number", "to_name": to, "value": {"number": sure}}
        found.append(number | own | {"from_name": "confidence"})
    return found


def scripts(arm):
    """Return what each person of a run says, by person, kind and item, in order."""
    told = {}
    for one in arm.people.rounds:
        for answer in one.answers:
            question = one.questions[answer.question]
            place = answer.person, question.kind, item_name(question)
            told.setdefault(place, []).append((question.options, answer))
    return told


class Play(threading.Thread):
    """People who come in turn, and say in Label Studio what they said in process."""

    def __init__(self, accounts, told, pause_s=0.01):
        super().__init__(daemon=True)
        self.accounts, self.told, self.pause_s = accounts, told, pause_s
        self.is_over = threading.Event()
        self.error = None

    def run(self):
        try:
            while not self.is_over.is_set():
                turns = [self.turn(name) for name in self.accounts]
                if not any(turns):
                    time.sleep(self.pause_s)
        except Exception as error:
            self.error = repr(error)

    def turn(self, name):
        """Let somebody answer one task; say whether there was one."""
        account = self.accounts[name]
        for project, kind in account.projects().items():
            task = account.next(project)
            if task is not None:
                self.answer(account, name, kind, task)
                return True
        return False

    def answer(self, account, name, kind, task):
        own = self.told[name, kind, task["data"]["item"]]
        options, answer = own.pop(0)
        # what lies there half done is no answer
        begun = result_of(kind, options, *_first(kind, options))
        account.draft(task["id"], begun, 0.5)
        if answer.said is None:
            account.hand_in(task["id"], begun, answer.seconds, was_cancelled=True)
            return
        result = result_of(kind, options, answer.said, answer.confidence)
        account.hand_in(task["id"], result, answer.seconds)


def _first(kind, options):
    """Return an answer that anybody could begin with."""
    if kind == "importance":
        return (tuple(range(len(options))),)
    return ((1,) * len(options),) if kind == "marks" else (0,)
