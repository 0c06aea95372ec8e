"""AWS signatures: the same as those of Amazon's own library, for any address and any body."""

from datetime import UTC, datetime
from urllib.parse import quote

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from freezegun import freeze_time
from hypothesis import given, settings, strategies as st

from adapters.upstreams.sigv4 import AwsKeys, sign

NOW = datetime(2026, 11, 21, 12, 30, 5, tzinfo=UTC)
KEYS = AwsKeys("AKIDEXAMPLE", "secret/+key", "eu-west-1")
tokens = st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


def theirs(url: str, body: bytes, keys: AwsKeys) -> dict[str, str]:
    request = AWSRequest("POST", url, headers={"content-type": "application/json"}, data=body)
    given = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    with freeze_time(NOW):
        SigV4Auth(given, "bedrock", keys.region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def ours(url: str, body: bytes, keys: AwsKeys) -> dict[str, str]:
    headers = sign(httpx.URL(url), body, keys, "bedrock", NOW)
    return {name.decode(): value.decode() for name, value in headers}


@settings(deadline=None)  # stopping the clock takes its time
@given(
    st.sampled_from(
        ["https://bedrock-runtime.eu-west-1.amazonaws.com", "http://127.0.0.1:8080", "https://h/p"]
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=30),
    st.binary(max_size=50),
    tokens,
)
def test_a_signature_is_the_one_that_amazons_own_library_makes(
    host: str, model: str, body: bytes, token: str | None
) -> None:
    url = f"{host}/model/{quote(model, safe='')}/converse"
    keys = KEYS._replace(session_token=token)

    expected = theirs(url, body, keys)

    found = ours(url, body, keys)
    assert found.pop("host") == httpx.URL(url).netloc.decode()
    assert found == expected


def test_an_arn_in_the_path_is_signed_as_it_is_sent() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-v1:0"
    url = f"https://bedrock-runtime.us-east-1.amazonaws.com/model/{quote(arn, safe='')}/converse"

    assert ours(url, b"{}", KEYS)["authorization"] == theirs(url, b"{}", KEYS)["authorization"]


def test_keys_show_no_secret() -> None:
    keys = KEYS._replace(session_token="token")
    assert "secret" not in repr(keys)
    assert "token" not in repr(keys)
    assert "secret" not in f"{keys}"
