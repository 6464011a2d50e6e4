"""The rungs that look at pictures themselves: what they learn, what they keep, what they refuse, and what ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deepenough import runs, shelves
from deepenough.candidates._trial import Trial, try_out
from deepenough.dataset import Dataset
from deepenough.errors import SettingError, Unavailable
from deepenough.export import parity, write
from deepenough.loading import load
from deepenough.splits import Part
from deepenough.training import weights
from deepenough.training.keeping import must_be_kept
from deepenough.workspace import Workspace

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from deepenough.candidates import _residual, finetuned_image  # noqa: E402
from deepenough.training.augmenting import Augmenting  # noqa: E402
from deepenough.training.backbones import Backbone, _embedding, quiet  # noqa: E402
from deepenough.training.loop import Training  # noqa: E402
from deepenough.training.losses import CrossEntropy  # noqa: E402
from deepenough.training.pictures import Pictures  # noqa: E402
from deepenough.training.recipe import Recipe  # noqa: E402

SIDE = 32
READING = {
    "do_resize": True, "size": {"shortest_edge": 36}, "do_center_crop": True, "crop_size": {"height": SIDE, "width": SIDE},
    "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
    "resample": 2, "image_processor_type": "ConvNextImageProcessor",
}  # fmt: skip


def save(network: Any, folder: Path) -> Path:
    """Write a network of transformers with random weights as a folder that somebody would bring."""
    with quiet():
        network.eval().save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(READING))
    return folder


def residual() -> Any:
    torch.manual_seed(0)
    shape = {"embedding_size": 8, "hidden_sizes": [16, 32], "depths": [1, 1], "layer_type": "basic"}
    return transformers.ResNetModel(transformers.ResNetConfig(num_channels=3, **shape))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny residual network that has seen other stripes."""
    body, data = residual(), load(shelves.load("modalities", "image").sample("classification", 160, 1)[1], "answer")
    network = torch.nn.Sequential(_embedding(body, pooled=True), torch.nn.Linear(32, 2))
    step = (
        "picture",
        1,
        {**weights.reading(Path()), "size": SIDE, "resize": 36, "fit": "crop", "mean": [0.5] * 3, "std": [0.5] * 3},
    )
    recipe = Recipe(rate=5e-3, batch=16, epochs=8, warm_up=5)
    Training(network, recipe, CrossEntropy()).run(Pictures(data, step), recipe.epochs)
    return save(body, tmp_path_factory.mktemp("weights") / "tiny")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    return shelves.load("modalities", "image").sample("classification", 120, 0)[1]


@pytest.fixture(scope="session")
def pictures(frame: pd.DataFrame) -> Dataset:
    return load(frame, "answer")


def split(data: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    learn, tune, score = np.split(np.arange(len(data)), [70, 90])
    return data.take(learn), data.take(tune), data.take(score)


def proven(name: str, data: Dataset, workspace: Workspace, folder: Path, settings: Any = None) -> tuple[Any, float]:
    """Fit, ship and prove; return the model and the share that it gets right."""
    learn, tune, score = split(data)
    model = shelves.load("candidates", name).build(data.task, settings or {}, 0).fit(learn, tune, workspace)
    bundle = write.write(folder / "bundle", data.task, model.export(), data, {"candidate": name})
    parity.prove(model.predict, bundle, data)
    return model, float((model.predict(score)["probability"].argmax(1) == score.truth).mean())


# --- frozen -----------------------------------------------------------------------------------------------------------


def test_a_frozen_network_sees_what_a_linear_model_can_use_and_ships(
    pictures: Dataset, folder: Path, cache: Path, tmp_path: Path
) -> None:
    workspace = Workspace(weights=str(folder), cache=cache)
    model, right = proven("frozen_embedding", pictures, workspace, tmp_path)
    assert right > 0.7 and model.embeddings.computed > 0
    again, _ = proven("frozen_embedding", pictures, workspace, tmp_path)
    assert again.embeddings.computed == 0, "what was seen once is not looked at again"
    answers = [m.predict(pictures)["probability"] for m in (model, again)]
    assert (answers[0] == answers[1]).all()


def test_other_weights_are_another_network(pictures: Dataset, folder: Path, cache: Path, tmp_path: Path) -> None:
    task, other = pictures.task, tmp_path / "other"
    other.mkdir()
    for path in folder.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    known = Backbone.find(Workspace(weights=str(folder)), task)
    assert Backbone.find(Workspace(weights=str(other)), task).digest == known.digest
    (other / "preprocessor_config.json").write_text(json.dumps({**READING, "image_mean": [0.4] * 3}))
    assert Backbone.find(Workspace(weights=str(other)), task).digest != known.digest


def test_a_cache_that_is_damaged_is_computed_again(
    pictures: Dataset, folder: Path, tmp_path: Path, cache: Path
) -> None:
    own = tmp_path / "cache"
    (own / "backbones").mkdir(parents=True)
    for path in (cache / "backbones").glob("*.onnx"):
        (own / "backbones" / path.name).write_bytes(path.read_bytes())
    workspace = Workspace(weights=str(folder), cache=own)
    first, _ = proven("frozen_embedding", pictures, workspace, tmp_path)
    (kept,) = (own / "embeddings").glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:100])
    again, _ = proven("frozen_embedding", pictures, workspace, tmp_path)
    assert again.embeddings.computed == first.embeddings.computed


