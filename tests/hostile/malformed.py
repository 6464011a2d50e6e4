"""Malformed requests, made by chance from good ones; and an oracle of its own that says which of them are good after all."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

CANARY = "canary-7f3a91"
ROW = {"age": 51.5, "income": 1200.0, "town": "Kiel", "member": True}
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**40, -(10**400), 2**63, 1e308, "", CANARY, "0", "NaN", "1e5", "\x00", "💥" * 9),
    *([], {}, [[]], [None], {"a": CANARY}, [1.0] * 5, {"": ""}, "../" * 40, "a" * 70_000, "__proto__", "${jndi:x}"),
)
NUMBER = float | int
TENSOR = {"name", "shape", "datatype", "data"}


def predict() -> dict[str, Any]:
    return {"rows": [dict(ROW), dict(ROW, age=33.0)], "id": "7"}


def infer() -> dict[str, Any]:
    kinds = {"age": "FP64", "income": "FP64", "town": "BYTES", "member": "BOOL"}
    inputs = [{"name": n, "shape": [1, 1], "datatype": kinds[n], "data": [v]} for n, v in ROW.items()]
    return {"id": "7", "inputs": inputs, "outputs": [{"name": "prediction"}], "parameters": {"a": 1}}


def _places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        yield from _places(value, (*path, key))


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def _replaced(document: Any, rng: Random) -> Any:
    path = rng.choice(list(_places(document)))
    if not path:
        return rng.choice(ODD)
    _at(document, path[:-1])[path[-1]] = rng.choice(ODD)
    return document


def _removed(document: Any, rng: Random) -> Any:
    path = rng.choice([p for p in _places(document) if p])
    del _at(document, path[:-1])[path[-1]]
    return document


def _added(document: Any, rng: Random) -> Any:
    held = _at(document, rng.choice([p for p in _places(document) if isinstance(_at(document, p), dict | list)]))
    if isinstance(held, dict):
        held[rng.choice(["more", CANARY, "", "\x00", "rows", "inputs", "age "])] = rng.choice(ODD)
    else:
        held.insert(rng.randint(0, len(held)), rng.choice([*ODD, *held]))
    return document


def _renamed(document: Any, rng: Random) -> Any:
    held = _at(document, rng.choice([p for p in _places(document) if isinstance(_at(document, p), dict)]))
    if held:
        name = rng.choice(list(held))
        held[rng.choice([name.upper(), f"{name} ", f"{name}\x00", CANARY, ""])] = held.pop(name)
    return document


def _nested(document: Any, rng: Random) -> Any:
    for _ in range(rng.choice([1, 3, 40])):
        document = rng.choice([[document], {"rows": document}, {"inputs": document}])
    return document


CHANGES: tuple[Callable[[Any, Random], Any], ...] = (
    _replaced,
    _replaced,
    _replaced,
    _removed,
    _added,
    _renamed,
    _nested,
)


def _bytes(data: bytes, rng: Random) -> bytes:
    """Break the text itself."""
    at = rng.randrange(len(data))
    ways: list[Callable[[], bytes]] = [
        lambda: data[:at],
        lambda: data[at:],
        lambda: data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :],
        lambda: data[:at] + b"\x00" + data[at:],
        lambda: data + data,
        lambda: data.decode().encode("utf-16"),
        lambda: b"\xef\xbb\xbf" + data,
        lambda: data.replace(
            b"51.5", rng.choice([b"NaN", b"Infinity", b"-Infinity", b"0x10", b"1e999", b"01", b"+1", b".5"])
        ),
        lambda: data.replace(b'"', b"'"),
        lambda: data.replace(b":", b"=", 1),
        lambda: data[:at] + b'"\xff\xfe"' + data[at:],
        lambda: b"[" * 100_000,
        lambda: data.replace(b"Kiel", b"\\ud800"),
        lambda: b"",
    ]
    return rng.choice(ways)()


def mutated(n: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield path and body of n requests, most of them wrong."""
    rng = Random(seed)
    for i in range(n):
        path, document = ("/predict", predict()) if i % 2 else ("/v2/models/churn/infer", infer())
        if i % 5 == 0:
            yield path, _bytes(json.dumps(document).encode(), rng)
            continue
        for _ in range(rng.choice([1, 1, 2, 3])):
            document = (
                rng.choice(CHANGES)(document, rng) if isinstance(document, dict | list) and document else document
            )
        yield path, json.dumps(document).encode()


