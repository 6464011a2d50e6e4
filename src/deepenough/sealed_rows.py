"""The sealed rows of a finished run, found again in the table it was made of: the folder holds no copy of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough import submissions
from deepenough.dataset import Dataset
from deepenough.errors import DataError, SealError, SettingError, nearest
from deepenough.files import write_text
from deepenough.ledger import Ledger, digest, until_verdict
from deepenough.loading import read_again
from deepenough.modalities._readers import places
from deepenough.modalities._readers.query import Query, again
from deepenough.modalities._readers.sources import FRAME, said
from deepenough.predictions import write
from deepenough.runs import Run
from deepenough.seal import LEDGER, verify
from deepenough.splits import row_hashes, truth_hash
from deepenough.submissions import Given
from deepenough.task import Task

if TYPE_CHECKING:
    import pandas as pd

ID = "row_id"


@dataclass(frozen=True)
class SealedRows:
    """The sealed rows in the order of the split.

    Attributes
    ----------
    dataset : with their truth. frame : the rows as they stand in the table, target and all.
    ids : (n,) what a submission names each row by: says nothing of where in the table it stands.
    numbers : (n,) where it stands, counted from 0.
    """

    dataset: Dataset
    frame: pd.DataFrame
    ids: np.ndarray
    numbers: np.ndarray

    @property
    def task(self) -> Task:
        return self.dataset.task

    @property
    def id_name(self) -> str:
        return ID if ID not in self.frame else f"sealed_{ID}"

    def questions(self) -> pd.DataFrame:
        """Return the rows without their target."""
        return self.frame.drop(columns=[str(self.task.target)])

    def answered(self, said: Any, classes: Any = None) -> Given:
        """Return what a predictor said of `questions`; `classes`: the order of its columns, where it is known."""
        who = "The predictor"
        found = submissions.array_of(said, who)
        if found.ndim == 0 or len(found) != len(self.ids):
            raise DataError(
                f"{who} answered {len(found) if found.ndim else 0:,} rows, and {len(self.ids):,} were asked. Answer each row once."
            )
        if not self.task.labels:
            return submissions.of_numbers(said, who, self._row)
        if found.ndim == 2 and hasattr(said, "columns"):
            classes = list(said.columns)
        if found.ndim == 2 and classes is not None:
            found = self._in_order(found, [submissions.label_text(c) for c in np.asarray(classes).tolist()])
        return submissions.of_classes(found, self.task.labels, who, self._row)

    def _in_order(self, found: np.ndarray, classes: list[str]) -> np.ndarray:
        """Put columns in the order of our classes; a class it never learnt has no chance."""
        unknown = [c for c in classes if c not in self.task.labels]
        if unknown or len(classes) != found.shape[1]:
            raise DataError(
                f"The predictor answers the classes {', '.join(classes[:10])}, and the task's are {', '.join(self.task.labels[:10])}. "
                "Fit it on the same target."
            )
        ordered = np.zeros((len(found), len(self.task.labels)))
        ordered[:, [self.task.labels.index(c) for c in classes]] = found
        return ordered

    def submitted(self, source: Any) -> Given:
        """Return the answers of a file or frame, in our order; a row that is missing, doubled or unknown is named."""
        frame = submissions.read(source)
        who = f"'{Path(source).name}'" if isinstance(source, str | Path) else "The frame"
        name, ours = self._named_by(frame, who)
        cells = frame[name].tolist()
        empty = next((i for i, v in enumerate(cells) if submissions.is_missing(v)), None)
        if empty is not None:
            raise DataError(
                f"{who} has no '{name}' in {submissions.counted(empty)}. Hand every row back with the one it came with."
            )
        theirs = [submissions.label_text(v) for v in cells]
        at: dict[str, int] = {}
        for i, key in enumerate(theirs):
            if key in at:
                raise DataError(f"{who} answers the row '{key}' twice ('{name}'). Answer each row once.")
            at[key] = i
        asked = set(ours)
        unknown, lacking = [k for k in theirs if k not in asked], [k for k in ours if k not in at]
        if lacking:
            more = f" and {len(lacking) - 1:,} more" if len(lacking) > 1 else ""
            raise DataError(f"{who} lacks the row '{lacking[0]}' ('{name}'){more}. Answer every row that was asked.")
        if unknown:
            more = f" and {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
            raise DataError(
                f"{who} answers the row '{unknown[0]}' ('{name}'){more}, which was not asked. Leave it out."
            )
        ordered = frame.iloc[[at[k] for k in ours]].reset_index(drop=True)
        return submissions.of_table(ordered, self.task.labels, who, lambda i: f"the row '{ours[i]}'")

    def _named_by(self, frame: pd.DataFrame, who: str) -> tuple[str, list[str]]:
        """Return the column that names their rows, and how it names ours: the id, a key of the table, or the row's number."""
        if self.id_name in frame:
            return self.id_name, self.ids.tolist()
        for key in self.task.keys:
            if key in frame and key in self.frame:
                ours = [submissions.label_text(v) for v in self.frame[key].tolist()]
                if len(set(ours)) == len(ours):
                    return key, ours
        if "row" in frame:
            return "row", [str(i) for i in self.numbers.tolist()]
        raise DataError(
            f"{who} has no column '{self.id_name}', which names each row. {nearest(self.id_name, frame.columns)}"
            "Hand it back as it came with the rows (deepenough judge --export RUN rows.csv)."
        )

    def _row(self, i: int) -> str:
        return f"the row '{self.ids[i]}' ({submissions.counted(i)})"


