"""Keeping what a call said, for customers who want that; nobody else's words are gathered."""

from adapters.call_contents.content import Content
from api.gateway import Gateway
from api.inference.serving import Serving
from domain.reserve_call import Identity
from domain.security_policy import SecurityPolicy


def content_of(serving: Serving, identity: Identity, security: SecurityPolicy) -> Content | None:
    """Begin to gather a call's words if its customer's policy says so."""
    if not security.logs_content:
        return None
    return Content(serving.request_id, identity.customer_id)


def note_content(gateway: Gateway, serving: Serving) -> None:
    """Have the words of a call kept, now that it is over; of one that was never held, none are."""
    if serving.content and serving.call:
        gateway.contents.add(serving.content)