# --- the oracle --------------------------------------------------------------------------------------------------------


def is_good(path: str, body: bytes) -> bool:
    """Whether a request is what the signature of the model says, by rules written down a second time."""
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        json.dumps(document, ensure_ascii=False).encode("utf-8")  # half a character is none
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, dict):
        return False
    return _good_predict(document) if path == "/predict" else _good_infer(document)


def _no_constant(text: str) -> float:
    raise ValueError(text)


def _good_id(document: dict[str, Any]) -> bool:
    given = document.get("id")
    return given is None or (isinstance(given, str) and 0 < len(given) <= 128 and given.isprintable())


def _good_predict(document: dict[str, Any]) -> bool:
    rows, limit = document.get("rows"), document.get("timeout_ms")
    return (
        set(document) <= {"rows", "id", "key", "timeout_ms"}
        and _good_id(document)
        and isinstance(document.get("key"), str | None)
        and (limit is None or (_is_number(limit) and limit > 0))
        and isinstance(rows, list)
        and len(rows) > 0
        and all(isinstance(row, dict) and _good_row(row) for row in rows)
    )


def _good_row(row: dict[str, Any]) -> bool:
    if set(row) - {"answer"} != set(ROW):
        return False
    scalars = all(not isinstance(v, list | dict) for v in row.values())
    numbers = all(row[n] is None or (_is_number(row[n]) and abs(row[n]) <= 3.4028235e38) for n in ("age", "income"))
    return (
        scalars
        and numbers
        and (row["member"] is None or row["member"] in (0, 1))
        and not isinstance(row["member"], str)
    )


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, NUMBER) and not isinstance(value, bool) and (isinstance(value, int) or math.isfinite(value))
    )


def _good_infer(document: dict[str, Any]) -> bool:
    inputs, outputs = document.get("inputs"), document.get("outputs")
    if not (
        set(document) <= {"id", "inputs", "outputs", "parameters"} and _good_id(document) and isinstance(inputs, list)
    ):
        return False
    if not all(isinstance(t, dict) and TENSOR <= set(t) <= TENSOR | {"parameters"} for t in inputs):
        return False
    if not all(_good_parameters(d.get("parameters")) for d in (document, *inputs)):
        return False
    names = [t["name"] for t in inputs]
    known = {"prediction", "probability", "in_range"}
    asked = outputs is None or (
        isinstance(outputs, list)
        and all(isinstance(o, dict) and set(o) == {"name"} and str(o["name"]) in known for o in outputs)
    )
    return sorted(map(str, names)) == sorted(ROW) and asked and all(_good_tensor(t) for t in inputs)


def _good_parameters(given: Any) -> bool:
    return given is None or (isinstance(given, dict) and all(isinstance(v, str | int | float) for v in given.values()))


def _good_tensor(tensor: dict[str, Any]) -> bool:
    data, shape = tensor["data"], tensor["shape"]
    flat = [c[0] if isinstance(c, list) and len(c) == 1 else c for c in data] if isinstance(data, list) else [[]]
    return (
        isinstance(shape, list)
        and shape in ([len(flat)], [len(flat), 1])
        and all(not isinstance(n, bool) for n in shape)
        and len(flat) > 0
        and tensor["datatype"] in ("FP64", "BOOL", "BYTES")
        and _good_row(ROW | {tensor["name"]: flat[0]})
        and (flat[0] is None or isinstance(flat[0], {"BYTES": str, "BOOL": bool}.get(str(tensor["datatype"]), NUMBER)))
    )
