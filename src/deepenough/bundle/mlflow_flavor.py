"""How MLflow asks a bundle: the module that the file MLmodel names. MLflow calls; nothing here needs it."""

from __future__ import annotations

from typing import Any

from deepenough.bundle._bundle import Bundle


class Model:
    """A bundle in the form that `mlflow.pyfunc` wraps."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def predict(self, rows: Any, params: Any = None) -> Any:
        """Answer a frame, dicts by column name, or columns by name; a frame of the columns of `Bundle.predict`."""
        import pandas as pd

        return pd.DataFrame(self.bundle.predict(rows))


def _load_pyfunc(path: str) -> Model:
    """Load the bundle in a folder; the name is MLflow's."""
    return Model(Bundle.load(path))
