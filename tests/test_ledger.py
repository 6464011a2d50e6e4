"""The ledger of a seal: a chain, whose every edit is found; and what the folder of a run must agree with."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import call, people
from hypothesis import given
from hypothesis import strategies as st

from deepenough.corridor import Corridor
from deepenough.errors import DataError, DeepEnoughError, SealError
from deepenough.judging import judge
from deepenough.ledger import FIRST, Ledger, digest, faults, level_of
from deepenough.loading import load
from deepenough.runs import run
from deepenough.seal import verify
from deepenough.splits import Sealed

Lines = list[str]


def filled(path: Path, n: int = 5) -> Ledger:
    """A ledger of a plan and n - 1 openings."""
    ledger = Ledger(path / "sealed.jsonl")
    ledger.append("plan", worth=0.02)
    for i in range(n - 1):
        ledger.append("opening", reason=f"number {i}", subjects=[str(i)])
    return ledger


def raw(ledger: Ledger) -> Lines:
    return ledger.path.read_text(encoding="utf-8").splitlines()


def rows(n: int = 60, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return load(pd.DataFrame({"x": rng.normal(size=n), "y": rng.choice(["no", "yes"], n)}), "y")


# --- the chain -----------------------------------------------------------------------------------------------------


def test_each_line_carries_the_hash_of_the_one_before(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    text = raw(ledger)
    assert [json.loads(line)["previous"] for line in text] == [FIRST, *(digest(line) for line in text[:-1])]
    assert [json.loads(line)["n"] for line in text] == [1, 2, 3, 4, 5] and ledger.faults() == []
    assert ledger.head == digest(text[-1]) and ledger.holds(digest(text[1])) and not ledger.holds("0" * 64)


def test_looks_are_counted_and_each_has_half_the_level_of_the_one_before(tmp_path: Path) -> None:
    lines = filled(tmp_path, 6).lines()[1:]
    assert [line["look"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["level"] for line in lines] == [0.05, 0.025, 0.0125, 0.00625, 0.003125]
    assert sum(level_of(j) for j in range(1, 60)) <= 0.1


def test_many_judges_at_once_take_turns(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    ledger = filled(tmp_path, 1)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: Ledger(ledger.path).append("opening", reason=str(i), subjects=[]), range(40)))
    assert ledger.faults() == [] and sorted(line["look"] for line in made) == list(range(1, 41))


def test_a_line_that_does_not_fit_on_the_disk_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = filled(tmp_path)
    before = ledger.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        ledger.append("opening", reason="more", subjects=[])
    assert ledger.path.read_bytes() == before


def test_an_empty_ledger_has_no_lines(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "sealed.jsonl")
    assert ledger.lines() == [] and ledger.faults() == [] and ledger.head == FIRST and not ledger.path.exists()


def change(i: int) -> Callable[[Lines], Lines]:
    """Say something else in line i, and leave all hashes as they are."""
    return lambda text: [line.replace("number", "nobody") if at == i else line for at, line in enumerate(text)]


@pytest.mark.parametrize("i", [1, 2, 4])
def test_a_changed_line_is_found_the_last_one_too(i: int, tmp_path: Path) -> None:
    found = faults(change(i)(raw(filled(tmp_path))))
    assert found[0].line == i + 1 and "changed" in str(found[0])


@given(st.data())
def test_no_edit_of_the_chain_goes_unseen(data: st.DataObject) -> None:
    """Any other list of these lines, and any other character in one, breaks it; but the end may be missing: see below."""
    text = CHAIN
    kind = data.draw(st.sampled_from(["delete", "insert", "swap", "character", "repeat"]))
    i = data.draw(st.integers(0, len(text) - 1))
    if kind == "delete":
        i = data.draw(st.integers(0, len(text) - 2))
        other = text[:i] + text[i + 1 :]
    elif kind == "insert":
        other = [*text[:i], data.draw(st.text(st.characters(exclude_characters="\n\r"), max_size=40)), *text[i:]]
    elif kind == "repeat":
        other = [*text[:i], text[data.draw(st.integers(0, len(text) - 1))], *text[i:]]
    elif kind == "swap":
        j = data.draw(st.integers(0, len(text) - 1).filter(lambda j: j != i))
        other = [text[j] if at == i else text[i] if at == j else line for at, line in enumerate(text)]
    else:
        at = data.draw(st.integers(0, len(text[i]) - 1))
        new = data.draw(st.characters(exclude_characters=["\n", text[i][at]]))
        other = [*text[:i], text[i][:at] + new + text[i][at + 1 :], *text[i + 1 :]]
    assert faults(other) != []


def _chain() -> Lines:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return raw(filled(Path(folder)))


CHAIN = _chain()


def test_nothing_is_added_to_a_broken_chain(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    ledger.path.write_text("\n".join(change(2)(raw(ledger))) + "\n", encoding="utf-8")
    before = ledger.path.read_bytes()
    with pytest.raises(SealError, match="line 3: it was changed"):
        ledger.append("opening", reason="more", subjects=[])
    assert ledger.path.read_bytes() == before


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '{"event": "plan"}', "\x00", '{"n": 1'])
def test_what_is_no_line_is_named(text: str) -> None:
    assert faults([text])[0].line == 1


def test_a_line_that_was_cut_off_is_found(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    ledger.path.write_bytes(ledger.path.read_bytes()[:-20])
    assert [f.line for f in ledger.faults()] == [5]


# --- the seal ------------------------------------------------------------------------------------------------------


def test_a_further_look_is_refused_unless_it_is_asked_for_and_then_it_is_counted(tmp_path: Path) -> None:
    sealed = Sealed(rows(), tmp_path / "sealed.jsonl", "salt")
    sealed.plan(worth=0.02)
    assert sealed.level == 0.05
    sealed.open("verdict", ["a"])
    for reason in (None, "", "  "):
        with pytest.raises(SealError, match="second look"):
            Sealed(rows(), tmp_path / "sealed.jsonl", "salt", reason).open("verdict", ["b"])
    assert (sealed.openings, sealed.level) == (1, 0.05)
    again = Sealed(rows(), tmp_path / "sealed.jsonl", "salt", "a colleague asked")
    again.plan(worth=0.02)
    again.open("verdict", ["b"])
    assert (again.openings, again.level) == (2, 0.025)
    assert again.ledger.lines()[-1]["reason"] == "a colleague asked"
    assert [line["event"] for line in again.ledger.lines()] == ["plan", "opening", "plan", "opening"]


def test_the_plan_says_which_rows_are_sealed_and_no_one_can_read_them_from_it(tmp_path: Path) -> None:
    plans = []
    for name, salt, seed in (("a", "x", 0), ("b", "x", 0), ("c", "y", 0), ("d", "x", 1)):
        sealed = Sealed(rows(seed=seed), tmp_path / name, salt)
        sealed.plan()
        plans.append({k: sealed.ledger.lines()[0][k] for k in ("rows", "split", "truth")})
    assert plans[0] == plans[1] and plans[0]["rows"] == 60
    for other in plans[2:]:
        assert other["split"] != plans[0]["split"] and other["truth"] != plans[0]["truth"]


# --- a run ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, looked at once more by a judge."""
    place = tmp_path_factory.mktemp("seal")
    frame = people()
    made = run(frame, "answer", bar="accuracy >= 0.7", out=place / "out", report=False, cores=1)
    judge(made, lambda rows: np.where(rows["size"] > 0.2, "yes", "no"), data=frame)
    return place / "out"


