"""Commands about real people who answer: their page, and who took part."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from hitl_sim.cli.app import INTERRUPTED, Force, check_new, family, screen

command = family("Live")

DeskFolder = Annotated[Path, typer.Argument(help="Folder of the desk.")]


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
