"""Deployment: which version answers, which is tried beside it, and how; a document that workers share and a file keeps."""

from __future__ import annotations

from pathlib import Path

import msgspec

from deepenough.errors import SettingError
from deepenough.files import write_bytes
from deepenough.registry import SCHEME, Registry, parse

MODES = ("shadow", "canary")
KEPT = 8  # earlier champions that can be gone back to


class Deployment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What answers.

    Attributes
    ----------
    champion : answers. challenger : tried beside it; None: nothing is.
    mode : ``shadow`` (asked too, its answers only compared) or ``canary`` (answers `percent` of the requests, the same for a key).
    previous : earlier champions, the latest last. stopped : why a canary was stopped by itself.
    began : counts of the events that the guard weighs, as they were when the challenger came.
    """

    champion: str
    challenger: str | None = None
    mode: str | None = None
    percent: float = 5.0
    previous: tuple[str, ...] = ()
    stopped: str | None = None
    began: dict[str, float] = {}

    def __post_init__(self) -> None:
        if (self.challenger is None) != (self.mode is None) or (self.mode is not None and self.mode not in MODES):
            raise SettingError(f"A challenger needs a mode, one of: {', '.join(MODES)}; and a mode a challenger.")
        if not 0 < self.percent <= 50:
            raise SettingError("The percent of a canary lies above 0 and up to 50.")

    def without_challenger(self, why: str | None = None) -> Deployment:
        """Return it with the champion alone."""
        return msgspec.structs.replace(self, challenger=None, mode=None, stopped=why)

    def with_champion(self, reference: str) -> Deployment:
        """Return it with another champion alone; the one before can be gone back to."""
        previous = (*self.previous, self.champion)[-KEPT:]
        return msgspec.structs.replace(self.without_challenger(), champion=reference, previous=previous)

    def rolled_back(self) -> Deployment:
        """Return it with the champion before this one."""
        if not self.previous:
            raise SettingError("There is no earlier champion to go back to.")
        alone = self.without_challenger()
        return msgspec.structs.replace(alone, champion=self.previous[-1], previous=self.previous[:-1])

    @property
    def references(self) -> tuple[str, ...]:
        """What is loaded."""
        return (self.champion,) if self.challenger is None else (self.champion, self.challenger)


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /deployment: one change."""

    do: str
    model: str | None = None
    mode: str = "shadow"
    percent: float = 5.0


DOES = ("try", "stop", "promote", "switch", "rollback")


def changed(now: Deployment, change: Change, known: frozenset[str], counts: dict[str, float]) -> Deployment:
    """Return what a change makes of a deployment.

    ``try`` MODEL beside the champion, ``stop`` trying, ``promote`` the challenger, ``switch`` to MODEL, ``rollback``.

    Parameters
    ----------
    known : references the server was started with; beside them only versions in the registry can be named: never a path.
    """
    if change.do in ("try", "switch"):
        reference = _must_be_nameable(change.model, known)
        if change.do == "switch":
            return now.with_champion(reference)
        return Deployment(now.champion, reference, change.mode, change.percent, now.previous, None, counts)
    if change.do == "rollback":
        return now.rolled_back()
    if change.do not in DOES:
        raise SettingError(f"'do' is one of: {', '.join(DOES)}.")
    if now.challenger is None:
        raise SettingError("Nothing is tried now.")
    return now.without_challenger() if change.do == "stop" else now.with_champion(now.challenger)


def _must_be_nameable(reference: str | None, known: frozenset[str]) -> str:
    if reference is None:
        raise SettingError("Name the version: models:/NAME/3, models:/NAME@alias, or one the server was started with.")
    if reference not in known and not (reference.startswith(SCHEME) and parse(reference)):
        raise SettingError(
            "A path cannot be named here: models:/NAME/3, models:/NAME@alias, or one the server was started with."
        )
    return reference


def pinned(reference: str) -> str:
    """Return the reference of just that version: an alias moves, a deployment does not."""
    wanted = parse(reference)
    if wanted is None or not reference.startswith(SCHEME):
        return reference
    found = Registry().resolve(wanted)
    return f"{SCHEME}{found.name}/{found.version}"


def read(path: Path) -> Deployment:
    """Return the deployment that workers share."""
    return msgspec.json.decode(path.read_bytes(), type=Deployment)


def write(path: Path, deployment: Deployment) -> None:
    """Let a deployment be the one that workers share: the old or the new one at every moment."""
    write_bytes(path, msgspec.json.encode(deployment))
