"""A customer's window: so much of a long talk goes upstream, and the oldest turns do not.

System and developer messages and the last turn always stay. The oldest turns go first and whole,
a tool's call with its result, and no more of them than it takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from adapters.protocols.inbound import InboundRequest
from adapters.protocols.prompt_size import measure, off_loop
from adapters.protocols.talk import TALKS, Talk, talk_of
from api.inference.surface import Surface
from domain.context_policy import BeyondWindowError
from domain.margin import Margin

_COUNTS: Final = 4
"""A talk that is cut is counted several times over."""
_ENDLESS: Final = 1 << 53
"""More context than any model has: the window alone limits."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request as far as it is within the window."""

    request: InboundRequest
    body: bytes
    dropped: int = 0
    """Messages that were left out."""


async def fit_window(
    surface: Surface, headers: Mapping[bytes, bytes], whole: Fitted, window_tokens: int
) -> Fitted:
    """Leave out the oldest turns of a request that is beyond a window; any other stays untouched.

    Raises BeyondWindowError if its last turn alone is beyond it. What is no talk has no turns and
    is not looked at.
    """
    fit = partial(_fit, surface, headers, whole, window_tokens)
    return await off_loop(_COUNTS * whole.request.size, fit)


def _fit(
    surface: Surface, headers: Mapping[bytes, bytes], whole: Fitted, window_tokens: int
) -> Fitted:
    if whole.request.protocol not in TALKS or (size := _tokens(whole)) <= window_tokens:
        return whole
    talk = talk_of(whole.request.protocol, whole.body)
    cuts = talk.cuts() if talk else []
    best: Fitted | None = None
    while talk and cuts:
        # Each cut leaves less than the one before it, so the first that is enough is soon found.
        middle = len(cuts) // 2
        tried = _after(surface, headers, talk, cuts[middle])
        size = _tokens(tried)
        if size <= window_tokens:
            best, cuts = tried, cuts[:middle]
        else:
            cuts = cuts[middle + 1 :]
    if best is None:
        raise BeyondWindowError(tokens=size, limit=window_tokens)
    return best


def _after(surface: Surface, headers: Mapping[bytes, bytes], talk: Talk, cut: int) -> Fitted:
    body = talk.after(cut)
    return Fitted(surface.decode(body, headers), body, talk.dropped(cut))


def _tokens(fitted: Fitted) -> int:
    """Count a prompt as for its hold, without the margin for other tokenizers."""
    return measure(fitted.request.prompt_parts()).estimate(_ENDLESS, Margin()).count
