"""Pretrained networks for pictures: from a folder in Hugging Face's format, as a module to train or as a graph that embeds.

Only safetensors are read and no code that lies beside them: the classes are those of the installed `transformers`.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from deepenough.errors import Unavailable
from deepenough.files import write_bytes
from deepenough.steps import Declared
from deepenough.task import Task
from deepenough.training.weights import fingerprint, locate, reading
from deepenough.workspace import Workspace

EMBEDDING = "embedding"
PIXELS = "pixels"
OPSET = 21  # as all graphs of the house have it, so that two can be joined


@dataclass(frozen=True)
class Backbone:
    """A pretrained network that turns a picture into numbers.

    Attributes
    ----------
    folder : where its weights are. digest : of all that is read of it.
    cache : where its graph is kept; None makes it anew each time. column : of the pictures.
    """

    folder: Path
    digest: str
    cache: Path | None = None
    column: str = "image"

    @classmethod
    def find(cls, workspace: Workspace, task: Task) -> Backbone:
        """Return the network that the workspace names; `Unavailable` says how to get one."""
        folder = locate(workspace.weights, workspace.may_download)
        return cls(folder, fingerprint(folder), workspace.cache, task.inputs[0].name)

    @property
    def name(self) -> str:
        said = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))
        return str(said.get("_name_or_path") or said.get("model_type") or self.folder.name)

    @cached_property
    def step(self) -> Declared:
        """How a picture becomes what the network takes: the step that ships, too."""
        return ("picture", 1, reading(self.folder, self.column))

    def module(self) -> Any:
        """Return it as a torch module: (n, 3, size, size) to (n, d).

        Raises `Unavailable` where the installed transformers do not know it, or where its weights do not fit.
        """
        from transformers import AutoModel

        from_here: Mapping[str, Any] = {"local_files_only": True, "use_safetensors": True, "trust_remote_code": False}
        with quiet():
            try:
                network, told = AutoModel.from_pretrained(self.folder, output_loading_info=True, **from_here)
            except (OSError, ValueError, KeyError, RuntimeError) as error:
                reason = str(error).strip().splitlines()[0]
                raise Unavailable(f"The network in '{self.folder}' cannot be opened: {reason}") from error
        missing = [name for name in told["missing_keys"] if "pooler" not in name]
        if missing:
            raise Unavailable(f"The weights in '{self.folder}' do not fit their network: {missing[0]} is missing.")
        return _embedding(network, pooled=len(missing) == len(told["missing_keys"]))

    def graph(self) -> bytes:
        """Return it as an ONNX graph from ``pixels`` to ``embedding``; made once for a folder and its versions."""
        from importlib.metadata import version

        made_by = "-".join(version(package) for package in ("torch", "transformers", "onnxscript"))
        kept = self.cache / "backbones" / f"{self.digest}-{made_by}.onnx" if self.cache else None
        if kept is not None and kept.is_file():
            return kept.read_bytes()
        graph = to_graph(self.module(), int(self.step[2]["size"]), EMBEDDING)
        if kept is not None:
            write_bytes(kept, graph)
        return graph


def _embedding(network: Any, pooled: bool) -> Any:
    """Wrap a network of transformers: pixels in, one vector a picture out."""
    from torch import Tensor, nn

    class Embedding(nn.Module):
        """What the network sums a picture up in: its own pooling where it learnt one, else the mean over places, or the first token."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: Tensor) -> Tensor:
            out = self.network(pixel_values=pixels)
            summed = getattr(out, "pooler_output", None) if pooled else None
            if summed is None:
                last = out.last_hidden_state
                summed = last.mean((2, 3)) if last.ndim == 4 else last[:, 0]
            found: Tensor = summed.flatten(1)
            return found

    return Embedding().eval()


def to_graph(network: Any, size: int, output: str) -> bytes:
    """Return a trained torch module from (n, 3, size, size) as an ONNX graph in one piece."""
    import torch

    dummy = torch.zeros(2, 3, size, size)
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own insides
        program = torch.onnx.export(
            network.eval(),
            (dummy,),
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            input_names=[PIXELS],
            output_names=[output],
            dynamic_shapes=({0: torch.export.Dim("n")},),
            verbose=False,
        )
    assert program is not None
    made: bytes = program.model_proto.SerializeToString()
    return made


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' own lines off the terminal, and leave their voices as they were."""
    from transformers.utils import logging as voices

    theirs: Any = voices

    before, bar = theirs.get_verbosity(), theirs.is_progress_bar_enabled()
    disabled = logging.root.manager.disable
    theirs.set_verbosity_error()
    theirs.disable_progress_bar()
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(disabled)
        theirs.set_verbosity(before)
        if bar:
            theirs.enable_progress_bar()


class Session:
    """A graph that looks at pixels, as it ships."""

    def __init__(self, graph: bytes, output: str, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others work here, too
        self.output = output
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def run(self, pixels: np.ndarray) -> np.ndarray:
        """Return (k, d) of (k, 3, size, size)."""
        return np.asarray(self._session.run([self.output], {PIXELS: pixels})[0])
