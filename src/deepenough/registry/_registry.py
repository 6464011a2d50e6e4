"""Registry: names, versions that never change, aliases that move, and where each version came from."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deepenough.errors import RegistryError
from deepenough.registry import _rows, _store
from deepenough.registry._database import Database
from deepenough.registry._names import SCHEME, Reference, check_alias, check_name, parse
from deepenough.registry._store import Store
from deepenough.registry._version import Added, Move, Version

FOLDER = "registry"  # where one works, beside `runs`
HOLDS = ("run.json", "manifest.json")  # one of these makes a folder a run or a bundle


class Registry:
    """A folder with the names, their history, and a whole copy of every bundle.

    Parameters
    ----------
    folder : the default is the one that ``DEEPENOUGH_REGISTRY`` names, else ``registry`` in the folder where one works.

    Every change is whole and on the disk before a method returns; processes that write at once take turns. Raises
    `RegistryError` where there is no such name, version or alias, or the registry is damaged; `StorageError` where it cannot
    be written.

    Examples
    --------
    >>> Registry().resolve("churn@champion").version   # doctest: +SKIP
    2
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder or os.environ.get("DEEPENOUGH_REGISTRY", "").strip() or FOLDER)
        self._database = Database(self.folder / "registry.db")
        self._store = Store(self.folder / "bundles")

    # --- what is there -------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Return the names of all models; none where there is no registry yet."""
        if not self._database.there:
            self._must_not_be_lost()
            return []
        with self._reading() as connection:
            return _rows.names(connection)

    def versions(self, name: str) -> list[Version]:
        """Return the versions of a model, the newest first."""
        with self._reading() as connection:
            _rows.must_have(connection, name)
            return [self._version(connection, row) for row in _rows.versions(connection, name)]

    def aliases(self, name: str) -> dict[str, int]:
        """Return where each alias of a model points."""
        with self._reading() as connection:
            _rows.must_have(connection, name)
            return _rows.aliases(connection, name)

    def history(self, name: str) -> list[Move]:
        """Return every move of an alias of a model, the latest first."""
        with self._reading() as connection:
            _rows.must_have(connection, name)
            return _rows.moves(connection, name)[::-1]

    def resolve(self, reference: str | Reference) -> Version:
        """Return the version that is meant, its copy proven whole: every file has the hash it was registered with.

        Raises `BundleError` where the copy is missing or was changed.
        """
        wanted = _parsed(reference)
        with self._reading() as connection:
            found = self._version(connection, _rows.version(connection, wanted))
        _store.check(found.folder, found.digest)
        return found

    def faults(self) -> list[str]:
        """Return what is wrong with the copies, a sentence each; none where every version is whole."""
        every = [version for name in self.names() for version in self.versions(name)]
        found = ((v.reference, _store.faults(v.folder, v.digest)) for v in every)
        return [f"{reference}: {fault}" for reference, fault in found if fault]

    # --- what changes it -----------------------------------------------------------------------------------------------

    def add(
        self, name: str, files: Iterable[tuple[str, bytes]], lineage: Mapping[str, Any], alias: str | None = None
    ) -> Added:
        """Keep a copy of a bundle as the next version of a name, and point an alias at it, in one step.

        Parameters
        ----------
        files : name and bytes of every file of a bundle that was verified, its ``manifest.json`` among them.
        """
        check_name(name)
        if alias is not None:
            check_alias(alias)
        self._prepare()
        temporary, digest = self._store.write(files)
        try:
            with self._database.write() as connection:
                _rows.must_be_spelt(connection, name)
                self._store.keep(temporary, digest)
                new = _rows.insert(connection, name, digest, lineage)
                row = next(r for r in _rows.versions(connection, name) if r["digest"] == digest)
                move = None if alias is None else _rows.point(connection, name, alias, row["version"])
                self._store.collect({r["digest"] for r in connection.execute("SELECT DISTINCT digest FROM versions")})
                return Added(self._version(connection, row), new, move)
        finally:
            self._store.drop(temporary)

    def point(self, alias: str, reference: str | Reference) -> Move | None:
        """Point an alias at a version of its model, proven whole; None where it points there already."""
        check_alias(alias)
        target = self.resolve(reference)
        with self._database.write() as connection:
            return _rows.point(connection, target.name, alias, target.version)

    def roll_back(self, reference: str | Reference) -> Move:
        """Point an alias (``churn@champion``) at the version it pointed at before, proven whole. Once more: one further."""
        name, alias = _alias(reference)
        with self._writing(name) as connection:
            move = _rows.roll_back(connection, name, alias)
            target = self._version(connection, _rows.version(connection, Reference(name, number=move.version)))
            _store.check(target.folder, target.digest)  # else nothing moves
            return move

    def remove(self, reference: str | Reference) -> Move:
        """Take an alias (``churn@champion``) away; the versions stay, and a roll-back brings it back."""
        name, alias = _alias(reference)
        with self._writing(name) as connection:
            return _rows.remove(connection, name, alias)

    # --- how -----------------------------------------------------------------------------------------------------------

    def _version(self, connection: sqlite3.Connection, row: sqlite3.Row) -> Version:
        found = {key: row[key] for key in row.keys()}  # noqa: SIM118  sqlite3.Row iterates over its values
        pointing = tuple(a for a, number in _rows.aliases(connection, row["name"]).items() if number == row["version"])
        lineage = json.loads(row["lineage"])
        return Version(**found | {"lineage": lineage}, aliases=pointing, folder=self._store.place(row["digest"]))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if not self._database.there:
            self._must_not_be_lost()
            raise RegistryError(
                f"There is no registry '{self.folder}'. Make one with `deepenough register`, or name another with "
                "DEEPENOUGH_REGISTRY."
            )
        with self._database.read() as connection:
            yield connection

    @contextmanager
    def _writing(self, name: str) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:  # what is not there is not made
            _rows.must_have(connection, name)
        with self._database.write() as connection:
            yield connection

    def _prepare(self) -> None:
        """Make the database before anything else, so that bundles without one are known to have lost it."""
        if not self._database.there:
            self._must_not_be_lost()
            with self._database.write():
                pass

    def _must_not_be_lost(self) -> None:
        if self._store.folder.exists() and not self._database.there:
            raise RegistryError(
                f"'{self._database.path}' is missing, though bundles are beside it. Bring it back from a copy, or name "
                "another registry with DEEPENOUGH_REGISTRY."
            )


