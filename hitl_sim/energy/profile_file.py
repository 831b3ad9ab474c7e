"""Read device profiles: the shipped ones by name, a user's own from a file.

A user's file is TOML (or JSON of the same shape) and holds one device. Each constant is
a table of value, low, high (95 %), kind and source:

    name = "my-laptop"
    description = "12-core laptop on mains power"
    scope = "package"

    [idle_w]
    value = 4.0
    low = 3.5
    high = 4.5
    kind = "measured_counter"
    source = "package counter over 60 s, 2026-03"

and so on for `launch_w`, `active_w`, `launch_s`, `bandwidth_b_per_s`,
`compute_efficiency_frac`, `bandwidth_efficiency_frac` and, by data type,
`[peak_flop_per_s.float32]`; `[peak_flop_per_s."float32 default"]` where products of
default precision have a rate of their own (see `precision`). Costs that were measured
for a unit of work are tables named after it; they replace the analytic rule for that
unit:

    [unit."train mlp-64 batch 32".joules]
    value = 1.1e-4
    low = 1.0e-4
    high = 1.2e-4
    kind = "measured_counter"
    source = "10,000 steps under the package counter, 2026-03"

    [unit."train mlp-64 batch 32".seconds]
    ...

`joules` may be left out where no meter could be read; they are then modelled from the
seconds and the watts. `[embodied.kgco2e]` and `[embodied.life_h]` say what making the
device emitted and over how many hours that is spread; without them the ledger's line of
manufacture is unavailable. `[unit."...".saturated.seconds]` and `.saturated.joules`
hold a unit's costs for a device filled with copies of it. `hitl-sim profile` writes
such files.
"""

import functools
import importlib.resources
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hitl_sim.energy.profile import Constant, DeviceProfile, MeasuredCost

_FREE_TABLES = {"peak_flop_per_s": Constant, "unit": MeasuredCost}
_READERS = {".toml": tomllib.loads, ".json": json.loads}


def load_profile(name_or_path: str) -> DeviceProfile:
    """Return a shipped profile by name, or read one from a file.

    Args:
        name_or_path: a name from `profile_names()`, or the path of a `.toml` or `.json`
            file of the form that this module describes.

    Raises:
        ValueError: there is no such name or file, or the file is not a profile; the
            message names the path, the field, its value and what is allowed.
    """
    shipped = _shipped()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    read = _READERS.get(path.suffix.lower())
    if read is None:
        names = ", ".join(f"'{name}'" for name in shipped)
        raise ValueError(
            f"`device` must be one of {names}, or the path of a .toml or .json file,"
            f" got '{name_or_path}'."
        )
    try:
        data = read(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(
            f"`device` must be a file that can be read, got '{path}': {error.strerror}."
        ) from error
    except ValueError as error:
        raise ValueError(
            f"`device` must be a valid {path.suffix} file, got '{path}': {error}."
        ) from error
    return _convert(data, str(path))


def save_profile(profile: DeviceProfile, comment: str = "") -> str:
    """Return a profile as the text of a TOML file that `load_profile` reads back.

    Lines of a comment stand on top.
    """
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    data: dict[str, Any] = msgspec.to_builtins(profile)
    return "\n".join([*lines, *_tables("", data)]).lstrip("\n") + "\n"


def _tables(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """Write a table: its values first, then the tables inside it."""
    values = {
        key: value
        for key, value in table.items()
        if value is not None and not isinstance(value, Mapping)
    }
    if values:
        yield from ("", f"[{name}]") if name else ()
        yield from (f"{_key(key)} = {_value(value)}" for key, value in values.items())
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _tables(f"{name}.{_key(key)}" if name else _key(key), value)


def _key(key: str) -> str:
    return key if key.replace("_", "").isalnum() and key.isascii() else _value(key)


def _value(value: object) -> str:
    """Write a text or a number; JSON's forms are TOML's too, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def profile_names() -> tuple[str, ...]:
    """Return the names of the shipped profiles."""
    return tuple(_shipped())


@functools.cache
def _shipped() -> Mapping[str, DeviceProfile]:
    folder = importlib.resources.files("hitl_sim.energy") / "data"
    files = [file for file in folder.iterdir() if file.name.startswith("devices")]
    profiles = [
        _convert(device, file.name)
        for file in sorted(files, key=lambda file: file.name)
        for device in tomllib.loads(file.read_text(encoding="utf-8"))["device"]
    ]
    return {profile.name: profile for profile in profiles}


def _convert(data: Any, path: str) -> DeviceProfile:
    """Check the fields of a file's content, naming file and field in errors."""
    try:
        return msgspec.convert(data, DeviceProfile)
    except msgspec.ValidationError as error:
        field, problem = _locate(data, str(error))
        value = _lookup(data, field)
        found = "" if isinstance(value, Mapping) else f", got {value!r}"
        raise ValueError(
            f"`{field or 'device'}` in '{path}' must be valid{found}: {problem}."
        ) from error


def _locate(data: Any, message: str) -> tuple[str, str]:
    """Split a message into the dotted field that it means and the problem.

    The checker does not name the keys of tables whose keys are free, so the entries
    of such a table are checked one by one.
    """
    problem, _, where = message.partition(" - at ")
    field = where.strip("`").removeprefix("$").removeprefix(".")
    table, is_free, _ = field.partition("[...]")
    if is_free:
        for key, entry in data[table].items():
            try:
                msgspec.convert(entry, _FREE_TABLES[table])
            except msgspec.ValidationError as error:
                inner, problem = _locate(entry, str(error))
                return ".".join(filter(None, (table, key, inner))), problem
    return field, problem


def _lookup(data: Any, field: str) -> Any:
    """Return the value at a dotted path, as far down as the path can be followed."""
    for name in field.split("."):
        if not isinstance(data, Mapping) or name not in data:
            break
        data = data[name]
    return data
