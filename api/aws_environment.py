"""Amazon's own variables, for a Bedrock provider that names no key of its own."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from adapters.upstreams.sigv4 import AwsKeys

_ENDPOINT: Final = re.compile(r"bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws|api\.aws)")


class VariableMissingError(Exception):
    """An environment variable is not set, or holds what no HTTP header can carry."""

    def __init__(self, name: str, problem: str = "is not set") -> None:
        super().__init__(f"the variable {name} {problem}")


def aws_credentials(url: str, environ: Mapping[str, str]) -> AwsKeys | str:
    """Give a Bedrock API key, else the keys that sign; raises VariableMissingError.

    The endpoint's own region comes before AWS_REGION: a signature holds in its region only.
    """
    if environ.get("AWS_BEARER_TOKEN_BEDROCK", "").strip():
        return read_secret("AWS_BEARER_TOKEN_BEDROCK", environ)
    found = _ENDPOINT.match(urlsplit(url).hostname or "")
    token = environ.get("AWS_SESSION_TOKEN", "").strip()
    return AwsKeys(
        read_secret("AWS_ACCESS_KEY_ID", environ),
        read_secret("AWS_SECRET_ACCESS_KEY", environ),
        found[1] if found else read_secret("AWS_REGION", environ),
        read_secret("AWS_SESSION_TOKEN", environ) if token else None,
    )


def read_secret(name: str, environ: Mapping[str, str]) -> str:
    """Read a variable that goes into a header, or raise VariableMissingError."""
    secret = environ.get(name, "").strip()
    if not secret:
        raise VariableMissingError(name)
    if not secret.isascii() or not secret.isprintable():
        raise VariableMissingError(name, "holds what no HTTP header can carry")
    return secret
