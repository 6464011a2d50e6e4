"""The first screen: which model, how sure, what it costs, what next, and whether deep learning is worth it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any

from deepenough.findings import ORDER
from deepenough.report import words
from deepenough.report.documents import Document, chosen_trial, count, title_of


@dataclass(frozen=True)
class Step:
    """One thing to do next; `command` is what to type, where typing does it."""

    text: str
    command: str = ""


@dataclass(frozen=True)
class Answers:
    """What a person wants to know first, free of any metric's name."""

    state: str
    status: str
    headline: str
    sentence: str
    model: str
    model_note: str
    sure: str
    sure_note: str
    caveats: list[str]
    costs: list[tuple[str, str]]
    steps: list[Step] = field(default_factory=list)
    deep: str = ""
    deep_why: str = ""


def answer(verdict: Document | None, audit: Document | None = None, folder: str = "", command: str = "") -> Answers:
    """Return the first screen of a run, finished or not."""
    if verdict is None:
        return _nothing(audit, command)
    trial = chosen_trial(verdict)
    state = verdict.get("outcome") or "undecided"
    sure, sure_note = _sure(verdict, trial)
    deep, why = deep_answer(verdict)
    sentence = str(verdict.get("sentence") or "")
    return Answers(
        state=state,
        status=words.OUTCOMES.get(state, words.capital(str(state))),
        headline=_headline(state, verdict, trial),
        sentence="" if words.names_metric(sentence, verdict) else sentence,
        model=title_of(verdict, verdict.get("chosen")) or "None",
        model_note=_model_note(trial, state, verdict),
        sure=sure,
        sure_note=sure_note,
        caveats=caveats(verdict),
        costs=costs(verdict, trial),
        steps=next_steps(verdict, audit, folder, command),
        deep=deep,
        deep_why=why,
    )


def _nothing(audit: Document | None, command: str) -> Answers:
    blockers = count(audit, "blocker")
    seen = f"The data were looked at: {_found(audit)}." if audit else "Nothing has been looked at yet."
    steps = [Step("Run the same command again. It goes on where it stopped.", command)]
    if blockers:
        steps.insert(0, _mend(audit))
    return Answers(
        "nothing",
        words.OUTCOMES["nothing"],
        "No model has been judged yet.",
        f"{seen} There is no verdict in this folder, so this page says nothing about any model.",
        "None yet",
        "No model has been chosen.",
        words.NONE,
        "Nothing has been measured on the rows kept aside.",
        [],
        [],
        steps,
        "Not known",
        "No deep model has been judged against a simpler one.",
    )


def _found(audit: Document | None) -> str:
    parts = [words.plural(n, s) for s in ORDER if (n := count(audit, s))]
    return "nothing was found" if not parts else f"{', '.join(parts)} found"


def _headline(state: str, verdict: Document, trial: Document | None) -> str:
    kind = words.capital(_kind(trial, verdict))
    headlines = {
        "met": f"{kind} is enough." if _kind(trial, verdict) not in ("boosted trees",) else f"{kind} are enough.",
        "missed": "No model tried is good enough.",
        "undecided": "These rows cannot tell yet.",
        "chosen": f"{kind}: the simplest that holds up.",
        "not_ready": "The data are not ready for a model.",
    }
    return headlines.get(state, "A verdict was reached.")


def _kind(trial: Document | None, verdict: Document) -> str:
    rung = (trial or {}).get("rung")
    if rung == 1 and _of_pictures(verdict):
        return words.MEASURED
    return words.RUNGS[rung] if isinstance(rung, int) and 0 <= rung < len(words.RUNGS) else "the chosen model"


def _of_pictures(verdict: Document) -> bool:
    return (verdict.get("task") or {}).get("modality") == "image"


