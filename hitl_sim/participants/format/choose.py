"""Choose the one question of a file that is imported; two questions are never one."""

from collections.abc import Iterable, Sequence

from hitl_sim.participants.format.reading import Question, Reading

_SHOWN = 8


def choose_question(
    reading: Reading, asked: str | None, kind: str | None = None
) -> Question:
    """Choose a question.

    Args:
        reading: the file.
        asked: name of the question, as `--question` gave it.
        kind: of the answers that are wanted, where that leaves one question.

    Raises:
        ValueError: there is no such question, its type is not supported, or there are
            several and none was named; lists them.
    """
    origin, found = reading.place.origin, reading.questions
    if asked is not None:
        if asked not in found:
            raise ValueError(
                f"`--question` must be one of {_listed(found.values())}, got {asked!r}."
            )
        return _supported(found[asked], reading)
    if not found:
        raise ValueError(
            f"{origin}: must hold answers, got {len(reading.submissions)} submissions "
            "without any."
        )
    able = [question for question in found.values() if question.kind is not None]
    if kind is not None and sum(question.kind == kind for question in able) == 1:
        return next(question for question in able if question.kind == kind)
    if len(able) > 1:
        raise ValueError(
            f"{origin}: must hold one {reading.word}, got {len(found)}: "
            f"{_listed(found.values())}. Import one of them: --question "
            f"{_quoted(able[0].name)}."
        )
    unable = [question for question in found.values() if question.kind is None]
    if unable:
        rest = (
            f" Import the other alone: --question {_quoted(able[0].name)}."
            if able
            else ""
        )
        raise ValueError(f"{origin}: {_refusal(unable, reading)}{rest}")
    return able[0]


def _supported(question: Question, reading: Reading) -> Question:
    if question.kind is None:
        raise ValueError(f"{reading.place.origin}: {_refusal([question], reading)}")
    return question


def _refusal(unable: Sequence[Question], reading: Reading) -> str:
    said = ", ".join(
        f"{reading.word} {q.name!r} has type {q.type}" for q in unable[:_SHOWN]
    )
    return (
        f"{said}, which is not supported; supported are {', '.join(reading.supported)}."
    )


def _listed(questions: Iterable[Question]) -> str:
    listed = [f"{q.name!r} ({q.type})" for q in questions]
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'
