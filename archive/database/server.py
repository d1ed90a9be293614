"""Where a database is and how its roles reach it; a private cluster and a given server alike.

The owner prepares the database and is not used afterwards. Everything a user typed runs as the reader, or as
the operator if it reads what is restricted; everything the archive writes as the writer. Nothing here opens a
connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ..config import Config
from ..errors import ConfigurationError

__all__ = [
    "OPERATOR",
    "OWNER",
    "READER",
    "WRITER",
    "WRITER_SETTINGS",
    "Server",
    "given_server",
    "private_server",
    "reader_settings",
]

OWNER = "uraniborg"  # the private cluster's superuser; a given server has its own
WRITER = "archive_writer"
READER = "archive_reader"
OPERATOR = "archive_operator"  # reads what is restricted too

# What a session may not set for itself: it belongs to the role, and an administrator sets it there.
_ROLE_ONLY = {"temp_file_limit"}
# A day has 24 hours whatever the clocks of a given server's site do.
_ZONE = {"timezone": "UTC"}
WRITER_SETTINGS: Mapping[str, str] = {"search_path": "adql,public", **_ZONE}


@dataclass(frozen=True, slots=True)
class Server:
    """libpq connection strings of the roles to one database.

    They may hold a password: never to be logged or shown.
    """

    owner: str
    writer: str
    reader: str
    operator: str


def reader_settings(config: Config) -> dict[str, str]:
    """What holds for everything a user typed, in PostgreSQL's names.

    The watchdog of a query is stricter; this is for queries whose watchdog was killed.
    """
    return {
        "default_transaction_read_only": "on",
        "search_path": "adql,public",
        **_ZONE,
        "statement_timeout": f"{int(config.sync_seconds + config.transfer_seconds) + 60}s",
        "lock_timeout": "30s",
        "idle_in_transaction_session_timeout": "10min",
        "client_connection_check_interval": "10s",
        "work_mem": f"{config.query_memory_bytes // 1024}kB",
        "temp_file_limit": f"{config.query_disk_bytes // 1024}kB",
    }


def private_server(socket_folder: str, database: str, reader: Mapping[str, str]) -> Server:
    """Each role logs in as itself: nothing that a query does can make it another one."""

    def dsn(user: str, settings: Mapping[str, str]) -> str:
        return make_conninfo(
            host=socket_folder,
            port="5432",
            dbname=database,
            user=user,
            options=_options(settings),
            application_name=f"uraniborg {user}",
        )

    return Server(
        owner=dsn(OWNER, {}),
        writer=dsn(WRITER, WRITER_SETTINGS),
        reader=dsn(READER, reader),
        operator=dsn(OPERATOR, reader),
    )


def given_server(dsn: str, reader: Mapping[str, str]) -> Server:
    """One user is given, who becomes writer or reader when a connection starts."""
    try:
        given = conninfo_to_dict(dsn)
    except ProgrammingError as cause:
        # libpq's message would repeat the text, password and all; so would the cause in a traceback.
        raise ConfigurationError(
            f"dsn is no PostgreSQL connection string ({type(cause).__name__})",
            hint='write "host=db.example dbname=archive user=..." or "postgresql://..."',
        ) from None

    def become(role: str, settings: Mapping[str, str]) -> str:
        options = _options({"role": role, **settings})
        before = str(given.get("options") or "")
        return make_conninfo(dsn, options=f"{before} {options}".strip(), application_name=f"uraniborg {role}")

    return Server(
        owner=dsn,
        writer=become(WRITER, WRITER_SETTINGS),
        reader=become(READER, reader),
        operator=become(OPERATOR, reader),
    )


def _options(settings: Mapping[str, str]) -> str:
    """libpq's `options`: no setting of ours has a blank or a backslash, which it would split at."""
    return " ".join(f"-c {name}={value}" for name, value in settings.items() if name not in _ROLE_ONLY)
