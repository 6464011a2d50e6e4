"""The statistics of a verdict: estimates, intervals, gains and planning, as pure functions of arrays."""

from .agresti_min import paired_shares
from .auc import auc, auc_influence
from .average_precision import average_precision, average_precision_influence
from .bootstrap import pivots
from .delong import auc_gain, auc_interval
from .estimate import Estimate, from_bounds, symmetric, unknown
from .f1 import f1_gain, f1_interval
from .fieller import ratio, relative_gain, relative_root_gain
from .jackknife import jackknife
from .losses import heavy_tail, loss_interval, r2, r2_interval
from .macro import macro_value
from .mover import difference, mean_of_shares
from .newcombe import newcombe5
from .planning import assurance, provable, rows_between, rows_planning, rows_to_settle
from .pooling import out_of_fold, pooled
from .precision_intervals import precision_gain, precision_interval
from .quantiles import critical
from .ranking import Rankings, Ranks, one_vs_rest, rank
from .recalls import recall_gain, recall_interval
from .scales import from_scale, increasing, to_scale
from .strata import Strata, post_stratified_se, strata_of
from .tables import macro_f1, mean_recall, table, table_gain
from .wilson import share, wilson

__all__ = [
    "Estimate",
    "Rankings",
    "Ranks",
    "Strata",
    "assurance",
    "auc",
    "auc_gain",
    "auc_influence",
    "auc_interval",
    "average_precision",
    "average_precision_influence",
    "critical",
    "difference",
    "f1_gain",
    "f1_interval",
    "from_bounds",
    "from_scale",
    "heavy_tail",
    "increasing",
    "jackknife",
    "loss_interval",
    "macro_f1",
    "macro_value",
    "mean_of_shares",
    "mean_recall",
    "newcombe5",
    "one_vs_rest",
    "out_of_fold",
    "paired_shares",
    "pivots",
    "pooled",
    "post_stratified_se",
    "precision_gain",
    "precision_interval",
    "provable",
    "r2",
    "r2_interval",
    "rank",
    "ratio",
    "recall_gain",
    "recall_interval",
    "relative_gain",
    "relative_root_gain",
    "rows_between",
    "rows_planning",
    "rows_to_settle",
    "share",
    "strata_of",
    "symmetric",
    "table",
    "table_gain",
    "to_scale",
    "unknown",
    "wilson",
]
