"""The verdict: decided once, on the sealed rows."""

from deepenough.verdict._deciding import ADVICE as ADVICE
from deepenough.verdict._deciding import ON_TAILS as ON_TAILS
from deepenough.verdict._deciding import decide as decide
from deepenough.verdict._deciding import outcome_of as outcome_of
from deepenough.verdict._deep import UNTRIED as UNTRIED
from deepenough.verdict._deep import claim as claim
from deepenough.verdict._deep import deep_learning as deep_learning
from deepenough.verdict._document import SCHEMA as SCHEMA
from deepenough.verdict._document import Opened as Opened
from deepenough.verdict._document import Verdict as Verdict
from deepenough.verdict._document import estimate_document as estimate_document
from deepenough.verdict._planning import Planned as Planned
from deepenough.verdict._planning import plan as plan
