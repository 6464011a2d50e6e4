"""The corridor: every stage between a dataset and a verdict, each writing its document."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import contact_sheets, documents, shelves
from deepenough.bar import Bar
from deepenough.candidates._climb import climb
from deepenough.candidates._shipping import QUANTIZATION
from deepenough.candidates._trial import Trial
from deepenough.checks import apart, audit_inputs, audit_labels, audit_pair
from deepenough.dataset import Answer, Dataset
from deepenough.errors import DataError
from deepenough.explainers import drives, tree_to_read
from deepenough.export.evidence import add_evidence
from deepenough.figures import draw
from deepenough.files import copy_folder, read_json, to_csv, to_json, write_bytes, write_json, write_text
from deepenough.findings import Finding
from deepenough.learning_curves import learn
from deepenough.ledger import Ledger, digest
from deepenough.metrics import Metric
from deepenough.request import Request
from deepenough.rules import firing
from deepenough.savings import earning
from deepenough.seal import JUDGEMENTS, LEDGER, must_be_sealed
from deepenough.segments import by_segment
from deepenough.splits import Sealed, Split, split
from deepenough.stats import provable
from deepenough.training import curve
from deepenough.value import Value, parse
from deepenough.verdict import Verdict, decide
from deepenough.workspace import Workspace


@dataclass(frozen=True)
class Corridor:
    """One run on its way.

    Attributes
    ----------
    folder : where each stage writes its document.
    test : the sealed rows, where they came as a file; else they are split off.
    asked : all options of the run.
    earlier : the run whose sealed rows are looked at once more, where `asked.open_again` says why.

    Killed at any moment, the same walk over the same folder goes on: what is costly (a fit) or must not be done twice (the plan,
    the opening) is found on disk, everything else is made again. A document for the run's folder is written before the
    verdict is (`_keep`): a folder with verdict.json is complete.
    """

    folder: Path
    dataset: Dataset
    test: Dataset | None
    bar: Bar | None
    metric: Metric
    workspace: Workspace
    asked: Request
    earlier: Path | None = None

    @property
    def seed(self) -> int:
        return self.asked.seed

    @property
    def _value(self) -> Value | None:
        return parse(self.asked.value) if self.asked.value else None

    def walk(self) -> dict[str, Any]:
        """Go through all stages; return the verdict as it was written."""
        self.workspace.say("Auditing")
        audit = audit_inputs(self.dataset)
        if self.test is not None:
            audit = audit.joined(audit_pair(self.dataset, self.test))
        strata = shelves.load("tasks", self.dataset.task.kind).strata(self.dataset.truth)
        given, together = self.test is not None, apart(audit.findings)
        cut = split(self.dataset, strata, seed=self.seed, given=given, apart=together)
        development = self.dataset.take(cut.development)
        held = self.test if self.test is not None else self.dataset.take(cut.sealed)
        audit = audit.joined(audit_labels(development))
        write_json(self.folder / "audit.json", audit.document())
        sealed = self._seal(held)
        self._write_split(cut, development, sealed, None)
        blockers = audit.blockers(self.asked.despite)
        if blockers and self.earlier:
            raise DataError(f"Nothing is looked at again: {blockers[0].message} {blockers[0].remedy}")
        if blockers:
            self._show(audit.findings, held, None)
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
            worth=self.asked.worth,
            folder=self.folder / "trials",
            seed=self.seed,
            strata=drawn,
            explainable=self.asked.explainable,
            value=self._value,
        )
        verdict = replace(verdict, segments=by_segment(held, verdict.answer, self.metric, self.seed))
        if self._value is not None:
            verdict = earning(verdict, self._value, held.truth)
        self._keep(verdict, development, held, cut)
        self._show(audit.findings, held, verdict.answer)
        return self._write_verdict(verdict, sealed)

    def _seal(self, held: Dataset) -> Sealed:
        """Seal the rows; for a further look, prove that they are those of the earlier run, and go on with its ledger."""
        if self.earlier is None:
            salt = read_json(self.folder / "split.json").get("salt") or secrets.token_hex(16)
            return Sealed(held, self.folder / LEDGER, salt)
        must_be_sealed(self.earlier, held)
        return Sealed(
            held, self.earlier / LEDGER, read_json(self.earlier / "split.json")["salt"], self.asked.open_again
        )

    def _record(self, sealed: Sealed, verdict: str) -> None:
        """Bring the ledger of an earlier run along, and bind the text of the verdict to it."""
        if self.earlier is not None:
            write_bytes(self.folder / LEDGER, (self.earlier / LEDGER).read_bytes())
            if (self.earlier / JUDGEMENTS).is_dir():
                copy_folder(self.earlier / JUDGEMENTS, self.folder / JUDGEMENTS)
        ledger, what = Ledger(self.folder / LEDGER), {"look": sealed.openings, "sha256": digest(verdict)}
        if not any(line["event"] == "verdict" and line.items() >= what.items() for line in ledger.lines()):
            ledger.append("verdict", **what)

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
            full=self.asked.full,
            tune=self.asked.tune,
            explainable=self.asked.explainable,
        )
        if not any(t.ok for t in trials):
            raise DataError("No model could be fitted: " + "; ".join(f"{t.title}: {t.reason}" for t in trials) + ".")
        shown = self._provable(trials, len(sealed))
        if shown is not None:
            self._write_split(cut, development, sealed, shown)
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
        article = "an" if self.metric.name[0] in "aeiou" else "a"
        return {
            "value": value,
            "text": f"With {n_sealed:,} sealed rows only {article} {self.metric.name} of {value:.4g} {side} "
            f"will probably be shown to be {good} {self.bar.threshold:g}.",
        }

    def _write_split(self, cut: Split, development: Dataset, sealed: Sealed, shown: dict[str, Any] | None) -> None:
        write_json(self.folder / "split.json", documents.of_split(cut, development, sealed, shown))

    def _keep(self, verdict: Verdict, development: Dataset, held: Dataset, cut: Split) -> None:
        """Keep what ships, what every opened model said of the sealed rows, and what the report draws."""
        trials = self.folder / "trials"
        names = dict.fromkeys(name for name in ("row", *held.task.keys) if name in held.about)
        known: dict[str, np.ndarray] = {name: held.about[name].to_numpy() for name in names}
        for key, opened in verdict.opened.items():
            write_text(trials / key / "sealed.csv", to_csv(known | opened.bundle.columns(opened.answer)))
        for trial in verdict.trials:
            if not (trials / trial.key / "trial.json").exists():  # those that were tried have written theirs
                write_json(trials / trial.key / "trial.json", trial.document())
        assert verdict.chosen is not None
        chosen = verdict.chosen.key
        copy_folder(trials / chosen / "bundle", self.folder / "bundle")
        shown = {k: o.answer for k, o in verdict.opened.items() if o.trial.rung > 0 or k == chosen}
        drawn = draw(held, shown, chosen) | tree_to_read(trials, (chosen, *verdict.opened))
        drawn |= curve.to_show(trials, [t.key for t in verdict.trials])
        for name, figure in drawn.items():
            write_json(self.folder / "figures" / f"{name}.json", figure)
        for opened in verdict.opened.values():  # only networks have one
            if (trials / opened.trial.key / QUANTIZATION).exists():
                found = {"title": opened.trial.title, **read_json(trials / opened.trial.key / QUANTIZATION)}
                write_json(self.folder / "figures" / QUANTIZATION, found)
        fired = firing(development, held)
        if fired is not None:
            write_json(self.folder / "figures" / "rules.json", fired)
        if verdict.chosen.rung > 0:  # what looks at nothing is driven by nothing
            for name, figure in drives(verdict.opened[chosen].bundle, held, self.metric, chosen, self.seed).items():
                write_json(self.folder / "figures" / f"{name}.json", figure)
        for name, figure in self._learning(verdict, development, cut).items():
            write_json(self.folder / "figures" / f"{name}.json", figure)

    def _show(self, findings: list[Finding], held: Dataset, answer: Answer | None) -> None:
        """Keep the pictures that the report shows, where the examples are pictures."""
        sheets = contact_sheets.draw(self.dataset, findings, held, answer)
        if sheets:
            write_json(self.folder / "figures" / "pictures.json", sheets)

    def _learning(self, verdict: Verdict, development: Dataset, cut: Split) -> dict[str, dict[str, Any]]:
        """What more rows would bring, where the budget allows it and no bar is met."""
        return learn(
            verdict.trials,
            development,
            cut.parts,
            self.metric,
            self.workspace,
            bar=self.bar,
            outcome=verdict.outcome,
            worth=verdict.worth_used or 0.0,
            folder=self.folder / "curves",
            seed=self.seed,
            forced=self.asked.how_much_data,
        )

    def _write_verdict(self, verdict: Verdict, sealed: Sealed | None = None) -> dict[str, Any]:
        """Write the verdict, last of all; where the seal was opened, bind it to the ledger first."""
        rows = len(self.dataset) + (len(self.test) if self.test is not None else 0)
        document = documents.of_verdict(verdict, self.dataset.task, rows, self.seed)
        write_text(self.folder / "leaderboard.csv", documents.leaderboard(document["trials"]))
        text = to_json(document)
        if sealed is not None:
            add_evidence(self.folder / "bundle", {"verdict": document, "audit": read_json(self.folder / "audit.json")})
            self._record(sealed, text)
        write_text(self.folder / "verdict.json", text)  # last: a folder with a verdict is a finished run
        return document
