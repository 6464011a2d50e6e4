"""A run that is not finished: the folder it is made in, who is at it, and what it was doing when it ended."""

from __future__ import annotations

import faulthandler
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, Any

from deepenough import request
from deepenough.errors import DeepEnoughError, SettingError, StorageError
from deepenough.files import cannot_write, read_json, replace_folder, to_json, write_bytes

try:
    import fcntl
except ImportError:  # Windows: nobody else is kept out there
    fcntl = None  # type: ignore[assignment]

RUN, VERDICT, MARK, TRACE = "run.json", "verdict.json", "unfinished.json", "crash.txt"
CRASHES = 2  # of one fit, each with its trace: then the family is at fault
ENDINGS = 5  # of one fit, without a trace: kill -9, a power cut, the system out of memory


@dataclass
class Unfinished:
    """One run on its way. The lock on its folder is the kernel's: it goes with the process, however that ends.

    Attributes
    ----------
    out : the folder of the run. folder : where it is made: there, or hidden beside it while the run it replaces still stands.
    resumed : whether an earlier try is gone on with. stamp : one hash of what was asked.
    """

    out: Path
    folder: Path
    resumed: bool
    stamp: str
    doing: str | None = None
    ended: list[str | None] = field(default_factory=list)

    @property
    def decided(self) -> bool:
        """Whether an earlier try came to its verdict: what is left is to show it, and to put it in its place.

        One that stands beside what it replaces is made again, from what is kept: that one's ledger may have grown.
        """
        in_place = self.folder == self.out or not (self.folder / MARK).exists()
        return (self.folder / VERDICT).exists() and in_place

    def begin(self, what: str) -> str | None:
        """Note what is fitted next; return why not, where that ended the whole process too often before."""
        self.ended = self.ended if what == self.doing else []
        crashes = [e for e in self.ended if e]
        if len(crashes) >= CRASHES:
            return f"it ended the whole process {len(crashes)} times ({crashes[-1]}), so it is left out"
        if len(self.ended) >= ENDINGS:
            return f"the process was killed {len(self.ended)} times while it was fitted (out of memory?), so it is left out"
        self._note(what)
        return None

    def _note(self, doing: str | None) -> None:
        self.doing = doing
        text = to_json({"doing": doing, "ended": self.ended})
        write_bytes(self.folder / MARK, text.encode("utf-8"), sync=False)  # after a power cut nobody is to blame

    def recall(self) -> None:
        """Read what the earlier try was doing when it ended, and how it ended; sweep away what it left half-written."""
        mark = read_json(self.folder / MARK)
        trace = self.folder / TRACE
        lines = trace.read_text(encoding="utf-8", errors="replace").splitlines() if trace.is_file() else []
        crash = lines[0].removeprefix("Fatal Python error: ").lower() if lines else None
        self.doing = mark.get("doing")
        self.ended = [*mark.get("ended", []), crash] if self.doing else []
        for left in [p for p in self.folder.rglob(".*") if p.exists()]:
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)

    def stopped(self, error: BaseException) -> None:
        """After an error or Ctrl-C: leave what is needed to go on; nothing, where the call itself was wrong."""
        begun = any(self.folder.glob("trials/*/part-*"))
        wrong = isinstance(error, DeepEnoughError) and not isinstance(error, StorageError)
        if (wrong and not begun) or not (self.folder / RUN).exists():
            shutil.rmtree(self.folder, ignore_errors=True)
        elif self.doing is not None and not isinstance(error, StorageError):
            self.ended = []
            self._note(None)  # this end is known: it is not the fit's

    def finish(self) -> None:
        """The last step: the run stands in its own folder, in place of what stood there."""
        (self.folder / TRACE).unlink(missing_ok=True)
        (self.folder / MARK).unlink(missing_ok=True)
        if self.folder != self.out:
            replace_folder(self.folder, self.out)
        shutil.rmtree(_aside(self.out), ignore_errors=True)


def must_be_free(out: Path | None, overwrite: bool, again: str | None) -> None:
    """Refuse, before any data are read, a folder that is no run, or that holds a finished one that is not to be replaced."""
    known = out is not None and ((out / VERDICT).exists() or (not out.exists() and (_beside(out) / RUN).exists()))
    if again is not None and not (again.strip() and known):
        raise SettingError(
            "--open-again needs a reason in words, and --out with the run whose sealed rows are looked at again."
        )
    if out is None:
        return
    state = _state(out)
    if state == "foreign":
        raise SettingError(f"'{out}' exists and is no run. Choose another --out.")
    if state == "finished" and not overwrite and again is None:
        raise SettingError(f"'{out}' holds a run already. Choose another --out, or replace it with --overwrite.")


