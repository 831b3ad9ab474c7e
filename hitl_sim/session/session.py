"""A session: arms of one's own training loop beside their control, in one folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hitl_sim import __version__
from hitl_sim.cost import Prices, check_prices
from hitl_sim.energy import DeviceProfile, load_profile
from hitl_sim.energy.meters import Backend, Meter
from hitl_sim.energy.meters.meter import Shares
from hitl_sim.energy.profile_file import profile_names
from hitl_sim.record import SCHEMA, RecordError
from hitl_sim.session import folder
from hitl_sim.session.arm import Arm
from hitl_sim.session.claim import Claim
from hitl_sim.session.desk import Crowd
from hitl_sim.session.error import SessionError
from hitl_sim.session.metering import Metering, open_metering
from hitl_sim.session.target import Target
from hitl_sim.session.withdrawal import Withdrawable, erase_answers
from hitl_sim.study.folder import MANIFEST, SESSION
from hitl_sim.study.store import (
    check_folder,
    clear_error,
    damaged_files,
    set_aside,
    write_error,
    write_json,
    write_records,
)
from hitl_sim.unit import S_PER_H

if TYPE_CHECKING:
    from hitl_sim.results import Results

PRICES: Mapping[str, Any] = {
    "boundary": "workstation",
    "label_cost": "sunk",
    "waiting": "held",
}
"""Choices of prices where a session makes none; `Results.reprice` makes others."""
_DEVICE = "laptop-cpu"
_DIGITS = 16
_SEEDS = 2**31 - 1
_SELDOM = 1.1
"""Growth of the number of runs after which tables are written anew: so the time for
that grows with that number and not with its square."""
_QUESTION = "Does guidance by people save training energy in this loop?"


class Session:
    """Arms of one's own training loop, in the records that a study has.

    A loop says what it asks (`Arm.ask`), what it does (`Arm.work`) and how good the
    model is (`Arm.report`). Reports, comparisons and `Results` read the folder as they
    read a study's.

    A run is recorded whole or not at all: whatever is killed, finished runs are kept,
    and those that were under way are run again. Several processes may share a folder:
    each claims a run before it begins.

    Attributes:
        out: the folder.
        crowd: who answers; None where nobody is asked.
        target: when a run is there.
        seed: fixes who the people are and what they say.
        metering: which meters are read.
        base: profile of the device, where nothing is measured.
    """

    def __init__(
        self,
        out: Path | str,
        *,
        target: Target | None = None,
        crowd: Crowd | None = None,
        question: str = _QUESTION,
        task: str = "loop",
        seed: int = 0,
        device: str | None = None,
        prices: Prices | Mapping[str, Any] | None = None,
        smallest_effect: float = 0.05,
        note: str = "",
        meters: Meter | Sequence[Backend] | None = None,
        share: Shares | None = None,
    ) -> None:
        """Open a folder, new or of the same session.

        Args:
            out: folder of the records; made if missing.
            target: when a run is there, by `hitl_sim.target`; required.
            crowd: who answers, by `hitl_sim.crowd`.
            question: what the session asks; opens the report.
            task: name of what is learned.
            seed: fixes who the people are and what they say.
            device: name or path of the profile of the device that trains, whose watts
                stand where no counter can be read; "laptop-cpu" when left out, on a
                machine without an accelerator that meters see.
            prices: of people, electricity and labels; `PRICES` and the defaults of a
                study file when left out.
            smallest_effect: smallest change of the energy ratio that would matter.
            note: what a reader has to know beside the answer.
            meters: a meter or sources of joules, such as a wall meter's; all that ask
                for nothing when left out.
            share: this program's share of devices that others use too.

        Raises:
            SessionError: an argument does not fit, or the folder is of another session;
                nothing was touched.
        """
        self.out = Path(out)
        if target is None:
            raise SessionError(
                "`target` must be set before any run, as "
                "hitl_sim.target(metric='accuracy', fraction=0.95), got None."
            )
        if not isinstance(seed, int) or not 0 <= seed <= _SEEDS:
            raise SessionError(f"`seed` must be in [0, {_SEEDS}], got {seed!r}.")
        if not 0.0 < smallest_effect < 1.0:
            raise SessionError(
                f"`smallest_effect` must be in (0, 1), got {smallest_effect}."
            )
        self.target, self.crowd, self.seed = target, crowd, seed
        self.task, self._question, self._note = task, question, note
        self._prices = _checked_prices(prices)
        self._smallest_effect = smallest_effect
        self.metering: Metering = open_metering(meters, share)
        self._device = _checked_device(device, self.metering)
        self.base: DeviceProfile = load_profile(self._device)
        self._claims: dict[str, Claim] = {}
        self._num_published = 0
        self._open()

    @classmethod
    def resume(cls, out: Path | str, **changes: Any) -> Session:
        """Go on with the session of a folder, as it was opened.

        Args:
            out: the folder.
            **changes: arguments of `Session` that shall be others now, such as
                `meters`, which no folder keeps.

        Raises:
            SessionError: the folder is of no session, or a change does not fit it.
        """
        from hitl_sim.session.crowd import crowd_of  # noqa: PLC0415 - only here

        kept = folder.read_session(Path(out))
        if kept is None:
            raise SessionError(
                f"`out` must be the folder of a session, got {str(out)!r} without "
                f"{SESSION}."
            )
        if kept["crowd"] is not None and "crowd" not in changes:
            changes["crowd"] = crowd_of(kept["crowd"])
        own = {"target": Target(**kept["target"]), **kept["arguments"]}
        return cls(out, **(own | changes))

    def __enter__(self) -> Session:
        """Enter the session."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Let go of claims, and see that what was run can be compared.

        Raises:
            SessionError: an arm has no control beside it; its records are kept.
        """
        for key in list(self._claims):
            self._claims.pop(key).give_back()
        self._publish()
        if kind is None:
            self._check_control()

    def arm(
        self,
        name: str,
        *,
        role: str = "arm",
        replicate: int = 0,
        pool_labels: int = 0,
        validation_labels: int = 0,
    ) -> Arm:
        """Make a run of an arm: `with session.arm("control", role="control") as arm`.

        Args:
            name: of the arm.
            role: "control" for training without people, of which there is one;
                "pilot" for the control once more, which fixes the target; "null" for
                the control once more, as a check; "arm" for anything else.
            replicate: number of the run; arms are compared replicate by replicate.
            pool_labels: given labels that the run learns from, for what labels cost.
            validation_labels: labels of the items that `report` is measured on.

        Raises:
            SessionError: an argument does not fit.
        """
        if role not in folder.ROLES:
            known = ", ".join(map(repr, folder.ROLES))
            raise SessionError(f"`role` must be one of {known}, got {role!r}.")
        if not name or name != name.strip():
            raise SessionError(f"`name` must be a name without blanks, got {name!r}.")
        counts = {"pool_labels": pool_labels, "validation_labels": validation_labels}
        for what, number in {"replicate": replicate, **counts}.items():
            if isinstance(number, bool) or int(number) != number or number < 0:
                raise SessionError(
                    f"`{what}` must be a whole number >= 0, got {number!r}."
                )
        labels = int(pool_labels), int(validation_labels)
        return Arm(self, name, role, int(replicate), labels)

    def runs(
        self, arms: Mapping[str, str], replicates: int = 1, **labels: int
    ) -> Iterator[Arm]:
        """Yield the runs that are still to do, one after the other.

        Runs that are finished, or that another process has under way, are passed over.

        Args:
            arms: role by name of the arm.
            replicates: how many runs each has.
            **labels: `pool_labels` and `validation_labels` of all.

        Yields:
            A run to be entered: `for arm in session.runs(...): with arm: ...`.
        """
        for replicate in range(replicates):
            for name, role in arms.items():
                run = self.arm(name, role=role, replicate=replicate, **labels)
                if self._is_finished(run.key) or not self._claim(run):
                    continue
                if self._is_finished(run.key):
                    self.release(run)  # by another process, meanwhile
                    continue
                try:
                    yield run
                finally:
                    self.release(run)

    def is_done(self, name: str, replicate: int = 0) -> bool:
        """Say whether a run of an arm is finished and recorded."""
        return any(
            self._is_finished(self.key_of(name, role, replicate))
            for role in folder.ROLES
        )

    def results(self) -> Results:
        """Open what is recorded so far, as `hitl_sim.open_results` does.

        Raises:
            SessionError: no run is finished, or an arm has no control beside it.
        """
        from hitl_sim.results import open_results  # noqa: PLC0415 - loads statistics

        if not folder.recorded_keys(self.out):
            raise SessionError(
                f"`results` must be asked for once a run is finished, got none in "
                f"{str(self.out)!r}."
            )
        self._check_control()
        self._publish()
        return open_results(self.out)

    def seed_of(self, replicate: int) -> int:
        """Return a number in [0, 2^31) that the arms of a replicate share."""
        text = f"{self.seed} {replicate}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1

    def key_of(self, name: str, role: str, replicate: int) -> str:
        """Return the key of a run: of all that decides its record, but for the loop."""
        return _digest([self._condition_of(name, role), replicate])

    @property
    def requester_s(self) -> float:
        """Return the requester's own work on the questions of one run, s."""
        hours = {} if self.crowd is None else self.crowd.workforce
        return float(hours.get("requester_h", 0.0)) * S_PER_H

    def begin(self, arm: Arm) -> Sequence[int] | None:
        """Claim a run and keep its name; called by the run.

        Returns:
            The steps at which other replicates of the arm reported; None of the first.

        Raises:
            SessionError: it is finished, another process has it, or its role is taken.
        """
        where = f"{arm.name!r} of replicate {arm.replicate}"
        if self._is_finished(arm.key):
            raise SessionError(
                f"Run {where} is finished and kept in {str(self.out)!r}: pass it over, "
                "as `session.runs(...)` does, or ask `session.is_done(...)` first."
            )
        known = folder.read_run_files(self.out, self._hash)
        self._check_role(arm, known)
        if arm.key not in self._claims and not self._claim(arm):
            raise SessionError(f"Run {where} is under way in another process.")
        finished = folder.recorded_keys(self.out)
        if arm.key in finished:
            self.release(arm)
            raise SessionError(f"Run {where} was finished by another process.")
        condition = self._condition_of(arm.name, arm.role)
        own = [
            run["steps"]
            for run in known
            if run["condition"] == condition and run["key"] in finished
        ]
        self._write_run(arm, None)
        return own[0] if own else None

    def finish(
        self, arm: Arm, row: Mapping[str, Any], measured: Mapping[str, Any]
    ) -> None:
        """Record a run that is over; called by the run."""
        self._check_units(arm, row)
        write_json(self.out / "sidecar" / f"{arm.key}.json", measured)
        folder.write_answers(self.out, arm.key, arm.people.rows())
        self._write_run(arm, row)
        # last: from now on the run is there
        write_records(self.out, arm.key, [row])
        clear_error(self.out, arm.key)
        number = len(folder.recorded_keys(self.out))
        if number >= _SELDOM * self._num_published:
            self._publish()

    def fail(self, arm: Arm, said: str, trace: str) -> None:
        """Keep why a run ended before its time; called by the run."""
        write_error(self.out, arm.key, [arm.key], said, trace)

    def release(self, arm: Arm) -> None:
        """Let go of the claim on a run; called by the run."""
        claim = self._claims.pop(arm.key, None)
        if claim is not None:
            claim.give_back()

    def _open(self) -> None:
        """Make the folder, or see that it is of this session."""
        try:
            check_folder(self.out)
        except RecordError as error:
            raise SessionError(str(error)) from error
        set_aside(self.out, damaged_files(self.out))
        kept = folder.read_session(self.out)
        identity = self._identity()
        if kept is not None and kept["identity"] != _plain(identity):
            name = next(
                (n for n, v in _plain(identity).items() if kept["identity"].get(n) != v)
            )
            raise SessionError(
                f"`{name}` must be as the session in {str(self.out)!r} has it "
                f"({kept['identity'].get(name)!r}), got {_plain(identity)[name]!r}: "
                "use another folder."
            )
        if kept is None and (self.out / MANIFEST).exists():
            raise SessionError(
                f"`out` must be a folder of its own, got {str(self.out)!r}, which "
                "holds a study."
            )
        folder.fix_plan(self.out, self._study())
        arguments = {
            "question": self._question,
            "task": self.task,
            "seed": self.seed,
            "device": self._device,
            "prices": _given(self._prices),
            "smallest_effect": self._smallest_effect,
            "note": self._note,
        }
        folder.write_session(
            self.out,
            {
                "identity": _plain(identity),
                "target": vars(self.target),
                "crowd": None if self.crowd is None else self.crowd.table(),
                "arguments": arguments,
            },
        )
        # a process may have been killed between a record and the tables
        self._publish()

    def _publish(self) -> None:
        """Write the tables of the folder, without answers of whoever withdrew."""
        if isinstance(self.crowd, Withdrawable):
            erase_answers(self.out, self.crowd.withdrawn().keys())
        self._num_published = len(folder.recorded_keys(self.out))
        folder.publish(self.out, self._tables(), self.base)

    def _identity(self) -> dict[str, Any]:
        """Return what all runs of the folder share and no run may change."""
        crowd = None if self.crowd is None else self.crowd.identity()
        return {"task": self.task, "seed": self.seed, "crowd": crowd}

    @property
    def _hash(self) -> str:
        return _digest([self._identity(), SCHEMA, __version__])

    def _condition_of(self, name: str, role: str) -> str:
        """Hash an arm; one that asks nobody by its role is of no crowd."""
        identity = self._identity()
        if role != "arm":
            identity.pop("crowd")
        return _digest([identity, SCHEMA, __version__, name, role])

    def _tables(self) -> dict[str, Any]:
        """Return what the folder's tables are made of."""
        base = self._identity()
        base.pop("crowd")
        return {
            "hash": self._hash,
            "base": _digest([base, SCHEMA, __version__]),
            "task": self.task,
            "crowd": self.crowd,
            "study": self._study(),
        }

    def _study(self) -> dict[str, Any]:
        """Return the session as the tables of a study, as far as it has them."""
        crowd: dict[str, Any] = {"recording": None}
        if self.crowd is not None:
            crowd |= {"population": self.crowd.name, **folder.parameters_of(self.crowd)}
            if self.crowd.source == "live":
                crowd["source"] = self.crowd.source
        workforce = {} if self.crowd is None else dict(self.crowd.workforce)
        if self.crowd is not None and self.crowd.size is not None:
            workforce = {"size": self.crowd.size, **workforce}
        return {
            "question": self._question,
            "note": self._note,
            "seed": self.seed,
            "smallest_effect": self._smallest_effect,
            "target": vars(self.target),
            "crowd": crowd,
            "workforce": workforce,
            "device": self._device,
            "prices": msgspec.to_builtins(self._prices),
        }

    def _is_finished(self, key: str) -> bool:
        return key in folder.recorded_keys(self.out)

    def _claim(self, arm: Arm) -> bool:
        claim = folder.claim_of(self.out, arm.key)
        if arm.key in self._claims or not claim.take():
            return False
        self._claims[arm.key] = claim
        return True

    def _write_run(self, arm: Arm, row: Mapping[str, Any] | None) -> None:
        """Keep a run's name; with its record, what is known of it at its end."""
        end: dict[str, Any] = {"asked": None, "steps": [], "units": []}
        if row is not None:
            units = [row[name] for name in ("work_unit", "work_phase", "work_purpose")]
            steps = {"steps": row["step"], "units": units}
            end = {"asked": arm.people.asked_as(), **steps}
        labels = dict(
            zip(("pool_labels", "validation_labels"), arm.labels, strict=True)
        )
        run = {
            "session": self._hash,
            "key": arm.key,
            "arm": arm.name,
            "role": arm.role,
            "replicate": arm.replicate,
            "condition": self._condition_of(arm.name, arm.role),
            **labels,
            **end,
        }
        write_json(folder.run_file(self.out, arm.key), run, is_sorted=False)

    def _check_role(self, arm: Arm, known: Sequence[Mapping[str, Any]]) -> None:
        """Refuse a second control, pilot or null arm, and one name in two roles."""
        for run in known:
            if run["arm"] == arm.name and run["role"] != arm.role:
                raise SessionError(
                    f"`role` of {arm.name!r} must be {run['role']!r} as before, got "
                    f"{arm.role!r}."
                )
            is_single = arm.role != "arm" and run["role"] == arm.role
            if is_single and run["arm"] != arm.name:
                raise SessionError(
                    f"`role` {arm.role!r} must belong to one arm, got {arm.name!r} "
                    f"beside {run['arm']!r}."
                )

    def _check_units(self, arm: Arm, row: Mapping[str, Any]) -> None:
        """Refuse a run whose work is of other units than its other replicates'."""
        own = [row[name] for name in ("work_unit", "work_phase", "work_purpose")]
        condition, finished = (
            self._condition_of(arm.name, arm.role),
            folder.recorded_keys(self.out),
        )
        for run in folder.read_run_files(self.out, self._hash):
            is_alike = run["condition"] == condition and run["key"] in finished
            if is_alike and run["units"] != own:
                raise SessionError(
                    f"`work` of {arm} must be of the units of its other replicates "
                    f"({', '.join(run['units'][0])}), got {', '.join(own[0])}. Nothing "
                    "of it was recorded."
                )

    def _check_control(self) -> None:
        """Refuse runs that no control stands beside."""
        finished = folder.recorded_keys(self.out)
        runs = folder.read_run_files(self.out, self._hash)
        control = {r["replicate"] for r in runs if r["role"] == "control"}
        for run in runs:
            if run["role"] == "control" or run["key"] not in finished:
                continue
            if run["replicate"] not in control:
                raise SessionError(
                    f"Arm {run['arm']!r} must have a control beside it: run one of "
                    f"role 'control' with replicate {run['replicate']}. Its records "
                    f"are kept in {str(self.out)!r}."
                )


