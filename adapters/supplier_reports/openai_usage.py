"""OpenAI's organization usage: GET /v1/organization/usage/completions and /embeddings.

Its input tokens include the cached and the cache-write ones, whatever their modality; the audio
and image counters are of what was neither. Nothing may be in two of our buckets.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from adapters.supplier_reports.buckets import Bucket, credential_reader
from adapters.supplier_reports.found import Fields, Found
from domain.supplier_report import InvalidReportError

OBJECTS: Final = frozenset(
    {"organization.usage.completions.result", "organization.usage.embeddings.result"}
)

_WRITES: Final = ("input_cache_write_30m_tokens", "input_cache_write_12h_tokens")
_KNOWN: Final = frozenset(
    {
        "input_tokens", "output_tokens", "input_cached_tokens", "input_uncached_tokens",
        "input_text_tokens", "output_text_tokens", "input_cached_text_tokens",
        "input_cached_audio_tokens", "input_cached_image_tokens", "input_audio_tokens",
        "input_image_tokens", "output_audio_tokens", "output_image_tokens",
        "input_cache_write_tokens", *_WRITES,
    }
)  # fmt: skip


def read_usage(buckets: Sequence[Bucket]) -> Iterator[Found]:
    """Read every result, or raise InvalidReportError; it must be grouped by model."""
    credential_of = credential_reader(buckets, "api_key_id", "project_id")
    for bucket in buckets:
        for result in bucket.results:
            if result.text("object") not in OBJECTS:
                raise InvalidReportError(result.at("object"), "is not usage of a model's tokens")
            if result.get("model") is None:
                raise InvalidReportError(result.at("model"), "is null: export it grouped by model")
            yield Found(
                result.where,
                bucket.day,
                result.name("model"),
                credential_of(result),
                usage=usage_of(result),
                requests=result.tokens("num_model_requests"),
            )


def usage_of(result: Fields) -> dict[str, int]:
    """Split a result's tokens into exclusive buckets, or raise InvalidReportError."""
    check_counters(result, _KNOWN)
    whole, out = _must(result, "input_tokens"), result.tokens("output_tokens") or 0
    cached = result.tokens("input_cached_tokens") or 0
    written = _written(result, whole, cached)
    audio, image = (result.tokens(f"input_{kind}_tokens") or 0 for kind in ("audio", "image"))
    fresh = whole - cached - written - audio - image
    spoken, drawn = (result.tokens(f"output_{kind}_tokens") or 0 for kind in ("audio", "image"))
    plain = out - spoken - drawn
    for name, rest in (("input_tokens", fresh), ("output_tokens", plain)):
        if rest < 0:
            raise InvalidReportError(result.at(name), "is less than its parts")
    return {
        "input": fresh,
        "cached_input": cached,
        "cache_write": written,
        "audio_input": audio,
        "image_input": image,
        "output": plain,
        "audio_output": spoken,
        "image_output": drawn,
    }


def check_counters(result: Fields, known: frozenset[str]) -> None:
    """Refuse a count of tokens that we would leave out: it may be billed."""
    for name, value in result.all.items():
        if name.endswith("_tokens") and name not in known and value is not None and value != 0:
            raise InvalidReportError(result.at(name[:100]), "is a count that is not known here")


def _written(result: Fields, whole: int, cached: int) -> int:
    """Tell the tokens written to the cache, which older exports leave to be worked out."""
    written = result.tokens("input_cache_write_tokens")
    parts = [result.tokens(name) for name in _WRITES]
    uncached = result.tokens("input_uncached_tokens")
    if written is None and any(part is not None for part in parts):
        written = sum(part or 0 for part in parts)
    if uncached is None:
        return written or 0
    if written is None:
        return max(0, whole - cached - uncached)
    if uncached + cached + written != whole:
        raise InvalidReportError(result.at("input_tokens"), "is not the sum of its parts")
    return written


def _must(result: Fields, name: str) -> int:
    value = result.tokens(name)
    if value is None:
        raise InvalidReportError(result.at(name), "is missing")
    return value