@contextmanager
def at(
    out: Path | None, name: str, asked: Mapping[str, Any], overwrite: bool, say: Callable[[str], None]
) -> Iterator[Unfinished]:
    """Give the place where a run is made, for nobody else at the same time; when the block ends well, the run is finished.

    Parameters
    ----------
    out : its folder; None is the next one under ``runs/`` that is free, or that holds the same question unfinished.
    asked : ``request``, ``data`` and ``versions``: an unfinished run that was asked the same is gone on with.

    Raises
    ------
    SettingError : another process is at it, or the folder holds an unfinished run of another question.
    StorageError : the folder cannot be written, or the disk is full; the same call goes on later.
    """
    out = out if out is not None else _next(name, asked)
    must_be_free(out, overwrite, asked["request"].get("open_again"))  # it may have been finished meanwhile
    folder = _folder(out, asked)
    with _locked(folder, out):
        place = Unfinished(out, folder, _goes_on(folder, out, asked, overwrite), request.stamp(asked))
        try:
            if place.resumed:
                place.recall()
                say(f"Going on with the run in '{out}'")
            with _traced(folder):
                yield place
            place.finish()
        except OSError as error:
            place.stopped(kept := _kept(cannot_write(out, error), place))
            raise kept from error
        except StorageError as error:  # people know the folder by its own name
            place.stopped(error)
            raise _kept(StorageError(str(error).replace(str(folder), str(out))), place) from error
        except BaseException as error:
            place.stopped(error)
            raise


def _kept(error: StorageError, place: Unfinished) -> StorageError:
    done = " What is done is kept: the same command goes on from here." if (place.folder / RUN).exists() else ""
    return StorageError(f"{error}{done}")


def _next(name: str, asked: Mapping[str, Any]) -> Path:
    numbered = (Path("runs") / (name if i == 1 else f"{name}-{i}") for i in count(1))
    return next(
        f for f in numbered if _state(f) == "free" or (_state(f) == "unfinished" and _differs(f, asked) is None)
    )


def _folder(out: Path, asked: Mapping[str, Any]) -> Path:
    """Where the run is made: beside a finished one that it replaces, so that this survives whatever happens."""
    state, beside = _state(out), _beside(out)
    if state == "finished":
        last_step = _aside(out).exists() and _differs(out, asked) is None  # killed when it was in place already
        return out if last_step else beside
    return beside if state == "free" and (beside / RUN).exists() and _differs(beside, asked) is None else out


def _beside(out: Path) -> Path:
    return out.resolve().parent / f".{out.resolve().name}.next"


def _aside(out: Path) -> Path:
    """Where what was replaced goes until it is deleted (`files.replace_folder`)."""
    return _beside(out).with_name(f"{_beside(out).name}.old")


def _goes_on(folder: Path, out: Path, asked: Mapping[str, Any], overwrite: bool) -> bool:
    """Whether the folder holds an earlier try of the same; what is another's and may go is taken away."""
    if not (folder / RUN).exists():
        _empty(folder)
        return False
    differs = _differs(folder, asked)
    if differs is None:
        return True
    if folder == out and not overwrite:
        raise SettingError(
            f"'{out}' holds an unfinished run of another question: {differs}. Ask as it was asked and it goes on, choose "
            "another --out, or replace it with --overwrite."
        )
    _empty(folder)
    return False


def _empty(folder: Path) -> None:
    """Take away what stands in a folder, and leave the folder, which is locked; the record that it is a run goes last."""
    for entry in sorted(folder.iterdir(), key=lambda p: p.name == RUN):
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def _differs(folder: Path, asked: Mapping[str, Any]) -> str | None:
    return request.difference(read_json(folder / RUN), asked)


def _state(folder: Path) -> str:
    """Return free, unfinished, finished, or foreign."""
    if not folder.is_dir():
        return "foreign" if folder.exists() else "free"
    if (folder / RUN).exists():
        return "finished" if (folder / VERDICT).exists() and not (folder / MARK).exists() else "unfinished"
    ours = all(
        p.name == TRACE or p.name.startswith(f".{RUN}.") for p in folder.iterdir()
    )  # killed before it had run.json
    return "free" if ours else "foreign"


def sentence(folder: Path) -> str | None:
    """Return what to say of a folder whose run is not finished; None where it holds no such run."""
    if not (folder / RUN).exists() or (folder / VERDICT).exists():
        return None
    command = read_json(folder / RUN).get("command")
    return (
        f"'{folder}' holds no finished run: it has no verdict yet. The command that began it goes on with it"
        f"{f': {command}' if command else '.'}"
    )


@contextmanager
def _locked(folder: Path, out: Path) -> Iterator[None]:
    """Make the folder and hold it itself, so that no lock file is left by whatever ends the process."""
    handle = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if fcntl is not None:
            handle = _held(folder, out)
    except OSError as error:
        raise cannot_write(out, error) from error
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _held(folder: Path, out: Path) -> int:
    """Return the handle that holds the folder until it is closed."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = os.path.samestat(os.fstat(handle), folder.stat())  # or it was taken away, or its place taken, between
    except (BlockingIOError, FileNotFoundError):
        ours = False
    except OSError:  # a file system that knows no locks: there nobody is kept out
        ours = True
    if not ours:
        os.close(handle)
        raise SettingError(f"Another process is making the run in '{out}' now. Wait for it, or choose another --out.")
    return handle


@contextmanager
def _traced(folder: Path) -> Iterator[None]:
    """Let a library that crashes leave a trace: a fit that ends the process is told from one that was killed by it."""
    if faulthandler.is_enabled():  # somebody else's: they read it
        yield
        return
    file: IO[str]
    with (folder / TRACE).open("w", encoding="utf-8") as file:
        faulthandler.enable(file, all_threads=False)
        try:
            yield
        finally:
            faulthandler.disable()
