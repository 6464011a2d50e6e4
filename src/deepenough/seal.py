"""Whether the seal of a run held: the ledger's chain, and all that the folder says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepenough import unfinished
from deepenough.bundle import Bundle
from deepenough.dataset import Dataset
from deepenough.errors import BundleError, DataError, SealError
from deepenough.ledger import Fault, Ledger, digest, level_of, until_verdict
from deepenough.splits import of_hashes, row_hashes, truth_hash

LEDGER = "sealed.jsonl"
JUDGEMENTS = "judgements"


@dataclass(frozen=True)
class Proof:
    """What verifying a run's folder found.

    Attributes
    ----------
    faults : what does not hold; none where everything does.
    openings : looks at the sealed rows that are on record. head : hash of the last line.
    """

    faults: list[Fault]
    openings: int
    head: str

    @property
    def sentence(self) -> str:
        """All of it for a person."""
        if self.faults:
            return f"{self.faults[0]} This folder is no proof of what it says."
        if not self.openings:
            return "The seal was never opened, and nothing says otherwise."
        looks = "once" if self.openings == 1 else f"{self.openings} times"
        return (
            f"The seal was opened {looks}, for what was planned; no line was changed, taken out, put in or moved, and models, "
            "sealed rows and verdict are those on record."
        )

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        return {
            "schema": "deepenough.proof/1",
            "holds": not self.faults,
            "sentence": self.sentence,
            "faults": [{"line": f.line, "message": f.message} for f in self.faults],
            "openings": self.openings,
            "head": self.head,
        }


def verify(folder: str | Path, head: str | None = None) -> Proof:
    """Recompute the ledger's chain, and hold bundles, sealed rows, verdict and judgements against it.

    Parameters
    ----------
    head : the hash of the last line as it was noted some time ago: a ledger that was written anew as a whole, every hash in
        it, holds it no more.

    Raises `DataError` where the folder holds no run.
    """
    path = Path(folder)
    verdict = _read(path / "verdict.json")
    ledger = Ledger(path / LEDGER)
    broken = ledger.faults()
    if broken:
        return Proof(broken, 0, ledger.head)
    lines = ledger.lines()
    openings = sum(line["event"] == "opening" for line in lines)
    if not lines:
        never = verdict.get("outcome") == "not_ready" and not verdict.get("openings")
        found = [] if never else [Fault(None, f"'{path / LEDGER}' is missing, though the seal was opened.")]
    else:
        done = until_verdict(lines)  # a further look that came to no verdict leaves the one before as it was
        found = list(_in_order(lines)) or [
            *_of_split(path, done),
            *_of_bundles(path, done, verdict),
            *_of_verdict(path, done, verdict),
            *_of_judgements(path, lines),
        ]
    if head and not ledger.holds(head):
        found.append(Fault(None, f"no line has the hash {head[:16]}... that was noted: the ledger was written anew."))
    return Proof(found, openings, ledger.head)


def must_be_sealed(folder: Path, rows: Dataset) -> None:
    """Refuse a further look where the record of an earlier run is broken, or these are not the rows that it sealed."""
    proof = verify(folder)
    if proof.faults or not proof.openings:
        raise SealError(f"Nothing of '{folder}' can be looked at again: {proof.sentence}")
    cut, plan = _read(folder / "split.json"), _last(until_verdict(Ledger(folder / LEDGER).lines()), "plan")
    salt = cut["salt"]
    if row_hashes(salt, rows) != cut["sealed_hashes"] or truth_hash(salt, rows) != plan["truth"]:
        raise SealError(
            f"These are not the rows that '{folder}' sealed: the table, its columns or the seed changed. "
            "Make a run of its own with another --out."
        )


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(
            unfinished.sentence(path.parent)
            or f"'{path.parent}' holds no finished run (no {path.name}). Name a folder that `deepenough run` made."
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SealError(f"'{path}' cannot be read: it is damaged. Bring it back from a copy.")
    return document


def _in_order(lines: list[dict[str, Any]]) -> Iterator[Fault]:
    """The plan first; looks counted from one, each at its level; what came of a look after it."""
    if lines[0]["event"] != "plan":
        yield Fault(1, "the first line is no plan: what was to be opened was not fixed beforehand.")
    look = 0
    for line in lines:
        event, n = line["event"], line["n"]
        if event == "opening":
            look += 1
            if (line.get("look"), line.get("level")) != (look, level_of(look)):
                yield Fault(n, f"this is look {look}, at the level {level_of(look):g}, and the line says otherwise.")
        elif event in ("verdict", "judgement"):
            if not 1 <= int(line.get("look", 0)) <= look:
                yield Fault(n, f"a {event} of a look that was not opened before.")
        elif event != "plan":
            yield Fault(n, f"'{event}' is nothing a ledger records.")


def _of_split(folder: Path, lines: list[dict[str, Any]]) -> Iterator[Fault]:
    split, plan = _read(folder / "split.json"), _last(lines, "plan")
    hashes = split.get("sealed_hashes") or []
    if of_hashes(str(split.get("salt")), hashes) != plan.get("split") or len(hashes) != plan.get("rows"):
        yield Fault(plan["n"], "the sealed rows that split.json names are not those on record.")


def _of_bundles(folder: Path, lines: list[dict[str, Any]], verdict: dict[str, Any]) -> Iterator[Fault]:
    plan, opening = _last(lines, "plan"), own_opening(lines)
    if opening is None:
        yield Fault(None, "a verdict is there, and no opening of the seal is on record.")
        return
    keys, subjects, n = plan["subjects"], opening["subjects"], opening["n"]
    if len(keys) != len(subjects):
        yield Fault(n, f"opened for {len(subjects)} models, and {len(keys)} were planned.")
    named = dict(zip(keys, subjects, strict=False))
    places = [(folder / "trials" / key / "bundle", key) for key in named] + [
        (folder / "bundle", str(verdict.get("chosen_trial")))
    ]
    for path, key in places:
        name = path.relative_to(folder)
        try:
            same = Bundle.load(path).digest == named.get(key)
        except BundleError as error:
            yield Fault(n, f"'{name}' is not whole: {error}")
            continue
        if not same:
            yield Fault(n, f"'{name}' is not the model that the seal was opened for.")


def own_opening(lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the opening that the run's own verdict rests on: the last that no judge asked for."""
    own = [line for line in lines if line["event"] == "opening" and line.get("by") != "judge"]
    return own[-1] if own else None