@pytest.fixture
def copy(judged: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(judged, tmp_path / "copy"))


def test_an_honest_ledger_is_verified(judged: Path) -> None:
    proof = verify(judged)
    assert proof.faults == [] and proof.openings == 2 and "opened 2 times" in proof.sentence
    events = [line["event"] for line in Ledger(judged / "sealed.jsonl").lines()]
    assert events == ["plan", "opening", "verdict", "opening", "judgement"]
    said = call("verify", str(judged))
    assert said.code == 0 and "Verified" in said.out and proof.head in said.out
    assert json.loads(call("verify", str(judged), "--json").out) == proof.document()


def test_a_seal_that_was_noted_is_found_again_and_another_is_not(judged: Path) -> None:
    noted = digest((judged / "sealed.jsonl").read_text().splitlines()[2])
    assert verify(judged, noted).faults == []
    assert "written anew" in str(verify(judged, "f" * 64).faults[0])
    assert call("verify", str(judged), "--head", "f" * 64).code == 1


TAMPERING: dict[str, tuple[Callable[[Lines], Lines], int | None]] = {
    "edit": (lambda text: [line.replace('"worth": 0.02', '"worth": 0.01') for line in text], 1),
    "edit of a level": (lambda text: [line.replace("0.025", "0.05") for line in text], 4),
    "edit of the last": (lambda text: [*text[:-1], text[-1].replace('"when": "2', '"when": "1')], 5),
    "deletion of the first": (lambda text: text[1:], 1),
    "deletion inside": (lambda text: text[:3] + text[4:], 4),
    "deletion of the last": (lambda text: text[:-1], None),
    "deletion of the last two": (lambda text: text[:-2], None),
    "deletion of all but the plan": (lambda text: text[:1], None),
    "insertion": (lambda text: [*text[:2], text[1], *text[2:]], 3),
    "insertion at the end": (lambda text: [*text, text[3]], 6),
    "order": (lambda text: [text[0], text[2], text[1], *text[3:]], 2),
    "nothing left": (lambda _text: [], None),
}