@pytest.mark.parametrize("kind", ["vit", "convnext", "swin"])
def test_networks_of_other_kinds_are_opened(kind: str, pictures: Dataset, tmp_path: Path) -> None:
    torch.manual_seed(0)
    pixels = torch.randn(2, 3, SIDE, SIDE)
    heads: dict[str, Any] = {
        "num_attention_heads": 2,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
    }
    windows: dict[str, Any] = {"embed_dim": 8, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4, "patch_size": 4}
    vit = transformers.ViTConfig(image_size=SIDE, patch_size=8, **heads)
    small: dict[str, Any] = {
        "vit": lambda: transformers.ViTModel(vit, add_pooling_layer=False),
        "convnext": lambda: transformers.ConvNextModel(
            transformers.ConvNextConfig(hidden_sizes=[8, 8, 8, 16], depths=[1, 1, 1, 1])
        ),
        "swin": lambda: transformers.SwinModel(transformers.SwinConfig(image_size=SIDE, **windows)),
    }
    backbone = Backbone.find(Workspace(weights=str(save(small[kind](), tmp_path / kind))), pictures.task)
    module = backbone.module()
    with torch.no_grad():
        seen = module(pixels)
        assert seen.shape == (2, 16) and torch.isfinite(seen).all()
        if kind == "vit":  # its pooling was never learnt, so the first token stands for the picture
            assert torch.equal(seen, module.network(pixels).last_hidden_state[:, 0])


# --- where weights come from ------------------------------------------------------------------------------------------


def test_weights_are_found_in_a_folder_of_folders_or_by_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert weights.locate(str(folder)) == folder == weights.locate(str(folder.parent))
    monkeypatch.setenv("DEEPENOUGH_WEIGHTS", str(folder))
    assert weights.locate(None) == folder


def test_what_is_not_there_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPENOUGH_WEIGHTS", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for asked in (None, str(tmp_path), "nobody/nothing-at-all"):
        with pytest.raises(Unavailable, match="--weights"):
            weights.locate(asked)
    with pytest.raises(SettingError, match="There is no folder"):
        weights.must_be_there("./nowhere/at/all", False)


def test_pickled_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("config.json", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(Unavailable, match=r"pickled weights \(pytorch_model.bin\)"):
        weights.locate(str(tmp_path))


def test_weights_that_do_not_fit_are_refused(folder: Path, pictures: Dataset, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    said = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**said, "depths": [1, 3]}))
    with pytest.raises(Unavailable, match="do not fit"):
        Backbone.find(Workspace(weights=str(tmp_path)), pictures.task).module()
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nobody_knows"}))
    with pytest.raises(Unavailable, match="cannot be opened"):
        Backbone.find(Workspace(weights=str(tmp_path)), pictures.task).module()


def test_a_preprocessor_of_another_scale_becomes_the_same_step(tmp_path: Path) -> None:
    said = {**READING, "do_center_crop": False, "size": {"height": 40, "width": 40}, "rescale_factor": 1 / 127.5}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    read = weights.reading(tmp_path, "photo")
    assert (read["column"], read["size"], read["fit"]) == ("photo", 40, "squash")
    assert read["mean"] == [0.25] * 3 and read["std"] == [0.25] * 3


# --- trained ------------------------------------------------------------------------------------------------------------


def test_a_fine_tuned_network_ships_what_was_judged(
    pictures: Dataset, folder: Path, cache: Path, tmp_path: Path
) -> None:
    workspace = Workspace(weights=str(folder), cache=cache, stamp="now", trials=tmp_path / "trials")
    workspace.start("finetuned_image-1/part-0")
    settings = {"head": {"epochs": 8}, "all": {"epochs": 3, "rate": 2e-3}}
    _, right = proven("finetuned_image", pictures, workspace, tmp_path, settings)
    assert right > 0.7
    (kept,) = (tmp_path / "trials/finetuned_image-1/part-0").iterdir()
    curve = json.loads(kept.read_text())
    assert [s["stage"] for s in curve["stages"]] == ["head", "all"] and curve["cpu_seconds"] > 0
    last = curve["stages"][1]
    assert min(e["score"] for e in last["epochs"]) <= last["start"] or last["chosen"] == 0


def test_early_layers_learn_least() -> None:
    body = torch.nn.Sequential(*[torch.nn.Linear(2, 2) for _ in range(12)])
    groups = finetuned_image.layers(torch.nn.Sequential(body, torch.nn.Dropout(), torch.nn.Linear(2, 2)))
    shares = [share for _, share in groups]
    assert shares == sorted(shares) and shares[-1] == shares[-2] == 1.0 and shares[0] < 0.1
    assert sum(len(some) for some, _ in groups) == 26


