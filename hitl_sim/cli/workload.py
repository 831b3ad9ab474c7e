"""Commands about trainings that are described: nothing is run, no data is needed."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hitl_sim.cli.app import Device, Folder, family, screen

command = family("Energy")


@command()
def footprint(
    gpu: Annotated[
        str,
        typer.Option(
            help="Device profile, by name or file; any device, not a GPU alone."
        ),
    ] = "h100",
    count: Annotated[float, typer.Option(help="Devices.")] = 1,
    hours: Annotated[
        float | None, typer.Option(help="Hours that each device was held.")
    ] = None,
    flop: Annotated[float | None, typer.Option(help="Operations in all.")] = None,
    tokens: Annotated[
        float | None, typer.Option(help="Tokens learned from, with --params.")
    ] = None,
    params: Annotated[
        float | None, typer.Option(help="Parameters: 6 operations each per token.")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="Of the products: float32, tf32, bfloat16, float16, float8 or int8."
        ),
    ] = None,
    utilisation: Annotated[
        float | None,
        typer.Option(help="Share of the device's peak that operations reach."),
    ] = None,
    busy: Annotated[
        float | None,
        typer.Option(help="Share of the hours in which devices compute, not idle."),
    ] = None,
    watts: Annotated[
        float | None,
        typer.Option(help="Power of one device while it computes, W."),
    ] = None,
    host: Annotated[
        float | None,
        typer.Option(help="Power of the rest of the server over that of its devices."),
    ] = None,
    pue: Annotated[
        float | None, typer.Option(help="Power usage effectiveness of the facility.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(help="Grid: code of a country or a US state, or WORLD."),
    ] = None,
    carbon: Annotated[
        float | None, typer.Option(help="Carbon of electricity, kgCO2e/kWh.")
    ] = None,
    electricity: Annotated[
        float | None, typer.Option(help="Price of electricity, USD/kWh.")
    ] = None,
    rent: Annotated[
        float | None, typer.Option(help="Price of one device for an hour, USD.")
    ] = None,
    queries: Annotated[
        float | None, typer.Option(help="Questions that the model answers in its life.")
    ] = None,
    query_tokens: Annotated[
        float | None, typer.Option(help="Tokens of each question and its answer.")
    ] = None,
) -> None:
    """Estimate what a training takes: energy, carbon and money, with intervals.

    Give the hours that devices were held, or parameters and tokens, or operations.
    """
    from hitl_sim.cost.estimate import Training, estimate
    from hitl_sim.cost.footprint import Site
    from hitl_sim.energy import load_profile
    from hitl_sim.report.terminal.workload import print_footprint

    work: dict[str, Any] = {"hours": hours, "flop": flop, "tokens": tokens}
    training = Training(
        **work,
        count=count,
        parameters=params,
        precision=precision,
        utilisation=utilisation,
        busy=busy,
        watts=watts,
        queries=queries,
        query_tokens=query_tokens,
    )
    site = Site(
        pue=pue,
        host_frac=host,
        grid_region=region,
        carbon_kgco2e_per_kwh=carbon,
        electricity_usd_per_kwh=electricity,
        device_usd_per_h=rent,
    )
    print_footprint(screen(), estimate(training, load_profile(gpu), site))


@command()
def bill(
    workload: Annotated[Path, typer.Argument(help="Description of a training (TOML).")],
) -> None:
    """Bill a training that is described: operations, joules by phase, carbon, money.

    Nothing is run, no data are read and no weights are made.
    """
    from hitl_sim.report.terminal.workload import print_bill
    from hitl_sim.workload import bill as billed

    print_bill(screen(), billed(workload))


@command()
def project(
    folder: Folder,
    onto: Annotated[Path, typer.Option(help="Description of a training (TOML).")],
    device: Device = None,
) -> None:
    """Say whether people would pay back at a described training.

    Hypothetical, for it takes a study's shares and hours to hold there. No law of size
    is applied, and what is assumed is listed.
    """
    from hitl_sim.report.terminal.workload import print_projection
    from hitl_sim.results import open_results
    from hitl_sim.workload import load

    workload = load(onto)
    results = open_results(folder)
    if device is not None:
        results = results.reprice(device)
    print_projection(screen(), results.project(onto), workload.name)
