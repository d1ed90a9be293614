"""A multipart/form-data body taken apart while it arrives (RFC 7578): fields into memory, files to disk.

Its limits are kept here; how a body arrives, and what its fields mean, is no business of this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ..errors import Busy, TooLarge, UsageError

__all__ = ["MultipartBody", "ReceivedFile"]

_PENDING = 1 << 20  # bytes of files that may wait for the disk


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A part that is a file: `name` is the part's, `file_name` what the client calls the file."""

    name: str
    path: Path
    bytes: int
    media_type: str = ""
    file_name: str = ""


class _Part:
    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.name = ""
        self.value = bytearray()
        self.file_name = ""
        self.path: Path | None = None  # of files only
        self.size = 0


class MultipartBody:
    """Feed it pieces, then `end` it. Raises UsageErrors; TooLarge where a limit is passed."""

    def __init__(
        self, content_type: str, folder: Path, field_bytes: int, file_bytes: int, parts: int
    ) -> None:
        _, options = parse_options_header(content_type.encode("latin-1"))
        boundary = options.get(b"boundary")
        if not boundary:
            raise UsageError("the multipart/form-data body cannot be read: it names no boundary")
        self._folder = folder
        self._field_bytes, self._file_bytes, self._parts = field_bytes, file_bytes, parts
        self._fields_left, self._files_left, self._parts_left = field_bytes, file_bytes, parts
        self._part = _Part()
        self._header_name, self._header_value = bytearray(), bytearray()
        self._ended = False
        self._pending: list[tuple[Path, bytes]] = []
        self._pending_bytes = 0
        self._fields: list[tuple[str, str]] = []
        self._files: dict[str, ReceivedFile] = {}
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._in_header_name,
                    "on_header_value": self._in_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._in_data,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as cause:
            raise _unreadable(cause) from cause

    def feed(self, piece: bytes) -> bool:
        """True when enough waits for the disk that `flush` should be called."""
        try:
            self._parser.write(piece)
        except FormParserError as cause:
            raise _unreadable(cause) from cause
        except UnicodeDecodeError as cause:
            raise UsageError("the parameters are not UTF-8") from cause
        return self._pending_bytes >= _PENDING

    def flush(self) -> None:
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        try:
            for path, data in pending:
                with path.open("ab") as file:
                    file.write(data)
        except OSError as cause:
            raise Busy("there is no room for uploads at this moment", retry_after=60) from cause

    def end(self) -> tuple[list[tuple[str, str]], Mapping[str, ReceivedFile]]:
        self.flush()
        if not self._ended:
            raise UsageError("the multipart/form-data body cannot be read: it has no end")
        return self._fields, self._files

    # What the parser reports.

    def _begin_part(self) -> None:
        if self._parts_left == 0:
            raise UsageError(f"there are more than {self._parts} parameters")
        self._parts_left -= 1
        self._part = _Part()

    def _in_header_name(self, data: bytes, start: int, end: int) -> None:
        self._count_field(end - start)
        self._header_name += data[start:end]

    def _in_header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_field(end - start)
        self._header_value += data[start:end]

    def _count_field(self, size: int) -> None:
        self._fields_left -= size
        if self._fields_left < 0:
            raise TooLarge(f"the parameters are larger than {self._field_bytes} bytes")

    def _end_header(self) -> None:
        self._part.headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _end_headers(self) -> None:
        part = self._part
        _, options = parse_options_header(part.headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise UsageError("the multipart/form-data body cannot be read: a part has no name")
        part.name = options[b"name"].decode("utf-8")
        if b"filename" in options:
            part.file_name = options[b"filename"].decode("utf-8", "replace")
            if part.name in self._files:
                raise UsageError(f"two files are called {part.name[:100]}")
            part.path = self._folder / str(len(self._files))
            self._pending.append((part.path, b""))
            self._files[part.name] = ReceivedFile(part.name, part.path, 0)

    def _in_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.path is None:
            self._count_field(end - start)
            part.value += data[start:end]
            return
        part.size += end - start
        self._files_left -= end - start
        if self._files_left < 0:
            raise TooLarge(f"the files are larger than {self._file_bytes} bytes")
        self._pending.append((part.path, data[start:end]))
        self._pending_bytes += end - start

    def _end_part(self) -> None:
        part = self._part
        if part.path is None:
            self._fields.append((part.name, part.value.decode("utf-8")))
            return
        media_type = part.headers.get(b"content-type", b"").decode("latin-1")
        self._files[part.name] = ReceivedFile(part.name, part.path, part.size, media_type, part.file_name)

    def _end(self) -> None:
        self._ended = True


def _unreadable(cause: FormParserError) -> UsageError:
    return UsageError(f"the multipart/form-data body cannot be read: {cause}")
