"""The log, its copy and the key to both are kept apart from the first start on."""

from pathlib import Path

import pytest

from api.settings import Settings, SettingsError


def load(folder: Path, **places: str) -> Settings:
    given = {f"TOLLBOOK_SEAL_{name.upper()}": str(folder / at) for name, at in places.items()}
    return Settings.load(given, data_dir=folder / "data")


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ({"key_file": "data/seal.pem"}, "data directory"),
        ({"key_file": "data/../data/deep/seal.pem"}, "data directory"),
        ({"key_file": "out/seal.pem", "dir": "out"}, "TOLLBOOK_SEAL_DIR"),
        ({"key_file": "seal.pem", "dir": "data/out"}, "both would be lost"),
        ({"dir": "out"}, "needs TOLLBOOK_SEAL_KEY_FILE"),
    ],
    ids=str,
)
def test_what_is_worth_nothing_together_is_refused(
    tmp_path: Path, places: dict[str, str], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        load(tmp_path, **places)


def test_a_link_into_the_data_directory_is_seen_through(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").symlink_to(tmp_path / "data")

    with pytest.raises(SettingsError, match="data directory"):
        load(tmp_path, key_file="elsewhere/seal.pem")


def test_what_is_apart_is_taken(tmp_path: Path) -> None:
    settings = load(tmp_path, key_file="keys/seal.pem", dir="out")

    assert settings.seal_key_file == tmp_path / "keys" / "seal.pem"
    assert settings.seal_dir == tmp_path / "out"
    assert settings.seal_seconds == 60


def test_no_key_is_needed(tmp_path: Path) -> None:
    assert load(tmp_path).seal_key_file is None
