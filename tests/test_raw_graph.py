"""The graph with raw columns answers as the bundle, in a bare onnxruntime, from strings, numbers and seconds."""

from __future__ import annotations

import calendar
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from deepenough import shelves
from deepenough.bundle import Bundle, Plan
from deepenough.candidates._trial import Trial, ship
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable, ParityError
from deepenough.export import raw
from deepenough.loading import load
from deepenough.runs import Run, run
from deepenough.workspace import Workspace


def table(kind: str = "classification", n: int = 400) -> pd.DataFrame:
    """Every kind of column, some empty; one is called as an output is."""
    rng = np.random.default_rng(0)
    value, town = rng.normal(size=n), rng.choice(["Kiel", "Ulm", "Zoë"], n)
    days = pd.Timestamp("1965-01-01") + pd.to_timedelta(rng.integers(0, 30_000, n), unit="D")
    at = pd.Timestamp("2023-12-20") + pd.to_timedelta(rng.integers(0, 10**8, n), unit="s")
    signal = value + (town == "Kiel") + np.asarray(days.month) / 6.0 + rng.normal(0, 0.3, n)
    return pd.DataFrame(
        {
            "value": np.where(rng.random(n) < 0.05, np.nan, value),
            "probability": rng.random(n),
            "order": 1_760_000_000_000 + rng.integers(0, 10**7, n),
            "town": np.where(rng.random(n) < 0.05, None, town),
            "since": np.where(rng.random(n) < 0.05, None, days.strftime("%Y-%m-%d")),
            "at": at.strftime("%Y-%m-%dT%H:%M:%S"),
            "member": rng.random(n) < 0.5,
            "answer": signal if kind == "regression" else np.where(signal > 2, "yes", "no"),
        }
    )


@pytest.fixture(scope="module", params=[("linear", "classification"), ("gradient_boosting", "regression")], ids=str)
def shipped(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Bundle, Dataset, pd.DataFrame]:
    family, kind = request.param
    frame = table(kind)
    data = load(frame, "answer")
    model = shelves.load("candidates", family).build(data.task, {}, 0)
    model.fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())
    return ship(Trial(family, family, 1), model, data, tmp_path_factory.mktemp("raw") / "bundle", 0), data, frame


def seconds(text: str | None) -> int:
    return raw.MISSING_TIME if text is None else calendar.timegm(pd.Timestamp(text).timetuple())


def test_somebody_else_can_feed_it(shipped: tuple[Bundle, Dataset, pd.DataFrame], tmp_path: Path) -> None:
    bundle, data, frame = shipped
    raw.write(bundle, data, tmp_path / "raw.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "raw.onnx", providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == [c.name for c in bundle.task.inputs]
    feed = {
        "value": frame["value"].to_numpy(np.float32),
        "probability": frame["probability"].to_numpy(np.float32),
        "order": frame["order"].to_numpy(np.float64),
        "town": frame["town"].fillna("").to_numpy(object),
        "since": np.array([seconds(v) for v in frame["since"]]),
        "at": np.array([seconds(v) for v in frame["at"]]),
        "member": frame["member"].to_numpy(np.float32),
    }
    (said,) = session.run(None, {name: values[:, None] for name, values in feed.items()})
    expected = bundle.predict(frame)
    if bundle.task.labels:
        assert session.get_outputs()[0].name == "predicted_probability"
        assert np.abs(said[:, 1] - expected[f"probability_{bundle.task.labels[1]}"]).max() <= 1e-5
    else:
        assert (
            np.abs(said - expected["prediction"]).max() <= 1e-4 and session.get_outputs()[0].name == "predicted_value"
        )


def test_a_graph_that_answers_otherwise_is_not_written(
    shipped: tuple[Bundle, Dataset, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, data, _ = shipped
    monkeypatch.setattr(raw, "EPOCH", raw.EPOCH + 40)
    with pytest.raises(ParityError, match=r"answers \d+ of 402 rows otherwise"):
        raw.write(bundle, data, tmp_path / "raw.onnx")
    assert not (tmp_path / "raw.onnx").exists()


def test_what_steps_make_no_graph_can_say(shipped: tuple[Bundle, Dataset, pd.DataFrame], tmp_path: Path) -> None:
    bundle, data, _ = shipped
    stepping = Bundle.load(bundle.folder)
    stepping.steps = (("tfidf", 1, {}),)
    with pytest.raises(NotApplicable, match=r"steps that no graph can say \(tfidf\)"):
        raw.write(stepping, data, tmp_path / "raw.onnx")


def test_a_plan_is_data_alone() -> None:
    plan = Plan(b"", ("value",))
    assert (plan.steps, dict(plan.files), plan.threshold, plan.quantized) == ((), {}, None, None)


def test_a_run_writes_it_where_it_is_asked_for(tmp_path: Path) -> None:
    frame = table(n=300)
    done = run(frame, "answer", bar="accuracy >= 0.6", cores=1, report=False, onnx_raw=True, out=tmp_path / "run")
    session = onnxruntime.InferenceSession(str(done.folder / "raw.onnx"))
    assert {i.name for i in session.get_inputs()} == {c.name for c in done.bundle.task.inputs}
    assert "raw.onnx" not in done.bundle.files


def test_a_run_whose_model_no_graph_can_say_is_whole_and_says_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    good = rng.random(300) < 0.5
    words = [" ".join(rng.choice(["fine", "good", "one"] if g else ["bad", "late", "none"], 9)) for g in good]
    frame = pd.DataFrame({"said": [f"{w} {i}" for i, w in enumerate(words)], "answer": np.where(good, "yes", "no")})
    asked = {"bar": "accuracy >= 0.6", "cores": 1, "report": False, "types": {"said": "text"}, "out": tmp_path / "run"}
    with pytest.raises(NotApplicable, match=r"The run is whole in .*run', without raw.onnx: .*tfidf"):
        run(frame, "answer", **asked, onnx_raw=True)
    assert Run.load(tmp_path / "run").verdict["outcome"] == "met" and not (tmp_path / "run" / "raw.onnx").exists()
