"""From rows of Python values (JSON records, cells of a sheet, rows of a query) to a frame, column by column."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from deepenough.errors import DataError
from deepenough.modalities._readers.common import check_names, check_size, nested

if TYPE_CHECKING:
    import pandas as pd

CONTAINERS: tuple[type, ...] = (dict, list, tuple, set)
EXACT = 2**53


class Columns:
    """Columns that grow by rows. What a row does not name is empty in it."""

    def __init__(self, names: Sequence[str], source: str, unit: str = "row") -> None:
        self.source, self.unit, self.rows = source, unit, 0
        self.cells: dict[str, list[Any]] = {name: [] for name in names}

    def add_records(self, records: Iterable[dict[str, Any]]) -> None:
        """Take records by name; a name that is new is a column that was empty up to here."""
        for record in records:
            for name, value in record.items():
                cells = self.cells.get(name)
                if cells is None:
                    cells = self.cells[name] = []
                cells.extend([None] * (self.rows - len(cells)))
                cells.append(value)
            self.rows += 1
        check_size(self.rows, len(self.cells), self.source)

    def add_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows in the order of the columns."""
        for cells, values in zip(self.cells.values(), zip(*rows, strict=True), strict=True):
            cells.extend(values)
        self.rows += len(rows)
        check_size(self.rows, len(self.cells), self.source)

    def frame(self) -> pd.DataFrame:
        """Return the frame; each list is given up as its column is made."""
        import pandas as pd

        check_names(list(self.cells), self.source)
        made = {}
        for name in list(self.cells):
            cells = self.cells.pop(name)
            cells.extend([None] * (self.rows - len(cells)))
            made[name] = self._column(name, cells)
        return pd.DataFrame(made, index=range(self.rows), copy=False)

    def _column(self, name: str, cells: list[Any]) -> pd.Series:
        import pandas as pd

        kinds = {type(cell) for cell in cells} - {type(None)}
        for kind in kinds:
            if issubclass(kind, CONTAINERS):
                raise nested(self.source, name, "dict" if issubclass(kind, dict) else "list")
        if len(kinds) > 1 and kinds & {datetime.datetime, datetime.date} and kinds - {datetime.datetime, datetime.date}:
            raise self._dates_and_others(name, cells)
        if any(kind in PLAINER for kind in kinds):
            cells = [cell if cell is None else PLAINER.get(type(cell), _same)(cell) for cell in cells]
        if kinds and kinds <= {int, float, decimal.Decimal} and not _loses_digits(cells):
            return pd.Series(cells, dtype="int64" if kinds == {int} and None not in cells else "float64")
        return pd.Series(_exact(cells) if kinds == {int} else cells, dtype=object if kinds - {bool} else None)

    def _dates_and_others(self, name: str, cells: list[Any]) -> DataError:
        row = next(i for i, v in enumerate(cells) if v is not None and not isinstance(v, datetime.date))
        return DataError(
            f"{self.source}: column '{name}' holds dates, and something else in {self.unit} {row} (counted from 0). "
            "Write that cell as a date, or leave it empty."
        )


def _same(value: Any) -> Any:
    return value


def _seconds(value: datetime.timedelta) -> float:
    return value.total_seconds()


PLAINER: dict[type, Callable[[Any], Any]] = {  # what databases give, as a file would say it
    decimal.Decimal: float,
    uuid.UUID: str,
    datetime.timedelta: _seconds,
    memoryview: bytes,
}


def _loses_digits(cells: list[Any]) -> bool:
    """Whether whole numbers stand beside empty cells, or fractions, and are too large for a float."""
    whole = [cell for cell in cells if type(cell) is int]
    if not whole or max(map(abs, whole)) < EXACT:
        return False
    return len(whole) < len(cells) or max(map(abs, whole)) >= 2**63


def _exact(cells: list[Any]) -> list[str | None]:
    return [None if cell is None else str(cell) for cell in cells]
