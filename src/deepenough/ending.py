"""How a command ends: with its exit code, or with one sentence on stderr, never with a trace."""

from __future__ import annotations

import _thread
import atexit
import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Any, NoReturn

import typer

from deepenough.errors import DeepEnoughError, nearest

STOPPED = 130  # what a shell expects of a command that Ctrl-C ended
UsageError: type[Any] = typer.BadParameter.__mro__[1]  # typer may bring its own click, so click's is not named here


def insist(seconds: float = 2.0) -> None:
    """Raise Ctrl-C again and again until the process has ended: where it falls into the import of a library, or into a call that
    clears errors, the first one is lost. A process that was started to ignore it still does.
    """

    def stop(*_: object) -> NoReturn:
        again = threading.Timer(seconds, _once_more)
        again.daemon = True
        again.start()
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop)


def _once_more() -> None:
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:  # to the main thread itself, so that a call it waits in ends, too
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def leave(code: int) -> NoReturn:
    """End the process as Python would, but for taking its objects apart one by one: 0.3 CPU seconds after a run, for nothing."""
    atexit._run_exitfuncs()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):  # its reader left: what it did not read, nobody will
            stream.flush()
    os._exit(code)


def run(app: typer.Typer) -> NoReturn:
    """Run an app to its end; an error of ours is a sentence and an exit code."""
    try:
        code = app(standalone_mode=False, prog_name="deepenough")
        sys.stdout.flush()
    except DeepEnoughError as error:
        end(str(error), error.exit_code)
    except UsageError as error:
        wrong_call(error)
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except BrokenPipeError:  # the reader of our output left: nothing to say, and nobody to say it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except (MemoryError, OSError) as error:
        end(f"{error or type(error).__name__}. Free some memory or space, or check the path, and run it again.", 3)
    except Exception as error:
        if os.environ.get("DEEPENOUGH_DEBUG"):
            raise
        end(
            f"Something failed that should not: {type(error).__name__}: {error}. "
            "Run it again with DEEPENOUGH_DEBUG=1 for the whole trace, and please report it.",
            3,
        )
    if code == STOPPED:
        _stop("Stopped. Give the same command again: a run goes on where it was, anything else starts anew.")
    raise SystemExit(code or 0)


def _stop(sentence: str) -> NoReturn:
    """End at once: where Ctrl-C fell into code that Python compiles from text, Python itself would end by signal, not by 130."""
    sys.stderr.write(f"deepenough: {sentence}\n")
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(STOPPED)


def wrong_call(error: Any) -> NoReturn:
    """Say what is wrong with the words of a command: the nearest right one, and where all of them stand."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        raise SystemExit(error.exit_code)
    message = error.format_message().strip()
    if type(error).__name__ == "NoSuchOption":
        message = (
            f"There is no option {error.option_name}. {nearest(error.option_name, error.possibilities or ())}".strip()
        )
    path = error.ctx.command_path if error.ctx else "deepenough"
    what = "option" if " " in path else "command"
    end(f"{message}{'' if message[-1] in '.?' else '.'} All {what}s: {path} --help", error.exit_code)


def end(sentence: str, code: int) -> NoReturn:
    sys.stderr.write(f"deepenough: {' '.join(line.strip() for line in sentence.splitlines())}\n")
    raise SystemExit(code)
