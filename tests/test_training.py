"""The training loop: learns, stops, averages, resumes to the same bits, bears short memory, and says what went wrong."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepenough.errors import FitError, StorageError
from deepenough.explaining._meaning import meaning
from deepenough.report.documents import Documents
from deepenough.report.sections import training as section
from deepenough.training.curve import Curve, Epoch, to_show
from deepenough.training.diagnosis import DIAGNOSES, diagnose
from deepenough.training.recipe import Recipe
from deepenough.workspace import Workspace

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors")

from deepenough.training import losses, precision, seeds  # noqa: E402
from deepenough.training.averaging import Average  # noqa: E402
from deepenough.training.batches import Reading, Tensors  # noqa: E402
from deepenough.training.checkpoint import Checkpoint, Checkpoints  # noqa: E402
from deepenough.training.loop import Judged, Training, never_said  # noqa: E402
from deepenough.training.rate_finder import find_rate  # noqa: E402
from deepenough.training.record import Record  # noqa: E402
from deepenough.training.stepping import Stepper, mixing_share  # noqa: E402

RECIPE = Recipe(rate=0.03, decay=0.0, batch=32, epochs=8, patience=8, warm_up=5, average=0.9)
CLASSES = 3


def rows(n: int = 192, seed: int = 0) -> tuple[Any, Any]:
    """Three classes by the larger of two numbers, with a little noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4)).astype(np.float32)
    y = np.where(np.abs(x[:, 0]) + np.abs(x[:, 1]) < 1, 0, np.where(x[:, 0] > x[:, 1], 1, 2))
    return torch.from_numpy(x), torch.from_numpy(y)


def network(dropout: float = 0.2, norm: bool = False) -> Any:
    torch.manual_seed(7)
    middle = [torch.nn.BatchNorm1d(16)] if norm else []
    return torch.nn.Sequential(
        torch.nn.Linear(4, 16), *middle, torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(16, CLASSES)
    )


def judge(net: Any, held: tuple[Any, Any]) -> Any:
    def judged() -> Judged:
        with torch.no_grad():
            raw = net(held[0])
        return Judged(float(losses.CrossEntropy()(raw, held[1])), never_said(raw, held[1], "abc"))

    return judged


def train(net: Any, recipe: Recipe = RECIPE, **kept: Any) -> Training:
    training = Training(net, recipe, losses.CrossEntropy(), seed=3, **kept)
    training.search(Tensors(*rows()), judge(net, rows(96, 1)))
    return training


def same(one: Any, other: Any) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


# --- learning -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{}, {"optimizer": "sgd", "rate": 0.1}, {"average": 0.0}, {"mixup": 0.2}, {"smoothing": 0.1}]
)
def test_learns_whatever_the_recipe(change: dict[str, Any]) -> None:
    net, held = network(), rows(96, 1)
    before = judge(net.eval(), held)().score
    curve = train(net, replace(RECIPE, **change)).curve
    assert judge(net.eval(), held)().score < 0.8 * before
    assert len(curve.epochs) == RECIPE.epochs and curve.ended == "epochs"


def test_the_same_seed_gives_the_same_bits_and_leaves_the_worlds_chance_alone() -> None:
    one, other = network(), network()
    torch.manual_seed(11)
    state = torch.get_rng_state()
    train(one)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(12)
    train(other)
    assert same(one, other)


def test_stops_when_nothing_improves_and_keeps_the_best() -> None:
    net, said = network(), iter([0.5, 0.3, 0.4, 0.4, 0.4, 0.1])
    training = Training(net, replace(RECIPE, patience=3), losses.CrossEntropy(), seed=3)
    held: list[Any] = []

    def judged() -> Judged:
        held.append([w.clone() for w in net.parameters()])
        return Judged(next(said))

    assert training.search(Tensors(*rows()), judged) == 2
    assert training.curve.ended == "patience" and training.curve.scores == [0.5, 0.3, 0.4, 0.4, 0.4]
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), held[1], strict=True))