def test_a_network_from_nothing_learns_stripes_and_ships(pictures: Dataset, tmp_path: Path) -> None:
    _, right = proven(
        "scratch_image", pictures, Workspace(keep=["scale"]), tmp_path
    )  # how coarse they are is the answer
    assert right > 0.75


def test_small_pictures_keep_their_pixels(pictures: Dataset) -> None:
    small, large = (_residual.residual_network(2, (4, 8), stride)[:3] for stride in (1, 2))
    x = torch.rand(2, 3, 32, 32)
    assert small(x).shape[-1] == 32 and large(x).shape[-1] == 16


# --- changes of pictures --------------------------------------------------------------------------------------------------


def test_a_change_is_a_function_of_seed_epoch_and_picture() -> None:
    change, pixels, rows = Augmenting(16), torch.rand(3, 3, 20, 20), torch.tensor([5, 6, 7])
    whole = change(pixels, rows, 0, 1)
    assert whole.shape == (3, 3, 16, 16) and whole.min() >= 0 and whole.max() <= 1
    torch.testing.assert_close(change(pixels[1:], rows[1:], 0, 1), whole[1:])
    assert not torch.equal(change(pixels, rows, 0, 2), whole) and not torch.equal(change(pixels, rows, 1, 1), whole)


def test_what_is_kept_is_not_changed() -> None:
    half = torch.zeros(40, 3, 16, 16)
    half[..., 8:] = 1.0
    rows = torch.arange(40)
    upright = Augmenting.keeping(["orientation", "colour", "scale"], 16)(half, rows, 0, 1)
    torch.testing.assert_close(upright, half)
    turned = Augmenting.keeping(["colour", "scale"], 16)(half, rows, 0, 1)
    assert 5 < int((turned[:, 0, 0, 0] > 0.5).sum()) < 35
    red = torch.tensor([1.0, 0.2, 0.1])[None, :, None, None].expand(40, 3, 16, 16)
    torch.testing.assert_close(
        Augmenting.keeping(["colour"], 12)(red, rows, 0, 1), red[..., :12, :12], atol=1e-5, rtol=0
    )
    assert (Augmenting(12)(red, rows, 0, 1) - red[..., :12, :12]).abs().max() > 0.02


def test_words_that_keep_nothing_are_refused() -> None:
    with pytest.raises(SettingError, match="Did you mean 'orientation'"):
        must_be_kept(["orientaton"])


def test_held_pictures_are_what_the_step_gives(
    pictures: Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepenough import steps
    from deepenough.examples import batches

    step = Backbone.find(Workspace(weights=str(folder)), pictures.task).step
    some = pictures.take(np.arange(40))
    given = np.concatenate([steps.run([step], {"image": b}, {})["pixels"] for b in batches(some.examples, 7)])
    kept = torch.cat([pixels for pixels, _ in Pictures(some, step).in_order()])
    np.testing.assert_allclose(kept.numpy(), given, atol=1e-6)
    monkeypatch.setattr("deepenough.training.pictures.REMEMBERED", 0)
    again = torch.cat([pixels for pixels, _ in Pictures(some, step).in_order()])
    assert torch.equal(again, kept)


# --- a whole run ------------------------------------------------------------------------------------------------------------


def test_a_run_climbs_to_the_frozen_network(
    frame: pd.DataFrame, folder: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPENOUGH_CACHE", str(cache))
    asked: dict[str, Any] = {"target": "answer", "budget": "12s", "cores": 1, "report": False, "metric": "accuracy"}
    done = runs.run(frame, out=tmp_path / "run", weights=folder, keep=["colour"], **asked)
    status = {t["candidate"]: t["status"] for t in done.verdict["trials"]}
    assert status["frozen_embedding"] == "ok" and status["finetuned_image"] == "skipped"


def test_without_weights_the_rung_is_unavailable_and_says_how_to_get_some(
    pictures: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEEPENOUGH_WEIGHTS", raising=False)
    trial, part = Trial("frozen_embedding", "Frozen", 3), Part(*np.split(np.arange(120), [70, 90]))
    metric = shelves.load("metrics", "accuracy")
    done = try_out(trial, pictures, (part,), metric, Workspace(), tmp_path / "bundle", 0)
    assert done.status == "unavailable" and "--weights" in (done.reason or "")


@pytest.mark.data
def test_a_frozen_mobilenet_tells_ants_from_bees(tmp_path: Path) -> None:
    import os

    data = Path(os.environ["DEEPENOUGH_DATA"])
    network = os.environ.get("DEEPENOUGH_WEIGHTS") or str(data.parent / "models")
    if not Path(network).is_dir():
        pytest.skip("DEEPENOUGH_WEIGHTS names no folder")
    learn = load(data / "ants_bees/train")
    order = np.random.default_rng(0).permutation(len(learn))
    rows = [learn.take(i) for i in np.split(order, [120, 160])]
    model = shelves.load("candidates", "frozen_embedding").build(learn.task, {}, 0)
    model.fit(rows[0], rows[1], Workspace(weights=network, cache=tmp_path))
    assert (model.predict(rows[2])["probability"].argmax(1) == rows[2].truth).mean() > 0.9
