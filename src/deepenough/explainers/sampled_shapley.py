"""What each column adds, for any model that can be asked: Shapley values by sampling (Strumbelj and Kononenko 2014)."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable

from ._base import Contributions, Explainer, Model
from ._columns import features_of
from ._scale import must_add_up, scores

PAIRS = 200  # orders of the columns, each walked forwards and backwards
MOST_ANSWERS = 40_000  # asked for one row
FEWEST = 8  # pairs, under which a standard error says nothing
CHUNK = 5_000


class SampledShapley(Explainer):
    """What each column adds to the score on average, over orders in which the columns become known one by one."""

    name = "sampled_shapley"
    title = "Sampled contributions"
    explains = "row"
    needs = "answers"
    exact = False

    def explain(self, model: Model, dataset: Dataset) -> Contributions:
        """Start from a usual row, put in the row's own values column by column, and note how the score moves.

        Over 200 random orders, each walked both ways (Mitchell et al. 2022), so that chance cancels; the standard error is
        that of the mean over the pairs. `model.usual` says what is usual. Raises `NotApplicable` where there are too many
        columns to ask for, or no usual rows.
        """
        if model.usual is None or len(model.usual) < 2:
            raise NotApplicable("Nothing says what is usual: the rows the model learnt from are not at hand.")
        columns = features_of(dataset.features, dataset.task)
        pairs = min(PAIRS, MOST_ANSWERS // (2 * (len(columns) + 1)))
        if pairs < FEWEST:
            raise NotApplicable(f"{len(columns):,} columns are too many to ask for one by one.")
        walks = [self._row(model, dataset.take(np.array([i])), columns, pairs) for i in range(len(dataset))]
        steps = np.stack([w[0] for w in walks])
        # the base is the mean score of the usual rows that were started from, so that all adds up exactly
        return Contributions(tuple(columns), steps.mean(axis=1), walks[0][1], _standard_error(steps))

    def _row(
        self, model: Model, row: Dataset, columns: dict[str, list[str]], pairs: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (pairs, columns, outputs) what each pair of walks says, and the mean score at their starts."""
        assert model.usual is not None
        rng, k = np.random.default_rng([model.seed, 5]), len(columns)
        starts = rng.permutation(_spread(model, model.usual, pairs, rng))
        orders = np.stack([rng.permutation(k) for _ in range(pairs)])
        both = np.concatenate([orders, orders[:, ::-1]])
        # known[w, s, c]: whether column c has the row's own value at step s of walk w
        known = np.argsort(both, axis=1)[:, None, :] < np.arange(k + 1)[None, :, None]
        said = self._ask(model, row, list(columns.values()), known.reshape(-1, k), np.tile(starts, 2).repeat(k + 1))
        said = said.reshape(2 * pairs, k + 1, -1)
        moved = np.empty_like(said[:, 1:])
        np.put_along_axis(moved, both[:, :, None], np.diff(said, axis=1), axis=1)
        return (moved[:pairs] + moved[pairs:]) / 2.0, said[:, 0].mean(axis=0)

    def _ask(
        self, model: Model, row: Dataset, parts: list[list[str]], known: np.ndarray, starts: np.ndarray
    ) -> np.ndarray:
        """Return the scores (asked, outputs) of usual rows, with the row's own values where they are known."""
        assert model.usual is not None
        found = []
        for at in range(0, len(known), CHUNK):
            here, start = known[at : at + CHUNK], starts[at : at + CHUNK]
            mixed = {
                f: np.where(here[:, c], row.features[f][0], model.usual.features[f][start])
                for c, features in enumerate(parts)
                for f in features
            }
            ordered = {f: mixed[f] for f in row.features}
            found.append(scores(model.bundle.answer_features(ordered, len(here))))
        return np.concatenate(found)

    def prove(self, model: Model, dataset: Dataset) -> None:
        """The contributions add up to the answer of what ships."""
        found = self.explain(model, dataset)
        must_add_up(
            found.totals(), model.bundle.answer_features(dataset.features, len(dataset)), len(dataset.task.labels)
        )


def _spread(model: Model, usual: Dataset, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return usual rows from the lowest score to the highest, evenly: their mean is nearer to that of all than chance brings it."""
    order = np.argsort(scores(model.bundle.answer_features(usual.features, len(usual)))[:, 0], kind="stable")
    places = (np.arange(count) + rng.random()) * len(order) / count
    return order[places.astype(np.int64)]


def _standard_error(steps: np.ndarray) -> np.ndarray:
    """Of the mean over pairs (rows, pairs, columns, outputs)."""
    return np.asarray(steps.std(axis=1, ddof=1) / np.sqrt(steps.shape[1]))
