"""Settings on their way to the children, which read them from the environment."""

import pytest

from api.configuration import environment_of
from api.settings import Settings, SettingsError


def test_a_child_reads_the_settings_of_its_parent() -> None:
    settings = Settings.load(
        {},
        admin_token="t",
        tag_names="team, cost_center",
        stripe_webhook_secret="whsec_1,whsec_2",
        webhook_secret="a-secret-of-the-operator-1, a-secret-of-the-operator-2",
        alert_seconds=0.5,
    )

    assert settings.stripe_webhook_secret == ("whsec_1", "whsec_2")
    assert Settings.load(environment_of(settings)) == settings
    assert Settings.load(environment_of(Settings.load({}))) == Settings.load({})


@pytest.mark.parametrize("secret", ["short", "with a space in the middle of it", "é" * 30])
def test_a_secret_that_could_be_guessed_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(SettingsError, match="TOLLBOOK_WEBHOOK_SECRET") as refused:
        Settings.load({"TOLLBOOK_WEBHOOK_SECRET": secret})

    assert secret not in str(refused.value)


def test_secrets_are_not_shown_with_the_settings() -> None:
    settings = Settings.load(
        {}, stripe_webhook_secret="whsec_1", webhook_secret="a-secret-of-the-operator-1"
    )

    assert "whsec_1" not in repr(settings)
    assert "operator-1" not in repr(settings)
