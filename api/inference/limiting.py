"""A call's way past its rate limits: admitted before the hold, corrected when it has ended."""

from collections.abc import Iterable

from api.gateway import Gateway
from api.inference.serving import Serving
from domain.candidates import Candidate
from domain.reserve_call import ReserveCall


async def admit(gateway: Gateway, serving: Serving, command: ReserveCall) -> None:
    """Take a call from its limits at what it may come to at most, or raise RateLimitedError."""
    size = largest(command.candidates)
    serving.admission = await gateway.limiter.admit(command.identity, *size)
    if serving.admission and serving.admission.refusal:
        raise serving.admission.refusal


def withdraw(gateway: Gateway, serving: Serving) -> None:
    """Forget that a secret called which may not: a revoked one is to drain nobody's limits."""
    if serving.admission is not None:
        gateway.limiter.withdraw(serving.admission)
        serving.admission = None


def largest(candidates: Iterable[Candidate]) -> tuple[int, int]:
    """Tell what a call may come to at most: tokens in and out."""
    sizes = [
        (candidate.estimate.count, candidate.quote.output_cap * candidate.quote.choices)
        for candidate in candidates
    ]
    return max(sizes, key=sum)


def correct_limits(gateway: Gateway, serving: Serving) -> None:
    """Give back what the call did not use; what settles later stays at its estimate."""
    if serving.admission is None:
        return
    if serving.call is None:
        gateway.limiter.correct(serving.admission, 0)
    elif serving.call.settlement is not None:
        usage = serving.call.settlement.usage
        gateway.limiter.correct(serving.admission, usage.input_tokens + usage.output_tokens)
