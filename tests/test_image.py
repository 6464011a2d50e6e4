"""Pictures on the corridor: what is read, what is measured, the step, and a whole run to predictions on a folder."""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

import deepenough as de
from deepenough import contact_sheets, shelves, steps
from deepenough.bundle import Bundle, Plan
from deepenough.cli import app
from deepenough.dataset import Dataset
from deepenough.examples import batches
from deepenough.export import parity, write
from deepenough.export.graph import Graph
from deepenough.loading import load, load_like, set_aside
from deepenough.modalities._pictures.made import as_uri
from deepenough.modalities._pictures.opening import open_picture
from deepenough.report.documents import read
from deepenough.report.sections import pictures as section
from deepenough.runs import Run
from deepenough.splits import split
from deepenough.workspace import Workspace


def weave(rng: np.random.Generator, kind: str, side: int = 32) -> np.ndarray:
    """A cloth: plain noise, or noise with a few dark threads across, which is the defect."""
    pixels = rng.normal(140, 25, (side, side, 3))
    pixels += np.kron(rng.normal(0, 25, (side // 4, side // 4)), np.ones((4, 4)))[:, :, None]
    if kind == "torn":
        for row in rng.choice(side, 5, replace=False):
            pixels[row] -= 90
    return np.clip(pixels, 0, 255).astype(np.uint8)


def cloths(folder: Path, n: int, seed: int = 0, names: tuple[str, str] = ("sound", "torn")) -> Path:
    """A folder of two class folders with n pictures each."""
    rng = np.random.default_rng(seed)
    for name, kind in zip(names, ("sound", "torn"), strict=True):
        (folder / name).mkdir(parents=True)
        for i in range(n):
            Image.fromarray(weave(rng, kind)).save(folder / name / f"{i:03d}.png")
    return folder


@pytest.fixture(scope="module")
def cloth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cloths(tmp_path_factory.mktemp("cloth") / "data", 60)


@pytest.fixture(scope="module")
def run(cloth: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("runs") / "cloth"
    return de.run(cloth, bar="accuracy >= 0.7", out=out, cores=1, report=True)


def saved(image: Image.Image, form: str, **how: object) -> bytes:
    data = io.BytesIO()
    image.save(data, form, **how)
    return data.getvalue()


# --- one picture ---------------------------------------------------------------------------------------------------


def test_a_picture_is_turned_as_its_exif_says() -> None:
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :20] = 255
    exif = Image.Exif()
    exif[274] = 6  # the camera was held upright: turn it by a quarter
    exif[271], exif[272] = "Maker", "One"
    header, seen = open_picture(saved(Image.fromarray(pixels), "JPEG", exif=exif, quality=95))
    assert seen.shape == (40, 20, 3) and seen[:15].min() > 230 and seen[25:].max() < 25
    assert header.camera == "Maker One" and (header.width, header.height) == (40, 20)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "I;16", "YCbCr", "F"])
def test_every_way_to_store_a_picture_reads_as_red_green_blue(mode: str) -> None:
    grey = np.tile(np.linspace(0, 255, 32), (16, 1))
    if mode == "I;16":
        image = Image.fromarray((grey * 257).astype(np.uint16))
    elif mode == "F":
        image = Image.fromarray((grey / 255).astype(np.float32))
    else:
        image = Image.fromarray(grey.astype(np.uint8)).convert(mode)
    form = {"CMYK": "TIFF", "YCbCr": "JPEG", "F": "TIFF"}.get(mode, "PNG")
    seen = open_picture(saved(image, form))[1]
    assert seen.shape == (16, 32, 3) and seen.dtype == np.uint8
    assert seen[:, -1].mean() > 240 and seen[:, 0].mean() < 15  # black stays black, and white white


def test_what_is_transparent_is_white() -> None:
    clear = np.zeros((16, 16, 4), np.uint8)
    assert open_picture(saved(Image.fromarray(clear), "PNG"))[1].min() == 255


def test_features_are_named_finite_and_of_one_picture_alone() -> None:
    modality = shelves.load("modalities", "image")
    task, rows = modality.sample("classification", 6, 0)
    odd = pd.DataFrame(modality.made_up(task))
    for frame in (rows, odd):
        found = modality.features(modality.decode(frame, task), task)
        assert all(np.isfinite(values).all() and ":" in name for name, values in found.items())
    assert len(found) > 250 and {"light:brightness", "size:width", "colour:red_mean"} <= set(found)


def test_a_large_picture_is_measured_as_a_small_one() -> None:
    rng = np.random.default_rng(0)
    small = np.kron(weave(rng, "sound", 64), np.ones((8, 8, 1), np.uint8))
    modality = shelves.load("modalities", "image")
    task, _ = modality.sample("classification", 4, 0)
    found = modality.features(modality.decode([{"image": small}], task), task)
    assert found["size:width"][0] == 512 and 0.4 < found["light:brightness"][0] < 0.7


# --- sources -------------------------------------------------------------------------------------------------------


def test_a_folder_of_class_folders_is_read_without_a_target(cloth: Path) -> None:
    data = de.load(cloth)
    assert data.task.modality == "image" and set(data.task.labels) == {"sound", "torn"} and len(data) == 120
    assert [c.kind for c in data.task.inputs] == ["image"] and data.task.target == "label"
    assert data.examples[0].shape == (32, 32, 3) and data.examples[0].dtype == np.uint8
    assert data.about["file"].iloc[0] == "sound/000.png" and len(np.unique(data.ids)) == 120
    few = data.take(np.array([100, 3]))
    assert np.array_equal(few.examples[1], data.examples[3]) and [data.task.labels[t] for t in few.truth] == [
        "torn",
        "sound",
    ]


def test_train_and_val_folders_part_the_data(tmp_path: Path) -> None:
    cloths(tmp_path / "train", 12), cloths(tmp_path / "val", 6, seed=5)
    data = de.load(tmp_path)
    assert len(data) == 24 and any("'val' was set aside" in f.message for f in data.findings)
    source = set_aside(tmp_path)
    assert Path(source).name == "val" and len(load_like(data.task, source)) == 12
    cloths(tmp_path / "test", 7, seed=6)
    assert Path(set_aside(tmp_path)).name == "test" and len(de.load(tmp_path)) == 36  # val is learnt from, then


def test_a_zip_reads_as_the_folder_that_it_packs(cloth: Path, tmp_path: Path) -> None:
    packed = tmp_path / "cloth.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(cloth.rglob("*.png")):
            archive.write(path, f"cloth/{path.relative_to(cloth)}")
        archive.writestr("__MACOSX/cloth/._000.png", b"left behind")
    data, plain = de.load(packed), de.load(cloth)
    assert data.task.labels == plain.task.labels and np.array_equal(data.ids, plain.ids)


def test_a_table_names_pictures_and_its_other_columns_become_segments(cloth: Path, tmp_path: Path) -> None:
    files = sorted(cloth.rglob("*.png"))
    table = pd.DataFrame(
        {
            "path": [os.path.relpath(p, tmp_path) for p in files],
            "label": [p.parent.name for p in files],
            "machine": ["A", "B"] * 60,
            "when": pd.date_range("2026-01-01", periods=120, freq="h").astype(str),
        }
    )
    table.to_csv(tmp_path / "cloth.csv", index=False)
    data = de.load(tmp_path / "cloth.csv", "label")
    assert data.task.modality == "image" and data.about["machine"].tolist()[:2] == ["A", "B"]
    assert next(c.role for c in data.task.columns if c.name == "machine") == "about" and data.task.keys == ("path",)
    timed = de.load(tmp_path / "cloth.csv", "label", time="when", group=None)
    assert split(timed, None).strategy == "by time"
    grouped = de.load(tmp_path / "cloth.csv", "label", group="machine")
    assert grouped.groups is not None and set(grouped.groups) == {"A", "B"}
    table.to_parquet(tmp_path / "cloth.parquet")
    assert np.array_equal(de.load(tmp_path / "cloth.parquet", "label").ids, data.ids)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        table.assign(path=[p.relative_to(cloth).as_posix() for p in files]).to_csv(tmp_path / "in.csv", index=False)
        archive.write(tmp_path / "in.csv", "labels.csv")
        for path in files:
            archive.write(path, path.relative_to(cloth).as_posix())
    assert np.array_equal(de.load(tmp_path / "all.zip", "label").ids, data.ids)


def test_a_plain_table_stays_a_table(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("note,size,answer\n" + "photo.jpg of a cat,1,yes\nnone,2,no\n" * 20)
    assert de.load(tmp_path / "plain.csv", "answer").task.modality == "tabular"


def test_regression_reads_numbers_from_pictures(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    light = rng.uniform(40, 200, 60)
    frame = pd.DataFrame({"image": [as_uri(np.full((16, 16, 3), v, np.uint8)) for v in light], "lux": light})
    data = load(frame, "lux")
    assert data.task.kind == "regression" and np.corrcoef(data.features["light:brightness"], data.truth)[0, 1] > 0.999


# --- one request ---------------------------------------------------------------------------------------------------


def test_a_request_is_bytes_base64_pixels_or_a_path_but_never_a_text_that_names_a_file(run: Run, cloth: Path) -> None:
    path, bundle = cloth / "torn" / "000.png", run.bundle
    data = path.read_bytes()
    plain = base64.b64encode(data).decode()
    cells = [data, plain, f"data:image/png;base64,{plain}", open_picture(data)[1], path]
    said = [bundle.predict([{"image": cell}])["probability_torn"][0] for cell in cells]
    assert max(said) - min(said) < 1e-6
    with pytest.raises(de.DeepEnoughError, match="pathlib"):
        bundle.predict([{"image": str(path)}])
    with pytest.raises(de.DeepEnoughError, match="'image' is missing"):
        bundle.predict([{"picture": data}])
    for bad in (b"", b"no picture", None, 3, data[: len(data) // 2], np.zeros((4, 4, 3), np.uint8)):
        with pytest.raises(de.DeepEnoughError, match=r"^The picture .*\.$"):
            bundle.predict([{"image": bad}])


def test_a_bundle_of_pictures_answers_with_numpy_pillow_and_onnxruntime_alone(run: Run, cloth: Path) -> None:
    from test_architecture import SERVE, fresh

    row = {"image": base64.b64encode((cloth / "torn" / "001.png").read_bytes()).decode()}
    said = json.loads(fresh(SERVE, str(run.folder / "bundle"), json.dumps(row)))
    assert said["prediction"] == run.bundle.predict([row])["prediction"].tolist()
    assert "PIL" in json.loads((run.folder / "bundle" / "manifest.json").read_text())["requires"]


# --- the step ------------------------------------------------------------------------------------------------------

FIT = {"column": "image", "into": "pixels", "size": 8, "channels": 3, "mean": [0.5] * 3, "std": [0.5] * 3}


@pytest.mark.parametrize("fit", ["squash", "crop", "pad"])
def test_the_step_brings_every_shape_to_one_size(fit: str) -> None:
    white = np.full((10, 40, 3), 255, np.uint8)
    pictures = np.empty(1, dtype=object)
    pictures[0] = white
    params = {**FIT, "fit": fit, "resize": 10, "resample": "bilinear"}
    made = steps.run([("picture", 1, params)], {"image": pictures}, {})["pixels"]
    assert made.shape == (1, 3, 8, 8) and made.dtype == np.float32 and made[0, 0, 4, 4] == 1.0
    assert (made.min() < 0.5) == (fit == "pad")


def brightness_net(size: int = 8) -> bytes:
    """A graph that reads `pixels` and says how bright: a network in the place of a network."""
    from onnx import TensorProto, helper

    graph = Graph({"numbers": 0})
    graph.inputs = {}
    mean = graph.add("ReduceMean", "pixels", graph.constant(np.array([1, 2, 3])), keepdims=0)
    flat = graph.add("Reshape", mean, graph.constant(np.array([-1, 1])))
    up = graph.add("Sigmoid", flat)
    down = graph.add("Sub", graph.constant(np.array(1, np.float32)), up)
    graph.add("Concat", down, up, axis=1, output="probability")
    import onnx

    model = onnx.load_model_from_string(graph.finish(["probability"], 2))
    model.graph.input.append(helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, size, size]))
    return bytes(model.SerializeToString())


def test_a_plan_whose_step_reads_the_pictures_ships_and_is_proven(cloth: Path, tmp_path: Path) -> None:
    data = de.load(cloth)
    step = ("picture", 1, {**FIT, "fit": "squash", "resample": "bilinear"})

    def predict(rows: Dataset) -> dict[str, np.ndarray]:
        made = [steps.run([step], {"image": b}, {})["pixels"].mean(axis=(1, 2, 3)) for b in batches(rows.examples, 16)]
        up = 1.0 / (1.0 + np.exp(-np.concatenate(made)))
        return {"probability": np.stack([1.0 - up, up], axis=1).astype(np.float32)}

    bundle = write.write(tmp_path / "bundle", data.task, Plan(brightness_net(), ("probability",), (step,)), data, {})
    assert bundle.reads_examples and Bundle.load(tmp_path / "bundle").reads_examples
    parity.prove(predict, bundle, data)
    known = bundle.answer_known(data.examples, data.features)["probability"]
    assert np.allclose(known, predict(data)["probability"], atol=1e-6)
    with pytest.raises(de.DeepEnoughError, match="otherwise than the trained one"):
        parity.prove(lambda rows: {"probability": predict(rows)["probability"][:, ::-1]}, bundle, data)


# --- a whole run ---------------------------------------------------------------------------------------------------


def test_a_run_finds_the_torn_cloth_and_keeps_its_documents(run: Run) -> None:
    assert run.verdict["task"]["modality"] == "image" and run.verdict["chosen"] in (
        "linear",
        "decision_tree",
        "gradient_boosting",
    )
    assert json.loads((run.folder / "bundle" / "examples.json").read_text())["rows"]
    assert (run.folder / "bundle" / "examples.json").stat().st_size < 60_000
    about = json.loads((run.folder / "bundle" / "reference.json").read_text())["inputs"]
    assert "light:brightness" in about and len(about) <= 24
    importance = json.loads((run.folder / "figures" / "importance.json").read_text())
    assert {c for g in importance["columns"] for c in g["columns"]} <= {
        "light",
        "size",
        "colour",
        "layout",
        "edges",
        "texture",
    }
    codes = {f["code"] for f in json.loads((run.folder / "audit.json").read_text())["findings"]}
    assert not codes & {
        "DE004",
        "DE008",
        "DE010",
        "DE016",
    }  # what is asked of columns makes no sense of measured numbers


def test_the_report_shows_the_pictures(run: Run) -> None:
    shown = section.view(read(run.folder))
    assert shown is not None and {"The most unsure", "The most typical"} <= {s["title"] for s in shown["sheets"]}
    page = (run.folder / "report.html").read_text()
    assert 'id="pictures"' in page and "data:image/jpeg;base64," in page and "new_pictures" in page
    assert "http" not in page.split("</style>")[1].replace("http-equiv", "").replace("http://www.w3.org/", "")


def test_contact_sheets_stay_small(cloth: Path) -> None:
    data = de.load(cloth)
    rng = np.random.default_rng(0)
    chance = rng.dirichlet([1, 1], len(data)).astype(np.float32)
    sheets = contact_sheets.draw(data, [], data, {"probability": chance})["sheets"]
    sizes = [len(i["src"]) for s in sheets for items in s["sets"] for i in items]
    assert [s["name"] for s in sheets] == ["mistakes", "unsure", "typical"] and sum(sizes) <= contact_sheets.MOST_BYTES
    worst = sheets[0]["sets"][0][0]
    wrong = chance.argmax(axis=1) != data.truth
    mine = chance[np.arange(len(data)), data.truth]
    assert worst["name"] == data.about["file"].iloc[np.flatnonzero(wrong)[mine[wrong].argmin()]]
    assert (
        contact_sheets.draw(load(pd.DataFrame({"a": np.arange(30.0), "b": ["x", "y"] * 15}), "b"), [], data, None) == {}
    )


def test_predict_answers_a_folder_and_says_what_it_could_not_open(run: Run, tmp_path: Path) -> None:
    new = cloths(tmp_path / "new", 5, seed=77, names=("monday", "tuesday"))
    (new / "monday" / "broken.jpg").write_bytes(b"a text, not a picture")
    out = tmp_path / "predictions.csv"
    done = CliRunner().invoke(app, ["predict", str(run.folder), str(new), "--out", str(out)])
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out)
    assert len(table) == 10 and table["file"].iloc[0] == "monday/000.png" and "probability_torn" in table
    truth = np.where(table["file"].str.startswith("tuesday"), "torn", "sound")
    assert (table["prediction"] == truth).mean() >= 0.8
    assert "broken.jpg" in done.stderr and "it is a text" in done.stderr
    again = run.predict(new)
    assert again["prediction"].tolist() == table["prediction"].tolist()


@pytest.mark.data
def test_measured_features_tell_the_kinds_of_defects_of_real_steel(tmp_path: Path) -> None:
    folder = Path(os.environ["DEEPENOUGH_DATA"]) / "neu_steel" / "images"
    files = [p for p in sorted(folder.glob("*.jpg")) if int(p.stem.rsplit("_", 1)[1]) <= 30]
    frame = pd.DataFrame({"path": [str(p) for p in files], "label": [p.stem.rsplit("_", 1)[0] for p in files]})
    data = load(frame, "label")
    order = np.random.default_rng(0).permutation(len(data))
    learn, tune, score = data.take(order[:100]), data.take(order[100:120]), data.take(order[120:])
    model = shelves.load("candidates", "linear").build(data.task, {}, 0).fit(learn, tune, Workspace())
    assert (model.predict(score)["probability"].argmax(axis=1) == score.truth).mean() >= 0.9
