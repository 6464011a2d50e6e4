"""What the report's words mean, in a line each."""

from __future__ import annotations

TERMS = {
    "rung": (
        "Rung",
        "How complex a kind of model is: 0 a rule of thumb, 1 a linear model, 2 boosted trees, 3 a pretrained "
        "network, 4 a network trained from nothing. Each has to earn its place over the one below.",
    ),
    "range": ("Range", "No test knows the exact number. In 95 of 100 such tests the true one lies inside the range."),
    "validation": (
        "Validation score",
        "Measured on development rows that the model had not learnt from. Models are chosen by it.",
    ),
    "sealed": (
        "Sealed test",
        "Rows set aside before anything was tried, and opened once at the end: the only score that counts.",
    ),
    "bar": ("Bar", "What was asked for. It is met only if the whole range clears it."),
    "gain": ("Gain", "How much better than the simpler model on the same rows. Below zero means worse."),
    "answer_time": (
        "p50 and p95",
        "Half of the answers come within p50, 95 of 100 within p95: one row at a time, end to end.",
    ),
    "worth": ("Worth", "The smallest gain that pays for more complexity. Fixed before the sealed rows were opened."),
    "deep": (
        "Deep learning",
        "Rungs 3 and 4: models of many layers, which can see what simpler ones cannot, at a price.",
    ),
    "planning": (
        "Rows to tell",
        "So many rows to judge on would show, four times out of five, on which side of the line the truth lies.",
    ),
    "severity": ("Blocker, warning, note", "A blocker stops a verdict; a warning weakens it; a note is worth knowing."),
    "confusion": (
        "Confusion matrix",
        "A row for each truth, a column for what was said. The diagonal is right; everything else is a mistake.",
    ),
    "residuals": (
        "Predicted and true",
        "One dot a sealed row. On the dashed line the prediction was right; below it, too high.",
    ),
    "importance": (
        "What drives it",
        "How much worse the answers get on the sealed rows when a column's values are shuffled, so that it says nothing. "
        "Columns that rise and fall together are shuffled together. It tells what the model uses, not what causes what.",
    ),
    "calibration": ("Calibration", "Of the rows that were given 70 %, about 70 % should come true."),
    "roc": (
        "ROC curve",
        "Each point is a threshold: how many hits it buys for how many false alarms. Up and left is better.",
    ),
    "pr": ("Precision and recall", "Of those found, how many are right; of all there are, how many were found."),
    "segment": (
        "Segment",
        "A part of the sealed rows that share a value. A model may do well on the whole and badly on a part.",
    ),
    "folds": (
        "Parts",
        "Development rows are divided again: learn from some, tune on some, score on the rest, in turn.",
    ),
    "seed": ("Seed", "The number all chance is drawn from. Same seed, data and versions: same verdict."),
    "opening": ("Opening of the seal", "Each look at the sealed rows makes them worth less, so each is counted."),
    "evidence": (
        "Evidence",
        "Sealed: the sealed rows alone. Pooled: joined with repeated tests on the development rows.",
    ),
}


class Glossary:
    """Hands out each explanation once: where its term first occurs."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def first(self, *keys: str) -> list[tuple[str, str]]:
        """Return (term, explanation) of the keys not explained before."""
        fresh = [key for key in keys if key not in self._said]
        self._said.update(fresh)
        return [TERMS[key] for key in fresh]
