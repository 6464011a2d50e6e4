"""`predict` reads and writes a piece at a time, says which rows lie outside what was seen, and what nobody read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import call, must_be_refusal, people, run_words

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.candidates._trial import Trial, ship
from deepenough.errors import DataError
from deepenough.loading import load
from deepenough.modalities._readers import chunks
from deepenough.predictions import predict, save, stream
from deepenough.workspace import Workspace


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A linear model of 400 people; `size` had empty cells in training, `weight` had none."""
    data = load(people(), "answer")
    model = shelves.load("candidates", "linear").build(data.task, {}, 0)
    model.fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())
    return ship(Trial("linear", "Linear model", 1), model, data, tmp_path_factory.mktemp("ship") / "bundle", 0)


@pytest.fixture
def in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "LARGE_TEXT", 0)
    monkeypatch.setattr(chunks, "rows_of_piece", lambda columns: 37)


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert list(a) == list(b)
    for name in a:
        assert a[name].tolist() == b[name].tolist(), name


# --- in pieces as at once ---------------------------------------------------------------------------------------------


def awkward(n: int = 200) -> pd.DataFrame:
    """Cells that are easily read otherwise: keys with zeros, line ends and quotes in text, empty stretches, letters of all kinds."""
    frame = people(n, 5)
    frame["id"] = [f"{i:05d}" for i in range(n)]
    frame["note"] = ['line\nbreak, "quoted"' if i % 7 == 0 else "Zoë 北京" for i in range(n)]
    frame.loc[40:90, "size"] = np.nan
    frame.loc[100:140, "town"] = None
    return frame


WRITERS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "a.csv": lambda f, p: f.to_csv(p, index=False),
    "bom.csv": lambda f, p: f.to_csv(p, index=False, encoding="utf-8-sig"),
    "western.csv": lambda f, p: f.replace("北京", "", regex=True).to_csv(p, index=False, encoding="cp1252"),
    "a.tsv": lambda f, p: f.to_csv(p, index=False, sep="\t"),
    "told.csv": lambda f, p: p.write_text("sep=;\n" + f.to_csv(index=False, sep=";"), encoding="utf-8"),
    "a.parquet": lambda f, p: f.to_parquet(p),
}


@pytest.mark.parametrize("name", WRITERS)
def test_pieces_answer_as_the_whole(name: str, bundle: Bundle, tmp_path: Path, in_small_pieces: None) -> None:
    WRITERS[name](awkward(), tmp_path / name)
    pieces = list(stream(bundle, tmp_path / name))
    assert len(pieces) == 6 and pieces[-1].share == pytest.approx(1.0, abs=0.1)
    shares = [piece.share for piece in pieces]
    assert shares == sorted(shares)
    together = predict(bundle, tmp_path / name)
    same(together, predict(bundle, awkward()))
    assert together["id"].tolist()[:2] == ["00000", "00001"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_written_in_pieces_is_one_file(
    ending: str, bundle: Bundle, tmp_path: Path, in_small_pieces: None
) -> None:
    frame = awkward()
    frame.drop(columns="id").to_csv(tmp_path / "rows.csv", index=False)
    no_key = Bundle.load(bundle.folder)
    no_key.task = replace(bundle.task, columns=tuple(c for c in bundle.task.columns if c.role != "key"))
    heard: list[int] = []
    out = tmp_path / f"out.{ending}"
    assert save(stream(no_key, tmp_path / "rows.csv"), out, lambda piece, n: heard.append(n)) == 200
    written = pd.read_csv(out) if ending == "csv" else pd.read_parquet(out)
    assert written["row"].tolist() == list(range(200)) and heard == [37, 74, 111, 148, 185, 200]
    assert (
        written["in_range"].dtype == bool
        and written["prediction"].tolist() == predict(bundle, frame)["prediction"].tolist()
    )
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_piece_that_cannot_be_answered_leaves_the_old_file(
    bundle: Bundle, tmp_path: Path, in_small_pieces: None
) -> None:
    frame = awkward().astype({"weight": object})
    frame.loc[150, "weight"] = "heavy"
    frame.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out.csv"
    out.write_text("the old one")
    with pytest.raises(DataError, match=r"Counted on from row 148: .*'weight' must hold numbers, and row 2 "):
        save(stream(bundle, tmp_path / "rows.csv"), out, lambda piece, n: None)
    assert out.read_text() == "the old one" and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("size,weight\n1,2\n3\n", "line 3: 1 cells where the header has 2"),
        ("size,size\n1,2\n", "2 columns called 'size'"),
    ],
)
def test_damage_is_named_where_it_stands(
    text: str, says: str, bundle: Bundle, tmp_path: Path, in_small_pieces: None
) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=says):
        list(stream(bundle, tmp_path / "a.csv"))


def test_a_header_without_rows_is_refused(bundle: Bundle, tmp_path: Path, in_small_pieces: None) -> None:
    people(3).head(0).to_csv(tmp_path / "a.csv", index=False)
    people(3).head(0).to_parquet(tmp_path / "a.parquet")
    for name in ("a.csv", "a.parquet"):
        with pytest.raises(DataError, match="has a header but no rows"):
            list(stream(bundle, tmp_path / name))


