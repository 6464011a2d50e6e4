"""WHY IT SAYS SO: one explainer a file; a file in this folder is on the shelf."""

from deepenough.explainers._base import Contributions, Dependence, Explainer, Importances, Model
from deepenough.explainers._drives import drives, tree_to_read
from deepenough.explainers._reasons import reasons
from deepenough.explainers._scale import answered, scores

__all__ = [
    "Contributions",
    "Dependence",
    "Explainer",
    "Importances",
    "Model",
    "answered",
    "drives",
    "reasons",
    "scores",
    "tree_to_read",
]