def test_a_network_that_has_seen_nothing_yet_is_given_time() -> None:
    """Half of the epochs at least; once it has begun to learn, patience decides."""
    for scores, epochs in (([0.7] + [0.69] * 30, 12), ([0.7] + [0.3] * 30, 4)):
        net, said = network(), iter(scores)
        recipe = replace(RECIPE, epochs=24, patience=3, least_share=0.5)
        training = Training(net, recipe, losses.CrossEntropy(), seed=3)
        training.search(Tensors(*rows(64)), lambda said=said: Judged(next(said)), from_start=True)
        assert len(training.curve.epochs) == epochs and training.curve.start == 0.7


def test_a_training_that_diverges_says_so() -> None:
    net = network()
    with pytest.raises(FitError, match="diverged"):
        train(net, replace(RECIPE, rate=1e30, optimizer="sgd", clip=None, average=0.0))


def test_a_training_that_diverges_late_keeps_its_best_weights() -> None:
    net, (x, y) = network(0.0), rows()

    class Late(Tensors):
        def batch(self, index: Any, epoch: int) -> tuple[Any, ...]:
            inputs, target = super().batch(index, epoch)
            return (inputs * math.nan if epoch == 3 else inputs), target

    training = Training(net, RECIPE, losses.CrossEntropy(), seed=3)
    assert training.search(Late(x, y), judge(net, rows(96, 1))) == 2
    assert training.curve.ended == "diverged" and all(torch.isfinite(w).all() for w in net.parameters())
    assert training.curve.document()["epochs"][2]["loss"] is None


def test_parts_learn_at_rates_of_their_own_and_frozen_ones_not_at_all() -> None:
    net = network(norm=True)
    first, norm, last = net[0], net[1], net[-1]
    for weight in first.parameters():
        weight.requires_grad = False
    before, gathered, biases = first.weight.clone(), norm.running_mean.clone(), last.bias.clone()
    groups = [(list(norm.parameters()), 0.0), (list(last.parameters()), 1.0)]
    train(net, groups=groups, frozen=[norm])
    assert torch.equal(first.weight, before) and torch.equal(norm.running_mean, gathered)
    assert torch.equal(norm.weight, torch.ones(16)) and not torch.equal(last.bias, biases)


def test_the_average_is_that_of_the_definition() -> None:
    values = [torch.zeros(1)]
    average = Average(values, 0.9)
    expected = 0.0
    for step in range(1, 50):
        values[0].fill_(float(step))
        average.update(step)
        expected += (1.0 - min(0.9, (1 + step) / (10 + step))) * (step - expected)
    assert average.values[0].item() == pytest.approx(expected, rel=1e-5)


# --- rare classes ---------------------------------------------------------------------------------------------------


def test_weights_of_rare_classes_are_those_of_the_rows_drawn_so_often() -> None:
    target = torch.tensor([0] * 6 + [1] * 2)
    raw = torch.randn(8, 2, generator=torch.Generator().manual_seed(0))
    weights = losses.class_weights(target.numpy(), 2)
    twice = torch.cat([torch.arange(8), *[torch.tensor([6, 7])] * 2])
    weighed = losses.CrossEntropy(weights)(raw, target)
    torch.testing.assert_close(weighed, losses.CrossEntropy()(raw[twice], target[twice]))


def test_rare_rows_are_drawn_as_often_as_their_weights_say() -> None:
    weights = torch.tensor([1.0] * 90 + [9.0] * 10)
    drawn = torch.cat([seeds.order(100, 0, epoch, weights) for epoch in range(40)])
    assert 0.45 < (drawn >= 90).float().mean() < 0.55
    assert sorted(seeds.order(100, 0, 1).tolist()) == list(range(100))
    assert not torch.equal(seeds.order(100, 0, 1), seeds.order(100, 0, 2))


def test_what_no_row_was_given_is_named() -> None:
    answer = torch.tensor([[0.9, 0.1, 0.0]] * 4)
    assert never_said(answer, torch.tensor([0, 1, 1, 0]), ["a", "b", "c"]) == ("b",)