GROWS = """
import sys
from pathlib import Path
from deepenough.bundle import Bundle
from deepenough.predictions import save, stream
from deepenough.modalities._readers import chunks
chunks.MOST_ROWS = 4096
bundle, small, large = Bundle.load(sys.argv[1]), *map(Path, sys.argv[2:4])
out = Path(sys.argv[4])
save(stream(bundle, small), out, lambda piece, n: None)
def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = peak()
rows = save(stream(bundle, large), out, lambda piece, n: None)
print(rows, (peak() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_memory_does_not_grow_with_the_file(bundle: Bundle, tmp_path: Path) -> None:
    """A file of 160,000 rows (some 60 MB as a frame) takes no more than one of an eighth of it did."""
    part = people(20_000, 3).drop(columns="answer")
    for name, times in (("small", 1), ("large", 8)):
        pd.concat([part] * times).to_parquet(tmp_path / f"{name}.parquet", row_group_size=10_000)
    paths = [str(tmp_path / name) for name in ("small.parquet", "large.parquet", "out.csv")]
    done = subprocess.run(
        [sys.executable, "-c", GROWS, str(bundle.folder), *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows, grown = map(int, done.stdout.split())
    assert rows == 160_000 and grown < 40, f"{grown} MB more"


def test_what_is_read_of_a_parquet_file_is_let_go(tmp_path: Path) -> None:
    """pyarrow reads ahead, and would keep all of it until the end of the file."""
    import pyarrow

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{i}": rng.random(40_000) for i in range(16)})
    frame.to_parquet(tmp_path / "a.parquet", row_group_size=2_000)
    assert (tmp_path / "a.parquet").stat().st_size > 4 * 2**20
    before = pyarrow.total_allocated_bytes()
    held = [pyarrow.total_allocated_bytes() for _ in _pieces(tmp_path / "a.parquet", 2_000)]
    assert len(held) == 20 and max(held) - before < 2 * 2**20


def _pieces(path: Path, rows: int) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "rows_of_piece", lambda columns: rows)
        yield from chunks.in_pieces(path, ()) or ()


# --- what is in range -------------------------------------------------------------------------------------------------

ORDINARY = {"size": 0.1, "weight": 2.0, "town": "Ulm", "since": "03.03.2026", "member": True}


@pytest.mark.parametrize(
    ("change", "inside"),
    [
        ({}, True),
        ({"size": 99.0}, False),
        ({"size": -99.0}, False),
        ({"weight": -0.1}, False),
        ({"town": "Rome"}, False),
        ({"since": "03.03.2031"}, False),
        ({"since": "03.03.2019"}, False),
        ({"size": None}, True),
        ({"weight": None}, False),
        ({"town": None}, False),
        ({"since": None}, False),
        ({"member": None}, False),
        ({"member": False}, True),
    ],
)
def test_a_row_is_in_range_where_every_input_is(change: dict[str, Any], inside: bool, bundle: Bundle) -> None:
    """An empty cell is inside where training had some in that column: in `size` alone."""
    rows = pd.DataFrame([ORDINARY, {**ORDINARY, **change}, ORDINARY])
    assert predict(bundle, rows)["in_range"].tolist() == [True, inside, True]


def test_the_ends_of_a_range_are_inside(bundle: Bundle) -> None:
    edge = next(c for c in bundle.task.inputs if c.name == "weight")
    rows = pd.DataFrame([{**ORDINARY, "weight": w} for w in (edge.low, edge.high, edge.high * 1.0001)])
    assert predict(bundle, rows)["in_range"].tolist() == [True, True, False]


def test_rows_learnt_from_are_in_range(bundle: Bundle) -> None:
    assert predict(bundle, people())["in_range"].all()


def test_an_empty_category_is_inside_where_training_had_one(tmp_path: Path) -> None:
    frame = people()
    frame.loc[:9, "town"] = None
    data = load(frame, "answer")
    model = shelves.load("candidates", "dummy").build(data.task, {}, 0).fit(data, data, Workspace())
    bundle = ship(Trial("dummy", "Dummy", 0), model, data, tmp_path / "bundle", 0)
    rows = pd.DataFrame([{**ORDINARY, "town": t} for t in (None, "", "Ulm", "Rome")])
    assert predict(bundle, rows)["in_range"].tolist() == [True, True, True, False]


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("done")
    people().to_csv(folder / "churn.csv", index=False)
    said = call(*run_words(str(folder / "churn.csv"), out=str(folder / "out")))
    assert said.code == 0, said
    return folder


def test_extra_columns_are_noted_on_stderr_and_missing_ones_refused(done: Path, tmp_path: Path) -> None:
    frame = people(5)[["town", "weight", "since", "member", "size", "id"]].assign(note="x", colour="red")
    frame.to_csv(tmp_path / "more.csv", index=False)
    said = call("predict", str(done / "out"), str(tmp_path / "more.csv"))
    assert said.code == 0 and said.out.count("\n") == 6
    assert said.err == "deepenough: Left aside, for the model does not know them: 'note', 'colour'.\n"
    frame.assign(**{f"x{i}": i for i in range(20)}).to_csv(tmp_path / "many.csv", index=False)
    assert said.out == call("predict", str(done / "out"), str(tmp_path / "many.csv")).out
    assert "and 14 more" in call("predict", str(done / "out"), str(tmp_path / "many.csv")).err
    frame.drop(columns="weight").to_csv(tmp_path / "fewer.csv", index=False)
    refused = call("predict", str(done / "out"), str(tmp_path / "fewer.csv"))
    must_be_refusal(refused, 2, "The column 'weight' is missing", "The model reads: size, weight")


def test_the_target_and_other_known_columns_are_no_news(done: Path) -> None:
    said = call("predict", str(done / "out"), str(done / "churn.csv"), "--json")
    assert said.err == "" and json.loads(said.out)["in_range"] == [True] * 400


def test_a_bundle_as_a_zip_answers_too(done: Path, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "bundle.zip", "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(p for p in (done / "out" / "bundle").rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(done / "out" / "bundle"))
    plain = call("predict", str(done / "out"), str(done / "churn.csv"))
    assert call("predict", str(tmp_path / "bundle.zip"), str(done / "churn.csv")) == plain and plain.code == 0
