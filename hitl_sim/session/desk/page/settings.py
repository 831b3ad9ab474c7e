"""What a desk says to its participants and allows them: the folder's `desk.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import msgspec
from msgspec import Meta

from hitl_sim import read_table as reading
from hitl_sim.output import write_text
from hitl_sim.session.error import SessionError

FILE = "desk.toml"
ASK: Mapping[str, str] = MappingProxyType(
    {
        "label": "Which class does this belong to?",
        "verification": "Is the proposed answer right?",
        "relevance": "Should this be kept as an example to learn from?",
        "importance": "Which of these matters most? Choose them from most to least.",
        "marks": "Which of these matter here? Choose all that do.",
        "preference": "Which of the two is better?",
        "difficulty": "How hard is this to judge?",
    }
)
"""How each kind of question is put where `[ask]` does not say it."""
CONSENT = """You are asked to answer questions for a research study. Your answers, the
time that each takes you and how long you look away meanwhile are kept under a number,
and not under your name. Taking part is voluntary. You may stop at any time by closing
this page, and you may withdraw at any time by the button at its foot: your answers,
their times and your link are then deleted."""
_TEMPLATE = """# What participants see. Change it before anybody is asked.
title = "Questions"
instructions = ""
consent = \"\"\"
{consent}\"\"\"
contact = ""              # whom participants may write to
code = ""                 # completion code; empty: a code of each participant's own
least_answers = 1         # answers after which the code is shown when nothing is to do
most_answers = 0          # answers after which a participant is done; 0: no limit
idle_s = 60.0             # without a key, a touch or a movement time counts no further
lease_s = 600.0           # without a sign of life a question goes to somebody else
ask_confidence = false    # ask how sure people are
open_link = false         # one link for all (Prolific, MTurk) beside the personal ones
most_people = 500         # people whom the open link admits
language = "en"           # of the texts above, for screen readers

[ask]                     # how a kind of question is put
# label = "Which class does this belong to?"
"""

_Text = Annotated[str, Meta(max_length=20_000)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a desk says and allows.

    Attributes:
        title: heading of the page.
        instructions: shown above each question.
        consent: what participants agree to before anything is asked.
        contact: whom they may write to.
        code: completion code; where empty everybody has a code of their own.
        least_answers: answers after which the code is shown when nothing is to do.
        most_answers: answers after which a participant is done; 0 for no limit.
        idle_s: time without key, touch or movement after which time stands still, s.
        lease_s: time without a sign of life after which a question goes to another, s.
        ask_confidence: whether people are asked how sure they are.
        open_link: whether one link admits whoever has it.
        most_people: people whom it admits.
        language: of the texts, as HTML names it.
        ask: how each kind of question is put.
    """

    title: Annotated[str, Meta(min_length=1, max_length=200)] = "Questions"
    instructions: _Text = ""
    consent: Annotated[str, Meta(min_length=1, max_length=20_000)] = CONSENT
    contact: Annotated[str, Meta(max_length=200)] = ""
    code: Annotated[str, Meta(max_length=100)] = ""
    least_answers: Annotated[int, Meta(ge=0)] = 1
    most_answers: Annotated[int, Meta(ge=0)] = 0
    idle_s: Annotated[float, Meta(gt=0.0, le=3600.0)] = 60.0
    lease_s: Annotated[float, Meta(ge=10.0, le=86_400.0)] = 600.0
    ask_confidence: bool = False
    open_link: bool = False
    most_people: Annotated[int, Meta(ge=1)] = 500
    language: Annotated[str, Meta(pattern=r"^[A-Za-z-]{2,20}$")] = "en"
    ask: dict[str, str] = {}

    def put(self, kind: str) -> str:
        """Say how a kind of question is put."""
        return self.ask.get(kind) or ASK[kind]


def read_settings(folder: Path) -> Settings:
    """Read a folder's settings; those left out are as they are by default.

    Raises:
        SessionError: a field that does not fit, its value, and what is allowed.
    """
    path = folder / FILE
    if not path.exists():
        return Settings()
    try:
        table = reading.read_toml(path, "Settings of a desk")
        settings = reading.read_table(table, Settings, whole="a desk's settings")
    except reading.TableError as error:
        raise SessionError(f"{FILE}: {error}") from error
    for kind in settings.ask:
        if kind not in ASK:
            known = ", ".join(map(repr, ASK))
            raise SessionError(f"{FILE}: `ask` must name {known}, got {kind!r}.")
    return settings


def write_template(folder: Path) -> None:
    """Write the default settings to be changed, where there are none yet."""
    path = folder / FILE
    if not path.exists():
        write_text(path, _TEMPLATE.format(consent=CONSENT))
