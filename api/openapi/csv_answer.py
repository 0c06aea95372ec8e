"""A list as a CSV download: streamed, so that its length does not matter."""

from collections.abc import AsyncGenerator, Iterable
from typing import Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.envelope import OK, headers_of
from projections.csv_text import csv_line

Lines = AsyncGenerator[Iterable[bytes]]
"""Parts of a file, each some lines that are ready at once."""

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"


async def csv_answer(request: Request, name: str, columns: Iterable[str], lines: Lines) -> Response:
    """Answer with a header row and these lines; what fails before the first part is an error."""
    first: Iterable[bytes] = ()
    async for part in lines:  # anext with a default ends in a SystemError in Python 3.11
        first = part
        break
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', **headers_of(request)}
    return StreamingResponse(_file(csv_line(columns), first, lines), OK, headers, MEDIA_TYPE)


async def _file(header: bytes, first: Iterable[bytes], lines: Lines) -> AsyncGenerator[bytes]:
    yield header + b"".join(first)
    async for part in lines:
        yield b"".join(part)
