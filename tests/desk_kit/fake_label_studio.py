"""A server on the loopback address that answers as Label Studio does.

It knows the requests that the desk and scripted people send, and answers them as
version 1.23.2 answered: `test_real_server.py` puts the same requests to both.
"""

import datetime
import itertools
import json
import re
import threading
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ADMIN = "admin-token"
REDIRECT = 302
PERSONAL = "header.payload.signature"
"""A personal token: it is changed for one that lasts."""
_BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_DATED = "%Y-%m-%dT%H:%M:%S.%fZ"


class RefusedError(Exception):
    """A refusal, as Label Studio words it."""

    def __init__(self, status, detail, **more):
        super().__init__(detail)
        self.status, self.body = status, {"detail": detail, **more}


class FakeLabelStudio:
    """What the server has, and what it does with it.

    Attributes:
        faults: what befalls the next requests: "before" and "after" cut the connection,
            with the request not done or done; a number is a status; None is no fault.
        requests: method and path of each, in order.
        listed: how many tasks the last request for tasks found.
        uses: times that an access token may still be used; None for always.
    """

    def __init__(self, release="1.23.2"):
        self.release, self.faults, self.requests = release, [], []
        self.listed = 0
        self.tokens = {ADMIN: 1}
        self.access, self.uses = itertools.count(1), None
        self.projects, self.tasks, self.annotations = {}, {}, {}
        self._seconds, self._lock = 0, threading.Lock()
        self._server, self.port = None, 0

    def start(self):
        """Begin to listen; at the same port as before, if it did before."""
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def __getattr__(self, name):
                if name.startswith("do_"):  # whatever the method
                    return lambda: fake.serve(self)
                raise AttributeError(name)

            def date_time_string(self, timestamp=None):
                return format_datetime(fake.date, usegmt=True)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.daemon = True
        thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def add_person(self):
        """Return the token of a new account, and its number."""
        number = len(self.tokens) + 1
        self.tokens[f"token-{number}"] = number
        return f"token-{number}", number

    def serve(self, handler):
        length = int(handler.headers.get("content-length") or 0)
        body = json.loads(handler.rfile.read(length) or b"null")
        address = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        with self._lock:
            self.requests.append(f"{handler.command} {address.path}")
            fault = self.faults.pop(0) if self.faults else None
            if fault == "before":
                handler.close_connection = True
                return
            try:
                if isinstance(fault, int):
                    raise RefusedError(fault, "Not now.")
                person = self._person(handler.headers, address.path)
                status, told = self._answer(
                    handler.command, address.path, query, body, person
                )
            except RefusedError as refusal:
                status, told = refusal.status, refusal.body
        if fault == "after":
            handler.close_connection = True
            return
        data = b"" if told is None else json.dumps(told).encode()
        handler.send_response(status)
        if status == REDIRECT:
            handler.send_header("location", f"{self.url}/api/version/")
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def _person(self, headers, path):
        if path in ("/api/version/", "/api/token/refresh/"):
            return None
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme == "Token" and token in self.tokens:
            return self.tokens[token]
        if scheme == "Bearer" and token.startswith("access-") and self.uses != 0:
            self.uses = None if self.uses is None else self.uses - 1
            return 1
        raise RefusedError(401, "Invalid token.")

    def _answer(self, method, path, query, body, person):
        for name, pattern in _ROUTES:
            found = re.fullmatch(pattern, f"{method} {path}")
            if found:
                values = [int(one) for one in found.groups()]
                return getattr(self, name)(*values, query=query, body=body, me=person)
        raise RefusedError(404, "Not found.")

    def _version(self, **_):
        return 200, {"release": self.release, "edition": "Community"}

    def _whoami(self, *, me, **_):
        return 200, {"id": me, "email": f"{me}@example.org"}

    def _refresh(self, *, body, **_):
        if body.get("refresh") != PERSONAL:
            raise RefusedError(401, "Token is invalid")
        self.uses = None if self.uses is None else 3
        return 200, {"access": f"access-{next(self.access)}"}

    def _list_projects(self, *, query, **_):
        # last made first
        rows = sorted(self.projects.values(), key=lambda one: -one["id"])
        fields = query["include"].split(",")
        rows, more = _cut(rows, query)
        told = [{name: row[name] for name in fields} for row in rows]
        count = len(self.projects)
        return 200, {"count": count, "next": "more" if more else None, "results": told}

    def _make_project(self, *, body, **_):
        number = len(self.projects) + 1
        self.projects[number] = body | {"id": number}
        return 201, self.projects[number]

    def _delete_project(self, number, **_):
        del self.projects[number]
        return 204, None

    def _import(self, number, *, body, **_):
        project = self.projects[number]
        for name in re.findall(
            r'name="[^"]*" value="\$(\w+)"', project["label_config"]
        ):
            for row in body:
                if name not in row["data"]:
                    said = f'"{name}" key is expected in task data'
                    raise RefusedError(
                        400,
                        "Validation error",
                        validation_errors={"non_field_errors": [said]},
                    )
        for row in body:
            task = {
                "id": len(self.tasks) + 1,
                "data": row["data"],
                "meta": row.get("meta") or {},
                "overlap": project["maximum_annotations"],
                "is_labeled": False,
                "project": number,
                "updated_at": self._now(),
            }
            self.tasks[task["id"]] = task
        return 201, {"task_count": len(body), "annotation_count": 0}

    def _list_tasks(self, *, query, **_):
        asked = json.loads(query["query"])
        rows = [t for t in self.tasks.values() if t["project"] == int(query["project"])]
        for one in asked.get("filters", {}).get("items", []):
            place, since = one["filter"].rpartition(":")[2], one["value"]
            assert one["operator"] == "greater"
            datetime.datetime.strptime(since, _DATED)
            rows = [row for row in rows if row[place] > since]
        told = [row | {"annotations": self._of(row), "drafts": []} for row in rows]
        self.listed = total = len(told)
        if not told[_place(query) :] and _place(query):
            raise RefusedError(404, "Invalid page.")
        return 200, {"total": total, "tasks": _cut(told, query)[0]}

    def _patch_task(self, number, *, body, **_):
        self.tasks[number] |= body | {"updated_at": self._now()}
        return 200, self.tasks[number]

    def _next(self, number, *, me, **_):
        free = [
            task
            for task in self.tasks.values()
            if task["project"] == number
            and not task["is_labeled"]
            and me not in {one["completed_by"] for one in self._of(task)}
        ]
        if not free:
            raise RefusedError(404, f"There are no tasks for {me}@example.org")
        # what others have begun comes first
        return 200, max(free, key=lambda task: (len(self._of(task)), -task["id"]))

    def _annotate(self, number, *, body, me, **_):
        made = {
            "id": len(self.annotations) + 1,
            "task": number,
            "completed_by": me,
            "result": body["result"],
            "was_cancelled": body.get("was_cancelled", False),
            "lead_time": body.get("lead_time"),
        }
        self.annotations[made["id"]] = made
        self._touch(number)
        return 201, made

    def _patch_annotation(self, number, *, body, **_):
        self.annotations[number] |= body
        self._touch(self.annotations[number]["task"])
        return 200, self.annotations[number]

    def _delete_annotation(self, number, **_):
        task = self.annotations.pop(number)["task"]
        self.annotations[number] = {"task": None, "id": number}
        self._touch(task)
        return 204, None

    def _draft(self, number, *, body, **_):
        return 201, {"id": 1, "task": number, "result": body["result"]}

    def _of(self, task):
        every = self.annotations.values()
        return [one for one in every if one["task"] == task["id"]]

    def _touch(self, number):
        task = self.tasks[number]
        queue = self.projects[task["project"]].get("skip_queue", "REQUEUE_FOR_OTHERS")
        people = {
            one["completed_by"]
            for one in self._of(task)
            if queue == "IGNORE_SKIPPED" or not one["was_cancelled"]
        }
        task["is_labeled"] = len(people) >= task["overlap"]
        task["updated_at"] = self._now()

    def pass_by(self, seconds):
        """Let time go by on the server; each change takes a second anyhow."""
        self._seconds += seconds

    @property
    def date(self):
        return _BEGIN + datetime.timedelta(seconds=self._seconds)

    def _now(self):
        self._seconds += 1
        return self.date.strftime(_DATED)


def _place(query):
    return (int(query["page"]) - 1) * int(query["page_size"])


def _cut(rows, query):
    """Return one page of rows, and whether there are more."""
    end = _place(query) + int(query["page_size"])
    return rows[_place(query) : end], end < len(rows)


_ROUTES = (
    ("_version", r"GET /api/version/"),
    ("_whoami", r"GET /api/current-user/whoami"),
    ("_refresh", r"POST /api/token/refresh/"),
    ("_list_projects", r"GET /api/projects/"),
    ("_make_project", r"POST /api/projects/"),
    ("_delete_project", r"DELETE /api/projects/(\d+)/"),
    ("_import", r"POST /api/projects/(\d+)/import"),
    ("_next", r"GET /api/projects/(\d+)/next/"),
    ("_list_tasks", r"GET /api/tasks"),
    ("_patch_task", r"PATCH /api/tasks/(\d+)/"),
    ("_annotate", r"POST /api/tasks/(\d+)/annotations/"),
    ("_draft", r"POST /api/tasks/(\d+)/drafts"),
    ("_patch_annotation", r"PATCH /api/annotations/(\d+)/"),
    ("_delete_annotation", r"DELETE /api/annotations/(\d+)/"),
)
