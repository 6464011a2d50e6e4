"""Answers: the same as on the sealed rows, for any order and form of the rows, refused by name, and from a whole bundle only."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import people

import deepenough
from deepenough import Bundle, Run
from deepenough.errors import BundleError, DataError
from deepenough.predictions import predict
from deepenough.runs import open_bundle

KINDS = {"classification": "accuracy >= 0.7", "three": "accuracy >= 0.5", "regression": "rmse <= 2"}


def table(kind: str, n: int = 400, seed: int = 0) -> pd.DataFrame:
    frame = people(n, seed)
    size = frame["size"].fillna(0.0)
    noise = np.random.default_rng(seed + 1).normal(0, 0.3, n)
    if kind == "three":
        frame["answer"] = np.array(["low", "mid", "high"])[np.digitize(size + noise, [-0.5, 0.5])]
    if kind == "regression":
        frame["answer"] = (3 * size + noise).round(3)
    return frame


@pytest.fixture(scope="module", params=KINDS)
def each(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, pd.DataFrame]:
    """A run of each kind of task, and its table."""
    frame = table(request.param)
    out = tmp_path_factory.mktemp(request.param) / "out"
    return deepenough.run(frame, "answer", bar=KINDS[request.param], out=out, report=False, cores=1), frame


@pytest.fixture(scope="module")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two classes."""
    out = tmp_path_factory.mktemp("churn") / "out"
    return deepenough.run(people(), "answer", bar=KINDS["classification"], out=out, report=False, cores=1)


@pytest.fixture
def copy(churn: Run, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(churn.folder / "bundle", tmp_path / "bundle")
    yield tmp_path / "bundle"


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert list(a) == list(b)
    for name in a:
        assert a[name].tolist() == b[name].tolist(), name


# --- the sealed rows --------------------------------------------------------------------------------------------------


def sealed_of(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.folder / "trials" / run.verdict["chosen_trial"] / "sealed.csv", dtype={"id": str})


def must_agree(answers: pd.DataFrame, sealed: pd.DataFrame) -> None:
    assert len(answers) == len(sealed) >= 100
    for name in (c for c in sealed if c not in ("row", "id")):
        if sealed[name].dtype.kind == "f":
            assert np.abs(answers[name].to_numpy() - sealed[name].to_numpy()).max() <= 1e-5
        else:
            assert (answers[name].to_numpy() == sealed[name].to_numpy()).all()


def test_what_was_tested_is_what_answers(each: tuple[Run, pd.DataFrame], tmp_path: Path) -> None:
    """By key, through a file of the same rows."""
    run, frame = each
    sealed = sealed_of(run)
    rows = frame.set_index("id").loc[sealed["id"]].reset_index()
    rows.to_csv(tmp_path / "rows.csv", index=False)
    answers = pd.DataFrame(run.predict(tmp_path / "rows.csv"))
    assert answers["id"].tolist() == sealed["id"].tolist()
    must_agree(answers, sealed)


def test_row_numbers_where_there_is_no_key(each: tuple[Run, pd.DataFrame], tmp_path: Path) -> None:
    frame = each[1].drop(columns="id")
    run = deepenough.run(
        frame,
        "answer",
        bar=KINDS["regression" if frame["answer"].dtype.kind == "f" else "three"],
        out=tmp_path / "out",
        report=False,
        cores=1,
    )
    sealed = sealed_of(run)
    assert (frame["answer"].to_numpy()[sealed["row"]] == frame["answer"].iloc[sealed["row"]]).all()
    answers = pd.DataFrame(run.predict(frame))
    assert answers["row"].tolist() == list(range(len(frame)))
    must_agree(answers.iloc[sealed["row"]], sealed)


# --- the form of the rows ---------------------------------------------------------------------------------------------


def test_order_of_columns_extra_columns_and_target_do_not_matter(each: tuple[Run, pd.DataFrame]) -> None:
    run, frame = each
    plain = run.predict(frame)
    same(plain, run.predict(frame[frame.columns[::-1]]))
    same(plain, run.predict(frame.assign(more=1, note="nobody asked")))
    same(plain, run.predict(frame.drop(columns="answer")))
    same(plain, run.predict(frame.assign(answer="never seen")))


def test_files_and_frames_answer_alike(each: tuple[Run, pd.DataFrame], tmp_path: Path) -> None:
    run, frame = each
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "a.parquet")
    typed = frame.assign(
        size=frame["size"].astype("Float64"),
        town=frame["town"].astype("category"),
        since=pd.to_datetime(frame["since"], dayfirst=True),
        member=frame["member"].astype("boolean"),
    )
    typed.to_parquet(tmp_path / "typed.parquet")
    for source in (str(tmp_path / "a.csv"), tmp_path / "a.tsv", tmp_path / "a.parquet", tmp_path / "typed.parquet"):
        same(run.predict(frame), run.predict(source))


