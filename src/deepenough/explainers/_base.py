"""What an explainer is, what it explains, and what it finds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from deepenough.bundle import Bundle
from deepenough.dataset import Answer, Dataset
from deepenough.metrics import Metric


@dataclass(frozen=True)
class Model:
    """What is explained: the bundle that answers, and what stands behind it.

    Attributes
    ----------
    family : name of the candidate. native : the folder where its family keeps the model's own form, if it does.
    usual : development rows: what a column says when it is left open.
    metric : what a column's worth is measured by. columns : those asked for; empty: all inputs.
    """

    bundle: Bundle
    family: str = ""
    native: Path | None = None
    usual: Dataset | None = None
    metric: Metric | None = None
    columns: tuple[str, ...] = ()
    seed: int = 0


class Additive(Protocol):
    """A fitted model whose raw score is a sum: what families with the fact ``additive = True`` restore."""

    def predict(self, dataset: Dataset) -> Answer: ...

    def terms(self, dataset: Dataset) -> np.ndarray:
        """Return (n, features + 1, outputs): what each feature of the tensors adds, numbers then codes; last the base."""


@dataclass(frozen=True)
class Contributions:
    """What each column adds to the score of each row: base + the sum of values = the score.

    Attributes
    ----------
    columns : (columns,) names. values : (n, columns, outputs). base : (outputs,) the score before anything is known.
    error : the standard error of `values`; None where they are exact.
    """

    columns: tuple[str, ...]
    values: np.ndarray
    base: np.ndarray
    error: np.ndarray | None = None

    @property
    def exact(self) -> bool:
        return self.error is None

    def totals(self) -> np.ndarray:
        """Return (n, outputs): the scores that the contributions add up to."""
        return np.asarray(self.base + self.values.sum(axis=1))


@dataclass(frozen=True)
class Importances:
    """What each group of columns is worth to the model, the most first: ``{"columns", "value", "low", "high"}``."""

    groups: list[dict[str, Any]]


@dataclass(frozen=True)
class Dependence:
    """How the answer moves with each column, the others left as they are; an entry a column, as figures hold it."""

    curves: list[dict[str, Any]]


Explanation = Contributions | Importances | Dependence


class Explainer(ABC):
    """A way to say why. Facts (literals): ``name``, ``title``, and

    ``explains`` : ``row`` (each decision by itself) or ``model`` (what drives it as a whole);
    ``needs`` : ``answers`` (any model that can be asked) or ``terms`` (a family that says its own sum);
    ``exact`` : no chance is in it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    explains: ClassVar[str]
    needs: ClassVar[str]
    exact: ClassVar[bool]
    requires: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def explain(self, model: Model, dataset: Dataset) -> Explanation:
        """Explain the model's answers to these rows. Raises `NotApplicable` with a sentence where it cannot."""

    @abstractmethod
    def prove(self, model: Model, dataset: Dataset) -> None:
        """Hold the explanation against the model's own answers; `ParityError` where they differ."""
