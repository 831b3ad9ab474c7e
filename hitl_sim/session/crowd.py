"""Crowds by name: who may answer, and what is known of them.

Called, `hitl_sim.crowd` says who answers in a session. Its methods tell of the
populations that ship.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hitl_sim.session.error import SessionError
from oracles.populations import (
    POPULATIONS,
    PopulationSource,
    describe_population,
)

if TYPE_CHECKING:
    from hitl_sim.session.desk import Crowd
    from hitl_sim.session.desk.label_studio.crowd import LabelStudioCrowd
    from hitl_sim.session.desk.mixed import MixedCrowd
    from hitl_sim.session.desk.page.crowd import PageCrowd
    from hitl_sim.session.desk.recorded import RecordedCrowd
    from hitl_sim.session.desk.simulated import SimulatedCrowd

_DEFAULT, _SIZE = "typical", 3


class Crowds:
    """Crowds by name."""

    def names(self) -> tuple[str, ...]:
        """Name the populations that are shipped; a path of an own file works too."""
        return tuple(POPULATIONS)

    def describe(self, name: str) -> PopulationSource:
        """Tell every number of a population, with its source and evidence.

        Raises:
            ValueError: there is none of this name.
        """
        return describe_population(name)

    def __call__(
        self,
        population: str | None = None,
        *,
        size: int | None = None,
        recording: str | Path | None = None,
        policy: str | None = None,
        page: str | Path | None = None,
        label_studio: str | None = None,
        token: str | None = None,
        project: str | None = None,
        deadline_s: float | None = None,
        workforce: Mapping[str, Any] | None = None,
        speed: float | None = None,
        **parameters: float,
    ) -> SimulatedCrowd | RecordedCrowd | PageCrowd | LabelStudioCrowd:
        """Say who answers in a session.

        Args:
            population: whom simulated people are drawn from: a name that ships or a
                file; "typical" when left out.
            size: how many simulated people there are; 3 when left out.
            recording: a file of recorded answers in their place, as `hitl-sim import`
                writes it, or one of the folder `answers` of a session.
            policy: with a recording, where too few people answered an item: "refuse"
                the question with an error, or "restrict" to other items.
            page: folder of a desk in their place, where real people answer on the page
                that `hitl-sim desk` serves; made if missing.
            label_studio: address of a Label Studio server in their place, where real
                people with accounts answer.
            token: with it, of the account that makes projects there and reads answers;
                LABEL_STUDIO_API_KEY of the environment when left out.
            project: with it, the desk's name there: one for each study.
            deadline_s: with a page or Label Studio, time after which a question is
                given up, s.
            workforce: when they work and rest, by the fields of `[workforce]` of a
                study file, but for `size`; with real people `requester_h` alone.
            speed: how many times faster than people they answer, in real time, to try
                what a loop does while it waits; at once when left out. Records are the
                same.
            **parameters: of simulated people, in place of the population's own, by the
                names that `hitl-sim crowd` lists: `accuracy=0.9`.

        Raises:
            SessionError: the first argument that does not fit, and what would.
        """
        from hitl_sim.session.desk.paced import check_speed  # noqa: PLC0415
        from hitl_sim.study.spec import SpecError  # noqa: PLC0415 - loads jax
        from hitl_sim.study.spec.crowd import (  # noqa: PLC0415
            CrowdSpec,
            WorkforceSpec,
        )
        from hitl_sim.study.spec.read import read_table  # noqa: PLC0415

        check_speed(speed)
        given = {"population": population, "size": size, "recording": recording}
        others = {"policy": policy, "speed": speed, **parameters}
        if label_studio is not None or token is not None or project is not None:
            own = label_studio, token, project, deadline_s, workforce
            return _in_label_studio(*own, {**given, "page": page, **others})
        if page is not None or deadline_s is not None:
            return _on_page(page, deadline_s, workforce, {**given, **others})
        try:
            read_table({"population": population or _DEFAULT, **parameters}, CrowdSpec)
            team = read_table(
                {**(workforce or {}), "size": _SIZE if size is None else size},
                WorkforceSpec,
            )
            describe_population(population or _DEFAULT)
        except (SpecError, ValueError) as error:
            raise SessionError(f"`crowd`: {error}") from error
        hours = {k: v for k, v in msgspec.to_builtins(team).items() if k != "size"}
        if recording is not None:
            from hitl_sim.session.desk.recorded import (  # noqa: PLC0415
                POLICIES,
                RecordedCrowd,
                load_recording,
            )

            drawn = {"population": population, "size": size, **parameters}
            for name, value in drawn.items():
                if value is not None:
                    raise SessionError(
                        f"`{name}` must be left out with a recording, whose people "
                        f"are who they are, got {value!r}."
                    )
            if policy not in POLICIES:
                raise SessionError(
                    "`policy` must be 'refuse' or 'restrict' with a recording: what is "
                    f"done where too few people answered an item, got {policy!r}."
                )
            return RecordedCrowd(
                load_recording(recording), str(recording), policy, hours, speed
            )
        if policy is not None:
            raise SessionError(
                f"`policy` must be left out without a recording, got {policy!r}."
            )
        from hitl_sim.session.desk.simulated import SimulatedCrowd  # noqa: PLC0415

        name = population or _DEFAULT
        return SimulatedCrowd(name, team.size, parameters, hours, speed)

    def mixed(self, real: Crowd, simulated: Crowd, *, real_people: int) -> MixedCrowd:
        """Put real people and simulated ones together.

        Each question is put to some real people, and to simulated ones for the rest of
        those that it asks for. Every answer says which it is.

        Args:
            real: people on a page, or recorded ones.
            simulated: people of a population.
            real_people: to how many real people each question is put.

        Raises:
            SessionError: one of them is not what it is to be.
        """
        from hitl_sim.session.desk.mixed import mixed_crowd  # noqa: PLC0415

        return mixed_crowd(real, simulated, real_people)


def _on_page(
    page: str | Path | None,
    deadline_s: float | None,
    workforce: Mapping[str, Any] | None,
    given: Mapping[str, Any],
) -> PageCrowd:
    """Take people who answer on a page.

    Raises:
        SessionError: there is no page, or an argument that is not of real people.
    """
    from hitl_sim.session.desk.page.crowd import page_crowd  # noqa: PLC0415

    if page is None:
        raise SessionError(
            "`deadline_s` must be left out without a page or Label Studio, got "
            f"{deadline_s!r}."
        )
    for name, value in given.items():
        if value is not None:
            raise SessionError(
                f"`{name}` must be left out with a page, where real people answer in "
                f"their own time, got {value!r}."
            )
    return page_crowd(page, deadline_s, workforce)


def _in_label_studio(
    url: str | None,
    token: str | None,
    project: str | None,
    deadline_s: float | None,
    workforce: Mapping[str, Any] | None,
    given: Mapping[str, Any],
) -> LabelStudioCrowd:
    """Take people who answer in Label Studio.

    Raises:
        SessionError: there is no server, or an argument that is not of real people.
    """
    from hitl_sim.session.desk.label_studio.crowd import (  # noqa: PLC0415
        label_studio_crowd,
    )

    if url is None:
        name = "project" if token is None else "token"
        raise SessionError(f"`{name}` must be left out without `label_studio`.")
    for name, value in given.items():
        if value is not None:
            raise SessionError(
                f"`{name}` must be left out with Label Studio, where real people "
                f"answer in their own time, got {value!r}."
            )
    return label_studio_crowd(url, token, project, deadline_s, workforce)


crowd = Crowds()
"""Who answers in a session, and the populations that ship."""


def crowd_of(table: Mapping[str, Any]) -> Crowd:
    """Return the crowd that a session's folder keeps by its `table`."""
    if "real_people" not in table:
        return crowd(**table)
    both = crowd_of(table["real"]), crowd_of(table["simulated"])
    return crowd.mixed(*both, real_people=table["real_people"])