@pytest.mark.parametrize("kind", TAMPERING)
def test_whatever_is_done_to_the_lines_is_found_and_named(kind: str, copy: Path) -> None:
    tamper, line = TAMPERING[kind]
    path = copy / "sealed.jsonl"
    path.write_text("".join(f"{t}\n" for t in tamper(path.read_text().splitlines())), encoding="utf-8")
    proof = verify(copy)
    assert proof.faults and proof.faults[0].line == line, proof.faults
    said = call("verify", str(copy))
    assert said.code == 1 and "Changed" in said.out
    assert line is None or f"line {line}" in " ".join(said.out.split())
    with pytest.raises(SealError, match="Nothing can be judged"):
        judge(copy, lambda rows: rows["size"], data=people())


def rewritten(copy: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Write the ledger anew as a whole, every hash in it: what only the folder's other documents can tell."""
    lines = [json.loads(line) for line in (copy / "sealed.jsonl").read_text().splitlines()]
    (copy / "sealed.jsonl").unlink()
    ledger = Ledger(copy / "sealed.jsonl")
    for line in lines:
        change(line)
        made = {"n", "when", "event", "previous", "own", "look", "level"}
        what = {k: v for k, v in line.items() if k not in made or (k == "look" and line["event"] != "opening")}
        ledger.append(line["event"], **what)


@pytest.mark.parametrize(
    ("event", "what", "line"),
    [
        ("plan", {"worth": 0.5}, 1),
        ("plan", {"metric": "roc_auc"}, 1),
        ("plan", {"bar": None}, 1),
        ("plan", {"rows": 3}, 1),
        ("plan", {"split": "0" * 64}, 1),
        ("plan", {"chosen": "dummy-1"}, 1),
        ("opening", {"subjects": ["0" * 64]}, 2),
        ("verdict", {"sha256": "0" * 64}, 3),
        ("verdict", {"look": 7}, 3),
        ("judgement", {"sha256": "0" * 64}, 5),
        ("judgement", {"event": "nonsense"}, 5),
    ],
)
def test_a_ledger_that_was_written_anew_must_still_agree_with_the_folder(
    event: str, what: dict[str, Any], line: int, copy: Path
) -> None:
    noted = Ledger(copy / "sealed.jsonl").head
    rewritten(copy, lambda one: one.update(what) if one["event"] == event else None)
    proof = verify(copy)
    assert Ledger(copy / "sealed.jsonl").faults() == [] and line in [f.line for f in proof.faults], proof.faults
    assert any("written anew" in str(f) for f in verify(copy, noted).faults)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("verdict.json", '"outcome": "met"', '"outcome": "missed"'),
        ("verdict.json", '"openings": 1', '"openings": 0'),
        ("split.json", '"salt": "', '"salt": "0'),
        ("judgements/2.json", '"worth_it": "', '"worth_it": "perhaps '),
        ("bundle/manifest.json", '"seed": 0', '"seed": 1'),
        ("bundle/signature.json", '"tabular"', '"tabulae"'),
        ("trials/dummy-1/bundle/manifest.json", '"seed": 0', '"seed": 1'),
    ],
)
def test_a_document_or_a_model_that_was_changed_is_found(name: str, old: str, new: str, copy: Path) -> None:
    text = (copy / name).read_text(encoding="utf-8")
    assert old in text
    (copy / name).write_text(text.replace(old, new), encoding="utf-8")
    assert verify(copy).faults and call("verify", str(copy)).code == 1


@pytest.mark.parametrize("name", ["bundle/model.onnx", "judgements/2.json", "trials/linear-1/bundle", "sealed.jsonl"])
def test_what_is_missing_is_found(name: str, copy: Path) -> None:
    path = copy / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert verify(copy).faults


def test_one_bundle_in_place_of_another_is_found(copy: Path) -> None:
    shutil.rmtree(copy / "bundle")
    shutil.copytree(copy / "trials/dummy-1/bundle", copy / "bundle")
    assert "not the model" in str(verify(copy).faults[0])


