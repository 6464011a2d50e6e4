"""Print the licence of every installed distribution; exit 1 where one must not be there, or is not known.

    python tools/licences.py          # a table
    python tools/licences.py --json   # the same for machines

Refused everywhere: GPL, AGPL, SSPL, the Business Source License, anything non-commercial. LGPL: only outside the core.
"""
# ruff: noqa: T201

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import Distribution, distributions

from closure import closure, normal

INSTALLERS = {"pip", "setuptools", "wheel"}
REFUSED = re.compile(
    r"\bA?GPL|GNU (Affero )?General|Affero|SSPL|Server Side Public|BUSL|Business Source|BSL[- ]?1\.1"
    r"|non-?commercial|\bNC\b|-NC-|Proprietary",
    re.I,
)
READ = {"interpret-core": "MIT"}  # read at the head of every file of the package: its metadata name none
LESSER = re.compile(r"LGPL|Lesser|Library General", re.I)
KNOWN = re.compile(
    r"\b(MIT|0?BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|Zlib|CC0|HPND|CNRI-Python|BSL-1\.0|Boost|Unlicense)\b"
    r"|Public Domain",
    re.I,
)


def licence_of(found: Distribution) -> str:
    """Return what the metadata say: the expression, else the classifiers, else the first line of the licence field."""
    meta = found.metadata
    if "License-Expression" in meta:
        return str(meta["License-Expression"])
    classified = [c.rpartition(" :: ")[2] for c in meta.get_all("Classifier") or [] if c.startswith("License :: ")]
    classified = [c for c in classified if c != "OSI Approved"]
    if classified:
        return " AND ".join(classified)
    written = str(meta["License"]).strip().splitlines() if "License" in meta else []
    return written[0].strip() if written else READ.get(normal(str(meta["Name"])), "")


def judge(licence: str, core: bool) -> str:
    """Return ok, refused or unknown. Of alternatives (OR) one that is ok is enough; of parts (AND) all must be.

    >>> judge("Apache-2.0 OR GPL-3.0-only", True), judge("MIT AND GPL-3.0-only", True), judge("BSL-1.0", True), judge("BUSL-1.1", True)
    ('ok', 'refused', 'ok', 'refused')
    >>> judge("LGPL-3.0-or-later", True), judge("LGPL-3.0-or-later", False), judge("", True)
    ('refused', 'ok', 'unknown')
    """
    plain = licence.replace("(", " ").replace(")", " ")
    answers = [
        [_judge_one(part.partition(" WITH ")[0], core) for part in side.split(" AND ")] for side in plain.split(" OR ")
    ]
    worst = ["refused" if "refused" in side else "unknown" if "unknown" in side else "ok" for side in answers]
    return "ok" if "ok" in worst else worst[0]


def _judge_one(name: str, core: bool) -> str:
    if LESSER.search(name):
        return "refused" if core else "ok"
    if REFUSED.search(name):
        return "refused"
    return "ok" if KNOWN.search(name) else "unknown"


def table() -> list[dict[str, str]]:
    """Return a row a distribution: name, version, part (core or extra), licence, answer."""
    core = closure("deepenough") | {"deepenough"}
    rows = {}
    for found in distributions():
        name = normal(found.name)
        if name in INSTALLERS - core:
            continue
        licence, part = licence_of(found), "core" if name in core else "extra"
        rows[name] = {
            "name": name,
            "version": found.version,
            "part": part,
            "licence": licence,
            "answer": judge(licence, part == "core"),
        }
    return sorted(rows.values(), key=lambda r: (r["part"], r["name"]))


def main() -> int:
    """Print the table; return 1 where an answer is not ok."""
    rows = table()
    bad = [r for r in rows if r["answer"] != "ok"]
    if "--json" in sys.argv[1:]:
        print(json.dumps(rows, indent=1))
        return 1 if bad else 0
    for row in rows:
        print(f"{row['part']:<6}{row['name']:<28}{row['version']:<18}{row['answer']:<9}{row['licence'][:90]}")
    print(
        f"\n{sum(r['part'] == 'core' for r in rows)} in the core, {len(rows)} in all; "
        + (f"not ok: {', '.join(r['name'] for r in bad)}" if bad else "every licence is known and allowed")
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
