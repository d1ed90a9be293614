"""An archive and daemons in the process of the tests; what can be killed is in `mountain`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import numpy as np
from astropy.io import fits

from archive import store as storage
from archive.config import Config
from archive.database import Database
from archive.store import Store, open_store
from ingest.transfer import Daemon

__all__ = ["DEADLINE", "TOKEN", "TOKENS", "Receiving", "prepared", "write_fits"]

TOKEN = "mountain-token-0123456789"
TOKENS = f"mountain:{TOKEN} visitor:{TOKEN}-visitor"
DEADLINE = 90.0  # seconds, for what takes a few on a machine with nothing else to do


def write_fits(path: Path, number: int, size: int = 5000, **cards: object) -> bytes:
    """A frame with noise, made under a temporary name and renamed; its bytes. Keywords with _ for blanks."""
    noise = np.random.default_rng(number).integers(0, 60000, max(size // 2, 1)).astype(np.uint16)
    hdu = fits.PrimaryHDU(noise)
    hdu.header["INSTRUME"] = "NIGHTCAM"
    for keyword, value in cards.items():
        hdu.header[f"HIERARCH {keyword.replace('_', ' ')}"] = value
    temporary = path.with_name(f".{path.name}.part")
    hdu.writeto(temporary, overwrite=True)
    content = temporary.read_bytes()
    temporary.rename(path)
    return content


def prepared(database: Database, config: Config) -> Store:
    with database.writer() as connection:
        storage.initialise(connection)
    return open_store(database, config)


@dataclass(frozen=True)
class Receiving:
    """An archive at `address`."""

    address: str
    database: Database
    config: Config

    def daemon(self, folder: Path, **settings: object) -> Daemon:
        """One that watches `folder`/raw, which is made."""
        (folder / "raw").mkdir(exist_ok=True)
        usual = Config(
            ingestd_archive=self.address,
            ingestd_folders=(str(folder / "raw"),),
            ingestd_spool=folder / "spool",
            ingestd_quiet_seconds=0.1,
            ingestd_timeout_seconds=5.0,
            ingestd_chunk_bytes=4000,
        )
        return Daemon(replace(usual, **settings), TOKEN)  # type: ignore[arg-type]

    def client(self, token: str = TOKEN) -> httpx.Client:
        headers = {"Tus-Resumable": "1.0.0"} | ({"Authorization": f"Bearer {token}"} if token else {})
        return httpx.Client(base_url=self.address, headers=headers, timeout=60)

    def transfers(self, pattern: str) -> dict[str, str]:
        """Status by the file's name, in the order in which they arrived."""
        with self.database.writer() as connection:
            rows = connection.execute(
                "SELECT file_name, status FROM dfs.transfer WHERE file_name LIKE %s ORDER BY received_at",
                (pattern,),
            ).fetchall()
        return dict(rows)

    def versions(self, pattern: str) -> list[tuple[str, int, str]]:
        """Name, version and checksum of stored files."""
        with self.database.writer() as connection:
            return connection.execute(
                "SELECT name, version, sha256 FROM archive.file WHERE name LIKE %s ORDER BY name, version",
                (pattern,),
            ).fetchall()
