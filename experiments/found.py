"""What the tuned studies found, as the table of README.md.

    python experiments/found.py [RESULTS]

Reads the results folders of the studies below, in RESULTS ("results" when left out),
where `hitl-sim run experiments/NAME.toml --out RESULTS/NAME` puts them, and writes the
table between the marks in README.md: of each task, as far corrupted as its study has it
and as it was collected, the condition with people that pays back at the smallest
training, beside the best arm without people; where none does, the one of least joules.
"""

from collections.abc import Iterator
from pathlib import Path

from asked import asked

from hitl_sim.analysis.condition.finding import StudyResult, TaskResult, best
from hitl_sim.report.first_screen import corrupted
from hitl_sim.report.number import RHO, ratio_text
from hitl_sim.report.task_table import size_column
from hitl_sim.report.words import soonest_size
from hitl_sim.study.conclude import analyse_folder

HERE = Path(__file__).parent
STUDIES = ("quickstart", "relevance", "machine_or_people", "importance", "active")
README = HERE.parent / "README.md"
BEGIN, END = "<!-- found: experiments/found.py -->", "<!-- end -->"
HEAD = (
    f"| study | task | corrupted | people, at best | E\\* people | {RHO} | untuned |",
    "|---|---|---|---|---|---|---|",
)


def shown(result: StudyResult) -> Iterator[tuple[TaskResult, float]]:
    """Yield each task as it was collected, or least corrupted, and most corrupted."""
    for name in dict.fromkeys(task.task for task in result.tasks):
        own = [
            (task, corrupted(task, result))
            for task in result.tasks
            if task.task == name
            and task.control.settings.get("task.validation_by", "gold") == "gold"
        ]
        own.sort(key=lambda one: one[1])
        yield from own[:1] + own[1:][-1:]


def row(study: str, task: TaskResult, share: float) -> str:
    """Write what one task found."""
    found = soonest_size(task, 0, is_machine=True)
    finding, size = found.finding, found.size
    least = best(task.with_people)
    if size.joules.is_infinite and least is not None:
        # where none pays back at any size, the one that took the fewest joules
        finding, size = least, least.over_machine[0]
    before = next((f for f in task.findings if f.role == "untuned"), None)
    cells = (
        f"[{study}](experiments/{study}.md)",
        task.task,
        f"{share:.0%}",
        finding.label,
        size_column(size),
        ratio_text(finding.ratio),
        "" if before is None else ratio_text(before.ratio),
    )
    return f"| {' | '.join(cells)} |"


def table(results: Path) -> list[str]:
    """Write the table of all studies."""
    rows = []
    for study in STUDIES:
        result = analyse_folder(results / study)
        rows += [row(study, task, share) for task, share in shown(result)]
    return [*HEAD, *rows]


def main() -> None:
    """Put the table into README.md."""
    results = asked(__doc__, "results", Path("results")).results
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    body = "\n".join([BEGIN, "", *table(results), "", END])
    README.write_text(before + body + after, encoding="utf-8")
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