def find(run: Run, data: Any = None) -> SealedRows:
    """Find the sealed rows of a run again, and prove by their hashes that they are the same.

    Parameters
    ----------
    data : the table, where it is no longer where run.json says, or was a frame.

    Raises
    ------
    SealError : the ledger, a model or the verdict was changed. DataError : the table is gone, or was changed.
    """
    if run.verdict["chosen"] is None:
        raise DataError(
            f"'{run.folder}' chose no model, so there is nothing to judge against: {run.verdict['sentence']}"
        )
    proof = verify(run.folder)
    if proof.faults:
        raise SealError(f"Nothing can be judged against '{run.folder}': {proof.sentence}")
    made, cut = (json.loads((run.folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("run", "split"))
    plan = next(
        line for line in reversed(until_verdict(Ledger(run.folder / LEDGER).lines())) if line["event"] == "plan"
    )
    given = cut["strategy"] == "given file"
    source = data if data is not None else source_of(run, made["test"] if given else made["source"])
    numbers = None if given else numbers_of(run)
    dataset, frame = read_again(run.bundle.task, source, numbers)
    same = (
        np.array(row_hashes(cut["salt"], dataset)) == np.array(cut["sealed_hashes"])
        if len(dataset) == cut["sealed"]
        else None
    )
    name = said(source, first=True)
    if same is None or not same.all():
        what = (
            f"it has {len(dataset):,} rows for {cut['sealed']:,}"
            if same is None
            else f"{int((~same).sum()):,} of {len(same):,} sealed rows differ"
        )
        raise DataError(f"{name} is not the table this run was made of: {what}. Name the unchanged one with --data.")
    if truth_hash(cut["salt"], dataset) != plan["truth"]:
        raise DataError(
            f"{name} has other values in '{dataset.task.target}' than when it was sealed. Name the unchanged one with --data."
        )
    where = dataset.about["row"].to_numpy() if numbers is not None else np.arange(len(dataset))
    ids = np.array([digest(f"{cut['salt']} row {i}")[:16] for i in where.tolist()])
    return SealedRows(dataset, frame, ids, where)


def source_of(run: Run, named: str | None) -> str | Query:
    """Return the table that run.json names; `DataError` where it is gone, or was a frame."""
    if named is None or named == FRAME:
        raise DataError(f"'{run.folder}' was made of a DataFrame, and holds no copy of it. Name its rows with --data.")
    query = again(named)
    if query is None and not places.find(named).path.is_file():
        raise DataError(f"The table '{named}' that '{run.folder}' was made of is gone. Name it with --data.")
    return query or named


def numbers_of(run: Run) -> np.ndarray:
    """Return where the sealed rows stand in the table, as the kept answers to them say."""
    import pandas as pd

    path = run.folder / "trials" / run.verdict["chosen_trial"] / "sealed.csv"
    if not path.is_file():
        raise SealError(f"'{path}' is missing: it says where the sealed rows stand. Bring it back from a copy.")
    return np.asarray(pd.read_csv(path, usecols=["row"])["row"].to_numpy(np.int64))


def export(run: Run | str | Path, path: str | Path, data: Any = None) -> int:
    """Write the sealed rows without their target, in an order that says nothing; return how many.

    The first column names each row: whoever answers hands it back. This is no look: no answer is shown.
    """
    run = run if isinstance(run, Run) else Run.load(run)
    out, rows = Path(path), find(run, data)
    made = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    named = (made["source"], made["test"], data if isinstance(data, str | Path) else None)
    taken = [places.find(p).path for p in named if p]
    if any(p.resolve() == out.resolve() for p in taken):
        raise SettingError(f"'{out}' is the table this run was made of. Choose another file for the rows.")
    if out.resolve().is_relative_to(run.folder.resolve()):
        raise SettingError(
            f"'{out}' lies in the run's own folder, which holds no copy of the rows. Choose another place."
        )
    asked = rows.questions()
    asked.insert(0, rows.id_name, rows.ids)
    asked = asked.sort_values(rows.id_name, kind="stable")
    if out.suffix.lower() in (".csv", ".txt", ""):
        write_text(out, asked.to_csv(index=False))
    else:
        write(out, {name: asked[name].to_numpy() for name in asked})
    return len(asked)
