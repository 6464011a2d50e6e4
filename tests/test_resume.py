"""A run that is killed at any moment goes on, and comes to the same verdict; nobody else's folder is touched."""

from __future__ import annotations

import inspect
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import call, everything, people, run_words
from killing import FAMILIES, Killer
from test_corridor import steady

from deepenough import documents, shelves, unfinished
from deepenough.candidates._kept import Fitted, Kept
from deepenough.corridor import Corridor
from deepenough.errors import DataError, SettingError, StorageError
from deepenough.ledger import Ledger
from deepenough.loading import load
from deepenough.request import Request, difference
from deepenough.runs import Run, run
from deepenough.seal import verify
from deepenough.workspace import Workspace

BAR = {"bar": "accuracy >= 0.7", "report": False, "cores": 1}
PER_TEST = 4  # kills that one test follows up


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cheap families alone: what is tested is not how well they do."""
    books = shelves.shelf("candidates")
    for name in [n for n in books if n not in FAMILIES]:
        monkeypatch.delitem(books, name)


@pytest.fixture
def frame() -> pd.DataFrame:
    """Enough rows for the linear model to be sure of the bar, so that nothing slower is fitted."""
    return people(400)


def written(folder: Path) -> Any:
    return json.loads((folder / "verdict.json").read_text(encoding="utf-8"))


def must_be_whole(folder: Path, verdict: Any) -> None:
    """The verdict of a run nothing happened to; one plan, one opening; nothing half-written; all of it provable."""
    assert steady(written(folder)) == steady(verdict)
    assert [line["event"] for line in Ledger(folder / "sealed.jsonl").lines()] == ["plan", "opening", "verdict"]
    assert verify(folder).faults == []
    assert not list(folder.rglob(".*")) and not list(folder.parent.glob(f".{folder.name}*"))
    assert not (folder / "unfinished.json").exists() and not (folder / "crash.txt").exists()


# --- killed, as kill -9 and a power cut do it ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    with Killer() as found:
        yield found


@pytest.fixture(scope="module")
def whole(killer: Killer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], Any]:
    """The table, the names of all writes of a run, and its verdict."""
    place = tmp_path_factory.mktemp("whole")
    people(260).to_csv(place / "people.csv", index=False)
    said = killer.run(place / "people.csv", out=str(place / "out"))
    assert said["status"] == 0 and said["sentence"] is None
    return place / "people.csv", said["writes"], written(place / "out")


def at(writes: list[str], moment: str, which: int = -1) -> int:
    return [i for i, name in enumerate(writes) if name == moment][which]


MOMENTS = (
    ("before sealed.jsonl", 0),  # the plan
    ("before sealed.jsonl", 1),  # the opening
    ("before sealed.jsonl", 2),  # the verdict is on record, and not written yet
    ("before .run.json", 0),
    ("after split.json", 0),
    ("after trial.json", 1),
    ("after refit.json", 0),
    ("after bundle", -1),
    ("after verdict.json", 0),
)


@pytest.mark.parametrize(("moment", "which"), MOMENTS)
def test_killed_at_a_boundary_the_same_call_comes_to_the_same_verdict(
    moment: str, which: int, killer: Killer, whole: tuple[Path, list[str], Any], tmp_path: Path
) -> None:
    table, writes, verdict = whole
    named = [".".join(w.split(".")[:3]) if w.startswith("before .") else w for w in writes]
    out = tmp_path / "out"
    assert killer.run(table, at(named, moment, which), out=str(out))["status"] == -9
    assert killer.run(table, out=str(out)) | {"writes": None} == {"status": 0, "sentence": None, "writes": None}
    must_be_whole(out, verdict)


def test_killed_again_and_again_at_random(killer: Killer, whole: tuple[Path, list[str], Any], tmp_path: Path) -> None:
    """Each try is killed at a random one of its first writes, until one gets through."""
    table, writes, verdict = whole
    out, rng, killed = tmp_path / "out", random.Random(0), 0
    while killer.run(table, rng.randrange(len(writes) // 3), out=str(out))["status"] == -9:
        killed += 1
        assert killed < 40, "it gets nowhere"
    assert killed >= PER_TEST
    must_be_whole(out, verdict)


@pytest.mark.parametrize("moment", ["after .out.next.old", "after out"])
@pytest.mark.parametrize("how", [{"overwrite": True}, {"open_again": "asked once more"}])
def test_killed_while_it_takes_the_place_of_another(
    moment: str, how: dict[str, Any], killer: Killer, whole: tuple[Path, list[str], Any], tmp_path: Path
) -> None:
    """The old one has gone, or has not been swept away yet: the same call ends it, and does not begin anew."""
    table, bar, out = whole[0], {"bar": "accuracy >= 0.6"}, str(tmp_path / "out")
    assert killer.run(table, out=out, **bar)["status"] == 0
    assert killer.run(table, moment, out=out, **bar | how)["status"] == -9
    assert killer.run(table, out=out, **bar | how)["status"] == 0
    assert written(tmp_path / "out")["openings"] == (2 if "open_again" in how else 1)
    assert verify(out).faults == [] and [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_library_that_crashes_twice_in_a_fit_is_left_out_and_it_is_said(killer: Killer, tmp_path: Path) -> None:
    people(260).to_csv(tmp_path / "people.csv", index=False)
    tries = [
        killer.run(tmp_path / "people.csv", crash="gradient_boosting", out=str(tmp_path / "out")) for _ in range(5)
    ]
    assert [t["status"] for t in tries] == [-11, -11, -11, -11, 0], "two settings, two crashes each"
    rows = {t["key"]: t for t in written(tmp_path / "out")["trials"]}
    assert rows["gradient_boosting-1"]["status"] == "failed" and rows["linear-1"]["status"] == "ok"
    assert "ended the whole process 2 times (segmentation fault)" in rows["gradient_boosting-1"]["reason"]


def test_a_fit_that_is_killed_five_times_without_a_trace_is_left_out(tmp_path: Path) -> None:
    def one(times: int, crash: str | None = None) -> str | None:
        reason = None
        for _ in range(times):
            place = unfinished.Unfinished(tmp_path, tmp_path, True, "")
            place.recall()
            reason = place.begin("linear-1/part-2")
            if crash:
                (tmp_path / "crash.txt").write_text(f"Fatal Python error: {crash}\n\nmore")
        return reason

    assert one(5) is None and "killed 5 times" in str(one(1))
    place = unfinished.Unfinished(tmp_path, tmp_path, True, "")
    assert place.begin("linear-1/part-3") is None, "another fit starts from nothing"
    assert one(2, "Aborted") is None and "2 times (aborted)" in str(one(1, "Aborted"))


# --- stopped by Ctrl-C, or by a disk that is full ---------------------------------------------------------------------


def stopped_at(fit: int, monkeypatch: pytest.MonkeyPatch, error: BaseException | None = None) -> list[str]:
    """Count the fits, and raise at one of them."""
    fits: list[str] = []
    for name in FAMILIES:
        kind = type(shelves.load("candidates", name))
        real = kind.build

        def build(self: Any, *given: Any, real: Any = real, name: str = name) -> Any:
            fits.append(name)
            if error is not None and len(fits) == fit:
                raise error
            return real(self, *given)

        monkeypatch.setattr(kind, "build", build)
    return fits


def test_what_was_fitted_is_not_fitted_again(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stopped_at(9, patch, KeyboardInterrupt())
        run(frame, "answer", **BAR, out=tmp_path / "out")
    said = unfinished.sentence(tmp_path / "out")
    assert said and "no verdict yet" in said
    with monkeypatch.context() as patch:
        fits = stopped_at(0, patch)
        told: list[str] = []
        done = run(frame, "answer", **BAR, out=tmp_path / "out", say=told.append)
    assert fits == ["linear"] * 2 + ["dummy", "linear"][::-1], "parts 4 and 5, and what the seal opens for"
    assert any(t.startswith("Going on") for t in told)
    must_be_whole(tmp_path / "out", run(frame, "answer", **BAR, out=tmp_path / "other").verdict)
    assert (done.folder / "trials/linear-1/native").is_dir() == shelves.load("candidates", "linear").restores


def test_what_seconds_cost_is_not_forgotten_when_a_run_goes_on(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {**BAR, "price": "cpu_hour=0.5, currency=EUR", "out": tmp_path / "out"}
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stopped_at(11, patch, KeyboardInterrupt())  # every trial is judged, the chosen one not fitted again yet
        run(frame, "answer", **asked)
    told: list[str] = []
    verdict = run(frame, "answer", **asked, say=told.append).verdict
    assert any(t.startswith("Going on") for t in told) and verdict["currency"] == "EUR"
    linear = next(t for t in verdict["trials"] if t["candidate"] == "linear")
    assert linear["cost"]["train"] == pytest.approx(0.5 * linear["cpu_seconds"] / 5 / 3600, rel=1e-3)


def test_a_full_disk_is_a_sentence_and_the_same_call_goes_on(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(StorageError, match="the same command goes on from here"):
        stopped_at(9, patch, OSError(28, "No space left on device"))
        patch.setattr("deepenough.candidates._trial._failed", raise_it)
        run(frame, "answer", **BAR, out=tmp_path / "out")
    run(frame, "answer", **BAR, out=tmp_path / "out")
    must_be_whole(tmp_path / "out", run(frame, "answer", **BAR, out=tmp_path / "other").verdict)


def raise_it(_trial: Any, error: Exception) -> None:
    raise StorageError(str(error)) from error


def test_killed_before_the_report_only_the_report_is_made(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("deepenough.report.html.render", killed)
        run(frame, "answer", **BAR | {"report": True}, out=tmp_path / "out")
    before = (tmp_path / "out/verdict.json").read_bytes()
    assert Run.load(tmp_path / "out").verdict["outcome"] == "met", "it has its verdict, whatever else it lacks"
    with monkeypatch.context() as patch:
        patch.setattr(Corridor, "walk", killed)
        done = run(frame, "answer", **BAR | {"report": True}, out=tmp_path / "out")
    assert done.report.exists() and (tmp_path / "out/verdict.json").read_bytes() == before
    must_be_whole(tmp_path / "out", done.verdict)
    with pytest.raises(SettingError, match="holds a run already"):
        run(frame, "answer", **BAR, out=tmp_path / "out")


def test_a_further_look_that_was_killed_is_no_second_one(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    out, again = tmp_path / "out", {"open_again": "the bar was too low", "bar": "accuracy >= 0.75"}
    first = run(frame, "answer", **BAR, out=out)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Corridor, "_keep", killed)
        run(frame, "answer", **BAR | again, out=out)
    assert Run.load(out).verdict == first.verdict, "what was there stands until the new one does"
    done = run(frame, "answer", **BAR | again, out=out)
    assert done.verdict["openings"] == 2 and verify(out).faults == [] and not list(tmp_path.glob(".out*"))
    events = [line["event"] for line in Ledger(out / "sealed.jsonl").lines()]
    assert events == ["plan", "opening", "verdict"] * 2
    assert run(frame, "answer", **BAR | again, out=out).verdict["openings"] == 3, "asked for anew, it is another look"


# --- whose folder it is -----------------------------------------------------------------------------------------------


@pytest.fixture
def half(frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run that was stopped in its seventh fit."""
    monkeypatch.chdir(tmp_path)
    frame.to_csv("churn.csv", index=False)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stopped_at(7, patch, KeyboardInterrupt())
        run("churn.csv", "answer", **BAR, out=tmp_path / "out", command="deepenough run churn.csv")
    return tmp_path / "out"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"bar": "accuracy >= 0.8"}, "--bar was 'accuracy >= 0.7' and is 'accuracy >= 0.8'"),
        ({"seed": 1}, "--seed was 0 and is 1"),
        ({"full": True}, "--full was not given and is given"),
        ({"cores": 2}, "--cores was 1 and is 2"),
        ({"group": "town"}, "the table or its columns changed"),
        ({"source": people(401)}, "the table or its columns changed"),
        ({"test": people(80, 5)}, "the table or its columns changed"),
    ],
)
def test_another_question_is_not_answered_with_what_was_asked_before(
    asked: dict[str, Any], words: str, half: Path
) -> None:
    before = everything(half)
    with pytest.raises(SettingError, match="unfinished run of another question") as refused:
        run(asked.pop("source", "churn.csv"), "answer", **BAR | asked, out=half)
    assert words in str(refused.value) and everything(half) == before


