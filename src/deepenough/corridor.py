"""The corridor: every stage between a dataset and a verdict, each writing its document."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import documents, shelves
from deepenough.bar import Bar
from deepenough.candidates._climb import climb
from deepenough.candidates._trial import Trial
from deepenough.checks import audit_inputs, audit_labels, audit_pair
from deepenough.dataset import Dataset
from deepenough.errors import DataError
from deepenough.figures import draw
from deepenough.files import to_csv, write_json, write_text
from deepenough.importance import permutation
from deepenough.ledger import Ledger, digest
from deepenough.metrics import Metric
from deepenough.seal import JUDGEMENTS, LEDGER, must_be_sealed
from deepenough.splits import Sealed, Split, split
from deepenough.stats import provable
from deepenough.verdict import Verdict, decide, estimate_document
from deepenough.workspace import Workspace


@dataclass(frozen=True)
class Corridor:
    """One run on its way.

    Attributes
    ----------
    folder : where each stage writes its document.
    test : the sealed rows, where they came as a file; else they are split off.
    worth : the gain that counts, where it was given. full : climb on past the bar. despite : blockers to go on despite.
    again, earlier : the reason for a further look at the rows that the run in the folder `earlier` sealed.
    """

    folder: Path
    dataset: Dataset
    test: Dataset | None
    bar: Bar | None
    metric: Metric
    workspace: Workspace
    seed: int
    worth: float | None = None
    full: bool = False
    despite: Collection[str] = ()
    again: str | None = None
    earlier: Path | None = None

    def walk(self) -> dict[str, Any]:
        """Go through all stages; return the verdict as it was written."""
        self.workspace.say("Auditing")
        audit = audit_inputs(self.dataset)
        if self.test is not None:
            audit = audit.joined(audit_pair(self.dataset, self.test))
        strata = shelves.load("tasks", self.dataset.task.kind).strata(self.dataset.truth)
        cut = split(self.dataset, strata, seed=self.seed, given=self.test is not None)
        development = self.dataset.take(cut.development)
        held = self.test if self.test is not None else self.dataset.take(cut.sealed)
        audit = audit.joined(audit_labels(development))
        write_json(self.folder / "audit.json", audit.document())
        sealed = self._seal(held)
        self._write_split(cut, development, sealed, None)
        blockers = audit.blockers(self.despite)
        if blockers and self.again:
            raise DataError(f"Nothing is looked at again: {blockers[0].message} {blockers[0].remedy}")
        if blockers:
            return self._write_verdict(documents.not_ready(blockers[0], self.metric, self.bar))
        trials = self._climb(development, cut, sealed)
        drawn = None if strata is None or cut.strategy != "stratified" else (held.truth, self.dataset.truth)
        verdict = decide(
            trials,
            development,
            cut,
            sealed,
            self.metric,
            self.workspace,
            bar=self.bar,
            worth=self.worth,
            folder=self.folder / "trials",
            seed=self.seed,
            strata=drawn,
        )
        self._keep(verdict, held)
        document = self._write_verdict(verdict)
        self._record(sealed)
        return document

    def _seal(self, held: Dataset) -> Sealed:
        """Seal the rows; for a further look, prove that they are those of the earlier run, and go on with its ledger."""
        if self.again is None or self.earlier is None:
            return Sealed(held, self.folder / LEDGER, secrets.token_hex(16))
        must_be_sealed(self.earlier, held)
        salt = json.loads((self.earlier / "split.json").read_text(encoding="utf-8"))["salt"]
        return Sealed(held, self.earlier / LEDGER, salt, self.again)

    def _record(self, sealed: Sealed) -> None:
        """Bring the ledger of an earlier run along, and bind the verdict to it."""
        if self.earlier is not None:
            shutil.copy(self.earlier / LEDGER, self.folder / LEDGER)
            if (self.earlier / JUDGEMENTS).is_dir():
                shutil.copytree(self.earlier / JUDGEMENTS, self.folder / JUDGEMENTS)
        written = digest((self.folder / "verdict.json").read_bytes())
        Ledger(self.folder / LEDGER).append("verdict", look=sealed.openings, sha256=written)

    def _climb(self, development: Dataset, cut: Split, sealed: Sealed) -> list[Trial]:
        trials = climb(
            development,
            cut,
            self.metric,
            self.workspace,
            bar=self.bar,
            n_sealed=len(sealed),
            folder=self.folder / "trials",
            seed=self.seed,
            full=self.full,
        )
        if not any(t.ok for t in trials):
            raise DataError("No model could be fitted: " + "; ".join(f"{t.title}: {t.reason}" for t in trials) + ".")
        self._write_split(cut, development, sealed, self._provable(trials, len(sealed)))
        return trials

    def _provable(self, trials: list[Trial], n_sealed: int) -> dict[str, Any] | None:
        """What the sealed rows can show at all: from the spread of the first model that looks at the data."""
        first = next((t for t in trials if t.ok and t.rung > 0 and t.validation), None)
        if first is None or self.bar is None or self.bar.threshold is None or first.validation is None:
            return None
        value = provable(first.validation, self.bar.threshold, n_sealed, self.bar.at_least)
        if value is None:
            return None
        side, good = ("or more", "above") if self.bar.at_least else ("or less", "below")
        return {
            "value": value,
            "text": f"With {n_sealed:,} sealed rows only a {self.metric.name} of {value:.4g} {side} "
            f"will probably be shown to be {good} {self.bar.threshold:g}.",
        }

    def _write_split(self, cut: Split, development: Dataset, sealed: Sealed, shown: dict[str, Any] | None) -> None:
        write_json(self.folder / "split.json", documents.of_split(cut, development, sealed, shown))

    def _keep(self, verdict: Verdict, held: Dataset) -> None:
        """Keep what ships, what every opened model said of the sealed rows, and what the report draws."""
        kind, trials = shelves.load("tasks", held.task.kind), self.folder / "trials"
        names = dict.fromkeys(name for name in ("row", *held.task.keys) if name in held.about)
        known: dict[str, np.ndarray] = {name: held.about[name].to_numpy() for name in names}
        for key, opened in verdict.opened.items():
            write_text(trials / key / "sealed.csv", to_csv(known | kind.columns(opened.answer, held.task)))
        for trial in verdict.trials:
            write_json(
                trials / trial.key / "trial.json",
                {
                    "candidate": trial.candidate,
                    "settings": dict(trial.settings),
                    "status": trial.status,
                    "reason": trial.reason,
                    "validation": estimate_document(trial.validation),
                },
            )
        assert verdict.chosen is not None
        chosen = verdict.chosen.key
        shutil.copytree(trials / chosen / "bundle", self.folder / "bundle")
        shown = {k: o.answer for k, o in verdict.opened.items() if o.trial.rung > 0 or k == chosen}
        for name, figure in draw(held, shown, chosen).items():
            write_json(self.folder / "figures" / f"{name}.json", figure)
        if verdict.chosen.rung > 0:  # what looks at nothing is driven by nothing
            driving = permutation(verdict.opened[chosen].bundle, held, self.metric, self.seed)
            write_json(self.folder / "figures" / "importance.json", {"trial": chosen, "columns": driving})

    def _write_verdict(self, verdict: Verdict) -> dict[str, Any]:
        rows = len(self.dataset) + (len(self.test) if self.test is not None else 0)
        document = documents.of_verdict(verdict, self.dataset.task, rows, self.seed)
        write_text(self.folder / "leaderboard.csv", documents.leaderboard(document["trials"]))
        write_json(self.folder / "verdict.json", document)  # last: a folder with a verdict is a finished run
        return document
