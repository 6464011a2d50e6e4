"""What is asked: every key of an assessment, the words of the question, and what an answer looks like."""

from __future__ import annotations

from dataclasses import dataclass

from deepenough.assessment.guides import VOLUMES

LEVELS = ("yes", "partly", "no")
EXPLAIN = ("nobody", "experts", "customers", "regulator")
PLACES = ("server", "cloud", "browser", "phone", "device")
COMPUTE = ("cpu", "gpu")
LABELLED = ("table", "image", "text")  # kinds whose examples are labelled one by one
CRITERIA = ("impact", "feasibility", "data", "time", "sponsor")


@dataclass(frozen=True)
class Question:
    """One key.

    Attributes
    ----------
    kind : how an answer is read (`kinds.READERS`). ask : the question. example : as it stands in the template, in TOML.
    options : of a choice. only : kinds of data it is asked for; empty is all. measured : not asked where a file is given.
    """

    key: str
    kind: str
    ask: str
    example: str
    options: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    measured: bool = False

    @property
    def sentence(self) -> str:
        """The question with its mark."""
        return self.ask if self.ask.endswith("?") else f"{self.ask}."


Q = Question
YES_NO = LEVELS
SECTIONS: dict[str, tuple[Question, ...]] = {
    "The question, with a number": (
        Q("name", "text", "What is the case called?", '"Churn of phone customers"'),
        Q("decision", "text", "What is decided?", '"which customers get a call before they leave"'),
        Q("who", "text", "By whom?", '"the retention desk"'),
        Q("decisions_a_year", "count", "How many such decisions a year?", "[20000, 30000]"),
        Q("today", "text", "How is it decided today?", '"by the agent\'s feeling"'),
        Q("metric", "metric", "Which metric says how good a decision maker is (deepenough list metrics)?", '"roc_auc"'),
        Q("today_quality", "score", "How good is today's way, in that metric?", "0.62"),
        Q("good_enough", "score", "How good must the answer be to be used?", "0.75"),
        Q("expected_quality", "score", "How good do you expect it to get?", "[0.72, 0.84]"),
        Q("unit", "step", "A step of the metric that you can price (0.01 is a point)?", "0.01"),
        Q("unit_value", "money", "What is one such step better worth, in money a year?", "[3000, 6000]"),
        Q("false_alarm_cost", "money", "What does one false alarm cost?", "4"),
        Q("miss_cost", "money", "What does one missed case cost?", "[60, 120]"),
        Q("currency", "text", "In which currency is all of this?", '"EUR"'),
        Q("latency", "latency", "How long may one answer take?", '"50ms"'),
        Q("place", "choice", "Where must it run?", '"server"', PLACES),
        Q("explain_to", "choice", "Who must be able to explain an answer?", '"experts"', EXPLAIN),
        Q("due", "date", "By when must it be of use?", "2099-12-31"),
    ),
    "Rules": (Q("rules", "choice", "Can an expert write the rules down?", '"partly"', LEVELS),),
    "The data": (
        Q("kind", "choice", "What are the examples?", '"table"', tuple(VOLUMES)),
        Q("data", "file", "Is there a file (CSV, TSV, Parquet)? Then it is measured, not asked", '"churn.csv"'),
        Q("target", "text", "Which column of it is to be predicted?", '"churned"'),
        Q("time", "text", "Which column of it is the clock?", '"since"'),
        Q("group", "text", "Which column of it names what comes back (a customer, a machine)?", '"household"'),
        Q("rows", "count", "How many examples are there?", "[5000, 8000]", measured=True),
        Q(
            "labelled_rows",
            "count_or_none",
            "How many of them have the right answer written beside them?",
            "5000",
            only=("table", "image", "text", "anomaly"),
            measured=True,
        ),
        Q(
            "classes",
            "classes",
            "How many different answers are there (leave out for a number)?",
            "2",
            only=LABELLED,
            measured=True,
        ),
        Q(
            "rarest_share",
            "percent",
            "Of 100 examples, how many are of the rarest answer?",
            "15",
            only=LABELLED,
            measured=True,
        ),
        Q(
            "history_years",
            "above_zero",
            "How many years does the history go back?",
            "3",
            only=("series",),
            measured=True,
        ),
        Q("normal_months", "above_zero", "How many months of normal running are on record?", "9", only=("anomaly",)),
        Q(
            "labels_agree",
            "percent",
            "Of 100 examples, for how many do two experts give the same answer?",
            "95",
            only=(*LABELLED, "anomaly"),
        ),
        Q(
            "label_seconds",
            "above_zero",
            "How many seconds does it take to label one example?",
            "[10, 30]",
            only=LABELLED,
        ),
        Q("personal_data", "choice", "Are there personal data in it?", '"yes"', ("yes", "no")),
        Q("may_leave", "choice", "May the data leave the house?", '"no"', ("yes", "no")),
    ),
    "What it must be made with": (
        Q("features_known", "choice", "Can experts name what the answer hangs on?", '"yes"', LEVELS),
        Q("compute", "choice", "What is there to compute with?", '"cpu"', COMPUTE),
    ),
    "Money and time": (
        Q("weeks_estimate", "weeks", "How many weeks does your team think it takes?", "[6, 10]"),
        Q("people", "above_zero", "How many people work on it?", "[1, 2]"),
        Q("week_price", "money", "What does a week of one of them cost?", "[2000, 3000]"),
        Q("label_hour_price", "money", "What does an hour of labelling cost?", "[30, 50]", only=LABELLED),
        Q("core_hour_price", "money", "What does a core cost for an hour, where not in US dollars?", "0.05"),
        Q("upkeep_a_year", "money", "What will it cost to keep it running, a year?", "[8000, 15000]"),
        Q("retrain_a_year", "count_or_none", "How often a year will it be trained again?", "[4, 12]"),
        Q("horizon_years", "above_zero", "Within how many years must it have paid for itself?", "3"),
        Q("budget", "money", "How much money is set aside?", "60000"),
    ),
    "Readiness": (
        Q("owner", "choice", "Does one person own this decision and its outcome?", '"yes"', YES_NO),
        Q("data_access", "choice", "Can the team fetch the data today?", '"yes"', YES_NO),
        Q("known_in_time", "choice", "Are all inputs known at the moment the answer is needed?", '"partly"', YES_NO),
        Q("personal_data_cleared", "choice", "Is the use of the personal data cleared?", '"yes"', YES_NO),
        Q("data_flow", "choice", "Do new data arrive by themselves?", '"partly"', YES_NO),
        Q("place_ready", "choice", "Is there a place where it may run, and somebody who lets it?", '"no"', YES_NO),
        Q("truth_returns", "choice", "Does the right answer come back later, to measure by?", '"yes"', YES_NO),
        Q("expert_time", "choice", "Has somebody who knows the subject some hours a week for it?", '"partly"', YES_NO),
        Q("builder", "choice", "Is there somebody who has built and measured a model before?", '"yes"', YES_NO),
        Q("keeper", "choice", "Is it settled who looks after it once it runs?", '"no"', YES_NO),
        Q("sponsor", "choice", "Does somebody with a budget want it?", '"yes"', YES_NO),
        Q("users_want_it", "choice", "Will those who act on the answers accept them?", '"partly"', YES_NO),
    ),
}
USE_CASE = (
    Q("name", "text", "What is the use case called?", '"Churn"'),
    Q("impact", "money", "What is it worth, in money a year?", "[40000, 90000]"),
    Q("feasibility", "grade", "How feasible is it, from 1 to 5?", "4"),
    Q("data", "grade", "How good are its data, from 1 to 5?", "[3, 4]"),
    Q("weeks", "weeks", "After how many weeks would it be of use?", "[8, 14]"),
    Q("sponsor", "grade", "How strong is its sponsor, from 1 to 5?", "4"),
)
QUESTIONS = {q.key: q for questions in SECTIONS.values() for q in questions}
BLOCKS = {
    "use_case": {q.key: q for q in USE_CASE},
    "weights": {name: Q(name, "weight", f"How much does {name} count?", "1") for name in CRITERIA},
}
