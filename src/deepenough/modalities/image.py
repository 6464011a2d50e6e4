"""Pictures: one file, one example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough.errors import DataError, nearest
from deepenough.examples import Examples
from deepenough.modalities._base import Modality
from deepenough.modalities._cells import by_column
from deepenough.modalities._pictures import rows as picture_rows
from deepenough.modalities._pictures.look import FEATURES, Pictures
from deepenough.modalities._pictures.made import as_uri, odd, textures
from deepenough.modalities._pictures.picture import of_cell
from deepenough.modalities._pictures.places import holds_pictures, place_of
from deepenough.modalities._pictures.rows import IMAGE
from deepenough.modalities._pictures.tables import column_of, peek
from deepenough.task import Task

if TYPE_CHECKING:
    import pandas as pd

PIECE = 256  # pictures answered at a time
MADE_UP = 6


class Image(Modality):
    """Pictures, in class folders or named by a table: one picture, one example."""

    name = "image"
    version = 1
    requires = ("PIL",)
    in_pieces = True
    files = True
    extra = "image"

    def recognises(self, source: Any, roles: Mapping[str, Any]) -> float:
        if isinstance(source, str | Path):
            place = place_of(source)
            if place is not None:
                return 0.95 if holds_pictures(place) else 0.0
            return 0.95 if peek(Path(source)) else 0.0
        import pandas as pd

        return 0.95 if isinstance(source, pd.DataFrame) and column_of(source) is not None else 0.0

    def read(self, source: Any, roles: Mapping[str, Any]) -> tuple[Task, pd.DataFrame]:
        """Return the task, and a row a picture: its name, the picture (not opened yet), the target, other columns as they are.

        `roles`: target (of folders: what they are called), types, group, time; or task, where it is known.
        """
        known = roles.get("task")
        if known is not None:
            return known, picture_rows.read_more(source, known)
        return picture_rows.read_first(source, roles, self.name)

    def decode(self, rows: Any, task: Task) -> Pictures:
        """Rows in (a frame, columns by name, or dicts), pictures out: opened when asked for.

        A cell is the bytes of a file, base64, a ``data:`` URI, an array (height, width, 3) uint8, or a `pathlib.Path`.
        """
        table, _ = by_column(rows)
        column = task.inputs[0].name
        if column not in table:
            raise DataError(f"The column '{column}' is missing. {nearest(column, table)}The model reads: {column}.")
        return Pictures(column, [of_cell(cell) for cell in table[column]])

    def features(self, examples: Examples, task: Task) -> dict[str, np.ndarray]:
        """Colour, light, edges, texture and size, as numbers by name: of each picture alone (`docs/images.md`)."""
        assert isinstance(examples, Pictures)
        values = examples.features()
        return {name: np.ascontiguousarray(values[:, i]) for i, name in enumerate(FEATURES)}

    def left_out(self, rows: pd.DataFrame, task: Task) -> dict[int, str]:
        """Return the rows whose picture cannot be opened, and why: the rest of a sentence."""
        return picture_rows.unreadable(rows[task.inputs[0].name])

    def set_aside(self, source: Any) -> tuple[str, str] | None:
        """Return the folder test (or val, where there is no test) beside train, as a source, and its name."""
        return picture_rows.set_aside(source) if isinstance(source, str | Path) else None

    def made_up(self, task: Task) -> list[dict[str, Any]]:
        """Return stripes and odd pictures, as ``data:`` URIs."""
        made = [*textures(MADE_UP, 0)[0], *(as_uri(pixels) for pixels in odd())]
        return [{task.inputs[0].name: uri} for uri in made]

    def pieces(self, source: str | Path, task: Task) -> Iterator[tuple[pd.DataFrame, float]]:
        """Yield the rows of a folder or table, some at a time, and the share of it that is read by then."""
        rows = self.read(source, {"task": task})[1]
        for start in range(0, len(rows), PIECE):
            end = min(len(rows), start + PIECE)
            yield rows.iloc[start:end].reset_index(drop=True), end / len(rows)

    def sample(self, kind: str, n: int, seed: int) -> tuple[Task, pd.DataFrame]:
        """Small textures, as ``data:`` URIs; the target follows how coarse their stripes are."""
        import pandas as pd

        pictures, coarse = textures(n, seed)
        answer = coarse if kind == "regression" else np.where(coarse > np.median(coarse), "coarse", "fine")
        frame = pd.DataFrame({"file": [f"{i}.png" for i in range(n)], IMAGE: pictures, "answer": answer})
        task, _ = self.read(frame, {"target": "answer"})
        return replace(task, kind=kind), frame
