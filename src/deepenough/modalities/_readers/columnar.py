"""Parquet, Arrow and Feather: read whole, and checked before anything is made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepenough.errors import DataError
from deepenough.modalities._readers.common import check_names, check_size, nested, reason_of

if TYPE_CHECKING:
    import pandas as pd

PARQUET = b"PAR1"  # how such a file begins, and how it ends where it is whole
ARROW, FEATHER, STREAM = b"ARROW1", b"FEA1", b"\xff\xff\xff\xff"
FORMS: dict[str, tuple[str, tuple[bytes, ...], bytes | None]] = {  # ending: form, how it begins, how it ends
    ".parquet": ("Parquet", (PARQUET,), PARQUET),
    ".pq": ("Parquet", (PARQUET,), PARQUET),
    ".arrow": ("Arrow", (ARROW, STREAM), None),
    ".arrows": ("Arrow", (STREAM, ARROW), None),
    ".ipc": ("Arrow", (ARROW, STREAM), None),
    ".feather": ("Feather", (ARROW, FEATHER), None),
}
BEGINNINGS = {PARQUET: "Parquet", ARROW: "Arrow", FEATHER: "Feather", STREAM: "Arrow"}


def form_of(head: bytes, ending: str, name: str) -> str | None:
    """Return the form by the first bytes, None where it is another; a file that is only called so is refused."""
    found = next((form for mark, form in BEGINNINGS.items() if head.startswith(mark)), None)
    if found is None and ending in FORMS:
        form = FORMS[ending][0]
        raise DataError(
            f"{name} is no {form} file, though it is called so. Give it its right ending (.csv?), or write it again."
        )
    return found


def read_columnar(source: Path | bytes, form: str, name: str) -> pd.DataFrame:
    """Read a file, or what was unpacked from one.

    Raises
    ------
    DataError : cut off, damaged, too many cells, doubled names, or columns of lists and structs.
    """
    import pyarrow

    read = _read_parquet if form == "Parquet" else _read_arrow
    try:
        return read(source, form, name)
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, TypeError, KeyError) as error:
        raise DataError(
            f"{name} cannot be read as {form}: {reason_of(error)}. It is damaged: copy or write it again."
        ) from error


def _read_parquet(source: Path | bytes, form: str, name: str) -> pd.DataFrame:
    import pyarrow
    from pyarrow import parquet

    if _last(source, len(PARQUET)) != PARQUET:
        raise _cut_off(form, name)
    file = parquet.ParquetFile(source if isinstance(source, Path) else pyarrow.BufferReader(source))
    schema = file.schema_arrow
    _check(schema, file.metadata.num_rows, name)
    return frame_of(file.read(), name)


def _read_arrow(source: Path | bytes, form: str, name: str) -> pd.DataFrame:
    import pyarrow

    buffer = pyarrow.BufferReader(source) if isinstance(source, bytes) else pyarrow.memory_map(str(source))
    head = buffer.read(8)
    buffer.seek(0)
    if head.startswith(FEATHER):
        raise DataError(f"{name} is a Feather file of the first version. Write it again with a newer pyarrow.")
    if head.startswith(ARROW):
        if _last(source, len(ARROW)) != ARROW:
            raise _cut_off(form, name)
        file = pyarrow.ipc.open_file(buffer)
        schema, batches = file.schema, (file.get_batch(i) for i in range(file.num_record_batches))
    else:
        stream = pyarrow.ipc.open_stream(buffer)
        schema, batches = stream.schema, iter(stream)
    _check(schema, 0, name)
    kept, rows = [], 0
    for batch in batches:
        rows += batch.num_rows
        check_size(rows, len(schema), name)
        kept.append(batch)
    return frame_of(pyarrow.Table.from_batches(kept, schema), name)


def _last(source: Path | bytes, n: int) -> bytes:
    if isinstance(source, bytes):
        return source[-n:]
    with source.open("rb") as file:
        file.seek(-min(n, source.stat().st_size), 2)
        return file.read()


def _cut_off(form: str, name: str) -> DataError:
    return DataError(f"{name} cannot be read as {form}: its end is missing, so it was cut off. Copy or write it again.")


def _check(schema: Any, rows: int, name: str) -> None:
    check_names(schema.names, name)
    check_size(rows, len(schema), name)
    for field in schema:
        form = _holds(field.type)
        if form is not None:
            raise nested(name, field.name, form)


def _holds(kind: Any) -> str | None:
    from pyarrow import types

    while types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_struct(kind) or types.is_map(kind) or types.is_union(kind):
        return "dict"
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list, types.is_list_view, types.is_large_list_view)
    return "list" if any(is_one(kind) for is_one in lists) else None


def frame_of(table: Any, name: str) -> pd.DataFrame:
    """Return a frame: decimals as numbers, lengths of time in seconds, all else as pandas has it."""
    table.validate(full=True)
    for i, field in enumerate(table.schema):
        change = _plainer(field.type)
        if change is not None:
            table = table.set_column(i, field.name, change(table.column(i)))
    frame = table.to_pandas()
    return frame.reset_index() if frame.index.names != [None] else frame


def _plainer(kind: Any) -> Callable[[Any], Any] | None:
    import pyarrow
    from pyarrow import compute, types

    if types.is_decimal(kind):
        return lambda column: compute.cast(column, pyarrow.float64())
    if types.is_duration(kind):
        per_second = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        return lambda column: compute.divide(
            compute.cast(column.cast(pyarrow.int64()), pyarrow.float64(), safe=False), per_second
        )
    return None