# --- goes on --------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Ends a training as a kill does: nothing gets to clean up."""


def interrupted(recipe: Recipe, folder: Path, at: int, norm: bool = False) -> Any:
    """Train with checkpoints, die in an epoch, and go on with a fresh network."""
    kept = Checkpoints(folder / "state.safetensors", "asked", every_seconds=0.0)

    class Dies(Tensors):
        def batch(self, index: Any, epoch: int) -> tuple[Any, ...]:
            if epoch == at and not died:
                died.append(True)
                raise Killed
            return super().batch(index, epoch)

    died: list[bool] = []
    for _ in range(2):
        net = network(norm=norm)
        training = Training(net, recipe, losses.CrossEntropy(), seed=3, checkpoints=kept)
        try:
            training.search(Dies(*rows()), judge(net, rows(96, 1)))
        except Killed:
            continue
    assert died
    return net, training


@pytest.mark.parametrize("change", [{}, {"optimizer": "sgd"}, {"average": 0.0}, {"mixup": 0.4, "schedule": "constant"}])
def test_a_killed_training_comes_to_the_same_bits(change: dict[str, Any], tmp_path: Path) -> None:
    recipe = replace(RECIPE, **change)
    whole = network(norm=True)
    curve = train(whole, recipe).curve
    net, training = interrupted(recipe, tmp_path, 4, norm=True)
    assert same(net, whole)
    assert training.curve.losses == curve.losses and training.curve.scores == curve.scores
    assert training.curve.chosen == curve.chosen


def test_what_is_done_is_not_trained_again(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "state.safetensors", "asked")
    net, again = network(), network()
    train(net, checkpoints=kept)

    class Never(Tensors):
        def batch(self, index: Any, epoch: int) -> tuple[Any, ...]:
            raise AssertionError("nothing is left to train")

    training = Training(again, RECIPE, losses.CrossEntropy(), seed=3, checkpoints=kept)
    training.search(Never(*rows()), judge(again, rows(96, 1)))
    assert same(net, again)


def test_a_checkpoint_of_another_training_or_half_a_one_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    Checkpoints(path, "asked").write(Checkpoint({"a": torch.ones(3)}, {"step": 1}))
    found = Checkpoints(path, "asked").read()
    assert found is not None and found.facts["step"] == 1 and torch.equal(found.tensors["a"], torch.ones(3))
    assert Checkpoints(path, "else").read() is None
    path.write_bytes(path.read_bytes()[:-3])
    assert Checkpoints(path, "asked").read() is None


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not be written"):
        train(network(), checkpoints=Checkpoints(Path("/dev/full/state"), "asked", every_seconds=0.0))


# --- memory, several processes, precision ----------------------------------------------------------------------------


class Narrow(torch.nn.Module):
    """A network for which the device has memory for so many rows at a time."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.inner, self.most = network(dropout=0.0), most

    def forward(self, x: Any) -> Any:
        if len(x) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.inner(x)


def test_short_memory_halves_the_rows_and_keeps_the_step() -> None:
    whole, narrow = network(dropout=0.0), Narrow(9)
    recipe = replace(RECIPE, epochs=2)
    train(whole, recipe)
    training = Training(narrow, recipe, losses.CrossEntropy(), seed=3)
    training.search(Tensors(*rows()), lambda: Judged(1.0 / (1 + training.stepper.step)))
    assert training.curve.about["rows_at_a_time"] == 8
    for one, other in zip(whole.parameters(), narrow.inner.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-3)


def test_no_memory_for_two_rows_is_a_sentence() -> None:
    with pytest.raises(FitError, match="not enough memory"):
        Training(Narrow(1), RECIPE, losses.CrossEntropy()).run(Tensors(*rows()), 1)


SCRIPT = """
import sys, torch
from safetensors.torch import save_file
from torch import distributed
distributed.init_process_group("gloo")
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
import test_training as t
net = t.network(dropout=0.0)
training = t.train(net, t.replace(t.RECIPE, epochs=3))
if distributed.get_rank() == 0:
    save_file(dict(net.state_dict()), sys.argv[2])
