"""What the report's words mean, in a line each."""

from __future__ import annotations

TERMS = {
    "rung": (
        "Rung",
        "How complex a kind of model is: 0 a rule of thumb, 1 a linear model or a small tree, 2 many trees together, 3 a pretrained "
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
    "learning_curve": (
        "Learning curve",
        "How good a model gets with more rows to learn from. It was fitted again on an eighth, a quarter and half of them, and each "
        "time judged on the same rows, which it had not learnt from.",
    ),
    "foreseen": (
        "Foreseen",
        "What the curve leads to, for rows of the same kind. In 80 of 100 such forecasts the true number lies inside the range; the "
        "farther away, the wider it is.",
    ),
    "threshold": (
        "Threshold",
        "The probability from which the answer is yes. Where a miss costs more than a false alarm it lies below one half.",
    ),
    "profit": (
        "Profit curve",
        "What a decision brings on average, by the threshold: too low, and false alarms cost; too high, and misses do.",
    ),
    "segment": (
        "Segment",
        "A part of the sealed rows that share a value, or a band of a number. A model may do well on the whole and badly on a part.",
    ),
    "worse": (
        "Worse than the rest",
        "Said only where chance would show so much in fewer than 5 of 100 such tables, all segments looked at taken together. A "
        "band of a number is harder where two classes meet, for any model: it must be worse than the probabilities given foresee.",
    ),
    "shrunk": (
        "Worst first",
        "A small segment scores very well or very badly by luck. So each score is first drawn towards the others, the more the "
        "fewer rows it has, and then put in order.",
    ),
    "dependence": (
        "How the answer moves",
        "The mean answer when one column is set to each value in turn and all others stay as they are (partial dependence). Eight "
        "of ten rows lie in the band (individual conditional expectations). It shows what the model does, not what causes what.",
    ),
    "contribution": (
        "What a column adds",
        "The score starts at what is usual; each column moves it, and all moves add up to the answer (Shapley values). Of two "
        "classes it is counted in log-odds: 0 is even, each step of 0.7 doubles the odds. A reason of the model, not a cause.",
    ),
    "neighbour": (
        "Nearest training rows",
        "The rows it learnt from that are most like this one: the mean over all columns of how far they differ (Gower), a number "
        "by its range, a category by being another one. 0 is the same row, 1 differs in everything.",
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
