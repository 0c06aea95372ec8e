"""API keys in the clear: how they are made, and the part of them that lists may show."""

import secrets

from api.auth import SECRET_PREFIX

RANDOM_BYTES = 30
"""Forty characters in base64, 240 bits."""
DISPLAY_CHARACTERS = 11


def new_secret(shard: int) -> str:
    """Make a key that names its shard."""
    return f"{SECRET_PREFIX}{shard:04x}{secrets.token_urlsafe(RANDOM_BYTES)}"


def display_of(secret: str) -> str:
    """Show the beginning of a key: enough to tell it from others, no help in guessing it."""
    return secret[:DISPLAY_CHARACTERS]
