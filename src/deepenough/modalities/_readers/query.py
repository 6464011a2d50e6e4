"""A query of a database as a table: read only, in parts, and no password is ever said or written."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepenough.errors import DataError, SettingError, Unavailable, nearest
from deepenough.modalities._readers.columns import Columns
from deepenough.modalities._readers.common import check_names, reason_of

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 20_000_000
AT_ONCE = 10_000
CONNECT_SECONDS = 15
HIDDEN = "***"
NOTED = "a query of "
ENVIRONMENT = "env:"
SECRET = re.compile(r"pass|pwd|secret|token|key|credential|odbc_connect", re.I)
CREDENTIALS = re.compile(r"(//[^:/@]*):.*@", re.S)
SCHEME = re.compile(r"[A-Za-z][\w.+-]*:")
SKIPPED = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|(\$\w*\$).*?\1", re.S)
SQLITE = b"SQLite format 3\x00"
LIKELY = ("sqlite", "postgresql", "mysql", "mariadb", "mssql", "oracle", "duckdb", "snowflake")


@dataclass(frozen=True)
class Query:
    """A SELECT and the database it goes to: a source of rows wherever a path or a frame is.

    Parameters
    ----------
    sql : one SELECT (or WITH ... SELECT). Anything else is refused, and the connection is opened for reading only.
        With an ORDER BY the same rows come in the same order, and so in the same split, each time.
    db : SQLAlchemy URL (``sqlite:///shop.db``, ``postgresql://user:password@host/shop``), or ``env:NAME`` where an
        environment variable holds it. The password is kept out of messages, reports and the run's folder.

    Examples
    --------
    >>> Query("SELECT * FROM customers ORDER BY id", "postgresql://ann:secret@db.example.org/shop")
    Query(sql='SELECT * FROM customers ORDER BY id', db='postgresql://ann:***@db.example.org/shop')
    """

    sql: str
    db: str = field(repr=False)

    def __repr__(self) -> str:
        return f"Query(sql={self.sql!r}, db={self.shown!r})"

    def __str__(self) -> str:
        """Return what a run notes of it, which `again` reads."""
        return f"{NOTED}{self.shown}: {self.sql.strip()}"

    @property
    def shown(self) -> str:
        """The URL as it may be seen."""
        return without_password(self.db)

    @property
    def ordered(self) -> bool:
        """Whether the rows come in an order of their own."""
        return re.search(r"\bORDER\s+BY\b", SKIPPED.sub(" ", self.sql), re.I) is not None

    @property
    def title(self) -> str:
        """A name for a run: of the database."""
        return Path(re.split(r"[?#]", self.shown)[0].rstrip("/").replace(":", "/")).stem or "query"


def without_password(db: str) -> str:
    """Return a database URL without what is secret in it.

    >>> without_password("postgresql://ann:p@ss@db/shop?sslmode=on&sslpassword=x")
    'postgresql://ann:***@db/shop?sslmode=on&sslpassword=***'
    >>> without_password("sqlite:///shop.db"), without_password("env:SHOP")
    ('sqlite:///shop.db', 'env:SHOP')
    """
    head, mark, options = CREDENTIALS.sub(rf"\1:{HIDDEN}@", db).partition("?")
    kept = [
        f"{key}={HIDDEN}" if SECRET.search(key) else f"{key}{sign}{value}"
        for key, sign, value in (part.partition("=") for part in options.split("&"))
    ]
    return head + mark + "&".join(kept)


def again(noted: str) -> Query | None:
    """Return the query that a run noted, None where it noted none.

    Raises `DataError` where its password is not there any more, which is never written down.
    """
    if not noted.startswith(NOTED):
        return None
    db, _, sql = noted.removeprefix(NOTED).partition(": ")
    if HIDDEN in db:
        raise DataError(
            f"The run was made of a query of {db}, and keeps neither its password nor its rows. Save the rows to a file, in "
            "the same order, and name it with --data. For the next run, give the URL as env:NAME."
        )
    return Query(sql, db)


def read_query(query: Query) -> pd.DataFrame:
    """Run the query and return its rows.

    Raises
    ------
    SettingError : no SELECT, or a URL that cannot be read. Unavailable : SQLAlchemy or the database's driver is missing.
    DataError : the database cannot be reached, refuses, or goes away on the way; no rows, too many, doubled names.
    """
    sql = _one_select(query.sql)
    if importlib.util.find_spec("sqlalchemy") is None:
        raise Unavailable(
            "Reading from a database needs SQLAlchemy, which is not installed here. "
            "Install it with: pip install 'deepenough[sql]'."
        )
    url = _url(query.db)
    with _connected(url, query) as connection:
        columns = _fetch(connection, sql, query)
    if not columns.rows:
        raise DataError(f"The query gives no rows ({query.shown}). Check its conditions.")
    return columns.frame()


def _one_select(sql: str) -> str:
    """Return the statement without what may stand at its end; refuse anything but one SELECT."""
    bare = SKIPPED.sub(" ", sql).strip()
    first = re.match(r"\(*\s*(\w*)", bare)
    if not bare:
        raise SettingError("--sql is empty. Write a SELECT.")
    if ";" in bare.rstrip("; \t\r\n"):
        raise SettingError("--sql holds several statements. Write one SELECT.")
    if first is None or first.group(1).upper() not in ("SELECT", "WITH", "VALUES", "TABLE"):
        begins = " ".join(bare.split())[:30]
        raise SettingError(
            f"--sql begins with '{begins}'. deepenough only reads: write a SELECT (or WITH ... SELECT), and nothing else."
        )
    writing = re.search(
        r"\b(INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|MERGE\s+INTO|SELECT\b.*?\bINTO\b)", bare, re.I | re.S
    )
    if writing:
        word = writing.group(1).split()[0].upper()
        what = "SELECT ... INTO" if word == "SELECT" else word
        raise SettingError(
            f"--sql holds {what}, which writes. deepenough only reads: write a SELECT, and nothing else."
        )
    return sql.strip().rstrip("; \t\r\n") if bare.endswith(";") and sql.strip().endswith(";") else sql


def _url(db: str) -> Any:
    """Return the parsed URL; a SQLite file must be there, and is opened so that it cannot be written."""
    import sqlalchemy

    text = db
    if db.startswith(ENVIRONMENT):
        text = os.environ.get(db.removeprefix(ENVIRONMENT), "")
        if not text:
            raise SettingError(f"--db {db}: there is no such environment variable, or it is empty. Set it to the URL.")
    try:
        url = sqlalchemy.make_url(text)
        if url.password and text.partition("?")[0].count("@") > 1:
            raise ValueError("which of them ends the password?")
    except (sqlalchemy.exc.ArgumentError, ValueError):
        shown = without_password(text) if SCHEME.match(text) and not db.startswith(ENVIRONMENT) else "what was given"
        raise SettingError(
            f"--db: {shown} is no database URL. Write it as sqlite:///shop.db or postgresql://user:password@host/name; "
            "letters such as @ and / in a password are written as %40 and %2F."
        ) from None
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def _sqlite(url: Any) -> Any:
    if not url.database or url.database == ":memory:":
        raise SettingError("--db names a SQLite database in memory, which is empty. Name its file: sqlite:///shop.db.")
    if url.database.startswith("file:"):
        return url
    path = Path(url.database)
    if not path.is_file():
        here = [p.name for p in path.parent.glob("*") if p.is_file()] if path.parent.is_dir() else []
        raise DataError(
            f"There is no file '{path}' (--db). {nearest(path.name, here)}Check the path: sqlite:/// and then the path, so "
            "that an absolute one has four slashes."
        )
    with path.open("rb") as file:
        head = file.read(len(SQLITE))
    if head != SQLITE:
        raise DataError(f"'{path}' is no SQLite database. Name it as a table, or check the path (--db).")
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return url.set(database=f"file:{quoted}").update_query_dict({"mode": "ro", "uri": "true"})


@contextmanager
def _connected(url: Any, query: Query) -> Iterator[Any]:
    """Give a connection for one query; whatever goes wrong is a sentence, and none of them holds the password."""
    import sqlalchemy
    from sqlalchemy.pool import NullPool

    arguments = {"connect_timeout": CONNECT_SECONDS} if url.get_backend_name() == "postgresql" else {}
    if "connect_timeout" in url.query:
        arguments = {}
    try:
        engine = sqlalchemy.create_engine(url, poolclass=NullPool, connect_args=arguments, hide_parameters=True)
        with engine.connect() as connection:
            yield _read_only(connection)
    except sqlalchemy.exc.NoSuchModuleError:
        raise SettingError(
            f"--db: '{url.drivername}' is no database that SQLAlchemy knows. {nearest(url.get_backend_name(), LIKELY)}"
            "Write sqlite:///..., postgresql://..., or install its dialect."
        ) from None
    except ModuleNotFoundError as error:
        mend = "pip install 'deepenough[sql]'" if error.name == "psycopg" else "see SQLAlchemy's page on this database"
        raise Unavailable(
            f"A database of '{url.drivername}' needs the driver {error.name}, which is not installed here. Install it "
            f"({mend}), or name another driver in the URL, as in mysql+pymysql://."
        ) from None
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise _refused(error, url, query) from None  # the cause may hold the whole URL
    except (OSError, ValueError, TypeError) as error:
        raise _refused(error, url, query) from None


def _read_only(connection: Any) -> Any:
    """Tell the database, too, that nothing is written. What has no such word is rolled back at the end in any case."""
    words = {
        "sqlite": "PRAGMA query_only = ON",
        "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "mysql": "SET SESSION TRANSACTION READ ONLY",
        "mariadb": "SET SESSION TRANSACTION READ ONLY",
    }
    word = words.get(connection.dialect.name)
    if word is not None:
        connection.exec_driver_sql(word)
        connection.rollback() if connection.dialect.name == "sqlite" else connection.commit()
    return connection


def _fetch(connection: Any, sql: str, query: Query) -> Columns:
    options = {"stream_results": True, "max_row_buffer": AT_ONCE, "no_parameters": True}
    result = connection.execution_options(**options).exec_driver_sql(sql)
    names = [str(name).strip() for name in list(result.keys())]
    check_names(names, "The query")
    columns = Columns(names, "The query")
    try:
        for part in result.partitions(AT_ONCE):
            columns.add_rows(part)
            if columns.rows > MOST_ROWS:
                raise DataError(
                    f"The query gives more than {MOST_ROWS:,} rows. Draw a sample of them, or add a LIMIT to it."
                )
    except (DataError, MemoryError):
        raise
    except Exception as error:  # a driver that loses its connection may raise what it likes
        raise _Interrupted(columns.rows, error) from None
    finally:
        result.close()
    return columns


class _Interrupted(ValueError):
    """The database went away, or gave what cannot be read, while rows were read."""

    def __init__(self, rows: int, error: Exception) -> None:
        super().__init__(rows)
        self.rows, self.error = rows, error


def _refused(error: Exception, url: Any, query: Query) -> DataError:
    what = "gave no answer"
    if isinstance(error, _Interrupted):
        what, error = f"broke off after {error.rows:,} rows", error.error
    said = _without_secrets(reason_of(getattr(error, "orig", None) or error), url)
    mend = "Check the URL, the rights of its user, and the names in the query; then run it again."
    return DataError(f"The database ({query.shown}) {what}: {said}. {mend}")


def _without_secrets(text: str, url: Any) -> str:
    secrets = [str(url.password)] if url.password else []
    secrets += [str(value) for key, value in url.query.items() if SECRET.search(key)]
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
