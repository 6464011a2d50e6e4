"""Figures that practitioners' guides report. They are passed on as such, and nothing here proves them."""

from __future__ import annotations

from dataclasses import dataclass

from deepenough.assessment.ranges import Range

REPORTED = "reported in practitioners' guides, not proven here"
THUMB = "the guides' criterion; which way it points is a rule of thumb, not proven here"
OWN = "a rule of thumb of deepenough's, not proven here"
ANSWERED = "your answer"
MEASURED = "measured in your file"


@dataclass(frozen=True)
class Volume:
    """How many examples the guides ask for: under `least` too few, from `ample` on plenty.

    Attributes
    ----------
    what : what is counted. per_class : whether the count is one class's.
    """

    what: str
    least: float
    ample: float
    per_class: bool = False

    def text(self) -> str:
        return f"{Range(self.least, self.ample).text()} {self.what}"


VOLUMES = {
    "table": Volume("rows", 100, 50_000),
    "image": Volume("images a class", 500, 2_000, per_class=True),
    "text": Volume("texts a class", 200, 1_000, per_class=True),
    "series": Volume("years of history", 2, 3),
    "anomaly": Volume("months of normal running", 6, 6),
}
CLASSICAL_BELOW = 10_000  # rows of a table under which guides would not go deep
PHASES = {  # share of the whole effort
    "data": Range(0.20, 0.35),
    "baseline": Range(0.10, 0.15),
    "model": Range(0.25, 0.35),
    "production": Range(0.25, 0.35),
}
PHASE_WORDS = {
    "data": "Find, clean and label the data",
    "baseline": "Rules and a simple model, measured",
    "model": "The model that clears the bar",
    "production": "Into daily use, watched, retrained",
}
PILOT_WEEKS = Range(8, 12)
STRETCH = Range(2, 3)  # what an estimate of effort is multiplied by


def figures() -> list[dict[str, str]]:
    """Return every figure taken from the guides, for the list of sources."""
    rows = [(f"Examples wanted, {kind}", v.text()) for kind, v in VOLUMES.items()]
    rows += [("Tables that classical models serve", f"under {CLASSICAL_BELOW:,} rows")]
    rows += [
        (f"Share of the effort, {name}", f"{100 * r.low:.0f} to {100 * r.high:.0f} %") for name, r in PHASES.items()
    ]
    rows += [("A pilot", PILOT_WEEKS.text("weeks")), ("Multiply a plan by", STRETCH.text())]
    return [{"what": what, "figure": figure, "source": REPORTED} for what, figure in rows]
