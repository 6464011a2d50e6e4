"""Find the simplest model that meets your bar, prove it, ship it, and keep it honest.

The public names are imported when they are first used: importing the package loads no pandas and no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepenough.assessment import assess as assess
    from deepenough.bar import Bar as Bar
    from deepenough.bundle import Bundle as Bundle
    from deepenough.candidates._climb import climb as climb
    from deepenough.checks import audit as audit
    from deepenough.comparison import Comparison as Comparison
    from deepenough.comparison import compare as compare
    from deepenough.errors import DeepEnoughError as DeepEnoughError
    from deepenough.judging import judge as judge
    from deepenough.loading import load as load
    from deepenough.modalities._readers.query import Query as Query
    from deepenough.registration import register as register
    from deepenough.registry import Registry as Registry
    from deepenough.report import render as render
    from deepenough.runs import Run as Run
    from deepenough.runs import open_bundle as open_bundle
    from deepenough.runs import run as run
    from deepenough.splits import split as split
    from deepenough.verdict import decide as decide

_WHERE = {
    "Bar": "bar",
    "Bundle": "bundle",
    "Comparison": "comparison",
    "DeepEnoughError": "errors",
    "Query": "modalities._readers.query",
    "Registry": "registry",
    "Run": "runs",
    "assess": "assessment",
    "audit": "checks",
    "climb": "candidates._climb",
    "compare": "comparison",
    "decide": "verdict",
    "judge": "judging",
    "load": "loading",
    "open_bundle": "runs",
    "register": "registration",
    "render": "report",
    "run": "runs",
    "split": "splits",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'deepenough' has no attribute '{name}'")
    return getattr(import_module(f"deepenough.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return __all__
