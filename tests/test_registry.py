"""The registry: versions never change, aliases move and go back, and what was acknowledged is there, whole, whatever happened."""

from __future__ import annotations

import errno
import json
import os
import runpy
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calling import call, must_be_refusal, people, untouched

import deepenough
from deepenough import Registry, Run, open_bundle, register, seal
from deepenough.errors import BundleError, DeepEnoughError, RegistryError, SettingError, StorageError
from deepenough.registry import Reference, find, parse

SOAK = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "soak_registry.py"))
bundle = SOAK["bundle"]  # files that look like a bundle to the registry, by seed


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("DEEPENOUGH_REGISTRY", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def three() -> Registry:
    """Three versions of churn; champion pointed at 1, then at 2, then at 3."""
    registry = Registry()
    for seed in range(3):
        registry.add("churn", bundle(seed), {"seed": seed}, "champion")
    return registry


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that met its bar and one that missed it."""
    folder = tmp_path_factory.mktemp("registered")
    for name, bar, seed in (("met", 0.7, 0), ("missed", 0.99, 1)):
        more: dict[str, Any] = {"out": folder / name, "report": False, "cores": 1, "budget": "1s", "seed": seed}
        deepenough.run(people(), "answer", bar=f"accuracy >= {bar}", **more)
    return folder


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("churn@champion", Reference("churn", alias="champion")),
        ("models:/churn@champion", Reference("churn", alias="champion")),
        ("churn/3", Reference("churn", number=3)),
        ("models:/churn/12", Reference("churn", number=12)),
        ("churn/latest", Reference("churn")),
        *(
            (text, None)
            for text in ("churn", "runs/churn", "churn/0", "churn/03", "a/b/3", "./churn/3", "/churn/3", "@x")
        ),
        *(
            (text, None)
            for text in ("churn@3", "churn@v3", "churn@latest", "churn@a@b", "../x@y", "nul/3", "a b@c", "é@x", "")
        ),
    ],
)
def test_what_names_a_version(text: str, means: Reference | None) -> None:
    assert parse(text) == means
    assert means is None or str(means) == text.removeprefix("models:/")


@pytest.mark.parametrize("text", ["models:/churn", "models:/../x@y", "models:churn/3", "models:/"])
def test_what_begins_as_a_name_and_is_none(text: str) -> None:
    with pytest.raises(RegistryError, match=r"names no version of a model. Write models:/NAME@alias"):
        parse(text)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "a:b",
        "a b",
        "a@b",
        "é",
        "a\n",
        "-a",
        "a.",
        "CON",
        "nul.txt",
        "a" * 65,
        "a\0",
    ],
)
def test_a_name_some_system_would_read_otherwise_is_refused(name: str, here: Path) -> None:
    with untouched(here), pytest.raises(SettingError, match="cannot be a model's name"):
        Registry().add(name, bundle(0), {})


@pytest.mark.parametrize("alias", ["3", "v3", "V12", "latest", "Latest", "a/b", "a@b", "", "con"])
def test_an_alias_that_looks_like_a_version_is_refused(alias: str, here: Path) -> None:
    with untouched(here), pytest.raises(SettingError, match="cannot be an alias"):
        Registry().add("churn", bundle(0), {}, alias)


def test_names_that_differ_in_capitals_alone(three: Registry) -> None:
    with untouched(three.folder), pytest.raises(RegistryError, match="has 'churn', and 'Churn' differs"):
        three.add("Churn", bundle(9), {})


# --- versions ---------------------------------------------------------------------------------------------------------


def test_versions_count_up_and_know_the_one_before(three: Registry) -> None:
    found = three.versions("churn")
    assert [(v.version, v.parent, v.lineage["seed"]) for v in found] == [(3, 2, 2), (2, 1, 1), (1, None, 0)]
    assert all(v.who and v.created and v.made_by for v in found)
    assert three.names() == ["churn"] and three.resolve("churn/latest").version == 3


def test_the_same_bundle_again_is_the_same_version(three: Registry) -> None:
    again = three.add("churn", bundle(1), {"seed": "another"}, "champion")
    assert (again.new, again.version.version, again.version.lineage) == (False, 2, {"seed": 1})
    assert again.move is not None and (again.move.version, again.move.previous) == (2, 3)
    assert three.add("churn", bundle(1), {}, "champion").move is None
    other = three.add("fraud", bundle(1), {})
    assert other.new and other.version.version == 1 and other.version.folder == again.version.folder
    assert len(list((three.folder / "bundles").iterdir())) == 3


def test_a_copy_that_was_changed_is_refused_and_healed(three: Registry) -> None:
    for n, (name, data) in enumerate(
        [("model.onnx", b"other"), ("manifest.json", b"{}"), ("evidence/verdict.json", None)]
    ):
        path = three.resolve(f"churn/{n + 1}").folder / name
        path.unlink()
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(BundleError, match=rf"{name}' (was changed since|is missing, though) it was registered"):
            three.resolve(f"churn/{n + 1}")
    assert [fault.partition(":")[0] for fault in three.faults()] == ["churn/3", "churn/2", "churn/1"]
    with pytest.raises(BundleError):
        three.point("challenger", "churn/1")
    with pytest.raises(BundleError):
        three.roll_back("churn@champion")
    assert three.aliases("churn") == {"champion": 3}
    for seed in range(3):
        assert not three.add("churn", bundle(seed), {}).new
    assert three.faults() == [] and three.roll_back("churn@champion").version == 2


def test_a_bundle_that_lists_a_file_outside_is_refused(three: Registry) -> None:
    for name in ("../evil", "/evil", "a\\b", "c:evil", "a/../../evil"):
        with untouched(three.folder), pytest.raises(BundleError, match="outside itself"):
            three.add("churn", [(name, b"evil"), *bundle(9)], {})


def test_no_statement_changes_what_was_registered(three: Registry) -> None:
    with sqlite3.connect(three.folder / "registry.db") as connection:
        for statement in (
            "UPDATE versions SET digest = 'x'",
            "DELETE FROM versions",
            "UPDATE moves SET version = 1",
            "DELETE FROM moves",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                connection.execute(statement)
    connection.close()


# --- aliases ----------------------------------------------------------------------------------------------------------


def test_an_alias_moves_and_goes_back_as_an_editor_undoes(three: Registry) -> None:
    assert three.resolve("churn@champion").version == 3
    assert [three.roll_back("churn@champion").version for _ in range(2)] == [2, 1]
    with pytest.raises(RegistryError, match="nowhere to go back to"):
        three.roll_back("churn@champion")
    three.point("champion", "churn/3")
    assert three.roll_back("churn@champion").version == 1
    three.point("champion", "churn/2")
    assert three.remove("churn@champion").previous == 2 and three.aliases("churn") == {}
    with pytest.raises(RegistryError, match="no alias 'champion'"):
        three.remove("churn@champion")
    assert three.roll_back("churn@champion").version == 2
    assert three.roll_back("churn@champion").version == 1
    done = [(m.what, m.previous, m.version) for m in three.history("churn")[::-1]]
    assert done[:5] == [("set", None, 1), ("set", 1, 2), ("set", 2, 3), ("rollback", 3, 2), ("rollback", 2, 1)]
    assert done[5:] == [
        ("set", 1, 3),
        ("rollback", 3, 1),
        ("set", 1, 2),
        ("remove", 2, None),
        ("rollback", None, 2),
        ("rollback", 2, 1),
    ]


def test_aliases_of_one_model_leave_others_alone(three: Registry) -> None:
    three.add("fraud", bundle(7), {}, "champion")
    three.point("challenger", "churn/1")
    assert three.point("challenger", "churn/1") is None
    three.roll_back("churn@champion")
    assert three.aliases("churn") == {"champion": 2, "challenger": 1} and three.aliases("fraud") == {"champion": 1}
    assert three.resolve("churn/1").aliases == ("challenger",)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("churm@champion", "no model 'churm'. Did you mean 'churn'?"),
        ("churn@chmpion", "no alias 'chmpion'. Did you mean 'champion'? It has: champion."),
        ("churn/4", "no version 4. The newest is 3."),
        ("churn", "names no version of a model. Write NAME@alias"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(asked: str, says: str, three: Registry) -> None:
    with pytest.raises(RegistryError) as refused:
        three.resolve(asked)
    assert says in str(refused.value)


# --- a bundle's path, or a name ---------------------------------------------------------------------------------------


def test_a_real_folder_wins_and_both_are_refused(three: Registry, here: Path) -> None:
    copy = three.resolve("churn/2").folder
    assert find("churn/2") == find("models:/churn/2") == find(Path("models:/churn/2")) == copy
    assert find("runs/churn") == Path("runs/churn")
    for place in ("other/2", "churn/2"):
        (here / place).mkdir(parents=True)
    assert find("churn/2") == copy, "an empty folder is no bundle"
    for place in ("other/2", "churn/2"):
        (here / place / "manifest.json").touch()
    assert find("other/2") == Path("other/2")
    with pytest.raises(RegistryError, match=r"is a folder, and a model in the registry. Write models:/churn/2"):
        find("churn/2")
    assert find(here / "churn/2") == here / "churn/2" and find("models:/churn/2") == copy


def test_what_is_neither_says_so_of_both() -> None:
    with pytest.raises(RegistryError, match=r"There is no folder 'runs/3'. There is no registry 'registry'"):
        find("runs/3")
    with pytest.raises(RegistryError, match="There is no registry 'registry'"):
        find("models:/churn@champion")
    assert Registry().names() == [] and not Path("registry").exists()


def test_the_environment_names_the_registry(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPENOUGH_REGISTRY", str(here / "team" / "models"))
    Registry().add("churn", bundle(0), {})
    assert [p.name for p in here.iterdir()] == ["team"] and find("churn/1").parent == here / "team/models/bundles"


# --- several processes, and sudden ends -------------------------------------------------------------------------------

ADD = """
import runpy, sys
from deepenough.registry import Registry
bundle = runpy.run_path(sys.argv[1])["bundle"]
for turn in range(5):
    Registry().add("churn", bundle(100 * int(sys.argv[2]) + turn), {}, "champion")
    Registry().add("churn", bundle(7), {})
"""


def test_processes_that_register_at_once_get_versions_of_their_own() -> None:
    words = [sys.executable, "-c", ADD, str(Path(__file__).parents[1] / "tools" / "soak_registry.py")]
    begun = [subprocess.Popen([*words, str(n)], stderr=subprocess.PIPE, text=True) for n in range(4)]
    assert [(p.communicate()[1], p.returncode) for p in begun] == [("", 0)] * 4
    registry = Registry()
    assert [v.version for v in registry.versions("churn")] == list(range(21, 0, -1))
    assert len({v.digest for v in registry.versions("churn")}) == 21 and registry.faults() == []
    moves = registry.history("churn")[::-1]
    assert len(moves) == 20 and [m.previous for m in moves[1:]] == [m.version for m in moves[:-1]]


def test_nothing_acknowledged_is_lost_when_a_process_is_killed(here: Path) -> None:
    """`make soak` kills 500."""
    counted = SOAK["soak"](5, 3, here / "registry")
    assert counted["kills"] == 10 and counted["versions_acknowledged"] > 10


def test_what_a_killed_process_left_is_collected_when_it_is_old(three: Registry) -> None:
    store = three.folder / "bundles"
    kept = {v.digest for v in three.versions("churn")}
    for name, age in ((".old", 25), (".young", 1), ("0" * 64, 25), ("1" * 64, 1)):
        (store / name / "evidence").mkdir(parents=True)
        then = time.time() - age * 3600
        os.utime(store / name, (then, then))
    for digest in kept:
        os.utime(store / digest, (0, 0))
    three.add("churn", bundle(0), {})
    assert {p.name for p in store.iterdir()} == kept | {".young", "1" * 64}


@pytest.mark.parametrize("nth", range(1, 8))
def test_a_disk_that_is_full_at_any_file(nth: int, three: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    count, real = [0], os.fsync

    def full(handle: int) -> None:
        count[0] += 1
        if count[0] == nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    try:
        three.add("churn", bundle(9), {}, "champion")
        assert count[0] < nth
    except StorageError as error:
        assert "no space left on device. Free some space" in str(error)
        assert three.aliases("churn") == {"champion": 3} and len(three.versions("churn")) == 3
    assert not [p for p in (three.folder / "bundles").iterdir() if p.name.startswith(".")] and three.faults() == []


FILL = """
import hashlib, json, resource, sys
from deepenough.errors import StorageError
from deepenough.registry import Registry
data = b"x" * int(sys.argv[1])
listed = {"a.json": {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}}
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    Registry().add("churn", [("a.json", data), ("manifest.json", json.dumps({"files": listed}).encode())], {"long": "x" * 50_000})
except StorageError as error:
    print(error)
"""


@pytest.mark.parametrize(("size", "what"), [(100_000, "bundles"), (100, "registry.db")])
def test_a_limit_of_the_system(size: int, what: str, three: Registry) -> None:
    """The copy is too large, or the table of contents may not grow."""
    most = (three.folder / "registry.db").stat().st_size
    words = [sys.executable, "-c", FILL, str(size), str(most)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert f"{what}' could not be written: " in done.stdout and "Free some space" in done.stdout, done
    assert three.faults() == [] and len(three.versions("churn")) == 3 == len(three.history("churn"))
    assert three.add("churn", bundle(51), {}).version.version == 4


# --- damage -----------------------------------------------------------------------------------------------------------


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    path.unlink()
    if how == "foreign":
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE somebody (else_ TEXT)")
        connection.close()
    elif how == "newer":
        path.write_bytes(data)
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
    elif how != "gone":
        changed = {
            "empty": b"",
            "noise": os.urandom(len(data)),
            "short": data[: len(data) // 2],
            "text": b"no registry",
        }
        path.write_bytes(changed.get(how, data[:4096] + os.urandom(8192) + data[12288:]))


@pytest.mark.parametrize("how", ["gone", "empty", "noise", "short", "text", "middle", "foreign", "newer"])
def test_a_registry_that_is_damaged_is_a_sentence(how: str, three: Registry) -> None:
    damage(three.folder / "registry.db", how)
    for act in (
        lambda: three.resolve("churn/1"),
        lambda: three.names(),
        lambda: three.point("champion", "churn/1"),
        lambda: three.roll_back("churn@champion"),
        lambda: three.add("churn", bundle(9), {}),
    ):
        with pytest.raises(RegistryError) as refused:
            act()
        assert "registry.db" in str(refused.value) and str(refused.value).endswith("."), refused.value
    assert len(list((three.folder / "bundles").iterdir())) == 3, "no copy was collected"


def test_a_place_that_cannot_be_written(here: Path) -> None:
    (here / "file").touch()
    for place in ("file/registry", "/proc/registry"):
        with pytest.raises(StorageError, match=r"could not be written: .* DEEPENOUGH_REGISTRY"):
            Registry(place).add("churn", bundle(0), {})


READ_ONLY = """
import os, sys
from deepenough.errors import StorageError
from deepenough.registry import Registry
registry = Registry(sys.argv[1])
if os.geteuid() == 0:
    os.setuid(65534)  # the superuser may write anywhere
print(registry.resolve("churn@champion").version, registry.names(), registry.faults())
for act in (lambda: registry.point("champion", "churn/1"), lambda: registry.add("churn", [], {})):
    try:
        act()
    except StorageError as error:
        print(error)
"""


def test_a_registry_that_may_only_be_read_answers(three: Registry) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "registry")
        shutil.copytree(three.folder, place)
        for path, rights in (
            (place / "registry.db", 0o444),
            (place / "bundles", 0o555),
            (place, 0o555),
            (Path(folder), 0o755),
        ):
            path.chmod(rights)
        done = subprocess.run([sys.executable, "-c", READ_ONLY, str(place)], capture_output=True, text=True, check=True)
        for path in (place, place / "bundles"):
            path.chmod(0o755)
    first, *refusals = done.stdout.splitlines()
    assert first == "3 ['churn'] []" and len(refusals) == 2
    assert all("DEEPENOUGH_REGISTRY" in refusal for refusal in refusals)


# --- runs and bundles -------------------------------------------------------------------------------------------------


def test_a_registered_run_outlives_its_folder_and_answers(runs: Path, here: Path) -> None:
    shutil.copytree(runs / "met", "out")
    done = register("out", "churn", alias="champion")
    answers = Run.load("out").predict(people(20, 5))
    shutil.rmtree("out")
    assert (done.version.reference, done.new, done.notes) == ("churn/1", True, ())
    for name in ("churn@champion", "churn/1", "models:/churn/latest", Path("models:/churn@champion")):
        said = open_bundle(name).predict(people(20, 5))
        assert all(np.array_equal(said[column], answers[column]) for column in said)


def test_where_a_version_came_from_is_kept(runs: Path) -> None:
    lineage = register(runs / "met", "churn").version.lineage
    document = json.loads((runs / "met/run.json").read_text())
    assert lineage["model"] == Run.load(runs / "met").bundle.digest
    assert lineage["run"]["fingerprint"] == document["fingerprint"]
    assert lineage["verdict"]["outcome"] == "met" and 0.7 < lineage["verdict"]["score"]["low"] < 1
    assert lineage["seal"] == {"head": seal.verify(runs / "met").head, "openings": 1, "fault": None}


def test_what_is_worth_a_word_is_said(runs: Path, here: Path) -> None:
    (missed,) = register(runs / "missed", "churn").notes
    assert missed.startswith("The verdict on it is 'missed': ")
    shutil.copytree(runs / "met/bundle", "bundle")
    assert register("bundle", "bare").notes == ("It came without a run: nothing here says how good it is.",)
    assert register(runs / "met/bundle", "churn").version.lineage["run"]["name"] == "met"
    shutil.copytree(runs / "met", "edited")
    verdict = json.loads(Path("edited/verdict.json").read_text())
    Path("edited/verdict.json").write_text(json.dumps(verdict | {"sentence": "Perfect."}))
    (broken,) = register("edited", "edited").notes
    assert broken.startswith("The seal of its run does not hold: ") and "verdict.json was changed" in broken


def test_a_version_is_registered_under_another_name_with_its_past(runs: Path) -> None:
    first = register(runs / "met", "churn", alias="challenger").version
    second = register("churn@challenger", "churn-live").version
    assert second.digest == first.digest and second.lineage == first.lineage | {"from": "churn/1"}


def test_what_is_no_model_is_refused(runs: Path, here: Path) -> None:
    shutil.copytree(runs / "met/bundle", "bundle")
    (here / "bundle/model.onnx").write_bytes(b"\x08")
    with untouched(here):
        for source in ("bundle", "gone", "churn@champion"):
            with pytest.raises(DeepEnoughError):
                register(source, "churn")


def test_a_server_that_is_named_without_mlflow_is_a_sentence(
    runs: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec("mlflow"):
        pytest.skip("MLflow is installed here")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:1")
    with untouched(here):
        said = call("register", str(runs / "met"), "--name", "churn")
        must_be_refusal(said, 2, "MLFLOW_TRACKING_URI is set", "pip install 'deepenough[mlflow]'")
        must_be_refusal(call("predict", "models:/churn@champion", "churn.csv"), 2, "deepenough[mlflow]")
    assert "secret" not in said.err


# --- the command line -------------------------------------------------------------------------------------------------


def test_a_model_from_its_run_to_its_answers_and_back(runs: Path, here: Path) -> None:
    people().to_csv("churn.csv", index=False)
    met, missed = str(runs / "met"), str(runs / "missed")
    assert "churn@champion points at it." in call("register", met, "--name", "churn", "--alias", "champion").out
    again = json.loads(call("register", met, "--name", "churn", "--alias", "champion", "--json").out)
    assert (again["new"], again["version"], again["move"], again["mlflow"]) == (False, 1, None, None)
    assert "this bundle already" in call("register", met, "--name", "churn").out
    second = call("register", missed, "--name", "churn", "--alias", "champion")
    assert (
        second.code == 0 and "(before: churn/1)" in second.out and "Note: The verdict on it is 'missed'" in second.out
    )
    before = call("predict", "churn@champion", "churn.csv").out
    assert before == call("predict", missed, "churn.csv").out
    assert "rolled back to churn/1 (before: churn/2)" in call("models", "churn@champion", "--rollback").out
    assert call("predict", "models:/churn@champion", "churn.csv").out == call("predict", met, "churn.csv").out
    with untouched(here):
        listed = json.loads(call("models", "--json").out)["models"]
        assert listed == [{"name": "churn", "newest": 2, "aliases": {"champion": 1}}]
        model = json.loads(call("models", "churn", "--json").out)
        assert len(model["versions"]) == 2 and [m["what"] for m in model["history"]] == ["rollback", "set", "set"]
        one = json.loads(call("models", "churn@champion", "--json").out)
        assert (one["version"], one["lineage"]["verdict"]["outcome"]) == (1, "met")
        for words in (["models"], ["models", "churn"], ["models", "churn/2"], ["models", "--verify"]):
            said = call(*words)
            assert said.code == 0 and said.err == "" and ("churn" in said.out or "All 2 versions are whole" in said.out)
    assert "points at churn/2 (before: churn/1)" in call("models", "churn/2", "--alias", "champion").out
    assert "points at churn/2 already" in call("models", "churn/2", "--alias", "champion").out
    assert "is removed (before: churn/2)" in call("models", "churn@champion", "--remove").out


def test_the_models_command_refuses_in_sentences(three: Registry, here: Path) -> None:
    with untouched(here):
        must_be_refusal(call("models", "churn@champion", "--rollback", "--remove"), 2, "one thing at a time")
        must_be_refusal(call("models", "--rollback"), 2, "one thing at a time")
        must_be_refusal(call("models", "churn", "--verify"), 2, "one thing at a time")
        must_be_refusal(call("models", "churn", "--rollback"), 2, "names no version")
        must_be_refusal(call("models", "churn/2", "--rollback"), 2, "names no alias", "churn@champion")
        must_be_refusal(call("models", "fraud"), 2, "no model 'fraud'")
        must_be_refusal(call("models", "churn/2", "--alias", "v2"), 2, "cannot be an alias")
        must_be_refusal(call("predict", "churn/9", "churn.csv"), 2, "There is no folder 'churn/9'", "newest is 3")


def test_verify_names_what_was_changed(three: Registry, here: Path) -> None:
    (three.resolve("churn/2").folder / "model.onnx").unlink()
    said = call("models", "--verify")
    assert said.code == 1 and "[x] churn/2: " in said.out and "churn/1" not in said.out
    assert len(json.loads(call("models", "--verify", "--json").out)["faults"]) == 1


def test_nothing_is_registered_yet(here: Path) -> None:
    with untouched(here):
        assert "Nothing is registered in 'registry' yet" in call("models").out
        assert json.loads(call("models", "--json").out)["models"] == []
