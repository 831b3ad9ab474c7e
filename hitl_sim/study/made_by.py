"""What code made a results folder: the package's commit, and what it stands on."""

import os
import re
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import hitl_sim
from hitl_sim import __version__

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_WAIT_S = 10.0


@cache
def made_by() -> dict[str, Any]:
    """Say which code this process runs; nothing of it is part of a record or its key.

    Returns:
        `hitl_sim`, its version; `commit` of the git tree that the package is a tracked
        part of, None where there is none, such as for an installed wheel; `is_changed`,
        whether its files differ from that commit, None likewise; `packages`, the
        version of every direct dependency.
    """
    commit, is_changed = _commit_of(Path(hitl_sim.__file__).parent)
    return {
        "hitl_sim": __version__,
        "commit": commit,
        "is_changed": is_changed,
        "packages": _direct_dependencies(),
    }


def _direct_dependencies() -> dict[str, str]:
    try:
        needed = requires("hitl_sim") or []
    except PackageNotFoundError:
        return {}
    found = {}
    for line in needed:
        name = _NAME.match(line)
        if name is None or "extra ==" in line:
            continue
        try:
            found[name.group()] = version(name.group())
        except PackageNotFoundError:
            continue
    return dict(sorted(found.items()))


def _commit_of(package: Path) -> tuple[str | None, bool | None]:
    """Return a package's commit and whether its files were changed since."""
    # an environment may lie in a tree of another project, which does not track it
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None, None
    commit = _git(package, "rev-parse", "HEAD")
    if commit is None:
        return None, None
    changed = _git(package, "status", "--porcelain", "--", ".", "../oracles")
    return commit, bool(changed)


def _git(folder: Path, *words: str) -> str | None:
    """Ask git; None where there is no git, no tree, or no answer."""
    # a hook's own variables would point elsewhere
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            check=True,
            timeout=_WAIT_S,
            env=env,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
