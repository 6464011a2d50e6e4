"""Options of `serve`, and what --help says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A run, a bundle, or models:/churn@champion.", show_default=False)
]
Host = Annotated[str, typer.Option(help="Address to listen on; beyond this machine it needs a token.")]
Port = Annotated[int, typer.Option(help="Port; 0: any that is free.")]
Workers = Annotated[int, typer.Option(help="Processes that answer.")]
Name = Annotated[str | None, typer.Option(help="Name by which clients ask for the model.", show_default=False)]
Hosts = Annotated[
    list[str] | None, typer.Option(help="Another name by which the server may be asked.", show_default=False)
]
Outside = Annotated[
    str, typer.Option(help="A cell outside of what training saw: flag (in_range: false), or refuse (422).")
]
Challenger = Annotated[str | None, typer.Option(metavar="MODEL", help="Try this one beside it.", show_default=False)]
Mode = Annotated[
    str, typer.Option(help="How it is tried: shadow (asked too, only compared), or canary (answers a share).")
]
Percent = Annotated[float, typer.Option(help="Share of the requests that a canary answers.")]
Fallback = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MODEL",
        help="Answers where the model fails; repeat for the next; person: the review queue.",
        show_default=False,
    ),
]
FallbackBelow = Annotated[
    float | None,
    typer.Option(metavar="P", help="Fall back where the class answered is less likely.", show_default=False),
]
FallbackOutside = Annotated[
    bool, typer.Option("--fallback-outside", help="Fall back where a cell lies outside of what training saw.")
]
ReviewBelow = Annotated[
    float | None,
    typer.Option(metavar="P", help="People look at what is less sure, novel, or fell back.", show_default=False),
]
ReviewShare = Annotated[float, typer.Option(metavar="SHARE", help="And at a random share of the rest.")]
SecondShare = Annotated[
    float, typer.Option(metavar="SHARE", help="Of what they look at, what a second one decides, too, blindly.")
]
Log = Annotated[
    str | None, typer.Option(metavar="PATH|URL", help="Log requests: a file, or postgresql://...", show_default=False)
]
LogInputs = Annotated[str, typer.Option(help="What of the inputs is logged: none, hash or full.")]
Redact = Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="Never log this column.", show_default=False)]
Keep = Annotated[float | None, typer.Option(metavar="DAYS", help="Forget what is older.", show_default=False)]
Deadline = Annotated[float, typer.Option(metavar="SECONDS", help="From arrival to reply.")]
Waiting = Annotated[int, typer.Option(help="Requests that may wait in one worker; more get a 503.")]
Drain = Annotated[
    float, typer.Option(metavar="SECONDS", help="For how long the end is announced before no more is taken.")
]
Slow = Annotated[float, typer.Option(metavar="SECONDS", help="In which a request must have arrived whole.")]
Certificate = Annotated[Path | None, typer.Option(help="File of the certificate, for TLS.", show_default=False)]
Key = Annotated[Path | None, typer.Option(help="File of the certificate's key.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout once the model answers.")]
