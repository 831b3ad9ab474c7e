"""One self-contained page that bills a study anew while prices are moved.

Figures are drawn by Vega-Lite, whose scripts `vl-convert-python` brings along: it draws
SVG, which papers need, its specifications are data, and it may be passed on (BSD-3).
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hitl_sim.analysis.condition.finding import StudyResult
from hitl_sim.energy import DeviceProfile
from hitl_sim.output import write_text
from hitl_sim.report.explore_data import explore_data, write_data
from hitl_sim.report.sentence import say

EXTRA = "hitl-sim[explore]"


def write_explorer(
    results: Mapping[float, StudyResult],
    profiles: Sequence[DeviceProfile],
    path: Path,
    title: str,
) -> Path:
    """Write the page; arguments as of `explore_data`.

    The same results give the same bytes.

    Raises:
        ValueError: `vl-convert-python` is not installed.
    """
    write_text(path, render_explorer(results, profiles, title))
    return path


def render_explorer(
    results: Mapping[float, StudyResult],
    profiles: Sequence[DeviceProfile],
    title: str,
) -> str:
    """Return the page as text."""
    scripts = (plotting_library(), _file("explore.js"), _file("explore_page.js"))
    own = next(iter(results.values()))
    environment = Environment(
        loader=PackageLoader("hitl_sim.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("explore.html").render(
        title=title,
        question=own.question,
        say=say,
        style=Markup(_file("explore.css")),
        license=_file("vega_license.txt"),
        data=Markup(write_data(explore_data(results, profiles))),
        scripts=[Markup(script) for script in scripts],
        hashes=[_hash(script) for script in scripts],
    )


@cache
def plotting_library() -> str:
    """Return the scripts of Vega, Vega-Lite and Vega-Embed as one.

    Raises:
        ValueError: `vl-convert-python` is not installed.
    """
    try:
        import vl_convert  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ValueError(
            f"`explore` needs vl-convert-python: pip install '{EXTRA}'."
        ) from error
    # None: the whole bundle; its type says otherwise
    text: str = vl_convert.javascript_bundle(None)  # type: ignore[arg-type]
    return text.replace("</script", "<\\/script")


def _file(name: str) -> str:
    found = resources.files("hitl_sim.report") / "template" / name
    return found.read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
