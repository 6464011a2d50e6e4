"""One decision with its reasons: what was answered, how sure, why, like which rows, and what would change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepenough import shelves
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable, SettingError
from deepenough.explainers import Contributions, Model, answered, reasons
from deepenough.runs import Run
from deepenough.submissions import is_missing, label_text

from . import _table
from ._cells import beyond, cells
from ._changes import changes
from ._neighbours import Space
from ._sureness import record, state
from ._table import Table

SCHEMA = "deepenough.explanation/1"
MOST_ROWS = 20  # explained at once


def explain(run: Run, numbers: Sequence[int] = (), new: Any = None, data: Any = None) -> dict[str, Any]:
    """Explain decisions of what a run ships; return the document that ``--json`` prints.

    Parameters
    ----------
    numbers : rows of the run's table, counted from 0. new : a file or frame of other rows; the first 20 are explained.
    data : the run's table, where it is no longer where run.json says.

    Raises
    ------
    DataError : the table is gone, or was changed. SettingError : no row, or one that there is not.
    """
    if bool(len(numbers)) == (new is not None):
        raise SettingError(
            "Say which rows: --row NUMBER (of the run's table), or --rows FILE (new ones), one of the two."
        )
    if run.verdict["task"]["modality"] != "tabular":
        raise NotApplicable(
            "One picture's answer is not taken apart here: the report shows what drives the model as a whole, and the pictures "
            "that it gets wrong or doubts."
        )
    table = _table.find(run, data)
    rows, frame = table.rows(list(numbers[:MOST_ROWS])) if new is None else _table.read(table.task, new)
    asked = len(numbers) if new is None else len(frame)
    rows, frame = rows.take(np.arange(min(MOST_ROWS, len(rows)))), frame.iloc[:MOST_ROWS]
    return Decisions(run, table).document(rows, frame.to_dict("records"), list(numbers), asked)


class Decisions:
    """The model of a run, and what is needed to explain it."""

    def __init__(self, run: Run, table: Table) -> None:
        self.run, self.table, self.task = run, table, table.task
        self.key, self.bundle = str(run.verdict["chosen_trial"]), run.bundle
        native = run.folder / "trials" / self.key / "native"
        self.model = Model(self.bundle, str(run.verdict["chosen"]), native, table.usual, seed=int(run.verdict["seed"]))
        self.space = Space(self.task, table.learnt)
        self.kind = shelves.load("tasks", self.task.kind)

    def document(self, rows: Dataset, raw: list[dict[Any, Any]], numbers: list[int], asked: int) -> dict[str, Any]:
        try:
            found, why_not = reasons(self.model, rows), None
        except NotApplicable as reason:
            found, why_not = None, str(reason)
        far = self.space.far()
        trial = next(t for t in self.run.verdict["trials"] if t["key"] == self.key)
        said = [
            self._row(rows, i, {str(k): v for k, v in raw[i].items()}, found, far, numbers[i] if numbers else None)
            for i in range(len(rows))
        ]
        return {
            "schema": SCHEMA,
            "run": self.run.folder.name,
            "model": trial["title"],
            "family": trial["candidate"],
            "target": self.task.target,
            "labels": list(self.task.labels),
            "scale": "value"
            if not self.task.labels
            else "log_odds"
            if len(self.task.labels) == 2
            else "log_probability",
            "contributions": None if found is None else "exact" if found.exact else "sampled",
            "why_no_contributions": why_not,
            "asked": asked,
            "rows": said,
        }

    def _row(
        self, rows: Dataset, i: int, raw: dict[str, Any], found: Contributions | None, far: float, number: int | None
    ) -> dict[str, Any]:
        row = rows.take(np.array([i]))
        answer = self.bundle.answer_features(row.features, len(row))
        chance = answer["probability"][0] if self.task.labels else None
        outside, near = beyond(row, raw), self.space.nearest(row, number)
        adds = [] if found is None else self._reasons(found, i, cells(row, raw), chance)
        first = [r["column"] for r in adds] or [c.name for c in self.task.inputs]
        return {
            "row": i if number is None else number,
            "part": "new" if number is None else self.table.part(number),
            "truth": self._truth(raw.get(str(self.task.target))),
            "prediction": _plain(self.kind.columns(answer, self.task)["prediction"][0]),
            "probability": None if chance is None else dict(zip(self.task.labels, map(float, chance), strict=True)),
            "state": state(chance, bool(outside)),
            "record": record(self.run.folder, self.key, chance),
            "outside": outside,
            "unlike": bool(near and near[0][1] > far),
            "usual": None if found is None else self._usual(found, chance),
            "inputs": cells(row, raw),
            "reasons": adds,
            "neighbours": [self._neighbour(place, away) for place, away in near],
            "changes": changes(self.bundle, row, self.space, first) if self.task.labels else [],
        }

    def _truth(self, cell: Any) -> str | float | None:
        if is_missing(cell):
            return None
        return label_text(cell) if self.task.labels else float(cell)

    def _output(self, chance: np.ndarray | None) -> int:
        """Which of the scores is explained: of more than two classes that of the one that was answered."""
        return int(chance.argmax()) if chance is not None and len(chance) > 2 else 0

    def _usual(self, found: Contributions, chance: np.ndarray | None) -> dict[str, float]:
        """Return where it starts: the score before anything is known of the row, and what answer that is."""
        k, said = self._output(chance), answered(found.base[None, :], len(self.task.labels))
        told = said[0] if chance is None else said[0, 1] if len(chance) == 2 else said[0, k]
        return {"score": float(found.base[k]), "answer": float(told)}

    def _reasons(
        self, found: Contributions, i: int, said: dict[str, str], chance: np.ndarray | None
    ) -> list[dict[str, Any]]:
        """Return what each column adds, the most first, and what the answer would be without it."""
        k, total = self._output(chance), found.totals()[i]
        entries = []
        for j, column in enumerate(found.columns):
            without = answered((total - found.values[i, j])[None, :], len(self.task.labels))[0]
            told = without if chance is None else without[1] if len(chance) == 2 else without[k]
            entries.append(
                {
                    "column": column,
                    "value": said[column],
                    "adds": float(found.values[i, j, k]),
                    "error": None if found.error is None else float(found.error[i, j, k]),
                    "towards": self._towards(float(found.values[i, j, k]), k),
                    "without": float(told),
                }
            )
        return sorted(entries, key=lambda e: -abs(e["adds"]))

    def _towards(self, adds: float, k: int) -> str | None:
        """Return the class that it speaks for; None of numbers, and of what speaks against the one answered of many."""
        if not self.task.labels:
            return None
        if len(self.task.labels) == 2:
            return self.task.labels[1 if adds > 0 else 0]
        return self.task.labels[k] if adds > 0 else None

    def _neighbour(self, place: int, away: float) -> dict[str, Any]:
        row = self.table.learnt.take(np.array([place]))
        truth = row.truth[0]
        return {
            "row": int(row.about["row"].iloc[0]),
            "distance": away,
            "truth": self.task.labels[int(truth)] if self.task.labels else float(truth),
            "inputs": cells(row, {}),
        }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else float(value)
