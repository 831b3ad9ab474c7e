"""Where the code of a foreign part stands: it is found, loaded, and told apart.

A *source* is written `"FILE.py:NAME"`, a file of the user's, or `"module:NAME"`, a
module that is installed. A file is run under a private name, from the very bytes that
are hashed. Modules beside it are imported as a script would import them, but under
private names too: `sys.path` stays as it is, and files of one name in two folders do
not meet.

Only the standard library is imported here.
"""

import ast
import builtins
import hashlib
import importlib.util
import inspect
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module, metadata
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any, cast

from oracles.part import Part, PartError

ENTRY_POINTS = "hitl_sim.parts"
"""Group of the entry points by which installed packages offer parts."""

_OWN = ("hitl_sim", "oracles")
"""Packages whose parts are built-in."""
_PRIVATE = "_hitl_sim_part_"

SLOW_S = 10.0
"""Time after which it is said that a part's code still runs, s."""


@dataclass(frozen=True)
class Source:
    """Where a part stands.

    Attributes:
        module: path of a file, or name of an installed module.
        name: of the part there, dotted where it stands in a class.
        is_file: which of both.
    """

    module: str
    name: str
    is_file: bool

    @classmethod
    def of(cls, text: str) -> "Source":
        """Read a source as it is written.

        Raises:
            PartError: it is neither "FILE.py:NAME" nor "module:NAME".
        """
        module, _, name = text.rpartition(":")
        is_file = module.endswith(".py")
        is_module = all(part.isidentifier() for part in module.split("."))
        is_named = all(part.isidentifier() for part in name.split("."))
        if not is_named or not (is_file or is_module):
            raise PartError(
                "`source` must be 'FILE.py:NAME' or 'module:NAME', as './bald.py:bald' "
                f"or 'my_lab.al:bald', got {text!r}."
            )
        return cls(module, name, is_file)

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"{self.module}:{self.name}"

    def under(self, folder: Path) -> "Source":
        """Read a file's relative path from a folder."""
        if not self.is_file:
            return self
        return Source(str((folder / self.module).resolve()), self.name, True)


@dataclass(frozen=True)
class Code:
    """The code of a file and of all modules beside it that it imports.

    Attributes:
        root: the file's folder.
        main: name of the file's own module.
        files: path below the root and bytes, by the dotted name of each module.
    """

    root: Path
    main: str
    files: Mapping[str, tuple[PurePosixPath, bytes]]

    @property
    def sha256(self) -> str:
        """Hash of the sources, line ends normalised; no path has a part in it."""
        beside = sorted(name for name in self.files if name != self.main)
        texts = [self._hash(self.main), *((n, self._hash(n)) for n in beside)]
        return hashlib.sha256(repr(texts).encode()).hexdigest()

    def _hash(self, name: str) -> str:
        text = self.files[name][1].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return hashlib.sha256(text).hexdigest()


@dataclass(frozen=True)
class Loaded:
    """A part and what it is.

    Attributes:
        part: the part.
        identity: what of it enters the key of a record: kind, name, version and a
            hash of its code. No path does.
        code: the files that were run; None where it is installed.
    """

    part: Part
    identity: Mapping[str, Any]
    code: Code | None = field(default=None, repr=False)


def read_code(path: Path) -> Code:
    """Read a file and, transitively, the modules of its folder that it imports.

    Imports count wherever they stand, in a function too. Nothing is run.

    Raises:
        PartError: a file cannot be read, or is no Python.
    """
    root, main = path.parent, path.stem
    files: dict[str, tuple[PurePosixPath, bytes]] = {}
    left = {main: path}
    while left:
        name, file = left.popitem()
        text = _read(file)
        files[name] = (PurePosixPath(file.relative_to(root).as_posix()), text)
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        for wanted in _imports(_parse(file, text), package):
            left |= {n: f for n, f in _beside(root, wanted) if n not in files}
    return Code(root, main, files)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PartError(
            f"Part file must be readable, got {str(path)!r}: {error.strerror}."
        ) from error


