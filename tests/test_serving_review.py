"""What people are to decide comes to them, and what they decide is kept: the queue, its page, and Label Studio's files."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import BEARER, GOLDEN, TOKEN, Reply, Server, eventually, serving
from calling import call, must_be_refusal
from scipy.stats import beta

from deepenough.errors import DataError
from deepenough.serving import Settings
from deepenough.serving._reviewing import picked
from deepenough.traffic import Decision, Item, Log, Reviews, exported, imported, open_log, upper, written

pytest.importorskip("uvicorn", reason="the extra serve is not installed")
MODEL = GOLDEN / "linear-classification" / "bundle"
EXAMPLES = json.loads((MODEL / "examples.json").read_text())["rows"]
ROW = EXAMPLES[0]
WITHIN = {"since": "01.03.2026", "at": "2026-02-01T10:00:00"}  # what training saw
ENV = {"DEEPENOUGH_TOKEN": TOKEN}


def item(i: int, reason: str = "random", chance: float = 0.1, second: int = 0, key: str | None = None) -> Item:
    cells, answer = written({"age": i}), written({"prediction": "yes", "probability_yes": 0.75})
    about = (f"i-{i}", f"r-{i}", 0, 1000.0 + i, key, "churn", "1", "champion", reason, chance, second)
    return Item(*about, cells, answer)


@pytest.fixture(params=["sqlite", "postgresql"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    address = request.getfixturevalue("server_of_logs") if request.param == "postgresql" else tmp_path / "log.db"
    found = open_log(address)
    found.forget(1e18)  # of the test before
    yield found
    found.close()


# --- the queue ---------------------------------------------------------------------------------------------------------


def test_what_is_decided_is_a_label_with_its_weight(log: Log) -> None:
    reviews = Reviews(log)
    assert reviews.add([item(1), item(2, "person", 1.0, second=1), item(3, "unsure", 1.0)]) == 3
    assert reviews.add([item(1)]) == 0, "the same again is not another one"
    assert [found.item for found, _ in reviews.next("anna", 9)] == ["i-2", "i-1", "i-3"], "who waits comes first"
    assert reviews.decide(Decision("i-1", "no", "anna", 2.0, 5.0)) == 1
    assert reviews.decide(Decision("i-2", "yes", "anna", 2.0, 6.0)) == 1
    lines = log.ask("SELECT id, truth, weight, source FROM labels ORDER BY id")
    assert lines == [("r-1", "no", 10.0, "review"), ("r-2", "yes", 1.0, "review")]
    with pytest.raises(DataError, match="Somebody else"):
        reviews.decide(Decision("i-1", "yes", "bert", 1.0, 7.0))
    assert [(found.item, turn) for found, turn in reviews.next("bert", 9)] == [("i-2", 2), ("i-3", 1)]
    assert reviews.decide(Decision("i-2", "no", "bert", 1.0, 8.0)) == 2, "a second one, who changes no label"
    assert log.ask("SELECT truth FROM labels WHERE id = 'r-2'") == [("yes",)]
    assert reviews.decide(Decision("i-1", "yes", "anna", 1.0, 9.0)) == 1, "who changes the mind replaces"
    assert log.ask("SELECT truth FROM labels WHERE id = 'r-1'") == [("yes",)]
    reviews.undo("i-1", "anna")
    assert log.ask("SELECT count(*) FROM labels WHERE id = 'r-1'") == [(0,)] and reviews.waiting("bert") == 2
    for name, who in (("i-1", "anna"), ("i-9", "anna")):
        with pytest.raises(DataError):
            reviews.undo(name, who)


def test_the_report_bounds_the_error_of_what_nobody_looks_at(log: Log) -> None:
    reviews = Reviews(log)
    reviews.add([*(item(i, second=int(i < 3)) for i in range(60)), item(99, "unsure", 1.0)])
    for i in range(60):
        reviews.decide(Decision(f"i-{i}", "no" if i < 2 else "yes" if i < 50 else None, "anna", 1.0, 5.0))
    for i in range(3):
        reviews.decide(Decision(f"i-{i}", "yes", "bert", 1.0, 5.0))
    said = reviews.report()
    assert (said["judged"], said["wrong"], said["decided_twice"], said["agreed"]) == (50, 2, 3, 1)
    assert said["reasons"] == {"random": 60, "unsure": 1}
    assert said["error_at_most"] == pytest.approx(beta.ppf(0.95, 3, 48))
    assert said["automated"] is None, "nothing is logged"


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (0, 300), (1, 20), (7, 1000), (19, 20)])
def test_the_bound_is_that_of_clopper_and_pearson(hits: int, n: int) -> None:
    assert upper(hits, n) == pytest.approx(beta.ppf(0.95, hits + 1, n - hits), abs=1e-9)


def test_who_is_forgotten_is_forgotten_here_too(log: Log) -> None:
    reviews = Reviews(log)
    reviews.add([item(1, key="anna"), item(2)])
    for i in (1, 2):
        reviews.decide(Decision(f"i-{i}", "yes", "carl", 1.0, 5.0))
    log.erase("anna")
    assert [found.item for found, _ in reviews.everything()] == ["i-2"]
    log.forget(1e18)
    assert reviews.everything() == [] and log.ask("SELECT count(*) FROM decisions") == [(0,)]
    assert log.ask("SELECT count(*) FROM labels") == [(0,)]


def test_who_is_picked_and_why() -> None:
    settings = Settings(review_below=0.7, review_share=0.2, log="x", token="t" * 16)
    said = {"probability_a": [0.6] + [0.9] * 3000, "probability_b": [0.4] + [0.1] * 3000}
    outside: list[list[str]] = [[], ["x"], *[[] for _ in range(2999)]]
    found = list(picked(said, outside, "champion", ("a", "b"), settings))
    assert found[:2] == [(0, "unsure", 1.0), (1, "novel", 1.0)]
    assert 480 < len(found) < 720 and {one[1:] for one in found[2:]} == {("random", 0.2)}
    for variant in ("person", "fallback"):
        assert list(picked({}, [[], []], variant, ("a", "b"), settings)) == [(0, variant, 1.0), (1, variant, 1.0)]


# --- served ------------------------------------------------------------------------------------------------------------


def ask(server: Server, who: str = "anna", n: int = 10) -> Any:
    said = server.get(f"/review?who={who}&n={n}", **BEARER)
    assert said.status == 200, said
    return said.json


def post(server: Server, **body: Any) -> Reply:
    return server.ask("POST", "/review", body, BEARER)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of two workers that is never sure enough, and asks people."""
    path = tmp_path_factory.mktemp("review") / "log.db"
    words = ("--log", str(path), "--redact", "town", "--fallback-below", "1", "--fallback", "person", "--workers", "2")
    with serving(MODEL, *words, "--second-share", "1", env=ENV) as server:
        yield server


