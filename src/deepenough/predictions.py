"""Write answers as a file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from deepenough.errors import SettingError
from deepenough.files import write_bytes, write_text
from deepenough.runs import to_csv


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
