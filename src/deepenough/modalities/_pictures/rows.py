"""From a source to rows: the name of each picture, where it is, its class, and what else is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough.errors import DataError, SettingError, nearest
from deepenough.modalities._kinds import find_column, parse_types
from deepenough.modalities._pictures.look import looked
from deepenough.modalities._pictures.opening import Unreadable
from deepenough.modalities._pictures.picture import Picture
from deepenough.modalities._pictures.places import Found, Place, pictures_in, place_of, sealed_part
from deepenough.modalities._pictures.tables import column_of, is_path, pictures, read_rows, table_inside
from deepenough.task import Column, Task

if TYPE_CHECKING:
    import pandas as pd

IMAGE = "image"  # the one input, whatever a table calls it
FILE = "file"  # what names a picture of a folder
LABEL = "label"  # what is predicted, where folders say it
TARGETS = (LABEL, "class", "target", "category")
FOLDER = "folder"  # below the class folder: a camera, a day, a shift
ROLES = ("target", "group", "time")


def read_first(source: Any, roles: Mapping[str, Any], modality: str) -> tuple[Task, pd.DataFrame]:
    """Return the task of a source seen for the first time, its kind of answer still open, and its rows."""
    place = place_of(source) if isinstance(source, str | Path) else None
    table = None if place is None else table_inside(place)
    if place is None or table is not None:
        frame, key = _of_table(table or source, None)
        target = roles.get("target") or _likely_target(frame, key, roles)
    else:
        target, key = str(roles.get("target") or LABEL), FILE
        frame = _of_folder(place, target)
    columns = _columns(frame, key, {**roles, "target": target})
    return Task("", modality, columns), _settled(frame, columns)


def read_more(source: Any, task: Task) -> pd.DataFrame:
    """Return rows of a known task: with its target where the source says it."""
    place = place_of(source) if isinstance(source, str | Path) else None
    table = None if place is None else table_inside(place)
    if place is None or table is not None:
        return _settled(_of_table(table or source, task)[0], task.columns)
    found, refused = pictures_in(place)
    if not found:
        raise _nothing(place, refused)
    labelled = task.target is not None and all(f.label in task.labels for f in found)
    frame = _frame(found, task.target if labelled else None)
    return frame if FILE in task.keys else frame.rename(columns={FILE: next(iter(task.keys), FILE)})


def unreadable(cells: Iterable[Picture]) -> dict[int, str]:
    """Return the places of the pictures that cannot be opened, and why: the rest of a sentence."""
    found = {}
    for i, picture in enumerate(cells):
        try:
            looked(picture)
        except Unreadable as error:
            found[i] = str(error)
    return found


def set_aside(source: str | Path) -> tuple[str, str] | None:
    """Return the part of a folder or zip that its maker set aside, as a source, and its name; None where there is none."""
    place = place_of(source)
    if place is None or place.inside:
        return None
    part = sealed_part(pictures_in(place)[0])
    if part is None:
        return None
    return (f"{source}#{part}" if place.is_zip else str(Path(source) / part)), part


def _of_folder(place: Place, target: str) -> pd.DataFrame:
    """Return the pictures to learn from; those of the part that was set aside stay where they are."""
    found, refused = pictures_in(place)
    if not found:
        raise _nothing(place, refused)
    sealed = sealed_part(found)
    mine = [f for f in found if f.part != sealed or sealed is None]
    loose = [f.path for f in mine if f.label is None]
    if len(loose) == len(mine):
        raise DataError(
            f"'{place.path}' holds {len(mine):,} pictures and no class folders, so nothing says what they show. Put those of "
            "each class into a folder of its name, or name a CSV file with the columns path and label."
        )
    frame = _frame([f for f in mine if f.label is not None], target)
    frame.attrs["notes"] = [*refused, *([f"{len(loose):,} pictures stand in no class folder"] if loose else [])]
    return frame


def _nothing(place: Place, refused: list[str]) -> DataError:
    why = f" ({refused[0]})" if refused else ""
    return DataError(
        f"'{place.path}' holds no pictures{why}. Name a folder with class folders of JPEG or PNG files in it."
    )


def _frame(found: list[Found], target: str | None) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {FILE: [f.path for f in found], IMAGE: _objects([f.picture for f in found])}
    below = [_below(f) for f in found]
    if any(below):
        columns[FOLDER] = below
    if target is not None:
        columns[target] = [f.label for f in found]
    return pd.DataFrame(columns)


def _below(found: Found) -> str:
    """Return the folder between the class and the picture; empty where there is none."""
    parts = found.path.split("/")[:-1]
    return "/".join(parts[parts.index(found.label) + 1 :]) if found.label in parts else ""


def _objects(made: list[Picture]) -> np.ndarray:
    cells = np.empty(len(made), dtype=object)
    cells[:] = made
    return cells


def _of_table(source: Any, task: Task | None) -> tuple[pd.DataFrame, str | None]:
    """Return the rows of a table, its pictures under `IMAGE`, and the column that names them, where one does."""
    keep = [] if task is None else [c.name for c in task.columns if c.kind in ("category", "identifier", "text")]
    frame, at = read_rows(source, keep)
    column = column_of(frame)
    if column is None:
        raise DataError("No column of the table holds pictures or names them. Add one with their paths.")
    named = all(is_path(cell) for cell in frame[column].dropna())
    names = frame[column] if named else frame.index.to_series()
    cells = _objects(pictures(frame[column], at, names))
    key = (FILE if column == IMAGE else column) if named else None
    frame = frame.assign(**{key: frame[column].astype(str)}) if key else frame.drop(columns=[column])
    frame[IMAGE] = cells
    return frame, key


def _likely_target(frame: pd.DataFrame, key: str | None, roles: Mapping[str, Any]) -> str:
    others = [n for n in frame.columns if n not in (key, IMAGE, roles.get("group"), roles.get("time"))]
    known = [n for n in others if str(n).lower() in TARGETS]
    if len(others) != 1 and not known:
        raise DataError(
            f"Say what is to be predicted: --target COLUMN. The columns are: {', '.join(map(str, others[:20]))}."
        )
    return str((known or others)[0])


def _columns(frame: pd.DataFrame, key: str | None, roles: Mapping[str, Any]) -> tuple[Column, ...]:
    names = [str(n) for n in frame.columns]
    for role in ROLES:
        name = roles.get(role)
        if name and name not in names:
            raise DataError(
                f"There is no column '{name}' (the {role}). {nearest(name, names)}The columns are: {', '.join(names[:20])}."
            )
        if name and name == IMAGE:
            raise SettingError(f"The column '{name}' holds the pictures and cannot be the {role}. Name another.")
    types = parse_types(roles.get("types") or {}, [n for n in names if n != IMAGE])
    return tuple(_column(frame, name, key, types.get(name), roles) for name in names)


def _column(frame: pd.DataFrame, name: str, key: str | None, wanted: str | None, roles: Mapping[str, Any]) -> Column:
    if name == IMAGE:
        return Column(IMAGE, "image")
    if name == key:
        return Column(name, "identifier", role="key", why="names a picture")
    found = find_column(frame[name], wanted)
    role = next((r for r in ROLES if roles.get(r) == name), None)
    if role == "time":
        return replace(found, kind="number", role="time", why="is the clock of the split", format=None)
    if role is not None:
        return replace(found, role=role, why=None)
    if found.kind == "constant":
        return replace(found, role="about", why="has one value in every row")
    return replace(found, role="key" if found.kind == "identifier" else "about")


def _settled(frame: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """Return the rows with their clock as a number: seconds since 1970 of a date."""
    import pandas as pd

    clock = next((c.name for c in columns if c.role == "time"), None)
    if clock is None or clock not in frame or frame[clock].dtype.kind in "iuf":
        return frame
    try:
        seconds = pd.to_datetime(frame[clock]).to_numpy("datetime64[ns]").astype(np.float64) / 1e9
    except (ValueError, TypeError) as error:
        raise DataError(
            f"The time column '{clock}' does not read as dates. Write them as 2026-11-20, or numbers."
        ) from error
    return frame.assign(**{clock: seconds})
