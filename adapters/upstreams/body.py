"""Reading a response's body as it comes."""

from collections.abc import AsyncIterator

import httpx


def aiter_bytes(response: httpx.Response) -> AsyncIterator[bytes]:
    """Give the bytes as the transport got them, past httpx's own layers."""
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream), "an asynchronous transport answered"
    return aiter(stream)