def find(path: str | Path, registry: Registry | None = None) -> Path:
    """Return the folder that is meant: that of a run or a bundle, or the registry's copy of ``NAME@alias`` or ``NAME/3``.

    ``models:/NAME@alias`` means the registry, whatever folders there are. Where a run or bundle of that very path stands
    beside a model of that name, `RegistryError`: nobody should get another model than the one he meant.
    """
    text = path if isinstance(path, str) else path.as_posix()
    wanted, folder = parse(text), Path(path)
    if wanted is None:
        return folder
    asked, here = registry or Registry(), folder.is_file() or any((folder / name).is_file() for name in HOLDS)
    if text.startswith(SCHEME):
        return asked.resolve(wanted).folder
    if here and wanted.name in asked.names():
        raise RegistryError(
            f"'{text}' is a folder, and a model in the registry. Write {SCHEME}{text} for the registry's, or the folder's "
            "whole path."
        )
    if here:
        return folder
    try:
        return asked.resolve(wanted).folder
    except RegistryError as error:
        raise RegistryError(f"There is no folder '{text}'. {error}") from error


def _parsed(reference: str | Reference) -> Reference:
    found = parse(reference) if isinstance(reference, str) else reference
    if found is None:
        raise RegistryError(f"'{reference}' names no version of a model. Write NAME@alias or NAME/3: churn@champion.")
    return found


def _alias(reference: str | Reference) -> tuple[str, str]:
    wanted = _parsed(reference)
    if wanted.alias is None:
        raise RegistryError(f"'{reference}' names no alias. Write NAME@alias: {wanted.name}@champion.")
    return wanted.name, wanted.alias
