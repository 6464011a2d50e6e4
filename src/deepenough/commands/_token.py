"""The bearer token of a server: from a file, or from the environment; never from the command line, which others can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from deepenough.errors import SettingError

TokenFile = Annotated[
    Path | None, typer.Option(help="File that holds the bearer token; or DEEPENOUGH_TOKEN.", show_default=False)
]


def token(file: Path | None) -> str | None:
    """Return the token, None where none is set."""
    if file is None:
        return os.environ.get("DEEPENOUGH_TOKEN") or None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingError(
            f"--token-file '{file}' cannot be read. Put a token into it: {secrets.token_urlsafe(24)} would do."
        ) from error
