"""From a file or a frame to a Dataset: the modality reads, the kind of task encodes the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough import shelves
from deepenough.dataset import Dataset
from deepenough.errors import DataError, SettingError, nearest
from deepenough.examples import Identified
from deepenough.findings import Finding
from deepenough.modalities._readers.query import Query
from deepenough.modalities._readers.sources import said
from deepenough.task import Column, Task

if TYPE_CHECKING:
    import pandas as pd

    from deepenough.modalities._base import Modality

RARE_CLASS = 10
LEAST_ROWS = 5  # fewer cannot even be cut in two; the checks say what more is wanted
LARGEST = 3.4e38  # what the models answer in: float32
KEEPS = ("key", "group", "time")
DAMAGED = "DE022"  # the check's code, which the pictures that are left out while loading carry, too


def load(
    source: Any,
    target: str | None = None,
    *,
    types: Mapping[str, str] | None = None,
    group: str | None = None,
    time: str | None = None,
    task: str | None = None,
    positive: str | None = None,
) -> Dataset:
    """Read a table, or pictures, and fix, once, what is to be predicted from what.

    Parameters
    ----------
    source : path of a file (CSV, JSON, Parquet, Arrow, Excel; packed or not; ``book.xlsx#Sheet2`` names a part), a `Query`
        of a database, or a DataFrame; of pictures a folder of class folders, a zip of one, or a table that names them.
    target : the column to predict; of a folder of class folders what their names are called (``label``).
    types : kinds of columns by name, where they should not be found out (``{"zip": "category"}``).
    group : column whose equal values must stay on one side of every split (a customer, a machine).
    time : column that orders the rows; the split then tests on the latest.
    task : ``classification`` or ``regression``, where the target could be read as either.
    positive : the class of interest of two.

    Raises
    ------
    DataError, SettingError : the thing, what was seen, the mend.
    """
    modality = _modality(source)
    found, rows = modality.read(source, {"target": target, "types": types, "group": group, "time": time})
    target = target or found.target
    if target is None:
        raise DataError(
            f"Say what is to be predicted: --target COLUMN. The columns are: {', '.join(rows.columns[:20])}."
        )
    dataset = _dataset(modality, found, rows, target, task, positive)
    dataset.findings += _noted(modality, source)
    if isinstance(source, Query) and not source.ordered:
        dataset.findings.append(_unordered())
    return dataset


def load_like(task: Task, source: Any) -> Dataset:
    """Read more rows of a known task, with their target where they have one: the sealed file, new data.

    Labels never seen in training are an error: a model cannot be judged on them.
    """
    modality = shelves.load("modalities", task.modality)
    _, rows = modality.read(source, {"task": task})
    rows, lost = _openable(modality, task, rows)
    labelled = task.target in rows
    values = _target_values(rows, task.target) if labelled and task.target else None
    if values is not None and task.target:
        keep = np.flatnonzero([v is not None for v in values])
        if len(keep) == 0:
            raise DataError(f"No row of {said(source)} has a value in '{task.target}'.")
        rows, values = rows.iloc[keep].reset_index(drop=True), values[keep]
    built = _build(modality, task, rows, None if values is None else _encode_known(task, values, said(source)))
    built.findings += lost
    return built


def _modality(source: Any) -> Modality:
    books = {
        name: shelves.load("modalities", name)
        for name, book in shelves.shelf("modalities").items()
        if not book.missing()
    }
    sure = sorted(((m.recognises(source, {}), name) for name, m in books.items()), reverse=True)
    if not sure or sure[0][0] <= 0.0:
        raise DataError(f"A {type(source).__name__} is nothing deepenough can read. Give a path or a DataFrame.")
    modality: Modality = books[sure[0][1]]
    return modality


def set_aside(source: Any) -> Any:
    """Return the part of a source that its maker set aside to test on, as a source; None where there is none."""
    found = _aside(_modality(source), source)
    return None if found is None else found[0]


def _aside(modality: Modality, source: Any) -> tuple[Any, str] | None:
    return modality.set_aside(source) if modality.files else None  # type: ignore[attr-defined]


def _openable(modality: Modality, task: Task, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Return the rows whose file can be opened, and what is said of the others; `DataError` where none is left."""
    if not modality.files:
        return rows, []
    damaged: dict[int, str] = modality.left_out(rows, task)  # type: ignore[attr-defined]
    if not damaged:
        return rows, []
    names = _names(rows, task)
    first = min(damaged)
    if len(damaged) == len(rows):
        raise DataError(f"None of the {len(rows):,} files can be opened. The first, {names[first]}, {damaged[first]}.")
    stay = np.setdiff1d(np.arange(len(rows)), list(damaged))
    return rows.iloc[stay].reset_index(drop=True), [_damaged(damaged, names, len(rows))]


def _names(rows: pd.DataFrame, task: Task) -> list[str]:
    key = next(iter(task.keys), None)
    return [f"'{name}'" for name in rows[key]] if key in rows else [f"row {i}" for i in range(len(rows))]


def _damaged(damaged: Mapping[int, str], names: list[str], n: int) -> Finding:
    shown = "; ".join(f"{names[i]} {damaged[i]}" for i in sorted(damaged)[:3])
    more = f"; and {len(damaged) - 3:,} more" if len(damaged) > 3 else ""
    return Finding(
        DAMAGED,
        "warning",
        "files",
        f"{len(damaged):,} of {n:,} files cannot be opened and were left out: {shown}{more}.",
        "Copy or save them again, or take them out of the folder. Find out why they are damaged: if it is those of one "
        "class or one source, the verdict does not speak of them.",
        {
            "files": len(damaged),
            "share": len(damaged) / n,
            "names": [names[i].strip("'") for i in sorted(damaged)[:200]],
        },
    )


def _target_values(rows: pd.DataFrame, target: str) -> np.ndarray:
    """(n,) target cells as Python values, None where missing; whole floats become whole numbers, so 1.0 is the class 1."""
    series = rows[target]
    if series.dtype.kind == "f":
        known = series.dropna()
        if len(known) and (known == known.round()).all() and known.abs().max() < 2**53:
            series = series.astype("Int64")
    return np.array(
        [None if v is None or v != v else v for v in series.astype(object).where(series.notna(), None)], dtype=object
    )


def _dataset(
    modality: Modality, found: Task, rows: pd.DataFrame, target: str, kind: str | None, positive: str | None
) -> Dataset:
    rows, lost = _openable(modality, found, rows)
    values = _target_values(rows, target)
    known = np.array([v is not None for v in values])
    if not known.any():
        raise DataError(f"The target '{target}' is empty in all {len(rows)} rows. Name another column, or fill it.")
    if known.sum() < LEAST_ROWS:
        raise DataError(
            f"The table has {known.sum()} row(s) with a value in '{target}': too few to learn from and to judge by. "
            "Collect some hundred."
        )
    findings = [*lost, *([] if known.all() else [_unlabelled(target, known)])]
    plain = np.array(values[known].tolist())
    name = kind or _kind_of(plain)
    task_kind = _task_kind(name)
    if not task_kind.fits(plain):
        raise SettingError(
            f"--task {name}: the target '{target}' holds values such as '{plain[0]}'. Use another task or target."
        )
    labels, encoded = task_kind.encode(plain, (), positive)
    _refuse_far(encoded, target)
    keep = np.flatnonzero(known)
    if labels:
        keep, encoded, labels, rare = _without_rare(keep, encoded, labels, target)
        findings += rare
    if len(np.unique(encoded)) < 2:
        raise DataError(
            f"The target '{target}' is '{plain[0]}' in every row that can be used. "
            "There is nothing to predict: name another column."
        )
    task = replace(found, kind=name, labels=labels)
    if not task.inputs:
        raise DataError(
            "No column is left to predict from: "
            + "; ".join(f"'{c.name}' {c.why}" for c in task.columns if c.why)
            + "."
        )
    dataset = _build(modality, task, rows.iloc[keep], encoded, keep)
    dataset.findings = findings
    return dataset


def _kind_of(plain: np.ndarray) -> str:
    return next(name for name in ("classification", "regression") if _task_kind(name).fits(plain))


def _task_kind(name: str) -> Any:
    known = shelves.shelf("tasks")
    if name not in known:
        raise SettingError(f"--task '{name}' is not known. {nearest(name, known)}There are: {', '.join(known)}.")
    return shelves.load("tasks", name)


def _encode_known(task: Task, values: np.ndarray, source: str) -> np.ndarray:
    plain = np.array(values.tolist())
    kind = shelves.load("tasks", task.kind)
    if not task.labels and not kind.fits(plain):
        raise DataError(
            f"{source} holds text in '{task.target}', which was a number in training. Mend the cells, or drop those rows."
        )
    _, encoded = kind.encode(plain, task.labels, None)
    _refuse_far(encoded, str(task.target))
    if task.labels and (encoded < 0).any():
        new = sorted({str(v) for v in plain[encoded < 0]})[:5]
        raise DataError(
            f"{source} holds the class(es) {', '.join(new)}, never seen in training ({', '.join(task.labels[:10])}). "
            "Mend the spelling, or drop those rows."
        )
    return np.asarray(encoded)


def _refuse_far(encoded: np.ndarray, target: str) -> None:
    if encoded.dtype.kind == "f" and np.abs(encoded).max() > LARGEST:
        raise DataError(f"The target '{target}' holds a number beyond 3.4e38. Rescale it, or leave those rows out.")


def _noted(modality: Modality, source: Any) -> list[Finding]:
    """Say what of a folder or zip is not learnt from."""
    aside = _aside(modality, source)
    if aside is None:
        return []
    message = f"The folder '{aside[1]}' was set aside by whoever made the data: it is what a run tests on."
    return [Finding("DE000", "note", "files", message, "Name another with --test, where that is not meant.", {})]


def _unordered() -> Finding:
    return Finding(
        "DE000",
        "note",
        "query",
        "The query has no ORDER BY, so the database may give the same rows in another order next time.",
        "Add ORDER BY with a column that names each row: then the same rows are sealed each time, and found again.",
        {},
        [],
    )


def _unlabelled(target: str, known: np.ndarray) -> Finding:
    lost = np.flatnonzero(~known)
    return Finding(
        "DE000",
        "warning",
        target,
        f"{len(lost):,} of {len(known):,} rows have no value in '{target}' and were left out.",
        "If these rows differ from the others, the verdict does not speak of them: find out why they are empty.",
        {"rows": len(lost), "share": len(lost) / len(known)},
        lost[:200].tolist(),
    )


def _without_rare(
    keep: np.ndarray, codes: np.ndarray, labels: tuple[str, ...], target: str
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], list[Finding]]:
    """Leave out classes of fewer than ten rows, where two or more others remain: they can be neither learnt nor judged."""
    counts = np.bincount(codes, minlength=len(labels))
    rare = counts < RARE_CLASS
    if not rare.any() or (~rare).sum() < 2:
        return keep, codes, labels, []
    lost = keep[rare[codes]]
    seen = ", ".join(f"'{labels[i]}' ({counts[i]})" for i in np.flatnonzero(rare))
    finding = Finding(
        "DE000",
        "warning",
        target,
        f"The class(es) {seen} have fewer than {RARE_CLASS} rows and were left out ({len(lost)} rows).",
        "Collect more of them, or merge them with a class that is treated the same.",
        {"classes": [labels[i] for i in np.flatnonzero(rare)], "rows": len(lost)},
        lost[:200].tolist(),
    )
    kept = np.flatnonzero(~rare)
    renumber = np.full(len(labels), -1)
    renumber[kept] = np.arange(len(kept))
    stay = ~rare[codes]
    return keep[stay], renumber[codes[stay]], tuple(labels[i] for i in kept), [finding]


