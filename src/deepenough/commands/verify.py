"""The command `verify`: whether the seal of a run held."""

from __future__ import annotations

import typer

from deepenough.commands import _options as options
from deepenough.commands._options import Folder, Json
from deepenough.commands._speech import console, print_json

ORDER = 60


def verify(folder: Folder, head: options.Head = None, as_json: Json = False) -> None:
    """Recompute the ledger of a run, and hold its models, sealed rows and verdict against it; exit 1 on any change."""
    from deepenough import seal
    from deepenough.report import judgement

    proof = seal.verify(folder, head)
    if as_json:
        print_json(proof.document())
    judgement.proof(proof.document(), console(as_json))
    raise typer.Exit(1 if proof.faults else 0)
