"""The line that a person reads while a network learns."""

from __future__ import annotations

import time
from collections.abc import Callable

from deepenough.training.curve import Curve


class Progress:
    """Says how far a training is, at most once a second.

    Parameters
    ----------
    say : whom to tell; None tells nobody. what : is trained. epochs : that are planned.
    """

    def __init__(self, say: Callable[[str], None] | None = None, what: str = "", epochs: int = 0) -> None:
        self._say, self.what, self.epochs = say, what, epochs
        self._begun = self._told = time.monotonic()

    def tell(self, curve: Curve) -> None:
        """Say what the newest epoch came to: loss, score, rows a second, and the time that is left at most."""
        now = time.monotonic()
        if self._say is not None and now - self._told >= 1.0:
            self._told = now
            self._say(line(self.what, curve, self.epochs))


def line(what: str, curve: Curve, epochs: int) -> str:
    """Return the line.

    >>> from deepenough.training.curve import Epoch
    >>> line("Network", Curve(epochs=[Epoch(1, 0.5, 0.6, rows=900, seconds=2.0)], chosen=1), 10)
    'Network: epoch 1 of 10, loss 0.5, on held rows 0.6 (best 0.6), 450 examples/s, training for 18 s more at most'
    """
    now = curve.epochs[-1]
    held = "" if now.score is None else f", on held rows {now.score:.4g} (best {min(curve.scores):.4g})"
    speed = f", {now.rows / now.seconds:,.0f} examples/s" if now.seconds > 0 else ""
    left = now.seconds * (epochs - now.number)
    more = f", training for {left:.0f} s more at most" if left >= 1 else ""
    return f"{what}: epoch {now.number} of {epochs}, loss {now.loss:.4g}{held}{speed}{more}"
