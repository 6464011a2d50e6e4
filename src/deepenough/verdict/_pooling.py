"""Whether the sealed rows can settle it alone, and the evidence of the development rows where they cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepenough.bar import Bar
from deepenough.candidates._climb import gain_between
from deepenough.candidates._nested import Nested, foreseen, repeats_within
from deepenough.candidates._trial import Trial, predicted_cpu
from deepenough.dataset import Dataset
from deepenough.metrics import Metric
from deepenough.splits import Split
from deepenough.stats import Estimate
from deepenough.verdict._document import estimate_document
from deepenough.verdict._planning import Planned
from deepenough.workspace import Workspace

NEVER = ("by time", "given file")  # rolling origins are not exchangeable, and a file may hold other kinds of rows


@dataclass(frozen=True)
class Evidence:
    """What the claim about deep learning rests on besides the sealed rows: fixed before they are opened.

    Attributes
    ----------
    gain : of the best network over the best simpler model on the development rows, nested; None: the sealed rows alone.
    """

    gain: Estimate | None = None
    repeats: int = 0

    @property
    def kind(self) -> str:
        return "pooled" if self.gain else "sealed"

    def document(self) -> dict[str, Any] | None:
        """Return what stands in the plan, and in the verdict."""
        return {**(estimate_document(self.gain) or {}), "repeats": self.repeats} if self.gain else None


def gather(
    trials: Sequence[Trial],
    development: Dataset,
    split: Split,
    planned: Planned,
    metric: Metric,
    workspace: Workspace,
    *,
    bar: Bar | None,
    n_sealed: int,
    folder: Path,
    seed: int,
) -> Evidence:
    """Fit both best ones again on parts of the development rows, where the sealed rows foreseeably cannot tell and the budget allows."""
    ladder = {t.key: t for t in trials}
    if planned.deep is None or planned.classical is None or split.strategy in NEVER or len(split.parts) < 2:
        return Evidence()
    half = foreseen(gain_between(ladder[planned.classical], ladder[planned.deep], development, metric), n_sealed)
    if half is None or half <= planned.worth:
        return Evidence()
    nested = Nested([t for t in trials if t.ok], development, metric, workspace, bar, folder, seed)
    spent = sum(predicted_cpu(t, development) * t.parts for t in trials if t.ok)
    repeats = repeats_within(nested.cost, workspace.budget_seconds, spent)
    gain = nested.gain(repeats) if repeats else None
    return Evidence(gain, repeats) if gain is not None and gain.se is not None else Evidence()