def _checked_prices(prices: Prices | Mapping[str, Any] | None) -> Prices:
    """Read prices, those of `PRICES` where a choice is left out.

    Raises:
        SessionError: one is unknown or out of range.
    """
    if isinstance(prices, Prices):
        made = prices
    else:
        try:
            made = msgspec.convert({**PRICES, **(prices or {})}, Prices)
        except msgspec.ValidationError as error:
            raise SessionError(f"`prices`: {error}.") from error
    try:
        check_prices(made)
    except ValueError as error:
        raise SessionError(f"`prices`: {error}") from error
    return made


def _checked_device(device: str | None, metering: Metering) -> str:
    """Choose the profile of what trains.

    Raises:
        SessionError: there is none of that name, or an accelerator is measured and
            nobody says what trains.
    """
    if device is None:
        if metering.accelerators:
            raise SessionError(
                "`device` must name the profile of what trains where meters see "
                f"{', '.join(metering.accelerators)} ({', '.join(profile_names())}), "
                "got None."
            )
        return _DEVICE
    try:
        load_profile(device)
    except ValueError as error:
        raise SessionError(str(error)) from error
    return device


def _given(prices: Prices) -> dict[str, Any]:
    found = msgspec.to_builtins(prices)
    return {name: value for name, value in found.items() if value is not None}


def _plain(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Return tables as JSON reads them back."""
    plain: dict[str, Any] = json.loads(json.dumps(tables))
    return plain


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
