"""What a curve says went wrong, as findings with codes: each looks at the curve alone, and one that finds nothing is silent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from deepenough.findings import Finding, Severity
from deepenough.training.curve import Curve

EPOCHS = 5  # fewer say little
ROSE, OFTEN = 1.05, 0.3  # a loss that rises by so much, in such a share of the epochs, is thrown about
STILL, SLOW = 0.01, 0.10  # shares by which a loss falls that stands still, and that falls too slowly
WORSE, LEARNT = 1.10, 0.8  # the held rows get worse by so much, while the loss falls to so much of what it was
WAITED, LONG = 0.5, 5.0  # share of the time, and seconds in all, from which waiting for rows is worth a word
Seen = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Diagnosis:
    """One thing that can go wrong: its code, what it is called, how it is seen, and the mend."""

    code: str
    title: str
    severity: Severity
    look: Callable[[Curve], Seen | None]
    remedy: str


def diagnose(curve: Curve, what: str) -> list[Finding]:
    """Return what is to be said of a training; `what` names the network.

    >>> from deepenough.training.curve import Epoch
    >>> [f.code for f in diagnose(Curve(epochs=[Epoch(1, 0.7, 0.7, never=("rare",))], chosen=1), "net")]
    ['DE107']
    """
    found = []
    for d in DIAGNOSES.values():
        seen = d.look(curve) if curve.epochs else None
        if seen is not None:
            found.append(Finding(d.code, d.severity, what, seen[0], d.remedy, {"stage": curve.stage, **seen[1]}))
    return found


def _fall(losses: Sequence[float]) -> float:
    """Share of a loss that is gone at the end."""
    return 1.0 - losses[-1] / losses[0] if losses and losses[0] > 0 else 0.0


def _finite(curve: Curve) -> bool:
    return all(map(math.isfinite, curve.losses))


def _diverged(curve: Curve) -> Seen | None:
    losses = curve.losses
    if _finite(curve) and not (losses[-1] > losses[0] and losses[-1] > 2.0 * min(losses)):
        return None
    return (
        f"The loss left all bounds in epoch {len(losses)} of the training; the weights of epoch {curve.chosen} were kept.",
        {"epoch": len(losses), "kept": curve.chosen},
    )


def _plateau(curve: Curve) -> Seen | None:
    late = curve.losses[len(curve.losses) // 2 :]
    if not _finite(curve) or len(curve.losses) < 2 * EPOCHS or abs(_fall(late)) >= STILL or _fall(curve.losses) > 0.5:
        return None
    return f"The loss stood still at {late[-1]:.4g} over the last {len(late)} epochs.", {
        "loss": late[-1],
        "epochs": len(late),
    }


def _overfitting(curve: Curve) -> Seen | None:
    judged = [e for e in curve.epochs if e.score is not None and math.isfinite(e.loss)]
    kept = next((e for e in judged if e.number == curve.chosen), None)
    if kept is None or kept.score is None or judged[-1].score is None:
        return None
    last = judged[-1]
    if last.score <= WORSE * kept.score or last.loss >= LEARNT * kept.loss:  # type: ignore[operator]
        return None
    return (
        f"After epoch {kept.number} the rows learnt from got better and the held rows worse ({kept.score:.4g} to {last.score:.4g}); "
        f"the weights of epoch {kept.number} were kept.",
        {"kept": kept.number, "best": kept.score, "last": last.score},
    )


def _underfitting(curve: Curve) -> Seen | None:
    scores = curve.scores
    late = scores[-max(2, len(scores) // 10 + 1) :]
    if curve.ended != "epochs" or len(scores) < EPOCHS or scores[-1] > min(scores) or _fall(late) < STILL:
        return None
    return (
        f"The training ended after {len(scores)} epochs while the held rows still got better ({late[0]:.4g} to {late[-1]:.4g}).",
        {"epochs": len(scores), "last": late[-1]},
    )


def _too_high(curve: Curve) -> Seen | None:
    rises = [b > ROSE * a for a, b in pairwise(curve.losses)]
    if not _finite(curve) or len(rises) < EPOCHS or sum(rises) < OFTEN * len(rises):
        return None
    return f"The loss rose in {sum(rises)} of {len(rises)} epochs: the steps are too long.", {
        "rose": sum(rises),
        "of": len(rises),
    }


def _too_low(curve: Curve) -> Seen | None:
    losses = curve.losses
    steady = len(losses) >= EPOCHS and _finite(curve) and all(b < a for a, b in pairwise(losses))
    if not steady or _fall(losses) >= SLOW or _fall(losses[len(losses) // 2 :]) < STILL:
        return None
    return f"The loss fell in every epoch, by {_fall(losses):.1%} in all: the steps are too short.", {
        "fell": _fall(losses)
    }


def _never(curve: Curve) -> Seen | None:
    judged = [e for e in curve.epochs if e.score is not None]
    kept = next((e for e in judged if e.number == curve.chosen), judged[-1] if judged else None)
    if kept is None or not kept.never:
        return None
    named = ", ".join(f"'{c}'" for c in kept.never[:5])
    return f"No held row was given {'the class' if len(kept.never) == 1 else 'the classes'} {named}.", {
        "classes": list(kept.never)
    }


def _waiting(curve: Curve) -> Seen | None:
    waited, took = (sum(getattr(e, n) for e in curve.epochs) for n in ("waited_seconds", "seconds"))
    if took < LONG or waited < WAITED * took:
        return None
    return f"The network waited for its rows in {waited / took:.0%} of the time.", {"share": waited / took}


FOUND: tuple[tuple[str, str, Severity, Callable[[Curve], Seen | None], str], ...] = (
    (
        "DE101",
        "A training that diverged",
        "warning",
        _diverged,
        "Take a lower learning rate, or look for values that are far from all others.",
    ),
    (
        "DE102",
        "A loss that stands still",
        "note",
        _plateau,
        "More epochs bring nothing. Ask whether the inputs say more than was learnt, or try a higher learning rate.",
    ),
    (
        "DE103",
        "Learnt by heart",
        "note",
        _overfitting,
        "What ships is not harmed. More rows, or a smaller network, would let it learn longer.",
    ),
    (
        "DE104",
        "Ended while it still improved",
        "note",
        _underfitting,
        "A larger --budget, or more epochs, may bring more.",
    ),
    ("DE105", "Steps too long", "warning", _too_high, "Take a lower learning rate."),
    ("DE106", "Steps too short", "warning", _too_low, "Take a higher learning rate."),
    (
        "DE107",
        "A class that is never named",
        "warning",
        _never,
        "Collect more rows of it, or judge by a metric in which every class counts the same.",
    ),
    (
        "DE108",
        "A network that waits for its rows",
        "note",
        _waiting,
        "Bring the files nearer, or smaller: what the network is shown is small anyway.",
    ),
)
DIAGNOSES = {one[0]: Diagnosis(*one) for one in FOUND}
