"""What every form of a table must keep to: names, sizes, and what an empty cell is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from deepenough.errors import DataError

# One set for files and for single requests, so that a cell means the same in training and in serving.
MISSING = ("", "?", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "NULL", "null", "None", "none", "#N/A")
MOST_COLUMNS = 2000
MOST_CELLS = 10**9  # 8 GB of numbers
MOST_BYTES = 16 * 2**30  # of a file as it stands on the disk, or unpacked


def check_names(header: Sequence[str], source: str) -> None:
    """Refuse doubled, empty or too many column names."""
    if len(header) > MOST_COLUMNS:
        raise DataError(
            f"{source} has {len(header):,} columns; deepenough reads tables of up to {MOST_COLUMNS:,}. "
            "Keep the columns that are known when the question is asked."
        )
    doubled = [name for name, count in Counter(header).items() if count > 1]
    if doubled:
        raise DataError(f"{source} has {header.count(doubled[0])} columns called '{doubled[0]}'. Rename all but one.")
    if "" in header:
        raise DataError(f"{source}: column {header.index('') + 1} has no name. Name it in the header line.")


def check_size(rows: int, columns: int, source: str) -> None:
    """Refuse more cells than fit, before they are read."""
    if rows * max(columns, 1) > MOST_CELLS:
        raise DataError(
            f"{source} has {rows:,} rows of {columns:,} column(s), which is more than the {MOST_CELLS:,} cells that "
            "deepenough reads. Draw a sample of the rows, or keep fewer columns."
        )


def nested(source: str, column: str, form: str) -> DataError:
    """Return the sentence for a column whose cells hold more than one value."""
    where = f"{source}: column" if source else "Column"
    return DataError(f"{where} '{column}' holds a {form} in a cell. Make one column of each part, or drop it.")


def reason_of(error: BaseException) -> str:
    """Return the first line of what a library says went wrong, without its full stop."""
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else type(error).__name__


@contextmanager
def in_memory(source: str) -> Iterator[None]:
    """Turn running out of memory into a sentence."""
    try:
        yield
    except MemoryError as error:
        raise DataError(
            f"{source} does not fit into the memory of this machine. Draw a sample of its rows, or keep fewer columns."
        ) from error
