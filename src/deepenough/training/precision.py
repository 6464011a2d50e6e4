"""Where a network is trained, and in what precision: decided by what the device can do, never by a stopwatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Place:
    """A device and how it is used.

    Attributes
    ----------
    device : ``cuda``, ``mps`` or ``cpu``. half : ``bfloat16`` or ``float16`` for matrix products, None for single precision.
    channels_last : whether pictures lie in memory with their colours side by side.
    """

    device: str = "cpu"
    half: str | None = None
    channels_last: bool = False

    @property
    def dtype(self) -> torch.dtype | None:
        return getattr(torch, self.half) if self.half else None

    @property
    def torch_device(self) -> torch.device:
        return torch.device(self.device)

    def document(self) -> dict[str, Any]:
        return {"device": self.device, "half": self.half, "channels_last": self.channels_last}


def find(mixed: bool, device: str | None = None) -> Place:
    """Return the best device there is, in half precision where `mixed` allows it and the device has circuits for it.

    A CPU multiplies bfloat16 where it has AVX512-BF16 or AMX. Both are facts of the machine: the same machine decides the
    same each time, where a stopwatch would decide by its neighbours (docs/decisions/0016-precision-by-capability.md).
    """
    device = device or found()
    if not mixed:
        return Place(device)
    if device == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return Place(device, "bfloat16" if native else "float16", channels_last=True)
    if device == "cpu":
        able = any(torch.cpu.get_capabilities().get(name, False) for name in ("avx512_bf16", "amx_bf16"))
        return Place(device, "bfloat16" if able else None, channels_last=True)
    return Place(device)


def found() -> str:
    """Return the best device of this machine."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