def test_where_no_model_is_sure_a_person_answers(people: Server) -> None:
    said = people.predict(ROW, id="order 1")
    assert said.status == 202
    assert said.json | {"model": "", "version": ""} == {
        "id": "order 1",
        "model": "",
        "version": "",
        "answered_by": "person",
        "why": "The model was not sure enough.",
        "review": True,
        "predictions": [],
    }
    first = ask(people)["items"][0]
    assert first["request"] == "order 1" and first["reason"] == "person" and "answer" not in first
    assert first["inputs"] == ROW | {"town": "[redacted]"}
    assert people.predict(ROW | {"age": "x"}).status == 422, "what is wrong is not handed to people"
    assert post(people, id=first["id"], who="anna", label="yes", seconds=1.5).json == {"kept": True, "turn": 1}
    assert first["id"] not in [one["id"] for one in ask(people)["items"]]
    again = next(one for one in ask(people, "bert")["items"] if one["id"] == first["id"])
    assert again["turn"] == 2
    assert post(people, id=first["id"], who="anna", undo=True).json == {"kept": False, "turn": None}
    assert people.counter('reviews_total{reason="person"}') >= 1


def test_nonsense_is_refused_by_its_field(people: Server) -> None:
    people.predict(ROW)
    one = ask(people)["items"][0]["id"]
    for body, field in (
        ({"id": one, "who": "anna", "label": "maybe"}, "label"),
        ({"id": one, "who": "", "label": "yes"}, "who"),
        ({"id": one, "who": "anna", "label": "yes", "seconds": -1}, "seconds"),
        ({"id": one, "who": "anna", "lable": "yes"}, "lable"),
    ):
        said = post(people, **body)
        assert said.status == 422 and said.json["field"] == field, said
    assert post(people, id="nothing", who="anna", label="yes").status == 409
    for query in ("", "?who=", "?who=anna&n=0", "?who=anna&n=x", f"?who={'a' * 99}"):
        assert people.get(f"/review{query}", **BEARER).status == 422
    assert people.get("/review?who=anna").status == 401
    assert people.ask("POST", "/review", {"id": one, "who": "anna", "label": "yes"}).status == 401
    page = people.get("/review", accept="text/html")
    assert page.status == 200 and people.model not in page.body.decode() and "yes" not in page.body.decode()