def _model_note(trial: Document | None, state: str, verdict: Document) -> str:
    if trial is None:
        return "None of the models could be chosen."
    deep = "a deep model" if trial.get("deep") else "not a deep model"
    said = _kind(trial, verdict)
    kind = said if state in ("met", "chosen") else f"the best of those tried: {said}"
    return f"{words.capital(kind)}, step {trial.get('rung') or 0} of 4 in complexity, {deep}."


def _sure(verdict: Document, trial: Document | None) -> tuple[str, str]:
    estimate = (trial or {}).get("test") or {}
    value, spread = estimate.get("value"), words.span(estimate)
    what = words.metric_words(verdict)
    if words.real(value) is None:
        return words.NONE, "It was not measured on the rows kept aside."
    better = "higher is better" if verdict.get("higher_is_better", True) else "lower is better"
    if not spread:
        return words.score(value), f"{words.capital(what)} ({better}), with no range: too little to say how sure."
    note = (
        f"{words.capital(what)}: most likely {words.score(value)}, and 95{words.SPACE}% sure to lie in this range "
        f"({better}). Measured on rows it had never seen."
    )
    return spread, f"{note} {_against_bar(verdict, estimate)}".strip()


def _against_bar(verdict: Document, estimate: Document) -> str:
    bar = verdict.get("bar") or {}
    threshold = words.real(bar.get("threshold"))
    if threshold is None:
        return "Nothing was asked for to hold it against."
    asked = f"the {threshold:g} you asked for"
    low, high = estimate["low"], estimate["high"]
    if low < threshold < high:
        return f"The range lies on both sides of {asked}."
    clears = low >= threshold if bar.get("at_least", True) else high <= threshold
    return f"All of it {'clears' if clears else 'falls short of'} {asked}."


def caveats(verdict: Document) -> list[str]:
    """Return what weakens the range, in words."""
    found = [
        words.FLAGS[flag] for flag in verdict.get("flags") or [] if flag in words.FLAGS
    ]  # the note words the others
    note = verdict.get("interval_note")
    return found + ([str(note)] if note else [])


def costs(verdict: Document, trial: Document | None) -> list[tuple[str, str]]:
    """Return what the chosen model costs: (figure, what of)."""
    if trial is None:
        return []
    cost, latency, currency = trial.get("cost") or {}, trial.get("latency_ms") or {}, verdict.get("currency")
    limit = words.real((verdict.get("bar") or {}).get("latency_ms"))
    allowed = f", {words.milliseconds(limit)} allowed" if limit is not None else ""
    found = [
        (words.duration(trial.get("fit_seconds")), "to train"),
        (words.milliseconds(latency.get("p95")), f"for an answer, or less (95 of 100){allowed}"),
        (words.size(trial.get("size_bytes")), "to ship"),
        (words.coins(cost.get("per_1000"), currency), "for 1,000 answers"),
        (words.coins(cost.get("train"), currency), "for one training"),
        (words.energy(cost.get("train_wh")), "for one training, as estimated"),
    ]
    return [(figure, what) for figure, what in found if figure != words.NONE]


def deep_answer(verdict: Document) -> tuple[str, str]:
    """Return whether deep learning is worth it: a word, and why."""
    deep = verdict.get("deep_learning")
    if not deep:
        return "Not tried", "No deep model was tried, so nothing is said about one."
    word = words.WORTH.get(str(deep.get("worth_it")), "Cannot tell")
    why = str(deep.get("why") or "")
    if why and not words.names_metric(why, verdict):
        return word, why
    reasons = {
        "bar_met_without": "A simpler model already gives what was asked for.",
        "gain_below_worth": "What it adds is too little to pay for its complexity.",
    }
    plain = {
        "Yes": "It adds more than it costs.",
        "No": "A simpler model does as well.",
        "Cannot tell": "Not shown to be worth it with these rows: ship the simpler one.",
    }
    return word, reasons.get(str(deep.get("reason")), plain[word])


