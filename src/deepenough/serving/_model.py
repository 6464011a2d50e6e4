"""Model: a bundle with the name it is asked by, and how it answers checked rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any

from deepenough.bundle import Answer, Bundle
from deepenough.errors import DataError
from deepenough.files import read_json
from deepenough.registry import Registry, find, parse
from deepenough.serving._refused import Refused
from deepenough.serving._wire import Wire

Columns = dict[str, list[Any]]
HEAVY_MS = 2.0  # from here on a row is answered beside the loop that talks to clients
MANY = 64  # so are as many rows
TIMED = 5


class Failed(Exception):
    """A model did not answer rows that are what its signature says."""


class Model:
    """One version of a model, loaded.

    Attributes
    ----------
    name, version : as clients and the log know it: the registry's number, or the beginning of the bundle's identity.
    milliseconds : what one row takes here.
    """

    def __init__(self, bundle: Bundle, name: str, version: str, outside: str = "flag") -> None:
        self.bundle, self.name, self.version = bundle, name, version
        self.task = bundle.task
        self.wire = Wire(bundle.task, outside)
        examples: list[dict[str, Any]] = bundle.read("examples.json")["rows"]
        self.example = examples[0]
        self.milliseconds = self._time()

    def _time(self) -> float:
        taken = []
        for _ in range(TIMED):
            begun = time.perf_counter()
            self.bundle.predict([self.example])
            taken.append((time.perf_counter() - begun) * 1e3)
        return median(taken)

    def is_heavy(self, rows: int) -> bool:
        """Whether so many rows would keep other clients waiting."""
        return rows >= MANY or rows * self.milliseconds > HEAVY_MS

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> tuple[Columns, list[list[str]]]:
        """Hold rows against the signature and answer them: the columns of the answer, as JSON takes them, and what of each row is
        out of range.

        Raises `Refused` where a row is not what the signature says, `Failed` where the model fails, or its answer is not finite.
        """
        quick = self.wire.tensors(rows[0]) if len(rows) == 1 and self.bundle.reads_rows else None
        checked, outside = ([], [quick[1]]) if quick is not None else self.wire.check(rows)
        try:
            said = self.bundle.run(quick[0]) if quick is not None else self.bundle.answer_rows(checked)
        except DataError as error:
            only = self.task.inputs[0].name if len(self.task.inputs) == 1 else None
            raise Refused(422, str(error), only) from None
        except Exception as error:  # onnxruntime's own errors share no base class
            raise Failed(f"The model failed ({type(error).__name__}).") from error
        return self._columns(said), outside

    def _columns(self, said: Answer) -> Columns:
        columns = {name: values.tolist() for name, values in self.bundle.columns(said).items()}
        for name, cells in columns.items():
            if type(cells[0]) is float and not isfinite(cells[0] if len(cells) == 1 else sum(cells)):
                raise Failed(f"The model gave no finite {name.partition('_')[0]}.")
        return columns


def open_model(
    reference: str, name: str | None = None, outside: str = "flag", registry: Registry | None = None
) -> Model:
    """Load what a reference means: a bundle, the folder of a run, or ``models:/NAME@alias``.

    Raises `DataError` where a run ships no model, `BundleError`, `RegistryError` as loading does.
    """
    wanted = parse(reference)
    folder = find(reference, registry)
    if (folder / "run.json").exists():
        folder = _shipped(folder)
    elif not folder.exists():
        raise DataError(f"There is no folder '{folder}'. Name a run, a bundle, or models:/NAME@alias.")
    bundle = Bundle.load(folder)
    version = bundle.digest[:12]
    if wanted is not None and folder.parent.name == "bundles":
        version = str((registry or Registry()).resolve(wanted).version)
    return Model(bundle, name or _name(folder, wanted.name if wanted else None), version, outside)


def _shipped(folder: Path) -> Path:
    if (folder / "bundle").is_dir():
        return folder / "bundle"
    said = read_json(folder / "verdict.json").get("sentence", "it is not finished.")
    raise DataError(f"'{folder}' ships no model: {said}")


def _name(folder: Path, registered: str | None) -> str:
    """Return the name of the model: as it is registered, else that of the run's or the bundle's folder."""
    if registered is not None:
        return registered
    home = folder.resolve()
    plain = home.parent.name if home.name == "bundle" else home.stem
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in plain).strip(".-")[:64] or "model"