def _parse(path: Path, text: bytes) -> ast.Module:
    try:
        return ast.parse(text, str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f" in line {line}" if line else ""
        raise PartError(
            f"Part file {str(path)!r} must be Python, got {error.args[0]}{where}."
        ) from error


def _imports(tree: ast.Module, package: str) -> Iterable[str]:
    """List the dotted names that a module's statements may import.

    Args:
        tree: the module.
        package: the package that it stands in, "" for the folder itself.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".") if package else []
            kept = above[: len(above) - node.level + 1] if node.level else []
            base = [*kept, *filter(None, [node.module])]
            yield ".".join(base)
            yield from (".".join([*base, alias.name]) for alias in node.names)


def _beside(root: Path, dotted: str) -> Iterable[tuple[str, Path]]:
    """Find the modules below a folder that importing a dotted name would run."""
    steps = dotted.split(".")
    for length in range(1, len(steps) + 1):
        place = root.joinpath(*steps[:length])
        name = ".".join(steps[:length])
        if place.joinpath("__init__.py").is_file():
            yield name, place / "__init__.py"
        elif place.with_suffix(".py").is_file():
            yield name, place.with_suffix(".py")
        elif not place.is_dir():
            return


class _Folder:
    """Modules of one `Code`, run under private names when they are imported."""

    def __init__(self, code: Code) -> None:
        """Prepare; nothing is run yet."""
        # two copies of one file may read other data beside them
        place = hashlib.sha256(str(code.root).encode()).hexdigest()
        self.code = code
        self.root = f"{_PRIVATE}{code.main}_{code.sha256[:16]}_{place[:8]}"
        self.tops = {name.partition(".")[0] for name in code.files}
        self.builtins = vars(builtins) | {"__import__": self._import}

    def run(self) -> ModuleType:
        """Import the file itself, once in this process."""
        if self.root not in sys.modules:
            sys.modules[self.root] = package = ModuleType(self.root)
            package.__path__ = []
        try:
            return self._module(self.code.main)
        except BaseException:
            for name in [n for n in sys.modules if n.partition(".")[0] == self.root]:
                del sys.modules[name]
            raise

    def _module(self, dotted: str) -> ModuleType:
        """Import a module of the folder, and the packages above it."""
        name = f"{self.root}.{dotted}"
        if name in sys.modules:
            return sys.modules[name]
        above, _, own = dotted.rpartition(".")
        parent = self._module(above) if above else sys.modules[self.root]
        module = ModuleType(name)
        module.__dict__["__builtins__"] = self.builtins
        if dotted in self.code.files:
            path, text = self.code.files[dotted]
            is_package = path.name == "__init__.py"
            module.__file__ = str(self.code.root / path)
        else:
            path, text, is_package = None, b"", True
        if is_package:
            module.__path__ = []
        module.__package__ = name if is_package else name.rpartition(".")[0]
        sys.modules[name] = module
        try:
            if path is not None:
                exec(compile(text, str(module.__file__), "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
        setattr(parent, own, module)
        return module

    def _has(self, dotted: str) -> bool:
        return any(f"{name}.".startswith(f"{dotted}.") for name in self.code.files)

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import for a module of the folder: what stands beside it comes first."""
        if level:
            package = str((globals or {})["__package__"])
            whole = importlib.util.resolve_name("." * level + name, package)
            dotted = whole.removeprefix(self.root).lstrip(".")
        else:
            dotted = name
            if dotted.partition(".")[0] not in self.tops:
                return __import__(name, globals, locals, fromlist or (), level)
        if dotted and not self._has(dotted):
            raise ModuleNotFoundError(f"No module named {dotted!r}", name=dotted)
        module = self._module(dotted) if dotted else sys.modules[self.root]
        for item in fromlist or ():
            below = f"{dotted}.{item}".lstrip(".")
            if not hasattr(module, item) and self._has(below):
                self._module(below)
        return module if fromlist or level else self._module(name.partition(".")[0])


def load(source: Source) -> Loaded:
    """Import a part: its code is run, once in this process for each form it takes.

    Args:
        source: where it stands; a relative path is read from the working folder.

    Raises:
        PartError: file, module or name are missing, the code raises, or what it names
            is no part.
    """
    code = _code_of(source)
    part = _named(_run(code, source), source)
    found = {"kind": part.kind, "name": source.name, "version": part.version}
    told = {"sha256": code.sha256} if code else _package_of(source.module)
    return Loaded(part, found | told, code)


def load_function(source: Source) -> Callable[..., Any]:
    """Import a function that needs no mark: its file is run, as a part's is.

    Args:
        source: where it stands; a relative path is read from the working folder.

    Raises:
        PartError: file, module or name are missing, the code raises, or what it names
            cannot be called.
    """
    found: Any = _run(_code_of(source), source)
    for step in source.name.split("."):
        found = getattr(found, step, None)
    if not callable(found):
        raise PartError(
            f"`source` must name a function of {source.module!r}, got {source.name!r}."
        )
    return cast("Callable[..., Any]", found)


def _code_of(source: Source) -> Code | None:
    """Read a source's file; None where it is installed."""
    if source.is_file:
        return read_code(Path(source.module).resolve())
    if importlib.util.find_spec(source.module.partition(".")[0]) is None:
        raise PartError(
            f"`source` must name a module that is installed, got {source.module!r}."
        )
    return None


@contextmanager
def told_if_slow(words: str, after_s: float | None = None) -> Iterator[None]:
    """Say that something still goes on, once it has taken long: it may never end.

    Args:
        words: what goes on, as the begin of a sentence.
        after_s: how long, s; `SLOW_S` when left out.
    """
    limit_s = SLOW_S if after_s is None else after_s
    sentence = (
        f"{words} after {limit_s:g} s. If its code loops for ever, interrupt it.\n"
    )
    timer = threading.Timer(limit_s, sys.stderr.write, [sentence])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _run(code: Code | None, source: Source) -> ModuleType:
    try:
        with told_if_slow(f"Part {str(source)!r} is still being imported"):
            return _Folder(code).run() if code else import_module(source.module)
    except (Exception, SystemExit) as error:
        line = _line_of(error, source)
        raise PartError(
            f"Part {str(source)!r} must be importable, but it raised "
            f"{type(error).__name__}: {' '.join(str(error).split())}{line}."
        ) from error


def _line_of(error: BaseException, source: Source) -> str:
    """Say in which line of a part's own file an error arose, if in any."""
    path = str(Path(source.module).resolve())
    steps = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in steps if frame.f_code.co_filename == path]
    return f" (line {lines[-1]})" if lines else ""