def test_dicts_columns_and_frames_answer_alike(each: tuple[Run, pd.DataFrame]) -> None:
    run, frame = each
    bundle, rows = run.bundle, frame.drop(columns=["id", "answer"])
    plain = bundle.predict(rows)
    same(plain, bundle.predict(rows.to_dict("records")))
    same(plain, bundle.predict(rows.to_dict("list")))
    same(plain, {name: np.array([bundle.predict([row])[name][0] for row in rows.to_dict("records")]) for name in plain})
    same(plain, {k: v for k, v in run.predict(frame.to_dict("records")).items() if k not in ("id", "in_range")})


def test_one_row_is_answered_as_among_many(each: tuple[Run, pd.DataFrame]) -> None:
    run, frame = each
    many = run.predict(frame)
    for i in (0, 17, 399):
        same({name: values[i : i + 1] for name, values in many.items()}, run.predict(frame.iloc[[i]]))


@pytest.mark.parametrize(
    "change",
    [
        {"town": "Rome"},
        {"town": None},
        {"size": None},
        {"since": None},
        {"member": None},
        {"size": 1e30},
        {"size": -1e30},
        {"size": "NA"},
        {"since": "31.12.2199"},
        {"size": None, "weight": None, "town": None, "since": None, "member": None},
    ],
)
def test_the_unseen_and_the_missing_are_answered(change: dict[str, Any], churn: Run) -> None:
    row = people().drop(columns=["id", "answer"]).iloc[0].to_dict() | change
    answer = churn.bundle.predict([row])
    shares = [float(answer[f"probability_{label}"][0]) for label in ("no", "yes")]
    assert all(0.0 <= share <= 1.0 and math.isfinite(share) for share in shares) and sum(shares) == pytest.approx(
        1.0, abs=1e-5
    )
    same(answer, {k: v for k, v in churn.predict(pd.DataFrame([row])).items() if k not in ("row", "in_range")})


@pytest.mark.parametrize(
    "ids", [["007", "0x1", "7"], ["", "a,b", 'q"'], [2**53 + 1, 2**53 + 2, 2**60 + 3], ["Zoë", "[red]", "1e5"]]
)
def test_identifiers_are_carried_through(ids: list[Any], churn: Run, tmp_path: Path) -> None:
    people(3).assign(id=ids).to_csv(tmp_path / "a.csv", index=False)
    answers = predict(churn.bundle, tmp_path / "a.csv")["id"].tolist()
    assert ["" if i is None else str(i) for i in answers] == [str(i) for i in ids]


def test_a_key_that_is_called_as_an_answer_is_carried_through_too(tmp_path: Path) -> None:
    frame = people(300).rename(columns={"id": "prediction"})
    done = deepenough.run(frame, "answer", bar="accuracy >= 0.6", cores=1, report=False, out=tmp_path / "run")
    assert done.bundle.task.keys == ("prediction",)
    answers = done.predict(frame.head(5))
    assert answers["key_prediction"].tolist() == frame["prediction"].head(5).tolist()
    assert set(answers["prediction"]) <= {"no", "yes"} and "row" not in answers


# --- what is refused --------------------------------------------------------------------------------------------------

SECRET = "4111-1111-secret"
WRONG = {
    "size": ("'size' must hold numbers", SECRET),
    "member": ("'member' must hold true or false", SECRET),
    "since": ("'since' must hold dates such as 20.11.2026", SECRET),
    "infinite": ("'size' holds", math.inf),
    "huge": ("'size' holds a number beyond 3.4e38", 1e39),
    "day": ("'since' must hold dates", "31.02.2026"),
}