def test_the_random_share_is_judged_blindly_and_goes_on_its_way(tmp_path: Path) -> None:
    words = ("--log", str(tmp_path / "log.db"), "--review-share", "0.5", "--review-below", "0.5")
    with serving(MODEL, *words, env=ENV) as server:
        rows = [*[ROW | WITHIN] * 50, *[ROW] * 10]
        said = [server.predict(row).json for row in rows]
        assert all(one["answered_by"] == "champion" and one["predictions"] for one in said)
        reviewed = sum("review" in one for one in said)
        novel = sum(not one["predictions"][0]["in_range"] for one in said)
        items = ask(server, n=100)["items"]
        assert len(items) == reviewed and novel == 10 < reviewed < 60
        assert all(("answer" in one) == (one["reason"] != "random") for one in items)
        assert {one["reason"] for one in items} <= {"random", "novel"}
        truths = {one["id"]: one["predictions"][0]["prediction"] for one in said}
        for one in items:
            assert post(server, id=one["id"], who="anna", label=truths[one["request"]], seconds=1).status == 200
        eventually(lambda: server.counter("logged_total") == 60)
        report = ask(server)["automation"]
        assert report["wrong"] == 0 and report["judged"] == reviewed - novel and report["rows"] == 60
        assert report["automated"] == 1 - novel / 60 and 0 < report["error_at_most"] < 0.3
    joined = open_log(tmp_path / "log.db").joined()
    assert {line["weight"] for line in joined} <= {1.0, 2.0} and len(joined) == reviewed


def test_nothing_acknowledged_is_lost_when_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    words = ("--log", str(path), "--fallback-below", "1", "--fallback", "person")
    with serving(MODEL, *words, env=ENV) as server:
        ids = [server.predict(ROW).json["id"] for _ in range(12)]
        items = ask(server, n=100)["items"]
        assert [post(server, id=one["id"], who="anna", label="yes", seconds=1).status for one in items[:5]] == [200] * 5
        for pid in (server.process.pid, *server.workers):
            os.kill(pid, signal.SIGKILL)
        server.process.wait(10)
    log = open_log(path)
    everything = Reviews(log).everything()
    assert sorted(one.request for one, _ in everything) == sorted(ids)
    assert sum(bool(decided) for _, decided in everything) == 5
    assert log.ask("SELECT count(*) FROM labels") == [(5,)]
    log.close()


