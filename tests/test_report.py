"""The report says what the documents say, whatever they hold, and loads nothing."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deepenough.errors import DataError, StorageError
from deepenough.report import answers, charts, documents, ladder, render, tables, terminal, words

SAMPLES = Path(__file__).parent / "samples"
STATES = ("good", "bad", "nothing", "number")
HOSTILE = "<script>alert(1)</script>"
SCREENS = {"desk": (1280, 800), "phone": (360, 740)}


@pytest.fixture
def copied(tmp_path: Path) -> Any:
    """Copy a sample run and change its documents; returns its folder."""

    def copy(state: str, **changes: dict[str, Any]) -> Path:
        folder = tmp_path / state
        shutil.copytree(SAMPLES / state, folder, dirs_exist_ok=True)
        for name, change in changes.items():
            path = folder / f"{name}.json"
            path.write_text(json.dumps({**(_read(path) if path.exists() else {}), **change}), encoding="utf-8")
        return folder

    return copy


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _page(folder: Path) -> str:
    return render(folder).read_text(encoding="utf-8")


def _first_screen(page: str) -> str:
    return page[page.index('<section id="verdict"') : page.index("</section>")]


# ------------------------------------------------------------------------------------------------- what it says


@pytest.mark.parametrize("state", ["good", "bad", "number"])
def test_the_page_has_the_verdicts_sentence(copied: Any, state: str) -> None:
    assert _read(SAMPLES / state / "verdict.json")["sentence"] in _page(copied(state))


@pytest.mark.parametrize("state", STATES)
def test_the_first_screen_names_no_metric(copied: Any, state: str) -> None:
    text = re.sub(r"<pre.*?</pre>|<[^>]*>", " ", _first_screen(_page(copied(state))), flags=re.S).casefold()
    assert not re.search(r"roc_|_auc|\bauc\b|\broc\b|f1\b|rmse", text)


@pytest.mark.parametrize("outcome", list(words.OUTCOMES))
def test_every_outcome_has_a_word_a_headline_and_a_next_step(outcome: str) -> None:
    verdict = {**_read(SAMPLES / "bad" / "verdict.json"), "outcome": outcome}
    first = answers.answer(None if outcome == "nothing" else verdict, None, "runs/x", "deepenough run x.csv")
    assert first.status == words.OUTCOMES[outcome]
    assert first.headline.endswith(".") and first.steps and first.steps[0].text


def test_without_a_verdict_it_says_so_and_how_to_go_on(copied: Any) -> None:
    page = _page(copied("nothing"))
    assert "Nothing to say yet" in page
    assert "deepenough run churn.csv --target churned" in re.sub(r"</?span>", "", page)
    assert 'id="ladder"' not in page and 'id="data"' in page


def test_every_trial_stands_in_the_table_with_its_reason(copied: Any) -> None:
    page = _page(copied("bad"))
    for trial in _read(SAMPLES / "bad" / "verdict.json")["trials"]:
        assert trial["title"] in page
    assert "Not available." in page and "Failed." in page and "Skipped." in page
    assert "The loss became NaN in epoch 3" in page


def test_findings_come_worst_first() -> None:
    audit = _read(SAMPLES / "bad" / "audit.json")
    assert [f["code"] for f in tables.findings(audit)] == ["DE001", "DE003", "DE012"]


def test_blockers_are_the_first_thing_to_do() -> None:
    audit, verdict = _read(SAMPLES / "bad" / "audit.json"), _read(SAMPLES / "bad" / "verdict.json")
    steps = answers.next_steps({**verdict, "outcome": "not_ready"}, audit, "runs/x", "")
    assert "closed_by_team" in steps[0].text and "1 more blocker" in steps[0].text


def test_each_term_is_explained_once(copied: Any) -> None:
    said = re.findall(r'<div class="terms">(.*?)</div>', _page(copied("good")), flags=re.S)
    terms = re.findall(r"<summary>(.*?)</summary>", "".join(said))
    assert len(terms) > 12 and len(terms) == len(set(terms))


def test_an_errors_gain_is_per_cent_and_a_scores_points(copied: Any) -> None:
    assert "+32.5\u00a0%" in _page(copied("number"))
    assert "+0.003" in _page(copied("good"))


def test_a_folder_with_a_space_is_quoted(copied: Any) -> None:
    assert "&#39;runs/my" in _page(copied("number"))


# ------------------------------------------------------------------------------------------------- what it survives


def test_hostile_names_are_text(copied: Any) -> None:
    page = _page(
        copied(
            "good",
            verdict={
                "sentence": HOSTILE,
                "metric_title": HOSTILE,
                "advice": HOSTILE,
                "flags": [HOSTILE],
                "segments": [{"by": HOSTILE, "value": HOSTILE}],
            },
            run={"name": HOSTILE, "command": HOSTILE, "machine": HOSTILE},
        )
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 8


def test_hostile_titles_are_text_in_pictures() -> None:
    curve = charts.Curve('"><script>$x$', [0, 0.5, 1], [0, 0.8, 1], True)
    svg = charts.roc([curve])
    assert "<script" not in svg and "&lt;script&gt;$x$" in svg


def test_names_in_any_script_are_kept() -> None:
    assert "日本語 ✓ ภาษาไทย" in charts.roc([charts.Curve("日本語 ✓ ภาษาไทย", [0, 1], [0, 1])])


@pytest.mark.parametrize("state", ["good", "bad", "number"])
def test_every_field_may_be_null(copied: Any, state: str) -> None:
    verdict = _read(SAMPLES / state / "verdict.json")
    for key in verdict:
        _page(copied(state, verdict={key: None}))
    bare = [{k: t[k] if k in ("candidate", "rung") else None for k in t} for t in verdict["trials"]]
    _page(copied(state, verdict={"trials": bare}))


def test_one_trial_without_ranges(copied: Any) -> None:
    trial = {"candidate": "only", "rung": 0, "status": "ok", "validation": {"value": 0.5}, "test": {"value": 0.5}}
    assert "no range" in _page(copied("good", verdict={"trials": [trial], "chosen": "only", "bar": None}))


def test_empty_figures_draw_nothing(copied: Any) -> None:
    empty: dict[str, Any] = {
        "figures/roc": {"logistic": {"fpr": [], "tpr": []}, "mlp": {}, "majority": {}, "gradient_boosting": {}},
        "figures/confusion": {"labels": [], "counts": []},
    }
    page = _page(copied("good", **empty))
    assert "chart-roc" not in page and 'class="matrix"' not in page


def test_a_page_with_only_run_json(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    assert "Nothing to say yet" in _page(tmp_path)


def test_no_run_and_damaged_documents_are_sentences(copied: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no run\.json"):
        render(tmp_path)
    folder = copied("good")
    (folder / "audit.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"audit\.json cannot be read"):
        render(folder)


# ------------------------------------------------------------------------------------------------- the file


@pytest.mark.parametrize("state", STATES)
def test_it_loads_nothing_and_is_small(copied: Any, state: str) -> None:
    page = _page(copied(state))
    loads = r"https?://|//[a-z]|url\((?!#)|@import|<script|<link(?! rel=\"icon\" href=\"data:,\")"
    assert not re.search(loads, page)
    assert "default-src 'none'" in page
    assert len(page.encode()) < 100_000


def test_ids_are_unique(copied: Any) -> None:
    ids = re.findall(r'\bid="([^"]*)"', _page(copied("good")))
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("state", STATES)
def test_the_same_documents_give_the_same_bytes(copied: Any, state: str) -> None:
    folder = copied(state)
    assert render(folder).read_bytes() == render(folder).read_bytes()


def test_the_old_report_survives_a_failing_render(copied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copied("good")
    before = render(folder).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="no space left"):
        render(folder)
    assert (folder / "report.html").read_bytes() == before
    assert not list(folder.glob(".report.html.*"))


def test_importing_the_report_is_light() -> None:
    heavy = "{'jinja2', 'matplotlib', 'rich', 'numpy', 'pandas'} & set(sys.modules)"
    code = f"import sys, deepenough.report, deepenough.report.terminal; assert not {heavy}"
    subprocess.run([sys.executable, "-c", code], check=True)


# ------------------------------------------------------------------------------------------------- pictures


def test_a_picture_has_colours_of_the_page_and_a_name() -> None:
    svg = charts.roc([charts.Curve("a", [0, 1], [0, 1], True)])
    assert 'role="img"' in svg and 'aria-label="ROC curves of a' in svg
    assert "var(--accent)" in svg and not re.search(r"#0\d010\d|font-family|<defs|<metadata", svg)


def test_a_thousand_residuals_stay_small() -> None:
    values = [i * 3.7 for i in range(1000)]
    assert len(charts.residuals(values, values[::-1])) < 40_000


def test_a_far_off_trial_does_not_flatten_the_others() -> None:
    rungs = [
        ladder.Rung("rule", "", "ok", (900.0, 890.0, 910.0)),
        ladder.Rung("a", "", "ok", (10.0, 9.0, 11.0)),
        ladder.Rung("b", "", "ok", (9.5, 9.0, 10.0)),
        ladder.Rung("c", "", "ok", (9.0, 8.5, 9.6)),
    ]
    svg = ladder.draw(rungs, None, "error", True)
    assert "900.0 ▸" in svg


def test_77_classes_stay_legible(copied: Any) -> None:
    n = 77
    counts = [[40 if i == j else int((i * 7 + j) % 29 == 0) for j in range(n)] for i in range(n)]
    figure = {"labels": [f"card_payment_fee_{i}" for i in range(n)], "counts": counts}
    page = _page(copied("good", **{"figures/confusion": figure}))
    assert "chart-confusion" in page and "Mixed up most often" in page and len(page.encode()) < 600_000


# ------------------------------------------------------------------------------------------------- the terminal


def _printed(state: str) -> list[str]:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    terminal.verdict(_read(SAMPLES / state / "verdict.json"), console, "runs/x")
    terminal.leaderboard(_read(SAMPLES / state / "verdict.json"), console)
    terminal.audit(_read(SAMPLES / state / "audit.json"), console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text.splitlines()


@pytest.mark.parametrize("state", ["good", "bad", "number"])
def test_the_terminal_fits_80_columns_and_says_it_all(state: str) -> None:
    lines, verdict = _printed(state), _read(SAMPLES / state / "verdict.json")
    text = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= 80
    assert verdict["sentence"] in text and words.OUTCOMES[verdict["outcome"]] in text
    assert all(trial["title"] in text for trial in verdict["trials"])


def test_terminal_takes_brackets_for_text() -> None:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=80)
    finding = {"code": "DE1", "severity": "note", "subject": "[red]x[/red]", "message": "[/]"}
    terminal.audit({"findings": [finding]}, console)
    assert "[red]x[/red]" in console.file.getvalue()  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------- the browser


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", list(SCREENS))
@pytest.mark.parametrize("state", STATES)
def test_in_a_browser(browser: Any, copied: Any, state: str, screen: str, scheme: str) -> None:
    path = render(copied(state))
    width, height = SCREENS[screen]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    verdict = path.parent / "verdict.json"
    unsaid = answers.answer(None, _read(path.parent / "audit.json")).sentence
    sentence = _read(verdict)["sentence"] if verdict.exists() else unsaid
    assert page.get_by_text(sentence).first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CUT_OFF) == []
    assert said == [] and asked == [path.as_uri()]
    if screen == "desk":
        assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()


# What reaches over the edge of the screen, and text over the edge of its picture.
CUT_OFF = """[
  ...[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, pre, .skip')
    && e.getBoundingClientRect().right > innerWidth + 1),
  ...[...document.querySelectorAll('svg text')].filter(e => { const t = e.getBoundingClientRect(),
    s = e.closest('svg').getBoundingClientRect(); return t.width && (t.left < s.left - 3 || t.right > s.right + 3) })
].map(e => e.outerHTML.slice(0, 160))"""


def test_a_network_that_the_sealed_rows_speak_for_is_pointed_out_where_a_simpler_one_ships() -> None:
    deep = {"candidate": "tabular_net", "key": "tabular_net-1", "rung": 4, "deep": True, "shown": True}
    simple = {"candidate": "linear", "key": "linear-1", "rung": 1, "deep": False, "shown": True}
    verdict = {"outcome": "chosen", "chosen": "linear", "chosen_trial": "linear-1", "trials": [simple, deep],
               "deep_learning": {"worth_it": "yes", "best_deep": "tabular_net"}}  # fmt: skip
    last = answers.next_steps(verdict, None, "runs/x", "")[-1]
    assert "speak for the network" in last.text and "runs/x/trials/tabular_net-1/bundle" in last.command
    unsure = {**verdict, "deep_learning": {"worth_it": "undecided", "best_deep": "tabular_net"}}
    assert all("network" not in step.text for step in answers.next_steps(unsure, None, "runs/x", ""))


def test_of_two_settings_of_one_family_the_one_that_was_chosen_is_marked() -> None:
    shared = {"candidate": "gradient_boosting", "rung": 2, "shown": True, "test": {"value": 1.0}}
    verdict = {"chosen": "gradient_boosting", "chosen_trial": "gradient_boosting-2",
               "trials": [{**shared, "key": "gradient_boosting-1"}, {**shared, "key": "gradient_boosting-2"}]}  # fmt: skip
    assert (documents.chosen_trial(verdict) or {})["key"] == "gradient_boosting-2"


def test_what_became_of_the_network_in_eight_bits_is_said(copied: Any) -> None:
    tried = [{"how": "dynamic", "reason": "It is 0.88 times as fast for one row, and 1.2 times are wanted."}]
    found = {"title": "A network", "reason": "Neither way is worth it here.", "tried": tried}
    assert "Weights of eight bits" not in _page(copied("good"))
    page = _page(copied("good", **{"figures/quantization": found}))
    assert "A network: Neither way is worth it here. dynamic: It is 0.88 times as fast for one row" in page