def _build(
    modality: Modality, task: Task, rows: pd.DataFrame, target: np.ndarray | None, numbers: np.ndarray | None = None
) -> Dataset:
    import pandas as pd

    examples = modality.decode(rows, task)
    features = modality.features(examples, task)
    about = pd.DataFrame({"row": np.arange(len(rows)) if numbers is None else numbers})
    for column in task.columns:
        if _is_kept(column) and column.name in rows and (column.name != "row" or column.role != "key"):
            about[_not_row(column.name)] = rows[column.name].to_numpy()
    ids = examples.identities() if isinstance(examples, Identified) else content_ids(features, len(rows))
    return Dataset(task, examples, target, about, ids, features)


def _is_kept(column: Column) -> bool:
    """Whether a column that is no input is kept beside the examples: what names them, parts them, or makes segments."""
    return column.role in KEEPS or (column.role == "about" and column.why is None)


def _not_row(name: str) -> str:
    """`row` is the number of a row in the data as read, which findings name: no column may stand in its place."""
    if name == "row":
        raise DataError("A column called 'row' cannot be the group or the time. Rename it.")
    return name


def content_ids(features: Mapping[str, np.ndarray], n: int) -> np.ndarray:
    """Return (n,) uint64: equal rows of features, equal id."""
    import pandas as pd

    if not features:
        return np.zeros(n, dtype=np.uint64)
    return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(dict(features)), index=False), dtype=np.uint64)


