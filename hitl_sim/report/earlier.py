"""A report that another plan of its study led to is kept beside the new one."""

import contextlib
import json
import os
import shutil
from pathlib import Path

FILES = ("report.html", "report.json", "findings.md", "bill.parquet", "figures")
"""What `Results.report` writes."""
PLANS = "plans"
_UNKNOWN = "unknown"


def keep_earlier_report(out: Path, plan_hash: str) -> Path | None:
    """Move a report of another plan to `plans/<hash of that plan>/`.

    A report that was kept there before gives way to the later one of the same plan.

    Args:
        out: folder of the report.
        plan_hash: of the plan that the report to come is made under.

    Returns:
        Where the report is now; None where there was none, or one of the same plan.
    """
    made_under = _plan_of(out / "report.json")
    if made_under in (None, plan_hash):
        return None
    kept = out / PLANS / str(made_under)
    kept.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if (kept / name).is_dir():
            shutil.rmtree(kept / name)
        with contextlib.suppress(FileNotFoundError):
            os.replace(out / name, kept / name)
    return kept


def _plan_of(path: Path) -> str | None:
    """Return the hash of the plan of a report; None where there is no report."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, json.JSONDecodeError):
        return _UNKNOWN
    return str(found.get("plan_hash") or _UNKNOWN)
