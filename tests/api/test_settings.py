from pathlib import Path

import pytest

from api.settings import Settings, SettingsError


def test_the_defaults_are_those_of_the_design() -> None:
    settings = Settings.load({})

    assert settings.model_dump() == {
        "database_url": None,
        "admin_token": None,
        "config": None,
        "data_dir": Path(".tollbook"),
        "host": "127.0.0.1",
        "port": 8080,
        "call_deadline_seconds": 600,
        "hold_seconds": 660,
        "sweep_seconds": 30,
        "drain_seconds": 30,
        "default_output_tokens": 4096,
        "public_url": None,
        "seal_key_file": None,
        "seal_dir": None,
        "seal_seconds": 60,
        "max_body_bytes": 8 * 1024 * 1024,
        "abandoned_seconds": 60,
        "broken_stream": "charge",
        "tag_names": ("cost_center",),
        "close_grace_hours": 12,
        "issuer_name": None,
        "stripe_webhook_secret": (),
        "stripe_test_mode": False,
        "webhook_secret": (),
        "alert_seconds": 5,
        "trace_days": 30,
        "content_bytes": 1024**3,
        "cache_bytes": 256 * 1024**2,
        "otlp_endpoint": None,
        "pass_traceparent": False,
        "insufficient_balance_status": 402,
        "responses_insufficient_balance_status": 429,
    }


def test_a_variable_sets_the_field_of_its_name() -> None:
    settings = Settings.load(
        {
            "TOLLBOOK_PORT": "9000",
            "TOLLBOOK_HOLD_SECONDS": "700.5",
            "TOLLBOOK_CONFIG": "/etc/tollbook.toml",
            "TOLLBOOK_BROKEN_STREAM": "release",
            "TOLLBOOK_INSUFFICIENT_BALANCE_STATUS": "429",
            "TOLLBOOK_TAG_NAMES": "cost_center, team,",
        }
    )

    assert settings.port == 9000
    assert settings.hold_seconds == 700.5
    assert settings.config == Path("/etc/tollbook.toml")
    assert settings.broken_stream == "release"
    assert settings.insufficient_balance_status == 429
    assert settings.tag_names == ("cost_center", "team")


def test_an_option_goes_before_the_variable_unless_it_was_not_given() -> None:
    environ = {"TOLLBOOK_PORT": "9000", "TOLLBOOK_HOST": "::1"}

    settings = Settings.load(environ, port=9001, host=None)

    assert (settings.port, settings.host) == (9001, "::1")


def test_an_empty_variable_counts_as_not_given() -> None:
    settings = Settings.load({"TOLLBOOK_ADMIN_TOKEN": "", "TOLLBOOK_PORT": ""})

    assert settings.admin_token is None
    assert settings.port == 8080


def test_a_misspelt_variable_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match=r"TOLLBOOK_DATABSE_URL.*mean TOLLBOOK_DATABASE_URL"):
        Settings.load({"TOLLBOOK_DATABSE_URL": "postgres://"})


def test_a_misspelt_variable_is_refused_also_when_empty_or_unlike_any() -> None:
    with pytest.raises(SettingsError, match=r"There is no setting TOLLBOOK_ZZZ\.$"):
        Settings.load({"TOLLBOOK_ZZZ": ""})


def test_variables_of_others_and_of_the_tests_are_left_alone() -> None:
    Settings.load({"HOME": "/", "TOLLBOOK_TEST_DATABASE_URL": "x", "tollbook_port": "x"})


@pytest.mark.parametrize(("deadline", "hold"), [("660", "660"), ("700", "")])
def test_a_hold_must_outlive_the_calls_deadline(deadline: str, hold: str) -> None:
    environ = {"TOLLBOOK_CALL_DEADLINE_SECONDS": deadline, "TOLLBOOK_HOLD_SECONDS": hold}

    with pytest.raises(SettingsError, match="must not outlive its hold"):
        Settings.load(environ)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOLLBOOK_PORT", "http"),
        ("TOLLBOOK_PORT", "65536"),
        ("TOLLBOOK_SWEEP_SECONDS", "0"),
        ("TOLLBOOK_SWEEP_SECONDS", "nan"),
        ("TOLLBOOK_HOLD_SECONDS", "inf"),
        ("TOLLBOOK_HOLD_SECONDS", "1e99"),
        ("TOLLBOOK_DEFAULT_OUTPUT_TOKENS", "-1"),
        ("TOLLBOOK_PUBLIC_URL", "ftp://x"),
        ("TOLLBOOK_BROKEN_STREAM", "maybe"),
        ("TOLLBOOK_INSUFFICIENT_BALANCE_STATUS", "403"),
        ("TOLLBOOK_ADMIN_TOKEN", "two words"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.load({variable: value})


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(SettingsError, match="TOLLBOOK_PROT"):
        Settings.load({}, prot=1)


def test_no_secret_is_shown_in_errors_or_representations() -> None:
    settings = Settings.load(
        {"TOLLBOOK_ADMIN_TOKEN": "hunter2", "TOLLBOOK_DATABASE_URL": "postgres://u:hunter2@h"}
    )

    with pytest.raises(SettingsError) as refusal:
        Settings.load({"TOLLBOOK_ADMIN_TOKEN": "hunter 2"})

    assert "hunter" not in repr(settings) + str(refusal.value)
