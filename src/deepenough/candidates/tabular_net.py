"""A network for tables: piecewise-linear numbers, embedded categories, a few heads that share one trunk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from torch import Tensor, nn
from torch.nn import functional

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.candidates._net_graph import write
from deepenough.dataset import Answer, Dataset
from deepenough.task import Task
from deepenough.training import seeds
from deepenough.training.batches import Tensors
from deepenough.training.loop import Judged, Training, never_said
from deepenough.training.recipe import Recipe
from deepenough.training.record import Record
from deepenough.workspace import Workspace

BLOCK = 4096  # rows answered at a time, so that memory does not grow with the table
FAR = 2.5  # standard deviations beyond which a number is no further away: one odd cell must not carry the answer
LEAF_ROWS = 20  # rows on either side of a bin's edge that a tree chose
TREE_ROWS = 50000
HUGE = 1e37  # numbers learnt from stay inside, so that no difference of two overflows float32
DEFAULTS: dict[str, Any] = {
    "heads": 8,
    "width": 128,
    "layers": 2,
    "bins": 24,
    "number_size": 8,
    "category_size": 8,
    "least_rows": 4,
    "dropout": 0.1,
    "input_dropout": 0.1,
    "rate": 2e-3,
    "decay": 0.03,
    "average": 0.99,
    "batch": 256,
    "epochs": 60,
    "most_rows": 2_500_000,
    "patience": 12,
}


class TabularNet(Candidate):
    """A small network: several heads on one trunk (TabM, Gorishniy et al. 2024), piecewise-linear numbers (2022)."""

    name = "tabular_net"
    title = "Neural network for tables"
    rung = 4
    answers = ("classification", "regression")
    modalities = ("tabular",)
    requires = ("torch", "sklearn")
    extra = "deep"
    cost = (0.8, 1.8, 8.0)

    def suits(self, task: Task) -> bool:
        return bool(task.measured)

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        """One setting: the network is to be judged, not searched for."""
        return [{}]

    def build(self, task: Task, settings: Settings, seed: int) -> Net:
        return Net(task, settings, seed)


@dataclass(frozen=True)
class Encoding:
    """How numbers and codes are read, learnt from the rows of `learn`.

    Attributes
    ----------
    low, high : (a,) range seen; a number outside counts as the nearest seen. fill : (a,) median, for what is missing.
    flag : (a,) 1 where both missing and known cells were seen: else a missing cell has nothing to say.
    mean, inverse_scale : (a,) to standardise; the latter 0 for a constant.
    left, inverse_width : (a, bins) the bins of the piecewise-linear encoding; width "0" where a column has fewer.
    sizes, offsets : (b,) codes 0..size-1 of a column start at its offset in `level`.
    level : row of the embedding table of each code; rare levels share the row of the missing and unseen.
    """

    low: np.ndarray
    high: np.ndarray
    fill: np.ndarray
    flag: np.ndarray
    mean: np.ndarray
    inverse_scale: np.ndarray
    left: np.ndarray
    inverse_width: np.ndarray
    sizes: np.ndarray
    offsets: np.ndarray
    level: np.ndarray


def learn_encoding(numbers: np.ndarray, codes: np.ndarray, target: np.ndarray, bins: int, least_rows: int) -> Encoding:
    """Learn ranges, bins and levels from (n, a) numbers, (n, b) codes and (n,) target."""
    columns = [_learn_number(numbers[:, i], target, bins) for i in range(numbers.shape[1])]
    left, inverse = np.zeros((2, len(columns), bins), np.float32)
    for i, (edges, _) in enumerate(columns):
        left[i, : len(edges) - 1] = edges[:-1]
        inverse[i, : len(edges) - 1] = 1.0 / np.diff(edges)
    facts = np.array([facts for _, facts in columns], np.float32).reshape(len(columns), 6)
    low, high, fill, flag, mean, inverse_scale = np.ascontiguousarray(facts.T)
    sizes, offsets, level = _learn_levels(codes, least_rows)
    return Encoding(low, high, fill, flag, mean, inverse_scale, left, inverse, sizes, offsets, level)


def _learn_number(column: np.ndarray, target: np.ndarray, bins: int) -> tuple[np.ndarray, tuple[float, ...]]:
    """Return the edges of the bins and (low, high, fill, flag, mean, inverse scale) of one column."""
    known = ~np.isnan(column)
    seen = np.clip(column[known].astype(np.float64), -HUGE, HUGE)
    if len(seen) == 0:
        return np.zeros(1), (0.0,) * 6
    spread = float(seen.std())
    edges = _edges(seen, target[known], bins).astype(np.float32).astype(np.float64)
    least = max(1e-6 * spread, 1e-30)  # narrower bins would overflow when a number is divided by their width
    edges = edges[np.concatenate([[True], np.diff(edges) > least])]
    flag, inverse = float(len(seen) < len(column)), 1.0 / spread if spread > 1e-30 else 0.0
    return edges, (seen.min(), seen.max(), float(np.median(seen)), flag, float(seen.mean()), inverse)


def _edges(seen: np.ndarray, target: np.ndarray, bins: int) -> np.ndarray:
    """Every value where there are few; else half from a small tree on the target, half quantiles.

    The tree puts bins where the answer changes (PLE-T of Gorishniy et al. 2022). Some of the quantiles are those of the
    distinct values, for columns that are nearly all zero.
    """
    distinct = np.unique(seen)
    if len(distinct) <= bins + 1:
        return distinct
    of_rows, of_values = bins // 2 - bins // 8, bins // 8
    parts = [
        _thresholds(seen, target, bins - bins // 2),
        np.quantile(seen, np.linspace(0, 1, of_rows + 2)),
        np.quantile(distinct, np.linspace(0, 1, of_values + 1)[1:-1]),
    ]
    return np.unique(np.concatenate(parts))


def _thresholds(seen: np.ndarray, target: np.ndarray, leaves: int) -> np.ndarray:
    """Where a small tree cuts one column."""
    kind = DecisionTreeRegressor if target.dtype.kind == "f" else DecisionTreeClassifier
    rows = slice(None, None, 1 + len(seen) // TREE_ROWS)
    tree = kind(max_leaf_nodes=leaves, min_samples_leaf=LEAF_ROWS, random_state=0).fit(seen[rows, None], target[rows])
    return np.asarray(tree.tree_.threshold[tree.tree_.feature >= 0])


def _learn_levels(codes: np.ndarray, least_rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sizes, offsets and level: a row of the embedding table for each code seen often enough."""
    level, sizes, rows = [np.zeros(0, np.int64)], [0], 0
    for column in codes.T:
        counts = np.bincount(np.maximum(column, 0), minlength=1)
        kept = (counts >= least_rows) & (np.arange(len(counts)) > 0)
        level.append(rows + np.where(kept, np.cumsum(kept), 0))
        sizes.append(len(counts))
        rows += 1 + int(kept.sum())
    return np.array(sizes[1:], np.int64), np.cumsum(sizes[:-1], dtype=np.int64)[: len(sizes) - 1], np.concatenate(level)