distributed.destroy_process_group()
"""


def test_two_processes_train_what_one_does(tmp_path: Path) -> None:
    script, out = tmp_path / "script.py", tmp_path / "net.safetensors"
    script.write_text(SCRIPT)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    done = subprocess.run([*launch, str(Path(__file__).parent), str(out)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    alone = network(dropout=0.0)
    train(alone, replace(RECIPE, epochs=3))
    from safetensors.torch import load_file

    for name, tensor in load_file(out).items():
        torch.testing.assert_close(tensor, alone.state_dict()[name], atol=2e-5, rtol=1e-3)


def test_half_precision_where_the_device_has_circuits_for_it() -> None:
    assert precision.find(False, "cpu") == precision.Place()
    able = precision.find(True, "cpu")
    flags = torch.cpu.get_capabilities()
    assert able.half == ("bfloat16" if flags.get("avx512_bf16") or flags.get("amx_bf16") else None)


def test_half_precision_learns_pictures_with_their_colours_side_by_side() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(64, 3, 8, 8), torch.arange(64) % 2
    x[y == 1] += 1.0
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 2),
    )
    place = precision.Place("cpu", "bfloat16", channels_last=True)
    training = Training(net, replace(RECIPE, epochs=4), losses.CrossEntropy(), place=place)
    training.run(Tensors(x, y), 4)
    assert training.curve.losses[-1] < 0.6 * training.curve.losses[0]
    assert {p.dtype for p in net.parameters()} == {torch.float32}


# --- rows, rates, records --------------------------------------------------------------------------------------------


def test_slow_rows_are_read_ahead_in_their_order() -> None:
    class Slow(Tensors):
        ahead = True

    index = [torch.tensor([2, 0]), torch.tensor([1])]
    reading = Reading(Slow(torch.arange(3), torch.arange(3)), 1)
    assert [b[0].tolist() for b in reading.batches(index)] == [[2, 0], [1]]
    assert list(reading.batches([])) == [] and reading.waited_seconds >= 0


def test_the_found_rate_learns_and_leaves_the_network_as_it_was() -> None:
    net, before = network(0.0), network(0.0)
    rate = find_rate(net, RECIPE, losses.CrossEntropy(), Tensors(*rows()), seed=0)
    assert same(net, before) and 1e-4 < rate < 1.0
    assert rate == find_rate(net, RECIPE, losses.CrossEntropy(), Tensors(*rows()), seed=0)


def test_mixing_keeps_each_row_the_larger_share() -> None:
    drawn = [mixing_share(0.2, seed) for seed in range(50)]
    assert all(0.5 <= d <= 1.0 for d in drawn if d is not None) and len(set(drawn)) > 10
    assert mixing_share(0.0, 1) is None


def test_a_fit_leaves_its_curve_and_not_its_state(tmp_path: Path) -> None:
    workspace = Workspace(stamp="now", trials=tmp_path)
    workspace.start("net-1/part-0")
    told: list[str] = []
    workspace.tell = told.append
    record = Record(workspace, "A network", 1)
    training = train(network(), checkpoints=record.checkpoints("all"), progress=record.progress(6))
    assert (tmp_path / "net-1/part-0/state-all.safetensors").exists()
    record.finish(training.curve)
    assert [p.name for p in (tmp_path / "net-1/part-0").iterdir()] == ["curve.json"]
    shown = to_show(tmp_path, ["net-1", "other-1"])["training"]["net-1"]
    assert shown["title"] == "A network" and Curve.of(shown["stages"][0]).losses == training.curve.losses
    assert to_show(tmp_path, ["other-1"]) == {}


def test_where_nothing_is_kept_nothing_is_written(tmp_path: Path) -> None:
    record = Record(Workspace(trials=tmp_path), "A network", 1)
    assert record.checkpoints("all") is None
    record.finish(Curve())
    assert list(tmp_path.iterdir()) == []


def test_curves_are_json_and_come_back() -> None:
    curve = Curve("head", [Epoch(1, math.nan, None, ("a",))], 0, "diverged", 0.7, {"half": None})
    back = Curve.of(json.loads(json.dumps(curve.document(), allow_nan=False)))
    assert math.isnan(back.losses[0]) and back.epochs[0].never == ("a",) and back.start == 0.7


def params(stepper: Stepper) -> Sequence[float]:
    return [group["weight_decay"] for group in stepper.optimizer.param_groups]


def test_vectors_are_not_decayed() -> None:
    stepper = Stepper(network(norm=True), replace(RECIPE, decay=0.1), losses.CrossEntropy(), precision.Place())
    assert params(stepper) == [0.1, 0.0]


# --- diagnoses ------------------------------------------------------------------------------------------------------


def curve_of(losses: Sequence[float], scores: Sequence[float | None] = (), **about: Any) -> Curve:
    scores = [*scores, *[None] * (len(losses) - len(scores))]
    epochs = [Epoch(i + 1, loss, score) for i, (loss, score) in enumerate(zip(losses, scores, strict=True))]
    return Curve("all", epochs, **about)


WELL = curve_of(
    [0.7, 0.5, 0.4, 0.33, 0.29, 0.27, 0.26, 0.26],
    [0.6, 0.5, 0.45, 0.42, 0.41, 0.40, 0.402, 0.401],
    chosen=6,
    ended="patience",
)
PLANTED = {
    "DE101": curve_of([0.7, 0.6, math.nan], [0.6, 0.5], chosen=2, ended="diverged"),
    "DE102": curve_of([0.7] + [0.69] * 11),
    "DE103": curve_of([0.7, 0.5, 0.3, 0.1, 0.05], [0.6, 0.5, 0.55, 0.6, 0.7], chosen=2, ended="patience"),
    "DE104": curve_of([0.7, 0.6, 0.5, 0.4, 0.3, 0.2], [0.7, 0.6, 0.55, 0.5, 0.45, 0.4], chosen=6),
    "DE105": curve_of([0.7, 0.9, 0.6, 0.8, 0.5, 0.7, 0.5, 0.6]),
    "DE106": curve_of([0.70, 0.69, 0.68, 0.67, 0.66, 0.65]),
    "DE107": Curve(epochs=[Epoch(1, 0.7, 0.7, ("rare",))], chosen=1),
    "DE108": Curve(epochs=[Epoch(1, 0.7, seconds=10.0, waited_seconds=8.0)]),
}


def test_a_training_that_went_well_is_not_spoken_of() -> None:
    assert diagnose(WELL, "net") == []


@pytest.mark.parametrize("code", DIAGNOSES)
def test_what_is_planted_is_diagnosed_in_sentences(code: str) -> None:
    found = {f.code: f for f in diagnose(PLANTED[code], "net")}
    assert code in found
    for text in (found[code].message, found[code].remedy):
        assert text[0].isupper() and text.endswith(".")
    json.dumps(found[code].evidence, allow_nan=False)
    assert (
        (Path(__file__).parents[1] / "docs/findings" / f"{code}.md")
        .read_text()
        .startswith(f"# {code}: {DIAGNOSES[code].title}\n")
    )
    assert meaning(code)["title"] == DIAGNOSES[code].title


def test_no_epochs_no_diagnosis() -> None:
    assert diagnose(Curve(), "net") == []


def test_the_report_draws_the_curves(tmp_path: Path) -> None:
    record = Record(Workspace(stamp="now", trials=tmp_path, doing="net-1/refit"), "A network", 1)
    record.finish(PLANTED["DE101"], WELL)
    figures = to_show(tmp_path, ["net-1"])
    shown = section.view(Documents({}, "", figures=figures))
    assert shown is not None and [len(n["curves"]) for n in shown["networks"]] == [2]
    assert [f["code"] for f in shown["networks"][0]["findings"]] == ["DE101"]
    assert all("<svg" in svg for _, svg in shown["networks"][0]["curves"])
    assert section.view(Documents({}, "")) is None
