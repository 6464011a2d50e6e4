"""Answers to the rows of a table, as columns and as a file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.errors import SettingError
from deepenough.files import to_csv, write_bytes, write_text


def predict(bundle: Bundle, source: Any) -> dict[str, np.ndarray]:
    """Answer every row of a file or frame through the bundle.

    Returns
    -------
    Columns: the table's identifiers (``row``, counted from 0, where it has none), then those of `Bundle.predict`.
    """
    _, rows = shelves.load("modalities", bundle.task.modality).read(source, {"task": bundle.task})
    named = dict.fromkeys(("row_id", *bundle.task.keys))  # the sealed rows of a run are handed out with a row_id
    keys = {name: rows[name].to_numpy() for name in named if name in rows}
    return (keys or {"row": np.arange(len(rows))}) | bundle.predict(rows)


def write(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write columns as CSV or Parquet, by the file's ending; the whole file or none."""
    if path.suffix.lower() in (".parquet", ".pq"):
        import pandas as pd

        buffer = io.BytesIO()
        pd.DataFrame(dict(columns)).to_parquet(buffer, index=False)
        write_bytes(path, buffer.getvalue())
    elif path.suffix.lower() in (".csv", ".txt", ""):
        write_text(path, to_csv(columns))
    else:
        raise SettingError(f"--out '{path}': '{path.suffix}' is no ending deepenough writes. Use .csv or .parquet.")