class Network(nn.Module):
    """Encodings, a trunk with scales and shifts of each head's own (BatchEnsemble, Wen et al. 2020), a linear skip."""

    low: Tensor
    high: Tensor
    fill: Tensor
    flag: Tensor
    mean: Tensor
    inverse_scale: Tensor
    left: Tensor
    inverse_width: Tensor
    sizes: Tensor
    offsets: Tensor
    level: Tensor
    target: Tensor

    def __init__(self, encoding: Encoding, outputs: int, settings: Settings, generator: torch.Generator) -> None:
        super().__init__()
        for field in fields(encoding):
            self.register_buffer(field.name, torch.from_numpy(getattr(encoding, field.name)))
        self.settings = settings
        (columns, bins), b = encoding.left.shape, len(encoding.sizes)
        heads, width, layers = settings["heads"], settings["width"], settings["layers"]
        size, category = settings["number_size"], settings["category_size"]
        flat = columns * size + b * category
        self.numeric = _uniform(generator, 4, columns, bins + 2, size)
        self.numeric_bias = _uniform(generator, 4, columns, 1, size)
        levels = int(encoding.level.max(initial=0)) + 1
        self.table = nn.Parameter(0.3 * torch.randn(levels, category, generator=generator))
        self.table.data[self.level[self.offsets]] = 0.0
        self.first = _uniform(generator, flat, flat, width)
        signs = torch.randint(0, 2, (heads, width), generator=generator) * 2.0 - 1.0  # the heads differ from the start
        self.scales = nn.ParameterList([signs] + [torch.ones(heads, width) for _ in range(layers - 1)])
        self.shifts = nn.ParameterList([_uniform(generator, width, heads, width) for _ in range(layers)])
        self.hidden = nn.ParameterList([_uniform(generator, width, width, width) for _ in range(layers - 1)])
        self.last = _uniform(generator, width, heads, width, outputs)
        self.last_bias = nn.Parameter(torch.zeros(heads, 1, outputs))
        self.skip = nn.Parameter(torch.zeros(flat, outputs))

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """(n, a) and (n, b) to (heads, n, outputs)."""
        x = self._drop(self._embed(numbers, codes), self.settings["input_dropout"])
        h = (x @ self.first).unsqueeze(1)
        for i, (scale, shift) in enumerate(zip(self.scales, self.shifts, strict=True)):
            if i:
                h = h @ self.hidden[i - 1]
            h = self._drop(torch.relu(h * scale + shift), self.settings["dropout"])
        return h.transpose(0, 1) @ self.last + self.last_bias + x @ self.skip

    def _embed(self, numbers: Tensor, codes: Tensor) -> Tensor:
        parts = []
        if numbers.shape[1]:
            missing = torch.isnan(numbers)
            x = torch.where(missing, self.fill, torch.minimum(torch.maximum(numbers, self.low), self.high))
            bins = ((x.unsqueeze(2) - self.left) * self.inverse_width).clamp(0.0, 1.0)
            standard = ((x - self.mean) * self.inverse_scale).clamp(-FAR, FAR)
            encoded = torch.cat([bins, standard.unsqueeze(2), (missing * self.flag).unsqueeze(2)], 2)
            parts.append((encoded.transpose(0, 1) @ self.numeric + self.numeric_bias).transpose(0, 1).flatten(1))
        if codes.shape[1]:
            parts.append(self.table[self._rows(codes)].flatten(1))
        return torch.cat(parts, 1)

    def _rows(self, codes: Tensor) -> Tensor:
        """(n, b) rows of the table; a code beyond what was learnt reads as 0, the unseen."""
        return self.level[torch.where((codes < 0) | (codes >= self.sizes), 0, codes) + self.offsets]

    @torch.no_grad()
    def average_unseen(self, codes: Tensor) -> None:
        """Let the unseen of a column that had (nearly) none stand for its average row: nothing else taught it."""
        for start, rows in zip(self.level[self.offsets], self._rows(codes).T, strict=True):
            if (rows == start).sum() < self.settings["least_rows"]:
                self.table[start] = self.table[rows].mean(0)

    def _drop(self, x: Tensor, rate: float) -> Tensor:
        """Dropout by a byte a cell, which is drawn in an eighth of the time of a float a cell."""
        if not self.training or rate == 0.0:
            return x
        cells, limit = x.numel(), round(256 * rate)
        bits = torch.empty((cells + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        return x * (bits.view(torch.uint8)[:cells].view(x.shape) >= limit) * (256 / (256 - limit))


def _uniform(generator: torch.Generator, fan: int, *shape: int) -> nn.Parameter:
    return nn.Parameter((2.0 * torch.rand(*shape, generator=generator) - 1.0) / math.sqrt(max(1, fan)))


class Net:
    """One network. How long to train is found on `tune`; it is then trained afresh, as long, on `learn` and `tune` together."""

    def __init__(self, task: Task, settings: Settings, seed: int) -> None:
        self.task, self.settings, self.seed = task, {**DEFAULTS, **settings}, seed

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Net:
        self.threads = workspace.threads
        record = Record(
            workspace, "Neural network for tables", self.settings, self.seed, learn.fingerprint, tune.fingerprint
        )
        with seeds.threads(self.threads):
            return self._fit(learn, tune, record)

    def _fit(self, learn: Dataset, tune: Dataset, record: Record) -> Net:
        search = self._start(record, "search", *_rows(learn))
        held = self._tensors(*_rows(tune))
        epochs = search.search(Tensors(*self._tensors(*_rows(learn))), lambda: self._judge(*held))
        again = self._start(record, "all", *_rows(learn, tune))
        data = self._tensors(*_rows(learn, tune))
        again.run(Tensors(*data), epochs)
        self.network.average_unseen(data[1])
        record.finish(search.curve, again.curve)
        return self

    def _start(self, record: Record, stage: str, tensors: Mapping[str, np.ndarray], truth: np.ndarray) -> Training:
        """Learn the encodings of these rows, and make a fresh network and what trains it."""
        generator = torch.Generator().manual_seed(self.seed)
        bins, least = self.settings["bins"], self.settings["least_rows"]
        encoding = learn_encoding(tensors["numbers"], tensors["codes"], truth, bins, least)
        self.network = Network(encoding, max(1, len(self.task.labels)), self.settings, generator)
        self._learn_target(truth)
        recipe = self._recipe(len(truth))
        return Training(
            self.network, recipe, self._loss, seed=self.seed, stage=stage,
            checkpoints=record.checkpoints(stage), progress=record.progress(recipe.epochs),
        )  # fmt: skip

    def _recipe(self, rows: int) -> Recipe:
        """One rate after a warm-up; smaller batches for few rows, fewer epochs for many."""
        s = self.settings
        return Recipe(
            rate=s["rate"],
            decay=s["decay"],
            schedule="constant",
            average=s["average"],
            batch=min(s["batch"], max(32, rows // 20)),
            epochs=min(s["epochs"], max(8, s["most_rows"] // rows)),
            patience=s["patience"],
        )

    def _learn_target(self, target: np.ndarray) -> None:
        """Low, high, centre and scale: an answer never leaves the range of what was seen, as a tree's never does."""
        if not self.task.labels:
            center, scale = float(target.mean()), float(target.std())
            facts = [target.min(), target.max(), center, scale if scale > 0.0 else 1.0]
            self.network.register_buffer("target", torch.tensor(facts, dtype=torch.float32))

    def _tensors(self, tensors: Mapping[str, np.ndarray], truth: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        target = truth.astype(np.int64)
        if not self.task.labels:
            center, scale = self.network.target[2:].tolist()
            target = ((truth - center) / scale).astype(np.float32)
        return *_inputs(tensors), torch.from_numpy(target)

    def _loss(self, raw: Tensor, target: Tensor) -> Tensor:
        """Mean of the heads' own losses: each learns by itself, and they are averaged only to answer."""
        if self.task.labels:
            return functional.cross_entropy(raw.flatten(0, 1), target.repeat(len(raw)))
        return (raw.squeeze(2) - target).square().mean()

    def _judge(self, numbers: Tensor, codes: Tensor, target: Tensor) -> Judged:
        answer = self._answer(numbers, codes)
        if not self.task.labels:
            return Judged(float((answer - target).square().mean()))
        loss = -float(answer[torch.arange(len(target)), target].clamp_min(1e-7).log().mean())
        return Judged(loss, never_said(answer, target, self.task.labels))

    @torch.no_grad()
    def _answer(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """(n, C) probabilities, or (n,) standardised values."""
        blocks = (slice(start, start + BLOCK) for start in range(0, max(1, len(numbers)), BLOCK))
        raw = [self.network(numbers[block], codes[block]) for block in blocks]
        return torch.cat([r.softmax(2).mean(0) if self.task.labels else r.mean(0).squeeze(1) for r in raw])

    def predict(self, dataset: Dataset) -> Answer:
        with seeds.threads(self.threads):
            answer = self._answer(*_inputs(dataset.tensors))
        if self.task.labels:
            return {"probability": answer.numpy()}
        low, high, center, scale = self.network.target
        return {"value": (answer * scale + center).clamp(low, high).numpy()}

    def export(self) -> Plan:
        weights = {name: tensor.numpy() for name, tensor in self.network.state_dict().items()}
        graph = write(weights, self.settings["layers"], FAR, len(self.task.labels))
        return Plan(graph, ("probability",) if self.task.labels else ("value",))


def _rows(*datasets: Dataset) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Tensors and truth of all the rows of some datasets, one after the other."""
    tensors = {name: np.concatenate([d.tensors[name] for d in datasets]) for name in ("numbers", "codes")}
    return tensors, np.concatenate([d.truth for d in datasets])


def _inputs(tensors: Mapping[str, np.ndarray]) -> tuple[Tensor, Tensor]:
    """Numbers and codes; copied only where they may not be written, which torch would warn of."""
    numbers, codes = (np.require(tensors[name], requirements=["C", "W"]) for name in ("numbers", "codes"))
    return torch.from_numpy(numbers), torch.from_numpy(codes)
