"""Judging what an upstream says it used: reported, missing, or beyond belief (design.md §6)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from domain.inference_request import ESTIMATED, PARTIAL, REPORTED
from domain.usage import Usage, exclusive

MISSING, ZERO, IMPLAUSIBLE, TRUNCATED = (
    "usage_missing", "usage_zero", "usage_implausible", "truncated",
)  # fmt: skip

COUNTER_CEILING = 10_000
"""More requests to one tool than this no call makes."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A prompt's size in tokens, counted before the call."""

    count: int
    """Our best count, for when the upstream reports none."""
    hold: int
    """The count with a margin for other tokenizers: what is held."""
    ceiling: int
    """More than this cannot be: a report beyond it is not believed."""


@dataclass(frozen=True, slots=True)
class Report:
    """The usage an upstream reported; `usage` is None when there was none that makes sense."""

    usage: Usage | None = None
    counters: dict[str, int] = field(default_factory=dict[str, int])
    """Its own counters as they came, for the record."""
    flags: tuple[str, ...] = ()
    service_tier: str | None = None
    """At which tier it says that it served the call; None where it says nothing."""
    input_only: bool = False
    """Whether only the prompt was told so far, so that we count ourselves what was said."""


@dataclass(frozen=True, slots=True)
class Produced:
    """What the upstream produced, as far as it reached us; functions, because looking is dear."""

    anything: Callable[[], bool]
    tokens: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The basis of a charge, its usage and what to flag; no basis means quarantine."""

    basis: str | None
    usage: Usage
    flags: list[str]


def judge(
    report: Report, produced: Produced, estimate: Estimate, *, output_max: int, complete: bool
) -> Verdict:
    """Decide what a call is charged by: the report if it can be true, else our own count.

    `output_max` is what all choices together can have produced at the very most, in tokens.
    """
    flags = list(report.flags)
    if not complete:
        flags.append(TRUNCATED)
    usage = report.usage
    if usage is not None and (
        usage.input_tokens > estimate.ceiling
        or usage.output_tokens > output_max
        or max(usage.counters.values(), default=0) > COUNTER_CEILING
    ):
        return Verdict(None, Usage({}), [*flags, IMPLAUSIBLE])
    if usage is None or (report.input_only and complete):
        flags.append(MISSING)
    elif not report.input_only:
        if usage.input_tokens and (usage.output_tokens or not produced.anything()):
            return Verdict(REPORTED, usage, flags)
        flags.append(ZERO)
    basis = ESTIMATED if complete else PARTIAL
    return Verdict(basis, _counted(report, produced, estimate), flags)


def _counted(report: Report, produced: Produced, estimate: Estimate) -> Usage:
    """Count what was said, and take the prompt as it was told if only that was."""
    told = report.usage.inputs if report.usage and report.input_only else {}
    return exclusive(**(told or {"input": estimate.count}), output=produced.tokens())
