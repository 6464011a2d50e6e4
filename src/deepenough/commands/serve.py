"""The command `serve`: a model behind HTTP."""

from __future__ import annotations

import os
import sys

from deepenough.commands import _serving as options
from deepenough.commands._deployment_file import Deployment
from deepenough.commands._speech import print_json
from deepenough.commands._token import TokenFile, token

ORDER = 66


# fmt: off
def serve(
    model: options.Model, host: options.Host = "127.0.0.1", port: options.Port = 8000, workers: options.Workers = 1,
    name: options.Name = None, token_file: TokenFile = None, allow_host: options.Hosts = None, outside: options.Outside = "flag",
    challenger: options.Challenger = None, mode: options.Mode = "shadow", percent: options.Percent = 5.0,
    fallback: options.Fallback = None, fallback_below: options.FallbackBelow = None,
    fallback_outside: options.FallbackOutside = False, review_below: options.ReviewBelow = None,
    review_share: options.ReviewShare = 0.0, second_share: options.SecondShare = 0.0,
    log: options.Log = None, log_inputs: options.LogInputs = "hash", redact: options.Redact = None,
    keep: options.Keep = None, deadline: options.Deadline = 5.0, waiting: options.Waiting = 128, drain: options.Drain = 1.0,
    slow: options.Slow = 10.0, certificate: options.Certificate = None, key: options.Key = None,
    deployment: Deployment = None, as_json: options.Json = False,
) -> None:
    # fmt: on
    """Answer requests with a model: the Open Inference Protocol, POST /predict, and a page to try it by hand."""
    from deepenough import serving

    settings = serving.Settings(
        host=host,
        port=port,
        workers=workers,
        hosts=tuple(allow_host or ()),
        token=token(token_file),
        outside=outside,
        waiting=waiting,
        deadline_s=deadline,
        drain_s=drain,
        slow_s=slow,
        challenger=challenger,
        mode=mode if challenger else None,
        percent=percent,
        fallbacks=tuple(fallback or ()),
        fallback_below=fallback_below,
        fallback_outside=fallback_outside,
        review_below=review_below,
        review_share=review_share,
        second_share=second_share,
        log=log,
        log_inputs=log_inputs,
        redact=tuple(redact or ()),
        keep_days=keep,
        certificate=str(certificate) if certificate else None,
        key=str(key) if key else None,
    )

    def say(called: str, address: str) -> None:
        if as_json:
            print_json({"schema": "deepenough.serving/1", "model": called, "address": address, "pid": os.getpid()})
            sys.stdout.flush()
        sys.stderr.write(f"{called} answers at {address} (Ctrl-C ends it)\n")
        sys.stderr.flush()

    serving.serve(model, settings, name, say)
