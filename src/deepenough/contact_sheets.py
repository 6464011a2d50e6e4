"""Contact sheets: the pictures behind what a run says, small enough to stand in its report."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from deepenough.dataset import Answer, Dataset
from deepenough.examples import Lazy
from deepenough.findings import Finding

SIDE = 96  # pixels of the longer side
QUALITY = 72
MOST_BYTES = 300_000  # of all pictures together, as they stand in the page
SHOWN, PER_CLASS, SETS, IN_SET = 12, 2, 6, 4
COPIES, CONFLICTS, MISTAKEN = "DE023", "DE024", "DE014"
Item = dict[str, Any]


def draw(dataset: Dataset, findings: Sequence[Finding], held: Dataset, answer: Answer | None) -> dict[str, Any]:
    """Return the figure ``pictures``: sheets of captioned pictures; empty where the examples are no pictures.

    Parameters
    ----------
    dataset : what the findings number. held, answer : the sealed pictures and what was said of them; None where nothing was.
    """
    if dataset.task.modality != "image":
        return {}
    left = _Room(MOST_BYTES)
    sheets = [*_of_answers(held, answer, left)] if answer is not None else []
    sheets += _of_findings(dataset, findings, left)
    return {"sheets": [s for s in sheets if s["sets"]], "side": SIDE}


class _Room:
    """How many bytes may still be shown."""

    def __init__(self, most: int) -> None:
        self.left = most

    def picture(self, rows: Dataset, i: int, *lines: str) -> Item | None:
        """Return one picture as a page holds it, or None where there is no room left."""
        source = thumbnail(rows.examples[i])
        if len(source) > self.left:
            return None
        self.left -= len(source)
        assert isinstance(rows.examples, Lazy)
        return {"src": source, "name": str(rows.examples.sources[i].name), "lines": [line for line in lines if line]}

    def sets(self, rows: Dataset, groups: Iterable[Iterable[tuple[int, tuple[str, ...]]]]) -> list[list[Item]]:
        """Return sets of pictures, as far as there is room."""
        made = [[self.picture(rows, i, *lines) for i, lines in group] for group in groups]
        return [whole for items in made if (whole := [item for item in items if item is not None])]


def thumbnail(pixels: np.ndarray) -> str:
    """Return a picture as a ``data:`` URI of a small JPEG."""
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode("ascii")


def _sheet(name: str, title: str, lead: str, sets: list[list[Item]]) -> dict[str, Any]:
    return {"name": name, "title": title, "lead": lead, "sets": sets}


def _of_answers(held: Dataset, answer: Answer, room: _Room) -> Iterator[dict[str, Any]]:
    if "probability" not in answer:
        yield from _of_values(held, answer["value"], room)
        return
    chance, truth, labels = answer["probability"], held.truth, held.task.labels
    said, sure = chance.argmax(axis=1), chance.max(axis=1)
    mine = chance[np.arange(len(truth)), truth]
    wrong = np.flatnonzero(said != truth)
    worst = wrong[np.argsort(mine[wrong], kind="stable")][:SHOWN]
    yield _sheet(
        "mistakes",
        "The worst mistakes",
        f"{len(wrong):,} of {len(truth):,} sealed pictures are answered wrongly; here the surest of them first.",
        room.sets(
            held, [[(i, (f"is {labels[truth[i]]}", f"said {labels[said[i]]}, {_share(sure[i])}")) for i in worst]]
        ),
    )
    apart = np.sort(chance, axis=1)
    doubt = np.argsort(apart[:, -1] - apart[:, -2], kind="stable")[:SHOWN]
    yield _sheet(
        "unsure",
        "The most unsure",
        "Sealed pictures between two answers: worth a person's look, and the first to label more of.",
        room.sets(
            held,
            [
                [
                    (i, (f"said {labels[said[i]]}, {_share(sure[i])}", _unless(labels[truth[i]], labels[said[i]])))
                    for i in doubt
                ]
            ],
        ),
    )
    typical = [_surest(chance, truth, c)[:PER_CLASS] for c in range(len(labels))][: SHOWN // PER_CLASS]
    yield _sheet(
        "typical",
        "The most typical",
        "Sealed pictures that the model is surest of, and right about: what it takes each class to look like.",
        room.sets(held, [[(i, (labels[c], _share(chance[i, c]))) for i in rows] for c, rows in enumerate(typical)]),
    )


def _surest(chance: np.ndarray, truth: np.ndarray, c: int) -> np.ndarray:
    rows = np.flatnonzero((truth == c) & (chance.argmax(axis=1) == c))
    return np.asarray(rows[np.argsort(-chance[rows, c], kind="stable")])


def _unless(is_so: str, said: str) -> str:
    return "" if is_so == said else f"is {is_so}"


def _of_values(held: Dataset, value: np.ndarray, room: _Room) -> Iterator[dict[str, Any]]:
    worst = np.argsort(-np.abs(value - held.truth), kind="stable")[:SHOWN]
    yield _sheet(
        "mistakes",
        "The worst mistakes",
        "Sealed pictures whose answer is farthest from the truth.",
        room.sets(held, [[(i, (f"is {held.truth[i]:.4g}", f"said {value[i]:.4g}")) for i in worst]]),
    )


def _of_findings(dataset: Dataset, findings: Sequence[Finding], room: _Room) -> Iterator[dict[str, Any]]:
    place = {int(number): i for i, number in enumerate(dataset.about["row"].tolist())}
    for finding in findings:
        rows = [place[n] for n in finding.where if n in place]
        groups = [[place[n] for n in group if n in place] for group in finding.clusters]
        if finding.code == MISTAKEN:
            shown = [[(i, (_label(dataset, i),)) for i in rows[:SHOWN]]]
            lead = "By the pictures like them these answers are wrong; the likeliest mistakes first."
            yield _sheet("answers", "Answers that may be wrong", lead, room.sets(dataset, shown))
        elif finding.code in (COPIES, CONFLICTS):
            found = [[(i, (_label(dataset, i),)) for i in group[:IN_SET]] for group in groups[:SETS] if len(group) > 1]
            conflict = finding.code == CONFLICTS
            title = "One picture, two answers" if conflict else "Copies"
            lead = (
                "Near-copies that were given different answers."
                if conflict
                else "Each set is one picture, saved again."
            )
            yield _sheet("conflicts" if conflict else "copies", title, lead, room.sets(dataset, found))


def _label(dataset: Dataset, i: int) -> str:
    if dataset.target is None:
        return ""
    return dataset.task.labels[dataset.target[i]] if dataset.task.labels else f"{dataset.target[i]:.4g}"


def _share(chance: float) -> str:
    return f"{100 * float(chance):.0f}\u00a0%"
