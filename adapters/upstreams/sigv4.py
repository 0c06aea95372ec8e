"""AWS Signature Version 4 for a POST without a query."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import quote

import httpx

from adapters.upstreams.dialect import Headers

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class AwsKeys(NamedTuple):
    """Who signs, and for which region."""

    access_key_id: str
    secret_access_key: str
    region: str
    session_token: str | None = None

    def __repr__(self) -> str:
        """Show no secret, wherever this is logged."""
        return f"AwsKeys({self.access_key_id!r}, {self.region!r})"


def sign(url: httpx.URL, body: bytes, keys: AwsKeys, service: str, now: datetime) -> Headers:
    """Give the headers that prove who sends this JSON body there; `now` is in UTC.

    They hold for five minutes, for this address and these bytes only.
    """
    assert not url.query, "a query would have to be signed too"
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    signed = {
        "content-type": "application/json",
        "host": url.netloc.decode(),
        "x-amz-date": stamp,
        **({"x-amz-security-token": keys.session_token} if keys.session_token else {}),
    }
    names = ";".join(signed)
    scope = f"{stamp[:8]}/{keys.region}/{service}/aws4_request"
    text = "\n".join((_ALGORITHM, stamp, scope, _hash(_canonical(url, signed, body).encode())))
    signature = hmac.new(_key(keys, scope), text.encode(), sha256).hexdigest()
    authorization = (
        f"{_ALGORITHM} Credential={keys.access_key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    sent = {**signed, "authorization": authorization}
    return [(name.encode(), value.encode()) for name, value in sent.items()]


def _canonical(url: httpx.URL, signed: Mapping[str, str], body: bytes) -> str:
    # The path is quoted once more than it is sent, everywhere but at S3.
    path = quote(url.raw_path.decode(), safe="/-_.~")
    headers = "".join(f"{name}:{value}\n" for name, value in signed.items())
    return "\n".join(("POST", path, "", headers, ";".join(signed), _hash(body)))


def _key(keys: AwsKeys, scope: str) -> bytes:
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), sha256).digest()
    return key


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()