def _named(module: ModuleType, source: Source) -> Part:
    found: Any = module
    for step in source.name.split("."):
        found = getattr(found, step, None)
    if isinstance(found, Part):
        return found
    parts = [n for n, value in vars(module).items() if isinstance(value, Part)]
    there = ", ".join(map(repr, parts)) or "none"
    if found is None:
        raise PartError(
            f"`source` must name a part of {source.module!r} ({there}), got "
            f"{source.name!r}."
        )
    raise PartError(
        f"{str(source)!r} must be marked as a part, as by `@part.strategy()` before "
        f"its factory, got a plain {type(found).__name__}."
    )


def identity(part: Part) -> dict[str, Any]:
    """Say what a part is, for the key of a record: equal parts give equal tables.

    Built-in parts are told by their name and the version of the package, equal for a
    wheel and an editable install; installed ones by the version and the files of their
    package; those of a user's file by that file and what it imports from its folder.

    Raises:
        PartError: its factory stands in no file.
    """
    name = part.factory.__module__
    if name.partition(".")[0] in _OWN:
        return {
            "kind": part.kind,
            "name": part.name,
            "version": part.version,
            "package": "hitl-sim",
            "package_version": metadata.version("hitl-sim"),
        }
    return dict(load(source_of(part)).identity)


