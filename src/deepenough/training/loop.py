"""The loop: epochs over rows, judged on held rows, the best weights kept, and gone on with where it was killed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from deepenough.errors import FitError
from deepenough.training import seeds
from deepenough.training.averaging import put
from deepenough.training.batches import Reading, Rows
from deepenough.training.checkpoint import Checkpoint, Checkpoints
from deepenough.training.curve import Curve, Epoch
from deepenough.training.losses import Loss
from deepenough.training.precision import Place
from deepenough.training.progress import Progress
from deepenough.training.recipe import Recipe
from deepenough.training.stepping import Group, Stepper, mixing_share

LEARNT = 0.5  # share of the first score under which a network has begun to see what counts


@dataclass(frozen=True)
class Judged:
    """What a network is worth on held rows: a score, lower is better, and the classes that it gave to none of them."""

    score: float
    never: tuple[str, ...] = ()


Judge = Callable[[], Judged]


def never_said(answer: Tensor, target: Tensor, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the classes that stand in (n,) `target` and that (n, C) `answer` gives to no row."""
    said = answer.argmax(1).bincount(minlength=len(labels)).cpu()
    there = target.bincount(minlength=len(labels)).cpu()
    return tuple(str(labels[i]) for i in torch.nonzero((said == 0) & (there > 0)).flatten().tolist())


