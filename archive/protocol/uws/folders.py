"""Where jobs keep their files: one folder each, in a folder that all servers and workers share.

    jobs/place            a random name of this folder, wherever it is mounted
    jobs/<id>/upload-*    parts of the request that made the job
    jobs/<id>/result-*    what its executions wrote

Which of them still belong to a job is known to the database; here is only what is on the disk.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...errors import Busy
from ..requests import ReceivedFile
from .model import InlineFile, Job

__all__ = ["JobFolders"]

_PLACE = "place"


class JobFolders:
    """The folders below `root`, which is made when it is first needed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._place = ""

    @property
    def place(self) -> str:
        """The random name of the folder: a worker that sees another folder does none of its jobs."""
        if not self._place:
            self.root.mkdir(parents=True, exist_ok=True)
            file = self.root / _PLACE
            if not file.exists():
                _write_once(file, secrets.token_hex(8))
            self._place = file.read_text("ascii").strip()
        return self._place

    def of(self, job_id: str) -> Path:
        return self.root / job_id

    def made(self, job_id: str) -> Path:
        folder = self.of(job_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def inline(self, job: Job) -> dict[str, Path]:
        return {file.part: self.of(job.id) / file.file for file in job.files}

    def keep(self, job_id: str, files: Iterable[ReceivedFile]) -> list[InlineFile]:
        """Copies what came with a request to its job; raises Busy when there is no room."""
        kept: list[InlineFile] = []
        try:
            for received in files:
                file = InlineFile(received.name, f"upload-{secrets.token_hex(4)}", received.bytes)
                kept.append(file)
                # Not moved: a spooled file may lie on another file system, in the memory even.
                shutil.copyfile(received.path, self.made(job_id) / file.file)
        except OSError as cause:
            self.forget(job_id, kept)
            raise Busy("there is no room for uploads at this moment", retry_after=600) from cause
        return kept

    def forget(self, job_id: str, files: Iterable[InlineFile]) -> None:
        """Removes some of what `keep` has kept, and the folder that is empty then."""
        for file in files:
            (self.of(job_id) / file.file).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.of(job_id).rmdir()

    def remove(self, job_id: str) -> None:
        """Removes a job's folder; what is missing already does not matter."""
        shutil.rmtree(self.of(job_id), ignore_errors=True)

    def old(self, seconds: float) -> Iterator[tuple[str, set[str]]]:
        """Ids of folders with the names of those files in them that have not been changed for so long."""
        before = time.time() - seconds
        for folder in self._folders():
            with contextlib.suppress(FileNotFoundError):
                files = [entry for entry in os.scandir(folder.path) if entry.is_file(follow_symlinks=False)]
                aged = {file.name for file in files if file.stat().st_mtime < before}
                if aged or folder.stat().st_mtime < before:
                    yield folder.name, aged

    def _folders(self) -> Iterator[os.DirEntry[str]]:
        with contextlib.suppress(FileNotFoundError), os.scandir(self.root) as entries:
            yield from (entry for entry in entries if entry.is_dir(follow_symlinks=False))


def _write_once(file: Path, text: str) -> None:
    """The file has its whole content as soon as it exists, and whoever comes second keeps it."""
    temporary = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    temporary.write_text(text, "ascii")
    with contextlib.suppress(FileExistsError):
        os.link(temporary, file)
    temporary.unlink()
