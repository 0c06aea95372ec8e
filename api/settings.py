"""Settings: `TOLLBOOK_` variables, overridden by the command line, checked once at start."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from adapters.answer_cache.postgres import (
    BYTES_MAX as ANSWER_BYTES,
    CUSTOMER_BYTES_MAX as CACHE_BYTES,
)
from adapters.call_contents.content import BYTES_MAX as CALL_BYTES
from adapters.call_contents.store import CUSTOMER_BYTES_MAX as CONTENT_BYTES
from domain.tags import parse_tag_name

PREFIX: Final = "TOLLBOOK_"
TEST_PREFIX: Final = "TOLLBOOK_TEST_"
"""Variables of the test suite, which are no business of the gateway."""

MONTH_SECONDS: Final = 31 * 24 * 3600
TOKENS_MAX: Final = 2**31 - 1
BYTES_MAX: Final = 2**50

TagName = Annotated[str, AfterValidator(parse_tag_name)]
Secret = Annotated[str, Field(pattern=r"^[!-~]+$")]
LongSecret = Annotated[str, Field(pattern=r"^[!-~]{24,}$")]
Seconds = Annotated[float, Field(gt=0, le=MONTH_SECONDS, allow_inf_nan=False)]


class SettingsError(Exception):
    """A variable or an option is unknown, malformed or contradicts another one."""


def _as_number(value: object) -> object:
    """Read the environment's digits: a choice between numbers is not coerced by itself."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _as_names(value: object) -> object:
    """Split the environment's list."""
    if not isinstance(value, str):
        return value
    return tuple(name.strip() for name in value.split(",") if name.strip())


