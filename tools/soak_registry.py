"""Kill -9 a process that registers and moves aliases, again and again: nothing it acknowledged may be lost, nothing be half done.

    python tools/soak_registry.py --kills 500 --record

Two processes work on one registry at a time; one of them is killed at a random moment. Then every version that was
acknowledged must resolve, whole, with the hash that was acknowledged, and every alias must point where it did, or where it
was about to. Exit 1 where that does not hold.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deepenough.registry import Registry

NAMES = ("churn", "fraud")
ALIASES = ("champion", "challenger")


def bundle(seed: int) -> list[tuple[str, bytes]]:
    """Return the files of something that looks like a bundle to the registry: hashed data, no model."""
    rng = random.Random(seed)
    files = {"model.onnx": rng.randbytes(60_000), "evidence/verdict.json": rng.randbytes(3_000)}
    listed = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    manifest = json.dumps({"seed": seed, "files": listed}).encode()
    return [*files.items(), ("manifest.json", manifest)]


def work(folder: Path, seed: int) -> None:
    """Register and move aliases for ever; before each act say what is tried, after it what came of it."""
    registry, rng = Registry(folder), random.Random(seed)
    say("ready")
    for turn in range(1_000_000):
        name, alias = rng.choice(NAMES), rng.choice(ALIASES)
        if turn == 0 or rng.random() < 0.6:
            aliased = alias if rng.random() < 0.5 else None
            say("trying", name, aliased, None)
            done = registry.add(name, bundle(rng.randrange(2**40)), {"turn": turn}, aliased).version
            say("registered", name, done.version, done.digest, aliased)
        elif name in registry.names():
            version = rng.choice(registry.versions(name))
            say("trying", name, alias, version.version)
            registry.point(alias, version.reference)
            say("pointed", name, alias, version.version)


def say(*words: object) -> None:
    os.write(1, (json.dumps(words) + "\n").encode())


class Killed:
    """A process that was killed: the lines it had written."""

    def __init__(self, folder: Path, seed: int) -> None:
        words = [sys.executable, __file__, "--work", str(folder), "--seed", str(seed)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._out = self._process.stdout
        self._out.readline()  # it is ready

    def kill(self) -> list[list[object]]:
        self._process.send_signal(signal.SIGKILL)
        lines = self._out.read().decode().split("\n")[:-1]  # the last is empty, or half a line
        self._process.wait()
        self._out.close()
        return [json.loads(line) for line in lines]


def soak(kills: int, seed: int, folder: Path) -> dict[str, object]:
    """Kill so many processes; return what was counted. `AssertionError` where something was lost or is half done."""
    rng, known = random.Random(seed), {}
    slowest = 0.0
    for _ in range(kills):
        two = [Killed(folder, rng.randrange(2**40)) for _ in range(2)]
        time.sleep(rng.random() * 0.25)
        said = [line for one in (two if rng.random() < 0.5 else two[::-1]) for line in one.kill()]
        known |= {(line[1], line[2]): line[3] for line in said if line[0] == "registered"}
        begun = time.monotonic()
        check(Registry(folder), known, said)
        slowest = max(slowest, time.monotonic() - begun)
    left = [p.name for p in (folder / "bundles").iterdir() if p.name.startswith(".")]
    return {
        "kills": 2 * kills,
        "versions_acknowledged": len(known),
        "copies_left_over": len(left),
        "slowest_check_seconds": round(slowest, 2),
    }


def check(registry: Registry, known: dict[tuple[object, object], object], said: list[list[object]]) -> None:
    """Hold the registry against what was acknowledged, and against what was said last."""
    assert registry.faults() == []
    there = {(v.name, v.version): v.digest for name in registry.names() for v in registry.versions(name)}
    assert known.items() <= there.items(), "an acknowledged version is lost, or another one"
    for name in registry.names():
        numbers = sorted(v.version for v in registry.versions(name))
        assert numbers == list(range(1, len(numbers) + 1)), "a version was left out"
        moves = registry.history(name)[::-1]
        for alias, number in registry.aliases(name).items():
            own = [m for m in moves if m.alias == alias]
            assert own[-1].version == number and [m.previous for m in own[1:]] == [m.version for m in own[:-1]]
            assert registry.resolve(f"{name}@{alias}").version == number
    made = {(m.name, m.alias, m.version) for name in registry.names() for m in registry.history(name)}
    for line in said:
        if line[0] == "pointed" or (line[0] == "registered" and line[4]):
            name, alias, number = (line[1], line[2], line[3]) if line[0] == "pointed" else (line[1], line[4], line[2])
            assert (name, alias, number) in made, "an acknowledged move is lost"


def main() -> int:
    """Soak, print the counts, and return 1 where something was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--record", action="store_true", help="write docs/figures/soak_registry.json")
    asked = parser.parse_args()
    if asked.work:
        work(asked.work, asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        try:
            counted = soak((asked.kills + 1) // 2, asked.seed, Path(folder) / "registry")
        except AssertionError as lost:
            print(f"LOST: {lost}")
            return 1
    print(json.dumps(counted, indent=1))
    if asked.record:
        record = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "_record.py"))["write"]
        record("soak_registry", asked.seed, **counted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
