"""Old bundles load for ever: what an earlier version wrote is read and answers as it did."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from deepenough.bundle import Bundle

GOLDEN = Path(__file__).parent / "golden"
HASH = "1385eaf354d1868248184912010f449ac14a81038975dc270bc30332732960e9"
FOLDERS = sorted(p.parent for p in GOLDEN.glob("*/*/answers.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_a_bundle_of_an_earlier_version_answers_as_it_did(folder: Path) -> None:
    known = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    bundle = Bundle.load(folder / "bundle")
    assert bundle.digest == known["digest"], "the golden bundle itself was changed"
    many = bundle.predict(known["rows"])
    one = [bundle.predict([row]) for row in known["rows"]]
    assert list(many) == list(known["answers"])
    for name, expected in known["answers"].items():
        for said in (many[name].tolist(), [o[name].tolist()[0] for o in one]):
            assert (
                said == expected if isinstance(expected[0], str) else np.allclose(said, expected, rtol=1e-5, atol=1e-5)
            )
    assert bundle.read("evidence/verdict.json")["sentence"] == "A golden bundle."


def test_there_are_golden_bundles_of_each_kind() -> None:
    assert {f.name for f in FOLDERS} >= {
        f"{f}-{k}" for f in ("linear", "gradient_boosting") for k in ("classification", "regression")
    }


def test_they_are_small_and_as_they_were() -> None:
    """Their hash stands here, so that nobody makes them anew without saying so."""
    files = sorted(p for p in (GOLDEN / "0.1.0").rglob("*") if p.is_file())
    assert sum(p.stat().st_size for p in files) < 600_000
    digest = hashlib.sha256(b"".join(hashlib.sha256(p.read_bytes()).digest() for p in files)).hexdigest()
    assert digest == HASH, "made anew? then say why: python tools/golden.py --again REASON"