def test_where_nothing_can_be_kept_nobody_is_promised_a_person(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    words = ("--log", str(path), "--fallback-below", "1", "--fallback", "person", "--deadline", "0.5")
    with serving(MODEL, *words, env=ENV) as server:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        said = server.predict(ROW)
        assert said.status == 503 and said.headers["retry-after"] == "5", said
        assert server.counter("unreviewed_total") == 1
        other.execute("ROLLBACK")
        other.close()
        time.sleep(0.2)
        assert eventually(lambda: server.predict(ROW).status == 202)


# --- the page ----------------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_the_page_decides_with_the_keyboard(tmp_path: Path, browser: Any, width: int, scheme: str) -> None:
    path = tmp_path / "log.db"
    with serving(MODEL, "--log", str(path), "--review-below", "0.5", env=ENV) as server:
        for i in range(3):
            server.predict(ROW | {"size": 0.1 * i}, id=f"order {i}")
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        said: list[str] = []
        page.on("console", lambda m: said.append(m.text) if "401" not in m.text else None)
        page.on("pageerror", lambda e: said.append(str(e)))
        page.goto(f"http://127.0.0.1:{server.port}/review")
        page.fill("#who", "anna")
        page.fill("#token", "not the token at all")
        page.click("#enter button")
        page.wait_for_selector("#said:has-text('token')")
        page.fill("#token", TOKEN)
        page.click("#enter button")
        page.wait_for_selector("#choices button")
        assert "order 0" in page.inner_text("#about") and "outside of what training saw" in page.inner_text("#about")
        for key, text in (("2", "Kept: yes."), ("1", "Kept: no."), ("u", "Taken back."), ("0", "Kept: cannot tell.")):
            page.keyboard.press(key)
            page.wait_for_selector(f"#said:text-is('{text}')")
        assert "1 wait for you" in page.inner_text("#rest") and "order 2" in page.inner_text("#about")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()
        assert said == []
    log = open_log(path)
    decided = {one.request: [(d.label, d.who) for d in given] for one, given in Reviews(log).everything()}
    assert decided == {"order 0": [("yes", "anna")], "order 1": [(None, "anna")], "order 2": []}
    assert all(0 <= d.seconds < 60 for _, given in Reviews(log).everything() for d in given)
    log.close()


# --- Label Studio ------------------------------------------------------------------------------------------------------


def filled(log: Log) -> Reviews:
    reviews = Reviews(log)
    reviews.add([item(1, second=1), item(2, "unsure", 1.0, key="anna"), item(3), item(4)])
    for i, label, who, when in (
        (1, "no", "anna", 1.25),
        (1, "yes", "b@x.org", 1795193287.7765975),
        (2, None, "carl", 3),
    ):
        reviews.decide(Decision(f"i-{i}", label, who, 2.5, when))
    return reviews


def test_out_and_in_again_it_is_the_same(tmp_path: Path) -> None:
    log, other = open_log(tmp_path / "a.db"), open_log(tmp_path / "b.db")
    everything = filled(log).everything()
    file = exported(everything)
    read = list(imported(file))
    assert read == everything
    reviews = Reviews(other)
    reviews.add([one for one, _ in read])
    for decision in (decision for _, decided in read for decision in decided):
        reviews.decide(decision)
    assert reviews.everything() == everything and exported(reviews.everything()) == file
    labels = "SELECT * FROM labels ORDER BY id"
    assert other.ask(labels) == log.ask(labels) != []
    log.close()
    other.close()


def test_what_label_studio_says_of_its_own_is_read(tmp_path: Path) -> None:
    """As Label Studio 1.x exports JSON: ids, drafts and the number of who annotated beside what we gave it."""
    (task, *_) = json.loads(exported([(item(1), [])]))
    mark = {"from_name": "label", "to_name": "row", "type": "choices", "value": {"choices": ["no"]}, "id": "x1"}
    about = {"id": 7, "completed_by": 3, "lead_time": 4.5, "created_at": "2026-11-20T10:00:00.000000Z"}
    theirs = task | {"id": 12, "drafts": [], "annotations": [about | {"result": [mark], "ground_truth": False}]}
    ((found, (decision,)),) = imported(json.dumps([theirs]).encode())
    assert found == item(1)
    assert decision[:4] == ("i-1", "no", "3", 4.5)
    for wrong in (b"[", b"{}", b'[{"data": {"item": 3}}]', json.dumps([task | {"annotations": [{"created_at": "x"}]}])):
        with pytest.raises(DataError, match="no file of the review queue"):
            list(imported(wrong if isinstance(wrong, bytes) else wrong.encode()))


def test_the_command_exports_imports_and_reports(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log.db")
    filled(log)
    words = ("--log", str(tmp_path / "log.db"))
    file = str(tmp_path / "tasks.json")
    assert call("review", "export", file, *words).out == "4 items, 3 decisions\n"
    tasks = json.loads(Path(file).read_text())
    tasks[0]["annotations"].append({"completed_by": "dora", "result": []})
    tasks[2]["annotations"].append({"completed_by": "dora", "result": [{"value": {"choices": ["yes"]}}]})
    Path(file).write_text(json.dumps(tasks))
    said = call("review", "import", file, *words, "--json")
    assert json.loads(said.out) == {
        "schema": "deepenough.review/1",
        "items": 4,
        "decisions": 4,
        "decided_by_others": 1,
    }
    said = call("review", "report", *words)
    assert "given to people    random 3, unsure 1" in said.out and "1 of 2 drawn by lot" in said.out
    assert "decided twice      0 of 1 alike" in said.out
    log.close()
    must_be_refusal(call("review", "explode", *words), 2, "report, export, import")
    must_be_refusal(call("review", "report", "--log", str(tmp_path / "none.db")), 2, "Name the log")
    must_be_refusal(call("review", "export", *words), 2, "Name the file")
    must_be_refusal(call("review", "import", str(tmp_path / "none.json"), *words), 2, "cannot be read")


# --- deployment.toml ---------------------------------------------------------------------------------------------------


def test_a_file_says_what_the_flags_would(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    file = tmp_path / "deployment.toml"
    file.write_text(
        f"""champion = "{MODEL}"
name = "churn"
challenger = "{MODEL}"
mode = "canary"
percent = 50
fallback = ["person"]
fallback-outside = true
log = "{tmp_path / "log.db"}"
token-file = "{tmp_path / "token"}"
review-share = 1
waiting = 3
"""
    )
    with serving(MODEL, "--deployment", str(file), "--percent", "10") as server:
        assert server.model == "churn"
        state = server.get("/deployment", **BEARER).json
        assert state["champion"]["reference"] == str(MODEL)
        assert (state["challenger"]["mode"], state["challenger"]["percent"]) == ("canary", 10), "flags go before it"
        assert server.predict(ROW).json["answered_by"] == "person"
        assert server.predict(ROW | WITHIN).json["review"] is True


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("falback-below = 0.6", "Did you mean 'fallback-below'?"),
        ("champoin = 'x'", "Did you mean 'champion'?"),
        ("fallback = 'x'", "a list of texts"),
        ("fallback-outside = 1", "true or false"),
        ("percent = true", "one text or number"),
        ("champion = 'x'\npercent = 'many'", "--percent"),
        ("percent =", "cannot be read"),
        ("[review]\nbelow = 0.6", "'review'"),
        ("workers = 1", "MODEL"),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, line: str, sentence: str) -> None:
    (tmp_path / "deployment.toml").write_text(line)
    said = call("serve", "--deployment", str(tmp_path / "deployment.toml"))
    must_be_refusal(said, 2, sentence)


def test_the_champion_stands_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "deployment.toml").write_text("champion = 'nowhere'\nport = 0")
    must_be_refusal(call("serve", "--deployment", str(tmp_path / "deployment.toml")), 2, "no folder 'nowhere'")
    must_be_refusal(call("serve", "--deployment", str(tmp_path / "none.toml")), 2, "cannot be read")


def test_the_file_in_the_documentation_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "serving.md").read_text()
    (tmp_path / "deployment.toml").write_text(page.partition("```toml\n")[2].partition("```")[0])
    must_be_refusal(call("serve", "--deployment", str(tmp_path / "deployment.toml")), 2, "--token-file 'token'")