class Training:
    """Trains one network by a recipe.

    Parameters
    ----------
    loss : of raw answers and targets, a mean over rows.
    seed : all chance is a function of it and of the epoch, so a training that is gone on with comes to the same result.
    groups : parts of the network that learn at rates of their own.
    weights : (n,) of the rows, where rare ones are drawn more often. frozen : parts that answer as when they are not trained.
    checkpoints : where its state is left for a later try; None leaves none.

    Attributes
    ----------
    curve : what each epoch came to.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        loss: Loss,
        *,
        seed: int = 0,
        place: Place | None = None,
        groups: Sequence[Group] = (),
        weights: Tensor | None = None,
        frozen: Sequence[nn.Module] = (),
        checkpoints: Checkpoints | None = None,
        progress: Progress | None = None,
        stage: str = "all",
    ) -> None:
        self.network, self.recipe, self.seed, self.frozen = network, recipe, seed, frozen
        self.place = place or Place()
        self.stepper = Stepper(network, recipe, loss, self.place, groups)
        self.weights, self.checkpoints, self.progress = weights, checkpoints, progress or Progress()
        self.curve = Curve(stage, about={"recipe": recipe.document(), **self.place.document()})
        self._best: tuple[float, list[Tensor]] = (math.inf, [])
        self._written = time.monotonic()

    def search(self, rows: Rows, judge: Judge, from_start: bool = False) -> int:
        """Train until `judge` finds no better score for `patience` epochs; put back the best weights and return their epoch.

        `from_start`: the weights as they came are judged, too, and stay (epoch 0) where no epoch beats them.

        Raises `FitError` where not one epoch came to a finite score.
        """
        self._train(rows, self.recipe.epochs, judge, from_start)
        if not self._best[1]:
            raise FitError(
                "The training diverged at once: its loss is no finite number. A lower learning rate may help."
            )
        put(self.stepper.average.raw, self._best[1])
        return self.curve.chosen

    def run(self, rows: Rows, epochs: int) -> None:
        """Train for so many epochs; the average of the weights stays."""
        self._train(rows, epochs, None)
        put(self.stepper.average.raw, self.stepper.average.values)
        self.curve.chosen = epochs
        if not math.isfinite(self.curve.losses[-1]):
            raise FitError("The training diverged: its loss is no finite number. A lower learning rate may help.")

    def _train(self, rows: Rows, epochs: int, judge: Judge | None, from_start: bool = False) -> None:
        done = self._resume()
        if judge is not None and from_start and not self.curve.epochs:
            self.curve.start = self._judged(Epoch(0, math.nan), judge).score
        with seeds.kept(self.place.torch_device):
            while not done and len(self.curve.epochs) < epochs:
                epoch = self._epoch(rows, epochs)
                done = self._settle(epoch, judge)
                self._keep(done or len(self.curve.epochs) == epochs)
        self.network.eval()
        self.curve.about["rows_at_a_time"] = self.stepper.piece

    def _settle(self, epoch: Epoch, judge: Judge | None) -> bool:
        """Judge the weights of an epoch and keep the best; return whether the training is over."""
        if judge is not None and math.isfinite(epoch.loss):
            epoch = self._judged(epoch, judge)
        self.curve.epochs.append(epoch)
        self.progress.tell(self.curve)
        if not math.isfinite(epoch.loss):
            self.curve.ended = "diverged"
            return True
        if judge is not None and self._idle(epoch.number):
            self.curve.ended = "patience"
            return True
        return False

    def _idle(self, number: int) -> bool:
        """Whether a search has gone on long enough, and nothing got better for long."""
        recipe = self.recipe
        since = number - self.curve.last_gain(recipe.least_gain)
        learnt = self.curve.start is None or self._best[0] < LEARNT * self.curve.start
        return since >= recipe.patience and (learnt or number >= recipe.least_share * recipe.epochs)

    @torch.no_grad()
    def _judged(self, epoch: Epoch, judge: Judge) -> Epoch:
        self.network.eval()
        with self.stepper.average.in_place():
            found = judge()
        (score,) = self.stepper.share.agree(found.score)
        if score < self._best[0]:
            self._best = (score, [v.clone() for v in self.stepper.average.values])
            self.curve.chosen = epoch.number
        return Epoch(**{**asdict(epoch), "score": score, "never": found.never})

    def _epoch(self, rows: Rows, epochs: int) -> Epoch:
        begun, number = time.perf_counter(), len(self.curve.epochs) + 1
        share, stepper = self.stepper.share, self.stepper
        torch.manual_seed(seeds.mixed(self.seed, number, 1 + share.rank))
        self.network.train()
        for part in self.frozen:
            part.eval()
        order = torch.split(seeds.order(len(rows), self.seed, number, self.weights), self.recipe.batch)
        reading = Reading(rows, number)
        steps, total, length = len(order) * epochs, torch.zeros((), device=self.place.device), []
        for batch in reading.batches([share.take(index) for index in order]):
            mix = (
                mixing_share(self.recipe.mixup, seeds.mixed(self.seed, number, 0, stepper.step))
                if self.recipe.mixup
                else None
            )
            loss, gradient = stepper.update(batch, steps, mix)
            total += loss * len(batch[0])
            if gradient is not None:
                length.append(gradient)
        (mean,) = share.agree(float(total) / len(rows) * share.of)
        return Epoch(
            number,
            mean,
            gradient=float(torch.stack(length).mean()) if length else None,
            rate=stepper.optimizer.param_groups[-1]["lr"],
            rows=len(rows),
            seconds=time.perf_counter() - begun,
            waited_seconds=reading.waited_seconds,
        )

    def _keep(self, over: bool) -> None:
        """Write a checkpoint where the last is old, and when all is done: then a later try has nothing to train."""
        kept, now = self.checkpoints, time.monotonic()
        if kept is None or not self.stepper.share.first or not (over or now - self._written >= kept.every_seconds):
            return
        score, values = self._best
        tensors = self.stepper.tensors() | {f"best.{i}": v for i, v in enumerate(values)}
        best = score if values else None
        facts = {**self.stepper.facts(), "over": over, "best": best, "curve": self.curve.document()}
        kept.write(Checkpoint(tensors, facts))
        self._written = time.monotonic()

    def _resume(self) -> bool:
        """Go on from the checkpoint, where there is one; return whether it was the end."""
        found = self.checkpoints.read() if self.checkpoints is not None else None
        if found is None:
            return False
        facts: dict[str, Any] = dict(found.facts)
        self.stepper.restore(found.tensors, facts)
        self.curve = Curve.of(facts["curve"])
        values = (
            [found.tensors[f"best.{i}"].to(self.place.device) for i in range(len(self.stepper.average.raw))]
            if facts["best"] is not None
            else []
        )
        self._best = (math.inf if facts["best"] is None else facts["best"], values)
        return bool(facts["over"])
