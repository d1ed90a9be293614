"""The configuration: one TOML file becomes one frozen `Config`.

Unknown keys are errors that name the nearest known one. Secrets come from the environment only:
URANIBORG_DSN replaces `dsn`, so that a password need not stand in a file.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from .errors import ConfigurationError

__all__ = ["Config", "load_config"]

# IVOA Identifiers 2.0, 2.3.1: at least three characters, beginning with an alphanumeric one.
_AUTHORITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~*'()-]{2,}")
_LONGEST_DAYS = 36_525  # of a proprietary time


@dataclass(frozen=True, slots=True)
class Config:
    """Everything an operator can set. Times in seconds, sizes in bytes unless the name says otherwise."""

    title: str = "Uraniborg"
    authority: str = "uraniborg.example"
    publisher: str = "Uraniborg"
    contact_name: str = "Archive operator"
    contact_email: str = "archive@uraniborg.example"
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    data_folder: Path = Path("var/archive")
    dsn: str = ""
    account: str = "postgres"
    default_rows: int = 100_000
    hard_rows: int = 20_000_000
    sync_seconds: float = 60.0
    transfer_seconds: float = 3600.0
    stall_seconds: float = 10.0
    spool_bytes: int = 10_000_000_000
    query_characters: int = 1_000_000
    request_bytes: int = 4_000_000
    upload_bytes: int = 200_000_000
    upload_rows: int = 2_000_000
    upload_columns: int = 1000
    upload_tables: int = 20
    upload_hosts: tuple[str, ...] = ()
    concurrent_queries: int = 16
    query_memory_bytes: int = 64 << 20
    query_disk_bytes: int = 50_000_000_000
    most_pairs: float = 1e13
    least_free_bytes: int = 500_000_000
    down_at: str = ""
    back_at: str = ""
    availability_note: str = ""
    job_slots: int = 4
    job_seconds: int = 3600
    job_hard_seconds: int = 86_400
    job_retention: int = 604_800
    job_hard_retention: int = 2_592_000
    user_tables: int = 100
    user_tables_bytes: int = 10_000_000_000
    user_jobs: int = 1000
    user_active_jobs: int = 20
    user_job_bytes: int = 50_000_000_000
    anonymous_jobs: int = 10_000
    anonymous_active_jobs: int = 200
    anonymous_job_bytes: int = 100_000_000_000
    address_jobs: int = 5_000
    address_active_jobs: int = 100
    address_job_bytes: int = 50_000_000_000
    cutout_bytes: int = 10_000_000_000
    unpacked_bytes: int = 20_000_000_000
    preview_bytes: int = 2_000_000_000
    store_files: str = "copy"
    volumes: tuple[str, ...] = ()
    copies: int = 2
    scrub_rate: int = 0
    scrub_days: float = 30.0
    wal_archive: str = ""
    eso_profile: bool = True
    operators: tuple[str, ...] = ()
    proprietary_days: int = 365
    incoming_users: tuple[str, ...] = ()
    registration: bool = True
    mail_command: str = ""
    mail_folder: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_name: str = "your institute's account"
    anonymous_requests_per_minute: int = 6000
    user_requests_per_minute: int = 30_000
    login_attempts_per_minute: int = 60
    anonymous_download_bytes_per_day: int = 2_000_000_000_000
    user_download_bytes_per_day: int = 10_000_000_000_000
    trusted_proxies: tuple[str, ...] = ()
    incoming_bytes: int = 100_000_000_000
    incoming_quota: int = 1_000_000_000_000
    incoming_days: float = 14.0
    ingestd_archive: str = ""
    ingestd_folders: tuple[str, ...] = ()
    ingestd_spool: Path = Path("var/spool")
    ingestd_priorities: tuple[str, ...] = ()
    ingestd_priority: int = 20
    ingestd_after: str = "move"
    ingestd_connections: int = 3
    ingestd_rate: int = 0
    ingestd_chunk_bytes: int = 8 << 20
    ingestd_quiet_seconds: float = 10.0
    ingestd_timeout_seconds: float = 60.0
    plugins_folder: Path = Path("var/plugins")
    poll_sources: bool = True
    plugin_seconds: float = 300.0
    plugin_memory_bytes: int = 2 << 30
    plugin_rows: int = 5_000_000

    def __post_init__(self) -> None:
        if not _AUTHORITY.fullmatch(self.authority):
            raise ConfigurationError(
                f"authority {self.authority!r} is no IVOA authority",
                hint="use at least three letters, digits, dots or hyphens, such as your domain",
            )
        if self.store_files not in {"copy", "link"}:
            raise ConfigurationError(f"store_files = {self.store_files!r}", hint='say "copy" or "link"')
        if self.copies < 1:
            raise ConfigurationError(f"copies = {self.copies}: a file needs a copy at least")
        if self.scrub_rate < 0 or self.scrub_days <= 0:
            raise ConfigurationError("scrub_rate must not be negative, and scrub_days positive")
        if self.wal_archive and not Path(self.wal_archive).is_absolute():
            raise ConfigurationError(
                f"wal_archive = {self.wal_archive!r}", hint="name a folder by its whole path"
            )
        if self.mail_folder and not Path(self.mail_folder).is_absolute():
            raise ConfigurationError(
                f"mail_folder = {self.mail_folder!r}", hint="name a folder by its whole path"
            )
        if self.mail_command and not _words(self.mail_command)[0].startswith("/"):
            raise ConfigurationError(
                f"mail_command = {self.mail_command!r}", hint="name the program by its whole path"
            )
        if not 0 < self.default_rows <= self.hard_rows:
            raise ConfigurationError("default_rows must be positive and not above hard_rows")
        if not 0 < self.job_seconds <= self.job_hard_seconds < 2**31:
            raise ConfigurationError("job_seconds must be positive and not above job_hard_seconds")
        if not 0 < self.job_retention <= self.job_hard_retention:
            raise ConfigurationError("job_retention must be positive and not above job_hard_retention")
        if not 0 <= self.job_slots <= 50:
            raise ConfigurationError(
                f"job_slots = {self.job_slots} is not from 0 to 50",
                hint="start `uraniborg worker` on further machines to run more jobs at once",
            )
        for name in ("plugin_seconds", "plugin_memory_bytes", "plugin_rows"):
            if getattr(self, name) <= 0:
                raise ConfigurationError(f"{name} must be positive")
        for name in (
            "incoming_bytes",
            "incoming_quota",
            "incoming_days",
            "ingestd_connections",
            "ingestd_chunk_bytes",
            "ingestd_timeout_seconds",
        ):
            if getattr(self, name) <= 0:
                raise ConfigurationError(f"{name} must be positive")
        for name in (
            "anonymous_requests_per_minute",
            "user_requests_per_minute",
            "login_attempts_per_minute",
            "anonymous_download_bytes_per_day",
            "user_download_bytes_per_day",
        ):
            if getattr(self, name) < 0:
                raise ConfigurationError(f"{name} must not be negative", hint="0 is no limit")
        if not 0 <= self.proprietary_days <= _LONGEST_DAYS:
            raise ConfigurationError(
                f"proprietary_days = {self.proprietary_days}",
                hint=f"0 to {_LONGEST_DAYS:,}; 0 is public at once",
            )
        for text in self.trusted_proxies:
            _network(text)
        _check_provider(self.oidc_issuer, self.oidc_client_id)
        if self.ingestd_after not in {"move", "delete", "keep"}:
            raise ConfigurationError(
                f"ingestd_after = {self.ingestd_after!r}", hint='say "move", "delete" or "keep"'
            )
        for name in ("down_at", "back_at"):
            _moment(name, getattr(self, name))
        if not 0 <= self.port < 65536:
            raise ConfigurationError(f"port = {self.port} is no TCP port")

    @property
    def down_time(self) -> datetime | None:
        return _moment("down_at", self.down_at)

    @property
    def back_time(self) -> datetime | None:
        return _moment("back_at", self.back_at)

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(map(_network, self.trusted_proxies))

    @property
    def base_url(self) -> str:
        """The address users see, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def _moment(name: str, text: str) -> datetime | None:
    """In UTC unless the text names another zone; None for an empty one."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as cause:
        raise ConfigurationError(
            f"{name} = {text!r} is no moment", hint='write it as "2026-12-24T18:00:00Z"'
        ) from cause
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _words(command: str) -> list[str]:
    """The program and its arguments."""
    try:
        return shlex.split(command) or [""]
    except ValueError as cause:
        raise ConfigurationError(f"mail_command = {command!r}: {cause}") from cause


def _network(text: str) -> IPv4Network | IPv6Network:
    """Of `trusted_proxies`: an address, or a network such as 10.0.0.0/8."""
    try:
        return ip_network(text)
    except ValueError as cause:
        raise ConfigurationError(
            f"trusted_proxies: {text!r} is no address or network", hint='write "10.1.2.3" or "10.0.0.0/8"'
        ) from cause


def _check_provider(issuer: str, client_id: str) -> None:
    """What it says must come from itself, so that only a provider on this machine may go without TLS."""
    try:
        parts = urlsplit(issuer)
    except ValueError as cause:
        raise ConfigurationError(f"oidc_issuer = {issuer!r} is no address") from cause
    own = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if issuer and not (own or (parts.scheme == "https" and parts.hostname)):
        raise ConfigurationError(
            f"oidc_issuer = {issuer!r}", hint='write its address as it does itself: "https://login.example"'
        )
    if bool(issuer) != bool(client_id):
        raise ConfigurationError("oidc_issuer and oidc_client_id belong together", hint="set both, or none")


def load_config(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration of a TOML file; relative paths in it count from the file's folder."""
    config = Config() if path is None else _from_table(_read(path), path)
    dsn = environment.get("URANIBORG_DSN")
    return replace(config, dsn=dsn) if dsn else config


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as cause:
        raise ConfigurationError(f"no configuration file {path}") from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise ConfigurationError(f"{path}: {cause}") from cause


def _from_table(table: dict[str, object], path: Path) -> Config:
    known = {field.name: field for field in fields(Config)}
    values: dict[str, object] = {}
    for name, value in table.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigurationError(
                f"{path}: unknown setting {name!r}",
                hint=f"did you mean {near[0]}?" if near else "known are " + ", ".join(sorted(known)),
            )
        values[name] = _fitting(name, value, known[name].default, path)
    return Config(**values)  # type: ignore[arg-type]  # each value was fitted to its field's type


def _fitting(name: str, value: object, default: object, path: Path) -> object:
    """The value in the type of the setting's default."""
    if isinstance(default, Path) and isinstance(value, str):
        return (path.parent / value).resolve()
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if type(value) is not type(default):
        raise ConfigurationError(
            f"{path}: {name} = {value!r} should be {type(default).__name__}, not {type(value).__name__}"
        )
    return value