def deep_reason(verdict: Document) -> str:
    """Return all there is to say of why: the reason as it was given, and the advice on an open question."""
    why = str((verdict.get("deep_learning") or {}).get("why") or "")
    advice = str(verdict.get("advice") or "") if _about_deep(verdict) else ""
    said = [words.capital(text) for text in (why, advice) if text]
    return " ".join(said) if said else deep_answer(verdict)[1]


def next_steps(verdict: Document, audit: Document | None, folder: str, command: str) -> list[Step]:
    """Return what to do next, the first thing first."""
    place = shlex.quote(folder) if folder else "FOLDER"
    what, new = ("pictures", "new_pictures") if _of_pictures(verdict) else ("rows", "new.csv")
    use = Step(f"Put it to work: let it answer new {what}.", f"deepenough predict {place} {new} --out predictions.csv")
    more = "pictures that show more of it" if _of_pictures(verdict) else "columns that know more about it"
    by_outcome = {
        "met": [use],
        "missed": [_ask_less(verdict), Step(f"Or bring {more}, then run again.", command)],
        "undecided": [_more_rows(verdict), Step("Then run again.", command)],
        "chosen": [Step("Decide whether that is good enough for you, and ask for it next time with --bar."), use],
        "not_ready": [_mend(audit), Step("Then run again.", command)],
    }
    advice = verdict.get("advice")
    ready = verdict.get("outcome") != "not_ready"
    said = [_mend(audit)] if ready and count(audit, "blocker") else []
    said += [Step(words.capital(str(advice)))] if ready and advice and not _about_deep(verdict) else []
    return said + by_outcome.get(str(verdict.get("outcome")), [use]) + _kept_beside(verdict, place)


def _kept_beside(verdict: Document, place: str) -> list[Step]:
    """Say where the network is, when the sealed rows say it is worth it and the rule of choice took a simpler one."""
    deep = verdict.get("deep_learning") or {}
    kept = [t for t in verdict.get("trials") or [] if t.get("candidate") == deep.get("best_deep") and t.get("shown")]
    if deep.get("worth_it") != "yes" or not kept or (chosen_trial(verdict) or {}).get("deep"):
        return []
    said = (
        "The rows kept aside speak for the network, the rows learnt from did not: more rows would settle which is right. "
        "It is kept beside the one that ships."
    )
    return [Step(said, f"deepenough predict {place}/trials/{kept[0].get('key')}/bundle new.csv --out predictions.csv")]


def _about_deep(verdict: Document) -> bool:
    return (verdict.get("deep_learning") or {}).get("worth_it") == "undecided"


def _ask_less(verdict: Document) -> Step:
    trial = chosen_trial(verdict)
    proven = ((trial or {}).get("test") or {}).get("low" if verdict.get("higher_is_better", True) else "high")
    if words.real(proven) is None:
        return Step("Do not ship this for what was asked. Look at what was found in the data first.")
    return Step(
        f"Do not ship this for what was asked. What is proven is {words.score(proven)}: ask whether that would do."
    )


def _more_rows(verdict: Document) -> Step:
    rows = words.real(verdict.get("rows_to_settle")) or words.real(verdict.get("rows_planning"))
    if rows is None:
        return Step("Collect more rows whose answer is known. Until then, treat it as not good enough.")
    range_ = words.between(verdict.get("rows_between"))
    return Step(f"Collect rows whose answer is known: about {words.count(rows)} to judge on would settle it{range_}.")


def _mend(audit: Document | None) -> Step:
    blockers = [f for f in (audit or {}).get("findings") or [] if f.get("severity") == "blocker"]
    if not blockers:
        return Step("Mend what was found in the data.")
    first: dict[str, Any] = blockers[0]
    more = f" ({words.plural(len(blockers) - 1, 'more blocker')} below.)" if len(blockers) > 1 else ""
    subject = words.capital(str(first.get("subject") or "data"))
    return Step(f"{subject}: {first.get('remedy') or first.get('message') or 'mend it.'}{more}")
