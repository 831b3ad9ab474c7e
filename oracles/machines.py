"""Machines that answer as annotators do: named ones, and those of a file.

```toml
[judge]
summary = "Our own model, prompted with the guidelines."
evidence = "calibrated"                   # or "assumed"
source = "300 items of our pilot"
confusion = [[0.9, 0.1], [0.25, 0.75]]    # or accuracy = 0.8: errors then fall evenly
classes = ["ham", "spam"]                 # optional: what the rows of it are
shared_error = 0.6
repeatability = 1.0
confidence = 0.8                          # left out where it gives none
```
Reading such tables needs no jax.
"""

import functools
import hashlib
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from oracles.populations import split_name

CHANCE = "chance"
"""Accuracy of a machine that knows nothing, whatever the number of classes."""
EVIDENCE = ("calibrated", "assumed")
NUMBERS = ("accuracy", "shared_error", "repeatability", "confidence")
"""Fields of a machine that are one number each, which a study may set anew."""
_ROUNDING = 1e-3


@dataclass(frozen=True)
class MachineSource:
    """A machine as it is described, or was fitted.

    Attributes:
        name: what it is called.
        summary: the machine in a sentence.
        evidence: "calibrated" on recorded answers, or "assumed".
        source: where its numbers come from.
        shared_error: correlation of the noise of two copies, or of two machines that
            both share it, on one item.
        repeatability: correlation of the noise of one copy that is asked twice: 1 says
            the same each time. At least `shared_error`.
        accuracy: share of its answers that are right, in every class; "chance" for 1/K.
            None where `confusion` says so.
        confusion: shares of its answers by the right class, a row each; rows sum to 1.
        classes: what these rows are; None where nobody says.
        confidence: probability that it is more confident of a right answer than of a
            wrong one (area under the ROC curve); None where it gives no confidence.
        intervals: 95 % interval by field, where it was fitted.
    """

    name: str
    summary: str
    evidence: str
    source: str
    shared_error: float
    repeatability: float
    accuracy: float | str | None = None
    confusion: tuple[tuple[float, ...], ...] | None = None
    classes: tuple[str, ...] | None = None
    confidence: float | None = None
    intervals: Mapping[str, tuple[float, float]] | None = None

    def with_numbers(self, **given: float | None) -> "MachineSource":
        """Return the machine with some of `NUMBERS` set anew; None keeps its own.

        Raises:
            ValueError: a number that it cannot have.
        """
        set_anew: dict[str, Any] = {n: v for n, v in given.items() if v is not None}
        if "accuracy" in set_anew and self.confusion is not None:
            raise ValueError(
                f"`accuracy` must be left out for {self.name!r}, whose `confusion` "
                f"says how often it is right, got {set_anew['accuracy']}."
            )
        found = replace(self, **set_anew)
        _check(found)
        return found

    def is_of(self, names: Sequence[str]) -> bool:
        """Whether its rows are of classes of these names, in whatever order."""
        return self.classes is not None and sorted(self.classes) == sorted(names)

    def content_hash(self) -> str:
        """Hash what decides its answers; name, words and evidence say nothing."""
        held = asdict(self)
        for name in ("name", "summary", "evidence", "source", "intervals"):
            del held[name]
        text = json.dumps(held, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def rows(self, num_classes: int, names: Sequence[str] = ()) -> list[list[float]]:
        """Return its confusion for a task of K classes, `[K, K]`.

        Where the classes have the task's names, rows and columns take its order; else
        they stand as they are.

        Raises:
            ValueError: it is of another number of classes.
        """
        if self.confusion is not None:
            if len(self.confusion) != num_classes:
                raise ValueError(
                    f"`confusion` of machine {self.name!r} must be of the task's "
                    f"{num_classes} classes, got {len(self.confusion)}."
                )
            order = list(range(num_classes))
            if self.is_of(names):
                place = {name: at for at, name in enumerate(self.classes or ())}
                order = [place[name] for name in names]
            return [[self.confusion[t][k] for k in order] for t in order]
        right = 1.0 / num_classes if self.accuracy == CHANCE else float(self.accuracy)  # type: ignore[arg-type]
        wrong = (1.0 - right) / (num_classes - 1)
        every = range(num_classes)
        return [[right if k == t else wrong for k in every] for t in every]


def describe_machine(name: str) -> MachineSource:
    """Look a machine up.

    Args:
        name: one of `MACHINES`, the path of a .toml file of one machine, or such a
            path, a colon and the name of one of its machines.

    Raises:
        ValueError: there is none, or its file is not as it should be.
    """
    path, own = split_name(name)
    if path is None:
        if name not in MACHINES:
            raise ValueError(
                f"`machine` must be one of {', '.join(map(repr, MACHINES))}, or a "
                f".toml file, got {name!r}."
            )
        return MACHINES[name]
    stat = _stamp(Path(path))
    found = _read_file(path, stat)
    if own is None and len(found) == 1:
        return next(iter(found.values()))
    if own is None or own not in found:
        raise ValueError(
            f"{path}: one of its machines ({', '.join(found)}) must be named, got "
            f"{name!r}."
        )
    return found[own]


def parse_machines(text: str, origin: str) -> dict[str, MachineSource]:
    """Read machines from TOML, each a table.

    Raises:
        ValueError: it is no TOML, or a field is missing, unknown or out of range; the
            message names file, machine and field.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{origin}: must be TOML, but {error}.") from error
    if not tables:
        raise ValueError(f"{origin}: must hold at least one machine, got none.")
    found = {}
    for name, table in tables.items():
        if not isinstance(table, Mapping):
            raise ValueError(f"{origin}: `{name}` must be a table, got {table!r}.")
        try:
            found[name] = _machine_of(name, table)
        except ValueError as error:
            raise ValueError(f"{origin}: [{name}] {error}") from error
    return found


_FIELDS = tuple(n for n in MachineSource.__dataclass_fields__ if n != "name")
_NEEDED = ("summary", "evidence", "source", "shared_error", "repeatability")


def _machine_of(name: str, table: Mapping[str, Any]) -> MachineSource:
    for field in table:
        if field not in _FIELDS:
            raise ValueError(
                f"`{field}` must be one of {', '.join(_FIELDS)}, got an unknown field."
            )
    for field in _NEEDED:
        if field not in table:
            raise ValueError(f"`{field}` must be given, got none.")
    fields = dict(table)
    confusion = fields.get("confusion")
    if confusion is not None:
        fields["confusion"] = _confusion(confusion)
    if "classes" in fields:
        fields["classes"] = tuple(map(str, fields["classes"]))
    if "intervals" in fields:
        fields["intervals"] = {
            n: tuple(ends) for n, ends in fields["intervals"].items()
        }
    source = MachineSource(name, **fields)
    _check(source)
    return source


def _confusion(rows: Any) -> tuple[tuple[float, ...], ...]:
    is_square = (
        isinstance(rows, list)
        and len(rows) >= 2
        and all(isinstance(row, list) and len(row) == len(rows) for row in rows)
    )
    if not is_square:
        raise ValueError(
            "`confusion` must be a row of K shares for each of K >= 2 classes, got "
            f"{rows!r}."
        )
    found = []
    for place, row in enumerate(rows):
        is_shares = all(_is_number(v) and 0.0 <= v <= 1.0 for v in row)
        if not is_shares or abs(sum(row) - 1.0) > _ROUNDING:
            raise ValueError(
                f"`confusion[{place}]` must hold shares that sum to 1, got {row!r}."
            )
        found.append(tuple(float(v) / sum(row) for v in row))
    return tuple(found)


def _is_number(value: Any) -> bool:
    is_plain = isinstance(value, int | float) and not isinstance(value, bool)
    return is_plain and math.isfinite(value)


def _check(machine: MachineSource) -> None:
    """Refuse numbers that no machine can have.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    if (machine.accuracy is None) == (machine.confusion is None):
        raise ValueError(
            "`accuracy` or `confusion` must be given, and not both, got "
            f"{machine.accuracy!r} and {machine.confusion!r}."
        )
    if machine.evidence not in EVIDENCE:
        allowed = " or ".join(map(repr, EVIDENCE))
        raise ValueError(f"`evidence` must be {allowed}, got {machine.evidence!r}.")
    for name in NUMBERS:
        value = getattr(machine, name)
        if value is None or (name, value) == ("accuracy", CHANCE):
            continue
        low = 0.5 if name == "confidence" else 0.0
        if not _is_number(value) or not low <= value <= 1.0:
            raise ValueError(f"`{name}` must be in [{low:g}, 1], got {value!r}.")
    if machine.shared_error > machine.repeatability:
        raise ValueError(
            "`shared_error` must be <= `repeatability` "
            f"({machine.repeatability:g}), for what all copies say alike one copy "
            f"repeats, got {machine.shared_error:g}."
        )
    rows = len(machine.confusion or ())
    if machine.classes is not None and rows not in (0, len(machine.classes)):
        raise ValueError(
            f"`classes` must name the rows of `confusion` ({rows}), got "
            f"{len(machine.classes)}."
        )


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError as error:
        raise ValueError(
            f"Machine file must be readable, got {str(path)!r}: {error.strerror}."
        ) from error
    return stat.st_mtime_ns, stat.st_size


@functools.lru_cache(maxsize=64)
def _read_file(path: str, stamp: tuple[int, int]) -> Mapping[str, MachineSource]:
    del stamp  # a file that was written anew is another
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"Machine file must be readable, got {path!r}: {error}."
        ) from error
    return parse_machines(text, path)


def _load() -> Mapping[str, MachineSource]:
    text = resources.files("oracles").joinpath("data/machines.toml").read_text()
    return parse_machines(text, "machines.toml")


MACHINES = _load()
"""Machines that ship, by name."""
