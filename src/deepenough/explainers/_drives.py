"""What drives a model as a whole: the figures a run keeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.dataset import Dataset
from deepenough.files import read_json
from deepenough.metrics import Metric

from ._base import Model

TREE = "tree.json"  # what a family of trees that a person can read keeps


def drives(bundle: Bundle, rows: Dataset, metric: Metric, trial: str, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Return the figures ``importance`` and ``dependence``: what each column is worth, and how the answer moves with the first.

    Parameters
    ----------
    rows : with their truth, and unseen by the model.
    """
    if bundle.reads_examples:  # no feature drives it
        return {}
    model = Model(bundle, metric=metric, seed=seed)
    worth = shelves.load("explainers", "permutation").explain(model, rows)
    first = tuple(c for group in worth.groups if (group["value"] or 0.0) > 0.0 for c in group["columns"])
    figures: dict[str, dict[str, Any]] = {"importance": {"trial": trial, "columns": worth.groups}}
    if first:
        curves = shelves.load("explainers", "partial_dependence").explain(replace(model, columns=first), rows).curves
        figures |= {"dependence": {"trial": trial, "curves": curves}} if curves else {}
    return figures


def tree_to_read(trials: Path, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the figure ``tree``: the first of some trials that kept a tree for people; empty where none did."""
    for key in keys:
        root = read_json(trials / key / "native" / TREE)
        if root:
            return {"tree": {"trial": key, "root": root}}
    return {}
