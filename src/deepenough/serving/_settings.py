"""Settings: how a server listens, what it takes, and how long it waits."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from deepenough.errors import SettingError

POLICIES = ("flag", "refuse")
INPUTS = ("none", "hash", "full")
LEAST_TOKEN = 16
PERSON = "person"  # stands among the fallbacks for the review queue


@dataclass(frozen=True)
class Settings:
    """How to serve.

    Attributes
    ----------
    hosts : names by which the server may be asked, beside its own address and localhost.
    token : bearer token; asked of every change, and of everything but health where the address is not this machine's own.
    outside : what becomes of a cell outside of what training saw: ``flag`` answers with ``in_range: false``, ``refuse`` is a 422.
    body_bytes, elements, head_bytes : most of one request, held before anything is parsed.
    waiting : requests that may wait at once in one worker; more are told to come again.
    connections : open at once in one worker; more are told to come again.
    deadline_s : from arrival to reply. slow_s : for a request to arrive whole. drain_s : how long the end is announced before
        no new connection is taken; drain_limit_s : for what is under way then.
    challenger, mode, percent : what is tried beside the champion, as `serving._deployment` says. fallbacks : what answers where it
        fails, in their order; ``person`` at their end: the review queue.
    fallback_below, fallback_outside : whether an answer that is less sure than this, or to a row out of range, counts as failed.
    review_below, review_share : what people are to look at: answers less sure than this, and a random share of the others.
        second_share : of what they look at, what a second one decides, too, not knowing what the first said.
    log : address of the log: a path, or ``postgresql://...``; None: no log. log_inputs : none, hash or full.
    redact : columns whose cells are never logged. keep_days : age at which a logged request is forgotten.
    certificate, key : files for TLS.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    hosts: tuple[str, ...] = ()
    token: str | None = None
    outside: str = "flag"
    body_bytes: int = 8 * 2**20
    elements: int = 10**6
    head_bytes: int = 16 * 2**10
    waiting: int = 128
    connections: int = 1024
    deadline_s: float = 5.0
    slow_s: float = 10.0
    drain_s: float = 1.0
    drain_limit_s: float = 10.0
    challenger: str | None = None
    mode: str | None = None
    percent: float = 5.0
    fallbacks: tuple[str, ...] = ()
    fallback_below: float | None = None
    fallback_outside: bool = False
    review_below: float | None = None
    review_share: float = 0.0
    second_share: float = 0.0
    log: str | None = None
    log_inputs: str = "hash"
    redact: tuple[str, ...] = ()
    keep_days: float | None = None
    certificate: str | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        for name, value, known in (("--outside", self.outside, POLICIES), ("--log-inputs", self.log_inputs, INPUTS)):
            if value not in known:
                raise SettingError(f"{name} '{value}' is not known. Write one of: {', '.join(known)}.")
        if not 0 <= self.port <= 65535 or self.workers < 1:
            raise SettingError("--port is a number up to 65535 (0: any that is free), --workers at least 1.")
        if min(self.waiting, self.connections, self.body_bytes, self.elements) < 1 or self.deadline_s <= 0:
            raise SettingError("Limits are numbers above 0. Give a larger one, or leave it out.")
        self._must_fall_somewhere()
        if self.token is not None and (len(self.token) < LEAST_TOKEN or not self.token.isascii()):
            raise SettingError(f"The token is too short: at least {LEAST_TOKEN} plain letters and digits, from a file.")
        if not self.local and self.token is None:
            raise SettingError(
                f"--host {self.host} can be reached from elsewhere, and no token is set. Give one with --token-file or "
                "DEEPENOUGH_TOKEN, or leave --host out."
            )
        if (self.certificate is None) != (self.key is None):
            raise SettingError("--certificate and --key belong together. Give both, or neither.")

    def _must_fall_somewhere(self) -> None:
        for name in ("fallback_below", "review_below", "review_share", "second_share"):
            if not 0.0 <= (getattr(self, name) or 0.0) <= 1.0:
                raise SettingError(f"--{name.replace('_', '-')} is a share: write a number from 0 to 1.")
        if PERSON in self.fallbacks[:-1]:
            raise SettingError("--fallback person comes last: after a person nobody is asked.")
        if (self.fallback_below is not None or self.fallback_outside) and not self.fallbacks:
            raise SettingError(
                "--fallback-below and --fallback-outside need somebody to fall back on. Add a --fallback."
            )
        if self.reviewed and self.log is None:
            raise SettingError("What people are to look at is kept in the log's database. Give one with --log.")
        if self.reviewed and self.token is None:
            raise SettingError("Who reviews needs the token. Give one with --token-file, or DEEPENOUGH_TOKEN.")

    @property
    def reviewed(self) -> bool:
        """Whether anything goes to people."""
        return self.review_below is not None or self.review_share > 0 or PERSON in self.fallbacks

    @property
    def known(self) -> tuple[str, ...]:
        """References that were given at the start."""
        return (*(f for f in self.fallbacks if f != PERSON), *([self.challenger] if self.challenger else []))

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the address."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
