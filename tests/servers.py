"""A real PostgreSQL server of a test's own: started in a folder of its own, on a free port, and gone with the test."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAMES = ("postgres", "nobody")  # a server refuses to run as root; one of these it is started as
PASSWORD = "corRect-horse"


@dataclass(frozen=True)
class Server:
    """Where a server listens."""

    port: int

    def url(self, user: str = "owner", password: str = PASSWORD, database: str = "postgres") -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"


def binaries() -> Path | None:
    """Return the folder of initdb and pg_ctl, None where no server is installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((f for f in reversed(folders) if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in NAMES if name in known)


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@contextmanager
def postgresql() -> Iterator[Server]:
    """Start a server that asks for passwords; stop it and delete its folder at the end."""
    tools, user, port = binaries(), _user(), _free_port()
    assert tools is not None
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    secret = home / "password"
    secret.write_text(PASSWORD)
    if user is not None:
        entry = pwd.getpwnam(user)
        for path in (home, secret):
            os.chown(path, entry.pw_uid, entry.pw_gid)
    data = home / "data"

    def call(tool: str, *words: str) -> None:
        command = [str(tools / tool), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, user=user, cwd=home, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    def log() -> str:
        return (home / "log").read_text() if (home / "log").exists() else ""

    options = f"-p {port} -h 127.0.0.1 -k {home} -c fsync=off -c shared_buffers=16MB -c max_connections=10"
    try:
        call(
            "initdb",
            "-D",
            str(data),
            "-U",
            "owner",
            "-A",
            "scram-sha-256",
            f"--pwfile={secret}",
            "--no-sync",
            "-E",
            "UTF8",
        )
        start = [str(tools / "pg_ctl"), "-D", str(data), "-w", "-l", str(home / "log"), "-o", options, "start"]
        quiet = subprocess.DEVNULL  # the server inherits what is open: a pipe would never end
        begun = subprocess.run(start, stdout=quiet, stderr=quiet, check=False, user=user, cwd=home, timeout=60)
        assert begun.returncode == 0, log()
        yield Server(port)
    finally:
        if (data / "postmaster.pid").exists():
            call("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(home, ignore_errors=True)