@pytest.mark.parametrize("form", ["frame", "dicts", "file"])
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_cell_is_refused_by_name_and_never_repeated(case: str, form: str, churn: Run, tmp_path: Path) -> None:
    says, value = WRONG[case]
    column = {"infinite": "size", "huge": "size", "day": "since"}.get(case, case)
    frame = people(6)
    frame[column] = frame[column].astype(object)
    frame.loc[4, column] = value
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(DataError, match=says) as refused:
        churn.predict({"frame": frame, "dicts": frame.to_dict("records"), "file": tmp_path / "a.csv"}[form])
    with pytest.raises(DataError, match=says) as of_bundle:
        churn.bundle.predict(frame if form == "frame" else frame.to_dict("records"))
    for message in (str(refused.value), str(of_bundle.value)):
        assert SECRET not in message and "31.02." not in message and message.endswith(".")
        assert case in ("infinite", "huge") or "row 4 (counted from 0)" in message


def test_a_date_beyond_the_calendar_is_refused_in_every_form(churn: Run) -> None:
    frame = people(3).assign(since="31.12.9999")
    for rows in (frame, frame.to_dict("records")):
        with pytest.raises(DataError, match=r"'since' must hold dates .* 1678 to 2261"):
            churn.bundle.predict(rows)


def test_a_missing_column_is_refused_by_name(churn: Run) -> None:
    frame = people(3)
    for rows in (
        frame.rename(columns={"weight": "Weigth"}),
        frame.rename(columns={"weight": "Weigth"}).to_dict("records"),
    ):
        with pytest.raises(
            DataError, match=r"The column 'weight' is missing. Did you mean 'Weigth'\? The model reads: size, weight,"
        ):
            churn.bundle.predict(rows)
    with pytest.raises(DataError, match="'town'"):
        churn.bundle.predict([{"town": "Ulm"} | frame.iloc[0].to_dict(), frame.drop(columns="town").iloc[1].to_dict()])


@pytest.mark.parametrize(
    "rows",
    [
        {"size": 1.0, "town": "Ulm"},
        "new.csv",
        Path("new.csv"),
        [1, 2],
        [["Ulm", 1.0]],
        {"size": [1.0, 2.0], "town": ["Ulm"]},
    ],
)
def test_what_is_no_rows_is_refused(rows: Any, churn: Run) -> None:
    with pytest.raises(DataError, match=r"list of one dict|Rows are wanted|different lengths"):
        churn.bundle.predict(rows)


# --- the bundle -------------------------------------------------------------------------------------------------------


def test_a_bundle_answers_wherever_it_is_moved(churn: Run, copy: Path) -> None:
    same(churn.predict(people(20, 3)), predict(Bundle.load(copy), people(20, 3)))
    assert open_bundle(copy).digest == open_bundle(churn.folder).digest == churn.bundle.digest


@pytest.mark.parametrize("name", ["model.onnx", "signature.json"])
@pytest.mark.parametrize("where", [0, 0.5, -1])
def test_a_flipped_byte_is_refused(name: str, where: float, copy: Path) -> None:
    data = bytearray((copy / name).read_bytes())
    data[int(where * len(data)) if where >= 0 else -1] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(BundleError, match=f"{name}' was changed since it was written"):
        Bundle.load(copy)


@pytest.mark.parametrize("name", ["model.onnx", "signature.json", "manifest.json"])
def test_a_missing_file_is_refused(name: str, copy: Path) -> None:
    (copy / name).unlink()
    with pytest.raises(BundleError, match=name):
        Bundle.load(copy)


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("", "cannot be read"),
        ("[]", "is not of the schema"),
        ('{"schema": "somebody/2"}', "is not of the schema"),
        ('{"schema": "deepenough.bundle/1"}', "manifest"),
        ('{"schema": "deepenough.bundle/1", "files": {}}', "manifest"),
    ],
)
def test_a_foreign_manifest_is_refused(manifest: str, says: str, copy: Path) -> None:
    (copy / "manifest.json").write_text(manifest)
    with pytest.raises(BundleError, match=says):
        Bundle.load(copy)


def test_a_file_outside_is_refused(copy: Path) -> None:
    document = json.loads((copy / "manifest.json").read_text())
    document["files"]["../secret"] = {"size": 0, "sha256": ""}
    (copy / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(BundleError, match="outside itself"):
        Bundle.load(copy)


def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\x08")
    with pytest.raises(BundleError, match=r"is no bundle: it has no manifest\.json"):
        Bundle.load(tmp_path)
    with pytest.raises(DataError, match="no folder"):
        open_bundle(tmp_path / "gone")
