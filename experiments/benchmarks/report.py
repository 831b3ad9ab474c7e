"""What an answer takes: status, analysis, verdict and page of a results folder.

    python experiments/benchmarks/report.py [FOLDER]

Without a folder, 503 conditions and then 1,000 of 8 runs each are run first, of
`many_runs.toml`. Seconds are of one processor, so that other work beside counts little;
their sum is what a reader waits for from the last record to the page. The ledgers of
all conditions, priced together, stand beside one ledger priced for each.
"""

import argparse
import functools
import resource
import sys
import tempfile
import time
from pathlib import Path

from msgspec.structs import replace

from hitl_sim.results import Results, open_results
from hitl_sim.study.status import status_of
from hitl_sim.study.study import Study

HERE = Path(__file__).parent
MIB = 2**20
CONDITIONS = (503, 1000)
_OTHERS = 1
"""Conditions whose crowd is not drawn: the control."""


def peak_mib():
    """Return the largest resident size of this process so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MIB if sys.platform == "darwin" else 1024)


def timed(words, call):
    """Call, print what the processor took, and return the result and its seconds."""
    start = time.process_time()
    found = call()
    seconds = time.process_time() - start
    print(f"  {words}: {seconds:.2f} s, peak {peak_mib():.0f} MiB")
    return found, seconds


def make_folder(out, num):
    """Run the study of many runs with few replicates and so many conditions."""
    spec = Study.load(HERE / "many_runs.toml").spec
    draw = replace(spec.draw, points=num - _OTHERS)
    Study(replace(spec, draw=draw), replicates=8).run(out, workers=1)


def measure(folder):
    """Time every step of an answer, and the pricing of ledgers one by one."""
    status, _ = timed("status", functools.partial(status_of, folder))
    results: Results = open_results(folder)
    result, analysis = timed("analysis", lambda: results.result)
    findings = [f for t in result.tasks for f in (t.control, *t.findings)]
    print(f"  ({len(findings):,} conditions, {status.done:,} runs)")
    _, verdict = timed("verdict", lambda: results.verdicts)
    with tempfile.TemporaryDirectory() as out:
        written = "words, figures, page and data"
        _, page = timed(written, lambda: results.report(out))
    print(f"  from the last record to the page: {analysis + verdict + page:.1f} s")
    pricing, usages = result.pricing, [finding.usage for finding in findings]
    _, together = timed("ledgers together", lambda: [f.ledger for f in findings])
    _, alone = timed("a ledger for each", lambda: list(map(pricing.ledger, usages)))
    print(f"  ratio: {alone / together:.1f}")


def main() -> None:
    """Measure a folder."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("folder", nargs="?", type=Path)
    given = reader.parse_args()
    print(f"loaded: {time.process_time():.2f} s, peak {peak_mib():.0f} MiB")
    if given.folder is not None:
        measure(given.folder)
        return
    for num in CONDITIONS:
        with tempfile.TemporaryDirectory() as out:
            make_folder(Path(out), num)
            measure(Path(out))


if __name__ == "__main__":
    main()