def read_again(task: Task, source: Any, numbers: np.ndarray | None) -> tuple[Dataset, pd.DataFrame]:
    """Read rows that were read before: the dataset with its target, and the same rows as they stand in the table.

    Parameters
    ----------
    numbers : of the rows wanted, counted from 0 as in `about`; None: every row with a target, as `load_like` takes them.

    Raises `DataError` where the table has no target, lacks a row, or holds a class that training never saw.
    """
    modality = shelves.load("modalities", task.modality)
    _, rows = modality.read(source, {"task": task})
    rows, _ = _openable(modality, task, rows)
    if task.target is None or task.target not in rows:
        raise DataError(
            f"{said(source, first=True)} has no column '{task.target}', so nothing can be judged by it. Name the table as it was."
        )
    if numbers is not None and (len(numbers) == 0 or numbers.min() < 0 or numbers.max() >= len(rows)):
        raise DataError(
            f"{said(source, first=True)} has {len(rows):,} rows, fewer than when it was split. Name the table as it was."
        )
    values = _target_values(rows, task.target)
    if numbers is None:
        numbers = np.flatnonzero([v is not None for v in values])
    rows, values = rows.iloc[numbers].reset_index(drop=True), values[numbers]
    if any(v is None for v in values):
        raise DataError(
            f"{said(source, first=True)} has lost values of '{task.target}' since. Name the table as it was."
        )
    return _build(modality, task, rows, _encode_known(task, values, said(source)), numbers), rows
