"""The public conformance suites: what every book on a shelf promises, each promise a function with a name.

They hold for the books of this package, and for those that another package adds through `deepenough.<shelf>`. With pytest::

    @pytest.mark.parametrize("promise", [pytest.param(keep, id=name) for name, keep in testing.promises("metrics", "mine")])
    def test_my_metric(promise):
        promise()

or without it: ``testing.conformance("metrics", "mine")``. ``testing.faults`` puts faults into a table of one's own, to see
what the audit finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from deepenough import shelves
from deepenough.errors import Unavailable
from deepenough.testing import _all, _candidates, _checks, _explainers, _metrics, _modalities, _steps, _tasks, faults
from deepenough.testing._promise import BrokenPromise, Promise

__all__ = ["BrokenPromise", "conformance", "faults", "promises"]

OF_SHELF: dict[str, tuple[Promise, ...]] = {
    "candidates": _candidates.PROMISES,
    "checks": _checks.PROMISES,
    "explainers": _explainers.PROMISES,
    "metrics": _metrics.PROMISES,
    "modalities": _modalities.PROMISES,
    "steps": _steps.PROMISES,
    "tasks": _tasks.PROMISES,
}


def promises(shelf: str, name: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the name of each promise and a call that keeps it, or raises `BrokenPromise` or what the book itself raised.

    Where a package that the book requires is not installed, most of them raise `Unavailable`.

    >>> [name for name, _ in promises("metrics", "accuracy")][:2]
    ['facts_are_literals_and_complete', 'name_is_an_identifier']
    """
    book = shelves.shelf(shelf)[name]
    for promise in (*_all.PROMISES, *OF_SHELF[shelf]):
        yield promise.__name__, partial(promise, book)


def conformance(shelf: str, name: str) -> None:
    """Put a book through all its promises; `BrokenPromise` tells of every one that it breaks.

    >>> conformance("tasks", "regression")
    """
    broken = []
    for promise, keep in promises(shelf, name):
        try:
            keep()
        except Unavailable:
            raise
        except (
            Exception
        ) as error:  # a stranger's code may fail in any way, and the other promises are still worth trying
            broken.append(f"{promise}: {type(error).__name__}: {error}")
    if broken:
        raise BrokenPromise(
            f"{name}, on the shelf {shelf}, breaks {len(broken)} of its promises.\n" + "\n".join(broken)
        )