def _of_verdict(folder: Path, lines: list[dict[str, Any]], verdict: dict[str, Any]) -> Iterator[Fault]:
    plan, opening, last = _last(lines, "plan"), own_opening(lines), _last(lines, "verdict")
    if not last:
        yield Fault(None, "the verdict is on no line: the end of sealed.jsonl was taken off.")
        return
    if verdict.get("chosen_trial") not in (plan["chosen"], plan.get("otherwise")):
        yield Fault(plan["n"], f"the verdict chose '{verdict.get('chosen_trial')}', which was not planned.")
    for said, planned in (("worth_used", "worth"), ("metric", "metric"), ("bar", "bar"), ("evidence", "evidence")):
        if verdict.get(said) != plan.get(planned):
            yield Fault(plan["n"], f"verdict.json says another {planned} than what was planned.")
    looks = sum(line["event"] == "opening" for line in lines)
    if opening is not None and verdict.get("openings") != looks:
        yield Fault(
            opening["n"],
            f"verdict.json counts {verdict.get('openings')} opening(s), and {looks} are on record.",
        )
    if digest((folder / "verdict.json").read_bytes()) != last["sha256"]:
        yield Fault(last["n"], "verdict.json was changed after it was written.")


def _of_judgements(folder: Path, lines: list[dict[str, Any]]) -> Iterator[Fault]:
    recorded = {f"{line['look']}.json": line for line in lines if line["event"] == "judgement"}
    there = {p.name: p for p in (folder / JUDGEMENTS).glob("*.json")}
    for name in sorted({*recorded, *there}):
        place = f"{JUDGEMENTS}/{name}"
        if name not in recorded:
            yield Fault(
                None, f"'{place}' is on no line: the end of sealed.jsonl was taken off, or the file was put in."
            )
        elif name not in there:
            yield Fault(recorded[name]["n"], f"'{place}' is missing.")
        elif digest(there[name].read_bytes()) != recorded[name]["sha256"]:
            yield Fault(recorded[name]["n"], f"'{place}' was changed after it was written.")


def _last(lines: list[dict[str, Any]], event: str) -> dict[str, Any]:
    return next((line for line in reversed(lines) if line["event"] == event), {})
