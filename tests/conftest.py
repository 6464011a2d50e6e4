"""Small data sets that many tests share, and when a test that needs more than this machine has is skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from servers import binaries, postgresql

from deepenough.dataset import Dataset
from deepenough.loading import load

# The same examples in every run; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with a word, what needs real data or a browser where there is none."""
    lacking = {}
    if not os.environ.get("DEEPENOUGH_DATA"):
        lacking["data"] = "DEEPENOUGH_DATA names no folder of real data sets"
    if not any(shutil.which(browser) for browser in BROWSERS):
        lacking["browser"] = f"none of {', '.join(BROWSERS)} is on the path"
    for item in items:
        for marker, reason in lacking.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def made(n: int = 400, kind: str = "classification", seed: int = 0) -> pd.DataFrame:
    """Two numbers, a category and a boolean, some missing; the answer (a number, `no`/`yes`, or three sizes) follows them."""
    rng = np.random.default_rng(seed)
    age, town = rng.normal(40, 10, n), rng.choice(["Bonn", "Kiel", "Ulm"], n)
    signal = (age - 40) / 10 + (town == "Kiel") + rng.normal(0, 0.5, n)
    answers = {
        "regression": signal,
        "classification": np.where(signal > 0.3, "yes", "no"),
        "three": np.array(["low", "mid", "high"])[np.digitize(signal, [-0.3, 0.9])],
    }
    return pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.05, np.nan, age),
            "income": rng.gamma(2.0, 1000.0, n),
            "town": town,
            "member": rng.random(n) < 0.5,
            "answer": answers[kind],
        }
    )


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What runs share between them (embeddings) stays within the tests, and out of the person's own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPENOUGH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def table() -> Callable[..., pd.DataFrame]:
    """The maker of small tables: rows, kind of answer (`classification`, `three`, `regression`), seed."""
    return made


@pytest.fixture(scope="session")
def churn() -> pd.DataFrame:
    """400 rows, two classes."""
    return made()


@pytest.fixture(scope="session", params=["classification", "three", "regression"])
def learnable(request: pytest.FixtureRequest) -> Dataset:
    """400 rows of two classes, of three, and of a number."""
    return load(made(kind=request.param), "answer")


@pytest.fixture(scope="session")
def browser() -> Any:
    """One headless Chromium for all tests that look at a page; it asks no network for anything of its own."""
    chromium = next(path for path in map(shutil.which, BROWSERS) if path)  # the marker skips where there is none
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as p:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        found = p.chromium.launch(executable_path=chromium, args=arguments)
        yield found
        found.close()


@pytest.fixture(scope="module")
def server_of_logs() -> Iterator[str]:
    """The address of a PostgreSQL server that keeps the log of a module's tests."""
    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed")
    pytest.importorskip("psycopg", reason="the extra sql is not installed")
    with postgresql() as running:
        yield running.url()
