"""The key file: made for its owner alone, read strictly, and never shown."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from adapters.seal.keys import (
    SealKeyError,
    TrustedKeys,
    create_key,
    key_id_of,
    read_key,
    read_trusted,
)
from domain.tree_head import TreeHead
from tests.adapters.seal.sealed import KEY, OTHER_KEY

HEAD = TreeHead(1, 1, "ab" * 32, "2026-11-21T10:00:00.000000+00:00", KEY.key_id)


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_a_new_key_is_its_owners_alone_and_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "seal.pem"

    made = create_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path).public_key == made.public_key
    assert made.key_id == key_id_of(made.public_key)
    assert read_trusted(path).public == {made.key_id: made.public_key}


def test_an_existing_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "seal.pem"
    create_key(path)
    before = path.read_bytes()

    with pytest.raises(SealKeyError, match="exists"):
        create_key(path)
    with pytest.raises(SealKeyError, match="No such"):
        create_key(tmp_path / "nowhere" / "seal.pem")

    assert path.read_bytes() == before


def test_a_key_takes_the_public_keys_of_its_predecessors_along(tmp_path: Path) -> None:
    first = create_key(tmp_path / "1")
    second = create_key(tmp_path / "2", read_trusted(tmp_path / "1"))
    third = create_key(tmp_path / "3", read_trusted(tmp_path / "2"))

    key = read_key(tmp_path / "3")

    assert key.key_id == third.key_id
    assert key.trusted.public.keys() == {first.key_id, second.key_id, third.key_id}
    assert (tmp_path / "3").read_bytes().count(b"PRIVATE") == 2


def test_public_keys_alone_are_enough_to_verify(tmp_path: Path) -> None:
    path = tmp_path / "public.pem"
    path.write_bytes(b"# of the auditor\n" + public_pem(KEY._private))

    assert read_trusted(path).signed(KEY.sign(HEAD))
    with pytest.raises(SealKeyError, match="0 private keys"):
        read_key(path)


def test_a_head_counts_if_a_trusted_key_signed_just_it() -> None:
    signed = KEY.sign(HEAD)
    other = KEY.sign(TreeHead(2, 1, HEAD.root_hash, HEAD.timestamp, KEY.key_id))

    assert KEY.trusted.signed(signed)
    assert not KEY.trusted.signed(HEAD.signed(bytes.fromhex(other.signature)))
    assert not OTHER_KEY.trusted.signed(signed)
    assert not TrustedKeys(()).signed(signed)


def test_a_key_signs_only_heads_that_name_it() -> None:
    with pytest.raises(AssertionError):
        OTHER_KEY.sign(HEAD)


def test_a_key_shows_nothing_but_its_name() -> None:
    assert repr(KEY) == f"SealKey({KEY.key_id})"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no key"),
        (b"secret", "no key"),
        (b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "Ed25519"),
        (b"-----BEGIN PUBLIC KEY-----\nc2VjcmV0\n-----END PUBLIC KEY-----\n", "Ed25519"),
        (
            generate_private_key(SECP256R1()).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ),
            "Ed25519",
        ),
        (
            generate_private_key(SECP256R1())
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "Ed25519",
        ),
        (
            KEY._private.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
            ),
            "unencrypted",
        ),
        (pem(KEY._private) + pem(OTHER_KEY._private), "2 private keys"),
    ],
    ids=["empty", "no PEM", "no key", "no public key", "EC", "public EC", "encrypted", "two"],
)
def test_what_is_no_signing_key_is_refused_without_quoting_it(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "seal.pem"
    path.write_bytes(content)

    with pytest.raises(SealKeyError, match=told) as refused:
        read_key(path)

    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SealKeyError, match="nowhere"):
        read_trusted(tmp_path / "nowhere")
