"""Absolute addresses of this gateway, as its caller reaches it."""

from urllib.parse import quote, urlencode

from fastapi import Request

from api.admin.auth import gateway_of


def link(request: Request, path: str, **query: str) -> str:
    """Write the address of a path, below TOLLBOOK_PUBLIC_URL or else the request's own host."""
    base = gateway_of(request).settings.public_url or str(request.base_url)
    asked = f"?{urlencode(query)}" if query else ""
    return f"{base.rstrip('/')}{quote(path)}{asked}"
