"""Counters that all workers of a server share: plain numbers in memory, a row a worker, added up when they are read."""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Iterator

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ROUTES = ("predict", "infer", "metadata", "health", "metrics", "pages", "labels", "review", "control", "none")
CODES = (200, 202, 400, 401, 403, 404, 405, 408, 409, 413, 415, 421, 422, 429, 431, 500, 503, 504)
VARIANTS = ("champion", "canary", "challenger", "fallback", "person")
REASONS = ("queue", "deadline", "gone", "connections")
WHY = ("person", "fallback", "novel", "unsure", "random")
SHARED = ("generation", "alive", "restarts")

HELP = {
    "requests_total": "Requests answered, by route and status.",
    "request_duration_seconds": "From arrival to reply.",
    "rejected_total": "Requests told to come again, or dropped, by reason.",
    "rows_total": "Rows answered.",
    "rows_out_of_range_total": "Rows answered that lie outside of what training saw.",
    "logged_total": "Requests written into the log.",
    "unlogged_total": "Requests that were answered and could not be logged.",
    "reviews_total": "Rows given to people, by reason.",
    "unreviewed_total": "Rows that people should have looked at, and that could not be kept for them.",
    "log_degraded": "Worker processes that cannot write into the log now.",
    "errors_total": "Requests that a model failed to answer, by which.",
    "slow_total": "Answers slower than is usual for the champion, while another was tried.",
    "shadow_rows_total": "Rows that the challenger in the shadow was asked, too.",
    "shadow_agreed_total": "Rows on which it said the same.",
    "shadow_errors_total": "Requests that it failed.",
    "shadow_left_out_total": "Requests that it was not asked, being behind.",
    "workers": "Worker processes alive.",
    "worker_restarts_total": "Worker processes that were replaced.",
    "answers_total": "Requests that a model answered, by which.",
    "build_info": "What answers.",
}


def _names() -> Iterator[str]:
    for route in ROUTES:
        yield from (f'requests_total{{route="{route}",code="{code}"}}' for code in CODES)
    for route in ("predict", "infer"):
        yield from (f'request_duration_seconds_bucket{{route="{route}",le="{edge}"}}' for edge in (*BUCKETS, "+Inf"))
        yield f'request_duration_seconds_sum{{route="{route}"}}'
    yield from (f'rejected_total{{reason="{reason}"}}' for reason in REASONS)
    yield from (
        "rows_total",
        "rows_out_of_range_total",
        "logged_total",
        "unlogged_total",
        "log_degraded",
        "unreviewed_total",
    )
    yield from (f'reviews_total{{reason="{reason}"}}' for reason in WHY)
    for event in ("errors", "slow"):
        yield from (f'{event}_total{{variant="{variant}"}}' for variant in VARIANTS)
    yield from (f"shadow_{what}_total" for what in ("rows", "agreed", "errors", "left_out"))
    yield from (f'answers_total{{variant="{variant}"}}' for variant in VARIANTS)


NAMES = tuple(_names())
PLACES = {name: i for i, name in enumerate(NAMES)}
OF_REQUEST = {(r, c): PLACES[f'requests_total{{route="{r}",code="{c}"}}'] for r in ROUTES for c in CODES}
OF_SECONDS = {
    r: PLACES[f'request_duration_seconds_bucket{{route="{r}",le="{BUCKETS[0]}"}}'] for r in ("predict", "infer")
}


class Counters:
    """Numbers of ``workers`` processes, in memory that they share from before they part.

    Examples
    --------
    >>> counters = Counters(2)
    >>> counters.row(0).add("rows_total", 3.0); counters.row(1).add("rows_total")
    >>> counters.total("rows_total")
    4.0
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._cells = memoryview(mmap.mmap(-1, 8 * (len(SHARED) + workers * len(NAMES)))).cast("d")

    def row(self, worker: int) -> Row:
        """Return what one worker counts into; one that replaces a dead one goes on with its numbers."""
        begin = len(SHARED) + worker * len(NAMES)
        return Row(self._cells[begin : begin + len(NAMES)])

    def total(self, name: str) -> float:
        place = len(SHARED) + PLACES[name]
        return sum(self._cells[place + i * len(NAMES)] for i in range(self.workers))

    def shared(self, name: str) -> float:
        """Return a number that belongs to the server, not to a worker."""
        return self._cells[SHARED.index(name)]

    def share(self, name: str, value: float) -> None:
        self._cells[SHARED.index(name)] = value

    def text(self, info: dict[str, str]) -> str:
        """Return all of them in the text format of Prometheus; `info` are the labels of ``build_info``."""
        lines: list[str] = []
        for family, names in _families().items():
            kind = "histogram" if family.endswith("_seconds") else "counter" if family.endswith("_total") else "gauge"
            lines += [f"# HELP deepenough_{family} {HELP[family]}", f"# TYPE deepenough_{family} {kind}"]
            lines += [f"deepenough_{name} {value!r}" for name, value in self._sums(names)]
        own = {"workers": "alive", "worker_restarts_total": "restarts"}
        for family, name in own.items():
            kind = "counter" if family.endswith("_total") else "gauge"
            lines += [f"# HELP deepenough_{family} {HELP[family]}", f"# TYPE deepenough_{family} {kind}"]
            lines.append(f"deepenough_{family} {self.shared(name)!r}")
        labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in info.items())
        lines += [f"# HELP deepenough_build_info {HELP['build_info']}", "# TYPE deepenough_build_info gauge"]
        return "\n".join([*lines, f"deepenough_build_info{{{labels}}} 1.0", ""])

    def _sums(self, names: list[str]) -> Iterator[tuple[str, float]]:
        """Yield the sums; what was never counted of many is left out, and buckets are added up as the format wants them."""
        so_far = 0.0
        for name in names:
            value = self.total(name)
            if "_bucket{" in name:
                so_far = value + (0.0 if f'le="{BUCKETS[0]}"' in name else so_far)
                yield name, so_far
            elif name.startswith("request_duration_seconds_sum"):
                yield name, value
                yield name.replace("_sum", "_count"), so_far
            elif value or not name.startswith("requests_total"):
                yield name, value


def _families() -> dict[str, list[str]]:
    families: dict[str, list[str]] = {}
    for name in NAMES:
        plain = name.partition("{")[0]
        families.setdefault(plain.removesuffix("_bucket").removesuffix("_sum"), []).append(name)
    return families


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


class Row:
    """What one worker counts into."""

    def __init__(self, cells: memoryview[float]) -> None:
        self._cells = cells
        cells[PLACES["log_degraded"]] = 0.0

    def add(self, name: str, value: float = 1.0) -> None:
        self._cells[PLACES[name]] += value

    def set(self, name: str, value: float) -> None:
        self._cells[PLACES[name]] = value

    def request(self, route: str, code: int, seconds: float) -> None:
        """Count one reply, and how long it took where it is an answer of a model."""
        cells = self._cells
        cells[OF_REQUEST[route, code]] += 1.0
        first = OF_SECONDS.get(route)
        if first is not None:
            cells[first + bisect_left(BUCKETS, seconds)] += 1.0
            cells[first + len(BUCKETS) + 1] += seconds
