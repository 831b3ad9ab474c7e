"""From a results folder to its analysis, under any device and prices."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hitl_sim.analysis import StudyResult, analyse
from hitl_sim.cost import Prices
from hitl_sim.energy import load_profile
from hitl_sim.study.runner import load_study
from hitl_sim.study.spec import StudySpec
from hitl_sim.study.use import count_use


def analyse_folder(
    folder: Path, device: str | None = None, prices: Prices | None = None
) -> StudyResult:
    """Analyse a study's records by the rules of its own file.

    Args:
        folder: results folder.
        device: a device profile in place of the study's own.
        prices: in place of the study's own.

    Raises:
        RecordError: the folder holds no study.
        ValueError: no such device profile.
    """
    return open_analysis(folder, device)(prices)


def open_analysis(
    folder: Path,
    device: str | None = None,
    use: Callable[[StudySpec, dict[str, Any]], dict[str, Any]] | None = None,
) -> Callable[[Prices | None], StudyResult]:
    """Read a study's records once, to be analysed under any prices.

    Args:
        folder: results folder.
        device: a device profile in place of the study's own.
        use: `(spec, manifest) -> manifest`, counts what networks do in use; queries in
            batches of `prices.query_batch`, where the study has one, when left out.

    Returns:
        `prices -> result`, by the rules of the study's own file; None for its prices.

    Raises:
        RecordError: the folder holds no study.
        ValueError: no such device profile.
    """
    spec, records, manifest = load_study(folder)
    profile = load_profile(device or spec.device)
    if use is not None:
        manifest = use(spec, manifest)

    @functools.cache
    def manifest_of(batch: int | None) -> dict[str, Any]:
        is_counted = use is not None or batch is None
        return manifest if is_counted else count_use(spec, manifest, batch)

    def analysed(prices: Prices | None) -> StudyResult:
        asked = prices or spec.prices
        return analyse(
            records,
            manifest_of(asked.query_batch),
            profile,
            asked,
            fraction=spec.target.fraction,
            smoothing=spec.target.smoothing,
            smallest_effect=spec.smallest_effect,
            seed=spec.seed,
        )

    return analysed