def source_of(part: Part) -> Source:
    """Say where a part stands that is at hand as an object.

    A part of a script is loaded from the script's file, which runs it once more under
    another name: what the script does beside belongs under `if __name__ ==
    "__main__":`.

    Raises:
        PartError: it stands in no file, or its module does not hold it.
    """
    factory = part.factory
    module = sys.modules.get(factory.__module__)
    values = vars(module) if module is not None else {}
    names = [name for name, value in values.items() if value is part]
    name = names[0] if names else getattr(factory, "__qualname__", "")
    if not all(step.isidentifier() for step in name.split(".")):
        raise PartError(
            f"Part {part.name!r} must stand at the top of its module, got {name!r}, "
            "which a worker process cannot find."
        )
    try:
        file = inspect.getsourcefile(factory)
    except TypeError:
        file = None
    if _is_installed(factory.__module__, file):
        return Source(factory.__module__, name, False)
    if file is None or not Path(file).is_file():
        raise PartError(
            f"Part {part.name!r} must stand in a file, which worker processes load, "
            f"got one of module {factory.__module__!r}."
        )
    return Source(str(Path(file).resolve()), name, True)


def _is_installed(module: str, file: str | None) -> bool:
    """Whether a module is of an installed package, and not of a folder of its name."""
    top = module.partition(".")[0]
    if top in _OWN:
        return True
    if top not in _distributions():
        return False
    # what is imported already may be the folder's: whoever imports anew finds this one
    found = (finder.find_spec(top, None) for finder in sys.meta_path)
    spec = next(filter(None, found), None)
    if spec is None or file is None:
        return True
    places = spec.submodule_search_locations or [spec.origin or file]
    here = Path(file).resolve()
    return any(here.is_relative_to(Path(place).resolve()) for place in places)


@cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def _package_of(module: str) -> dict[str, str]:
    """Name an installed module's package, its version and a hash of its own files."""
    top = module.partition(".")[0]
    name = next(iter(_distributions().get(top, ())), None)
    tops = [t for t, names in _distributions().items() if name in names] or [top]
    version = metadata.version(name) if name else ""
    return {
        "package": name or top,
        "package_version": version,
        "sha256": _hash_packages(tuple(sorted(set(tops)))),
    }


@cache
def _hash_packages(tops: tuple[str, ...]) -> str:
    """Hash the files of some top-level modules, by path below their folder.

    What differs from machine to machine is left out: compiled bytecode, and whatever
    an installer writes beside the modules (metadata and scripts).
    """
    found: list[tuple[str, str]] = []
    for top in tops:
        spec = importlib.util.find_spec(top)
        if spec is None:
            continue
        folders = [Path(place) for place in spec.submodule_search_locations or ()]
        files = [f for folder in folders for f in folder.rglob("*")]
        if not folders and spec.origin:
            folders, files = [Path(spec.origin)], [Path(spec.origin)]
        for file in files:
            is_bytecode = "__pycache__" in file.parts or file.suffix == ".pyc"
            if file.is_file() and not is_bytecode:
                base = next(f.parent for f in folders if file.is_relative_to(f))
                path = file.relative_to(base).as_posix()
                found.append((path, hashlib.sha256(file.read_bytes()).hexdigest()))
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()


@cache
def offered() -> dict[str, Source]:
    """Parts that installed packages offer by entry points, by name.

    Nothing of them is imported.
    """
    points = metadata.entry_points(group=ENTRY_POINTS)
    return {point.name: Source(point.module, point.attr, False) for point in points}


def describe_code(sources: Iterable[str]) -> str:
    """Say in one line which code some parts would execute; none of it is.

    Args:
        sources: where they stand.

    Returns:
        The paths of their files, those beside them included, and installed modules; ""
        where there are none.

    Raises:
        PartError: a source is none, or a file cannot be read.
    """
    found: set[str] = set()
    for source in map(Source.of, sources):
        if source.is_file:
            code = read_code(Path(source.module))
            found |= {str(code.root / path) for path, _ in code.files.values()}
        else:
            found.add(source.module)
    if not found:
        return ""
    return f"This study executes code of its own: {', '.join(sorted(found))}."
