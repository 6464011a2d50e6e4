"""Recipe: how a network is trained, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a training goes, but the network, the rows and the seed.

    Attributes
    ----------
    optimizer : ``adamw`` (Loshchilov and Hutter 2019) or ``sgd`` (Nesterov's momentum 0.9).
    rate, decay : the highest learning rate, and the weight decay of matrices; vectors have none.
    schedule : after the warm-up ``constant``, or ``cosine`` down to zero at the last of `epochs`.
    warm_up : steps over which the rate rises.
    clip : longest gradient; None lets it be.
    average : decay of the running average of the weights that answers (EMA); 0 for none.
    batch : rows a step. Where they do not fit into memory they are read in pieces, and the step stays the same.
    epochs, patience : most epochs; epochs without a better score after which a search ends.
    least_gain : share of the first score by which it must be better to count. least_share : of the epochs that a search takes
        before it gives up on a network that has not begun to learn: it may see nothing for long before it sees what counts.
    smoothing : share of a truth that is spread over all classes. mixup : alpha of its beta distribution; 0 for none.
    balance : of rare classes: ``none``, ``weights`` in the loss, or ``sampling`` of rows.
    mixed : whether half precision may be used where the device is made for it (`precision.find`).
    compiled : whether torch.compile is used: it compiles for minutes, and pays on long trainings alone.
    """

    optimizer: Literal["adamw", "sgd"] = "adamw"
    rate: float = 1e-3
    decay: float = 0.01
    schedule: Literal["constant", "cosine"] = "cosine"
    warm_up: int = 50
    clip: float | None = 1.0
    average: float = 0.0
    batch: int = 64
    epochs: int = 30
    patience: int = 10
    least_gain: float = 0.0
    least_share: float = 0.0
    smoothing: float = 0.0
    mixup: float = 0.0
    balance: Literal["none", "weights", "sampling"] = "none"
    mixed: bool = False
    compiled: bool = False

    def document(self) -> dict[str, Any]:
        """Return it as a curve and a checkpoint name it."""
        return asdict(self)
