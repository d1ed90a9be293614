"""/preview/<dp_id>: pictures of datasets, made on first use and kept; `archive.previews` draws them."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..access import Caller, Road, release
from ..declare.parameters import Parameter, parse_arguments
from ..declare.types import INTEGER
from ..errors import NotFound, UnreadableFile
from ..pixels import Unpacker
from ..previews import DEFAULT_SIZE, LARGEST, SMALLEST, Form, PreviewCache, make_preview
from ..store import Delivered, described, opened
from .answering import caller_of
from .documents import Document, document_response
from .failures import Style
from .service import Archive, Service

__all__ = ["PREVIEW_PARAMETERS", "preview_service"]

_NAMES = {"png": Form.PNG, "jpg": Form.JPEG, "jpeg": Form.JPEG, "svg": Form.SVG}
_FORMAT = Parameter(
    "FORMAT",
    "A media type or a short name. Spectra can be had as SVG, too.",
    values=(*_NAMES, *(form.value for form in Form)),
    default="png",
    aliases=("RESPONSEFORMAT",),
)
_SIZE = Parameter(
    "SIZE",
    "Pixels of the longer side.",
    type=INTEGER,
    minimum=SMALLEST,
    maximum=LARGEST,
    default=DEFAULT_SIZE,
)
PREVIEW_PARAMETERS = (_FORMAT, _SIZE)
# Pictures are made by so many threads at once: each takes a processor and some tens of megabytes.
_PAINTERS = 2


def preview_service(archive: Archive, unpacker: Unpacker, path: str = "/preview") -> Service:
    previews = _Previews(archive, unpacker)
    return Service(
        name="Previews",
        description="A picture of any image, cube or spectrum by its identifier.",
        path=path,
        address=f"{archive.config.base_url}{path}/IDENTIFIER",
        routes=(Route(f"{path}/{{dp_id:path}}", previews.answer),),
        style=Style.TEXT,
        parameters=PREVIEW_PARAMETERS,
    )


class _Previews:
    def __init__(self, archive: Archive, unpacker: Unpacker) -> None:
        self._archive = archive
        self._unpacker = unpacker
        config = archive.config
        self._cache = PreviewCache(config.data_folder / "previews", config.preview_bytes)
        self._painters = asyncio.Semaphore(_PAINTERS)

    async def answer(self, request: Request) -> Response:
        arguments = parse_arguments(PREVIEW_PARAMETERS, request.query_params.multi_items())
        form = _form(str(arguments.one(_FORMAT)))
        size = arguments.integer(_SIZE) or DEFAULT_SIZE
        dp_id = request.path_params["dp_id"]
        file = await run_in_threadpool(self._find, dp_id, caller_of(request))
        async with self._painters:
            content = await run_in_threadpool(self._preview, file, form, size)
        return document_response(request, Document(content, form.value))

    def _find(self, dp_id: str, caller: Caller) -> Delivered:
        if not dp_id.isprintable():
            raise NotFound("the archive has no file whose identifier has control characters")
        with self._archive.database.writer() as connection:
            found = described(connection, dp_id)
            release(connection, caller, found.dp_id, Road.PREVIEW)
        return opened(self._archive.store, found)

    def _preview(self, file: Delivered, form: Form, size: int) -> bytes:
        key = f"{file.sha256} {form.value} {size}"
        return self._cache.get(key, lambda: self._made(file, form, size))

    def _made(self, file: Delivered, form: Form, size: int) -> bytes:
        try:
            with self._unpacker.opened(file, file.sha256) as plain:
                return make_preview(plain, form, size)
        except (NotFound, UnreadableFile) as cause:
            raise NotFound(
                f"there is no preview of {file.dp_id}: {cause.message}", hint=cause.hint
            ) from cause


def _form(name: str) -> Form:
    return _NAMES[name] if name in _NAMES else Form(name)