class Settings(BaseModel):
    """Everything an operator can set, with its default; the variable is `TOLLBOOK_<FIELD>`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True
    )

    database_url: str | None = Field(default=None, repr=False)
    """The owner's DSN; without it the embedded server runs in the data directory."""
    admin_token: str | None = Field(default=None, repr=False, pattern=r"^[!-~]+$")
    """Without it the admin API is off."""
    config: Path | None = None
    data_dir: Path = Path(".tollbook")
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8080, ge=0, le=65535)
    call_deadline_seconds: Seconds = 600
    hold_seconds: Seconds = 660
    sweep_seconds: Seconds = 30
    drain_seconds: float = Field(default=30, ge=0, le=MONTH_SECONDS, allow_inf_nan=False)
    default_output_tokens: int = Field(default=4096, ge=1, le=TOKENS_MAX)
    public_url: str | None = Field(default=None, pattern=r"^https?://[!-~]+$")
    seal_key_file: Path | None = None
    """What the log is signed with; it must lie outside the data directory."""
    seal_dir: Path | None = None
    """Where heads and a copy of the log go, outside the database and its machine."""
    seal_seconds: Seconds = 60
    max_body_bytes: int = Field(default=8 * 1024 * 1024, ge=1024, le=TOKENS_MAX)
    abandoned_seconds: float = Field(default=60, ge=0, le=MONTH_SECONDS, allow_inf_nan=False)
    """How long an upstream is read on after the client has gone, to learn the real usage."""
    broken_stream: Literal["charge", "release"] = "charge"
    """What becomes of a call whose upstream broke after output: charge what was relayed, or not."""
    tag_names: Annotated[tuple[TagName, ...], BeforeValidator(_as_names)] = ("cost_center",)
    """Which entries of a call's `metadata` are kept as tags; a comma between names."""
    stripe_webhook_secret: Annotated[tuple[Secret, ...], BeforeValidator(_as_names)] = Field(
        default=(), repr=False
    )
    """What Stripe signs its events with, a comma between several; without it none is taken."""
    stripe_test_mode: bool = False
    """Whether events of Stripe's test mode become credit, which nobody has paid for."""
    webhook_secret: Annotated[tuple[LongSecret, ...], BeforeValidator(_as_names)] = Field(
        default=(), repr=False
    )
    """What customers' webhooks are signed by, the newest first; without it none are sent."""
    alert_seconds: Seconds = 5
    """How often balances are looked at for alerts, and webhooks are sent."""
    close_grace_hours: float = Field(default=12, ge=0, le=31 * 24, allow_inf_nan=False)
    """How long after its end a month waits for late usage before it can be closed."""
    issuer_name: str | None = Field(default=None, min_length=1, max_length=200)
    """Who issues statements, as their pages say; no part of the document that is hashed."""
    trace_days: float = Field(default=30, gt=0, le=3650, allow_inf_nan=False)
    """How long the steps of each call are kept; what the ledger says of it stays."""
    content_bytes: int = Field(default=CONTENT_BYTES, ge=2 * CALL_BYTES, le=BYTES_MAX)
    """How much is kept of one customer's prompts and answers, if it wants that; the newest."""
    cache_bytes: int = Field(default=CACHE_BYTES, ge=2 * ANSWER_BYTES, le=BYTES_MAX)
    """How much is kept of one customer's answers to be given again; the newest."""
    otlp_endpoint: str | None = Field(default=None, repr=False, pattern=r"^https?://[!-~]+$")
    """An OpenTelemetry collector that takes OTLP over HTTP; spans go to `/v1/traces` below it."""
    pass_traceparent: bool = False
    """Whether upstreams are told which trace a call is part of."""
    insufficient_balance_status: Annotated[Literal[402, 429], BeforeValidator(_as_number)] = 402
    responses_insufficient_balance_status: Annotated[
        Literal[402, 429], BeforeValidator(_as_number)
    ] = 429
    """The same on /v1/responses, where Codex would try again after a 402."""

    @classmethod
    def load(cls, environ: Mapping[str, str], **options: object) -> Self:
        """Read the environment under the options that were given, or raise SettingsError.

        An option that is None and a variable that is empty count as not given.
        """
        _refuse_misspelt(environ, cls.model_fields)
        values: dict[str, Any] = {
            field: environ[variable]
            for field in cls.model_fields
            if environ.get(variable := PREFIX + field.upper())
        }
        values |= {name: value for name, value in options.items() if value is not None}
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(_explain(error)) from None
        settings.check()
        return settings

    def check(self) -> None:
        """Raise SettingsError if two settings contradict each other."""
        if self.hold_seconds <= self.call_deadline_seconds:
            message = (
                f"TOLLBOOK_HOLD_SECONDS ({self.hold_seconds:g}) must be more than "
                f"TOLLBOOK_CALL_DEADLINE_SECONDS ({self.call_deadline_seconds:g}): "
                "a call must not outlive its hold."
            )
            raise SettingsError(message)
        _check_seal(self.data_dir, self.seal_key_file, self.seal_dir)


def _check_seal(data_dir: Path, key_file: Path | None, folder: Path | None) -> None:
    """Keep apart what is worth nothing together: the log, its copy, and the key to both."""
    places = {"the data directory": data_dir, "TOLLBOOK_SEAL_DIR": folder}
    for name, place in places.items():
        if key_file is not None and place is not None and _is_in(key_file, place):
            message = f"TOLLBOOK_SEAL_KEY_FILE must not lie in {name}: who has one would have both."
            raise SettingsError(message)
    if folder is None:
        return
    if key_file is None:
        message = "TOLLBOOK_SEAL_DIR needs TOLLBOOK_SEAL_KEY_FILE: nothing is copied unsigned."
        raise SettingsError(message)
    if _is_in(folder, data_dir):
        message = (
            "TOLLBOOK_SEAL_DIR must not lie in the data directory: both would be lost at once."
        )
        raise SettingsError(message)


def _is_in(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _refuse_misspelt(environ: Mapping[str, str], fields: Mapping[str, object]) -> None:
    # Compared without the prefix, which would make every name near to every other.
    known = [field.upper() for field in fields]
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable.startswith(TEST_PREFIX):
            continue
        name = variable.removeprefix(PREFIX)
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean {PREFIX}{near[0]}?" if near else ""
            message = f"There is no setting {variable}.{hint}"
            raise SettingsError(message)


def _explain(error: ValidationError) -> str:
    """Name each setting at fault by its variable, without its value: it may be a secret."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return " ".join(
        f"{PREFIX}{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}." for fault in faults
    )
