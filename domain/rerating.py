"""What a call would have come to at other prices."""

from domain.inference_request import REPORTED, InferenceRequest
from domain.money import Nanos
from domain.pricing import RateCard, rate
from domain.usage import exclusive


def due(request: InferenceRequest, original: RateCard, card: RateCard) -> Nanos:
    """Tell what a charged call would have come to at a rate card, without its corrections.

    A counted charge stays within its hold. What was absorbed stays so: a lower price first
    lessens that, and only a higher one adds to what was charged.
    """
    was, now = _rated(request, original), _rated(request, card)
    return min(request.charged, now) if now <= was else request.charged + now - was


def _rated(request: InferenceRequest, card: RateCard) -> Nanos:
    rated = rate(exclusive(**request.usage), card)
    return rated if request.basis == REPORTED else min(rated, request.hold)