def test_an_unfinished_run_may_be_replaced(half: Path) -> None:
    done = run("churn.csv", "answer", **BAR | {"seed": 3}, out=half, overwrite=True)
    assert done.verdict["seed"] == 3
    must_be_whole(half, done.verdict)


def test_what_other_commands_say_of_an_unfinished_run(half: Path) -> None:
    asked = {"predict": ["out", "churn.csv"], "verify": ["out"], "judge": ["churn.csv", "--against", "out"]}
    for command, words in asked.items():
        said = call(command, *words)
        assert said.code == 2 and said.err.count("\n") == 1, said
        assert "'out' holds no finished run" in said.err and "deepenough run churn.csv" in said.err, said


def test_other_versions_are_another_question(half: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = documents.versions()
    monkeypatch.setattr(documents, "versions", lambda: real | {"numpy": "99"})
    with pytest.raises(SettingError, match=r"numpy was '.*' and is '99'"):
        run("churn.csv", "answer", **BAR, out=half)


def test_by_default_the_same_question_goes_on_and_a_finished_run_is_never_replaced(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame.to_csv("churn.csv", index=False)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stopped_at(7, patch, KeyboardInterrupt())
        run("churn.csv", "answer", **BAR)
    made = [run("churn.csv", "answer", **BAR | asked).folder.name for asked in ({"seed": 1}, {}, {})]
    assert made == ["churn-2", "churn", "churn-3"], "another question, the one that was stopped, and it once more"


def test_a_wrong_call_leaves_nothing_behind(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame["shop"] = ["a", "b"] * 200
    wrong = ({"target": "anwser"}, {"bar": "accuracy >= 7"}, {"group": "shop"}, {"metric": "nonsense"})
    for asked in wrong:
        with pytest.raises((DataError, SettingError, Exception)) as refused:
            run(frame, **{"target": "answer"} | BAR | asked, out=tmp_path / "out")
        assert type(refused.value).__module__ == "deepenough.errors" and not list(tmp_path.iterdir()), asked


def test_two_at_once_in_one_folder_are_refused(half: Path) -> None:
    asked = json.loads((half / "run.json").read_text())
    with pytest.raises(RuntimeError, match="on"), unfinished.at(half, "", asked, False, print):
        with pytest.raises(SettingError, match="Another process is making the run in"):
            run("churn.csv", "answer", **BAR, out=half)
        raise RuntimeError("on")
    run("churn.csv", "answer", **BAR, out=half)


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_what_bears_another_stamp_or_is_damaged_is_as_good_as_not_there(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "one")
    fitted = Fitted({"probability": np.eye(2, dtype=np.float32)}, 0.5, 0.25)
    kept.keep_part(0, fitted)
    kept.keep_trial({"status": "ok"})
    found = kept.part(0)
    assert found is not None and found.answer["probability"].dtype == np.float32 and kept.trial() is not None
    assert (found.fit_seconds, found.cpu_seconds) == (0.5, 0.25)
    for other in (Kept(tmp_path, "two"), Kept(tmp_path, None)):
        assert other.part(0) is None and other.trial() is None and other.refit() is None
    path = tmp_path / "part-0" / "answers.npz"
    path.write_bytes(path.read_bytes()[:-30])
    (tmp_path / "trial.json").write_text("{")
    assert kept.part(0) is None and kept.trial() is None
    kept.keep_part(1, Fitted({"boxes": np.array([None, 1], dtype=object)}, 0.0, 0.0))
    assert not (tmp_path / "part-1").exists(), "nothing that only a pickle could hold"


def test_every_option_that_can_change_the_verdict_is_part_of_the_request() -> None:
    """A new option of `run` is part of it, unless it stands here with the reason that it cannot change the verdict."""
    apart = {
        "source": "its rows are, by their hash",
        "test": "its rows are, by their hash",
        "out": "where it stands",
        "overwrite": "whether something else may go",
        "report": "made of the documents",
        "onnx_raw": "made of the bundle",
        "command": "noted for people",
        "say": "told on the way",
    }
    options = set(inspect.signature(run).parameters)
    assert options - set(apart) == set(Request.__dataclass_fields__)


def test_the_same_is_asked_however_it_is_written(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("one")

    def asked(**options: Any) -> dict[str, Any]:
        return {"data": "x", "versions": {}, "request": json.loads(json.dumps(Request(**options).document()))}

    assert difference(asked(despite=["DE001"], types={}), asked(despite=("DE001",))) is None
    before = asked(bar=rules)
    rules.write_text("two")
    assert "what stood in it" in str(difference(before, asked(bar=rules))), "a file counts by what stands in it"


def test_the_same_verdict_on_one_core_and_on_two(tmp_path: Path) -> None:
    found = [
        run(people(200), "answer", report=False, out=tmp_path / f"{cores}", cores=cores, budget="1h").verdict
        for cores in (1, 2)
    ]
    assert steady(found[0]) == steady(found[1]) and len([t for t in found[0]["trials"] if t["status"] == "ok"]) == 4


@pytest.mark.parametrize("target", ["answer", "weight"])
def test_a_fit_with_two_threads_is_that_with_one(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a large table gets them; few trees here, for two threads on a busy machine are slow."""
    monkeypatch.setattr("deepenough.candidates.gradient_boosting.ROUNDS", 20)
    data = load(people(300), target)
    learn, tune, asked = (data.take(np.arange(*ends)) for ends in ((0, 200), (200, 250), (250, 300)))
    for name in FAMILIES:
        family = shelves.load("candidates", name)
        settings = family.portfolio(data.task, 300)[0]
        said = [
            family.build(data.task, settings, 0).fit(learn, tune, Workspace(threads=threads)).predict(asked)
            for threads in (1, 2)
        ]
        assert all((said[0][key] == said[1][key]).all() for key in said[0]), name


def test_a_small_budget_is_said_in_the_rows_and_kept_when_the_run_goes_on(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a trial may cost is known from the table alone: fits that an earlier try did count as they did then."""
    asked = {"report": False, "cores": 1, "budget": 0.3}
    whole = run(frame, "answer", **asked, out=tmp_path / "other").verdict
    rows = {t["key"]: (t["status"], t["parts"], t["reason"]) for t in whole["trials"]}
    assert rows["linear-1"] == ("ok", 1, None), "all five parts would take more than half"
    assert rows["gradient_boosting-2"][:2] == ("skipped", 0) and "raise --budget" in str(rows["gradient_boosting-2"][2])
    assert "parts: 1" in whole["flags"] and "one part" in whole["interval_note"]
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stopped_at(7, patch, KeyboardInterrupt())
        run(frame, "answer", **asked, out=tmp_path / "out")
    run(frame, "answer", **asked, out=tmp_path / "out")
    must_be_whole(tmp_path / "out", whole)


def test_the_words_of_the_command_line_go_on_too(half: Path) -> None:
    assert call(*run_words("churn.csv", out="out")).code == 0 and Run.load("out").verdict["outcome"] == "met"
