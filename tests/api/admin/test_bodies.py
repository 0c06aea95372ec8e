import pytest

from tests.adapters.ledger.database import log_of
from tests.api.helpers import data, office, refused

LIMIT = 2048


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_value"),
        (b"{", 400, "invalid_value"),
        (b"[]", 400, "invalid_value"),
        (b"null", 400, "invalid_value"),
        (b'"name"', 400, "invalid_value"),
        (b'{"name": "\xff"}', 400, "invalid_value"),
        (b'{"name": "A", "name": "B"}', 400, "invalid_value"),
        (b'{"name": NaN}', 400, "invalid_value"),
        (b'{"name": Infinity}', 400, "invalid_value"),
        (b'{"name": ' + b"9" * 400 + b"}", 400, "invalid_value"),
        (b'{"name": ' + b"[" * 1000, 400, "invalid_value"),
        (b'{"name": "\\ud800"}', 400, "invalid_value"),
        (b'{"name": "A", "\\ud800": 1}', 400, "invalid_value"),
        (b'{"name": "A", "' + b"x" * 1000 + b'": 1}', 422, "invalid_value"),
        (b'{"name": "' + b"x" * LIMIT + b'"}', 413, "request_too_large"),
    ],
    ids=[
        "empty", "half", "array", "null", "string", "not UTF-8", "key twice", "NaN", "infinity",
        "huge integer", "deep", "lone surrogate", "lone surrogate in a key", "long key", "large",
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_refused_and_nothing_happens(
    database_url: str, body: bytes, status: int, code: str
) -> None:
    with office(database_url, max_body_bytes=LIMIT) as clerk:
        before = len(log_of(database_url))
        answer = clerk.request("POST", "/admin/v1/customers", content=body)

        assert refused(answer) == (status, code)
        assert len(answer.content) < 1000
        assert len(log_of(database_url)) == before


def test_nesting_too_deep_for_the_parser_is_refused(database_url: str) -> None:
    with office(database_url) as clerk:
        body = b'{"name": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
        answer = clerk.request("POST", "/admin/v1/customers", content=body)

    assert refused(answer) == (400, "invalid_value")


def test_a_body_of_ten_megabytes_is_refused_however_it_is_sent(database_url: str) -> None:
    def parts() -> list[bytes]:
        return [b" " * 1024 * 1024] * 10

    async def streamed():  # type: ignore[no-untyped-def]
        for part in parts():
            yield part

    with office(database_url) as clerk:
        whole = clerk.request("POST", "/admin/v1/customers", content=b"".join(parts()))
        chunked = clerk.request("POST", "/admin/v1/customers", content=streamed())

    assert refused(whole) == refused(chunked) == (413, "request_too_large")


def test_any_content_type_will_do(database_url: str) -> None:
    with office(database_url) as clerk:
        headers = {"Content-Type": "text/plain"}
        body = b'{"name": "Ada"}'
        data(clerk.request("POST", "/admin/v1/customers", content=body, headers=headers), 201)