def test_a_judgement_that_was_put_in_is_found(copy: Path) -> None:
    shutil.copy(copy / "judgements/2.json", copy / "judgements/3.json")
    assert "3.json" in str(verify(copy).faults[0])


def test_a_seal_that_was_never_opened_is_nothing_to_hide(tmp_path: Path) -> None:
    frame = people()
    frame["refund"] = (frame["answer"] == "yes") * 2.5
    run(frame, "answer", out=tmp_path / "out", report=False, cores=1)
    assert verify(tmp_path / "out").faults == [] and "never opened" in verify(tmp_path / "out").sentence
    assert call("verify", str(tmp_path / "out")).code == 0


@pytest.mark.parametrize("name", ["verdict.json", "split.json"])
def test_a_folder_that_is_no_whole_run_is_a_sentence(name: str, copy: Path) -> None:
    (copy / name).write_text("{", encoding="utf-8")
    with pytest.raises(SealError, match="damaged"):
        verify(copy)
    (copy / name).unlink()
    with pytest.raises(DataError, match="no finished run"):
        verify(copy)


def test_two_runs_salt_differently_and_decide_the_same(tmp_path: Path) -> None:
    salts = []
    for name in ("a", "b"):
        run(people(300), "answer", bar="accuracy >= 0.7", out=tmp_path / name, report=False, cores=1)
        salts.append(json.loads((tmp_path / name / "split.json").read_text())["salt"])
        assert salts[-1] not in (tmp_path / name / "verdict.json").read_text()
        assert salts[-1] not in (tmp_path / name / "sealed.jsonl").read_text()
    assert salts[0] != salts[1] and len(salts[0]) == 32


# --- a run that looks again --------------------------------------------------------------------------------------------


def again(table: Any, out: Path, **asked: Any) -> Any:
    return run(table, "answer", **{"bar": "accuracy >= 0.7", "out": out, "report": False, "cores": 1} | asked)


def test_a_run_may_look_again_with_a_reason_and_is_held_to_a_stricter_level(tmp_path: Path) -> None:
    out, frame = tmp_path / "out", people()
    first = again(frame, out)
    judge(out, lambda rows: np.where(rows["size"] > 0.2, "yes", "no"), data=frame)
    more = again(frame, out, open_again="  the bar was too low ", bar="accuracy >= 0.75")
    assert (first.verdict["openings"], more.verdict["openings"]) == (1, 3)
    assert "looked at 3 times" in more.verdict["interval_note"] and "0.0125" in more.verdict["interval_note"]
    assert first.verdict["interval_note"] is None
    lines = Ledger(out / "sealed.jsonl").lines()
    assert [line["event"] for line in lines] == [
        *("plan", "opening", "verdict"),
        *("opening", "judgement"),
        *("plan", "opening", "verdict"),
    ]
    assert lines[6]["reason"] == "the bar was too low" and verify(out).faults == []
    one, other = (next(t for t in r.verdict["trials"] if t["candidate"] == "linear")["test"] for r in (first, more))
    assert one["value"] == other["value"] and one["low"] > other["low"] and one["high"] < other["high"]
    assert judge(out, lambda rows: np.where(rows["size"] > 0.2, "yes", "no"), data=frame).look == 4
    assert verify(out).faults == []


def test_a_further_look_without_being_asked_for_is_refused(tmp_path: Path) -> None:
    out, frame = tmp_path / "out", people(300)
    again(frame, out)
    for asked, words in (
        ({}, "holds a run already"),
        ({"open_again": " "}, "needs a reason"),
        ({"open_again": "why not", "out": tmp_path / "other"}, "--out with the run"),
        ({"open_again": "other rows", "seed": 1}, "not the rows"),
    ):
        before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
        with pytest.raises(DeepEnoughError, match=words):
            again(frame, **{"out": out} | asked)
        assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    (out / "sealed.jsonl").write_text((out / "sealed.jsonl").read_text().replace("0.05", "0.5"))
    with pytest.raises(SealError, match="looked at again"):
        again(frame, out, open_again="please")


def test_a_look_that_came_to_no_verdict_stays_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between opening and verdict: the old run stands as it was, and the look is counted."""
    out, frame = tmp_path / "out", people(300)
    first = again(frame, out)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Corridor, "_keep", killed)
    with pytest.raises(KeyboardInterrupt):
        again(frame, out, open_again="once more")
    assert json.loads((out / "verdict.json").read_text()) == first.verdict
    assert verify(out).faults == [] and verify(out).openings == 2
