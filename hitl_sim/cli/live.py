"""Commands about real people who answer: their page, and who took part."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from hitl_sim.cli.app import (
    FAILED_RUNS,
    INTERRUPTED,
    Device,
    Force,
    check_new,
    family,
    resumable,
    screen,
    warn,
)

command = family("Live")

DeskFolder = Annotated[Path, typer.Argument(help="Folder of the desk.")]


@command()
def live(
    file: Annotated[Path, typer.Argument(help="Study file (TOML).")],
    desk: Annotated[
        str,
        typer.Option(
            help="Who answers: the study's own people (simulated), or real ones (page, "
            "label_studio)."
        ),
    ] = "simulated",
    out: Annotated[
        Path | None,
        typer.Option(help="Results folder. Default: results/<name of the file>-live."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="Where the desk is: a page's folder (default: OUT/desk), or ADDRESS/"
            "NAME of Label Studio."
        ),
    ] = None,
    real_people: Annotated[
        int,
        typer.Option(
            min=0,
            help="Real people whom each question is put to; simulated ones give the "
            "other answers. Default: nobody is simulated.",
        ),
    ] = 0,
    deadline_s: Annotated[
        float | None,
        typer.Option(help="Time after which a real person's question is given up, s."),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            help="How many times faster than people simulated ones answer, in real "
            "time. Default: at once."
        ),
    ] = None,
    smoke: Annotated[
        bool,
        typer.Option("--smoke", help="Run the quick form in the file's table `smoke`."),
    ] = False,
    device: Device = None,
) -> None:
    """Run a study whose people answer at a desk, or go on with it; print the answer.

    What was answered is not asked again.
    """
    import shlex

    from hitl_sim.cli.studies import show_report
    from hitl_sim.report.terminal.live import shown_rounds
    from hitl_sim.report.terminal.show import print_text
    from hitl_sim.session.live.study import live as run_live
    from hitl_sim.study.study import Study

    console = screen()
    folder = out or Path("results") / f"{file.stem}{'-smoke' * smoke}-live"
    words = ["hitl-sim", "live", str(file), "--desk", desk, "--out", str(folder)]
    words += ["--smoke"] * smoke + (["--at", at] if at else [])
    words += ["--real-people", str(real_people)] if real_people else []
    words += ["--deadline-s", f"{deadline_s:g}"] if deadline_s is not None else []
    again = shlex.join(words)
    with resumable(console, again), shown_rounds(console) as show:
        results = run_live(
            Study.load(file, smoke, warn),
            folder,
            desk,
            at=at,
            real_people=real_people,
            deadline_s=deadline_s,
            speed=speed,
            progress=show,
            on_plan=lambda plan: print_text(
                console, "terminal.live_plan", soft_wrap=True, plan=plan
            ),
        )
    failed = sum(one.runs for one in results.status().failures)
    if failed:
        warn(
            f"error: {failed} runs failed; their tracebacks are in "
            f"{folder / 'errors'}. The same command tries them again."
        )
        raise typer.Exit(FAILED_RUNS)
    show_report(console, folder, device, again)


@command()
def desk(
    folder: Annotated[
        Path, typer.Argument(help="Folder of the desk, made if missing.")
    ],
    invite: Annotated[
        int, typer.Option(min=0, help="Links to make for new participants.")
    ] = 0,
    host: Annotated[
        str, typer.Option(help="Address of this machine that is listened to.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of it.")] = 8321,
    address: Annotated[
        str | None,
        typer.Option(
            help="How participants reach it, where that is not the same: "
            "https://desk.example.org of a proxy that adds encryption."
        ),
    ] = None,
) -> None:
    """Serve the page on which real people answer, until Ctrl-C; print their links.

    A session asks them with crowd=hs.crowd(page=FOLDER). What the page says is in
    desk.toml of the folder.
    """
    from hitl_sim.desk import serve
    from hitl_sim.report.terminal.live import print_desk

    console = screen()
    with serve(folder, invite=invite, host=host, port=port, address=address) as served:
        print_desk(
            console,
            served.folder,
            served.address,
            title=served.settings.title,
            links=served.links,
            open_link=served.open_link,
            is_plain=served.is_plain,
        )
        try:
            served.run()
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


@command()
def participants(
    desk: DeskFolder,
    withdraw: Annotated[
        str | None,
        typer.Option(help="Delete a participant who asks for it, by pseudonym: p0."),
    ] = None,
    erase: Annotated[
        list[Path] | None,
        typer.Option(
            help="A session's results folder: answers in it of whoever withdrew are "
            "deleted. Repeated."
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="File (.json) to write for an ethics board."),
    ] = None,
    force: Force = False,
) -> None:
    """List who takes part in a desk: consent, answers, time; delete who withdraws."""
    from hitl_sim import desk as desks
    from hitl_sim.report.terminal.live import print_erased, print_participants

    console = screen()
    if export is not None:
        check_new(export, force, "--export")
    if withdraw is not None:
        desks.withdraw(desk, withdraw)
    told = desks.participants(desk)
    for folder in erase or ():
        names = [one["participant"] for one in told["withdrawn"]]
        print_erased(console, folder, desks.erase_answers(folder, names))
    if export is not None:
        desks.export(desk, export)
        console.print(f"Written to {escape(str(export))}", soft_wrap=True)
    print_participants(console, told)
