"""The signing key: a PEM file of the operator's, outside the database and the data directory.

The file holds one Ed25519 private key (PKCS8) and, after it, the public keys of those it replaced:
heads that they signed stay good. A file of public keys alone is enough to verify.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from domain.tree_head import TreeHead

_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)
_PRIVATE: Final = b"PRIVATE KEY"
_PUBLIC: Final = b"PUBLIC KEY"
_OWNER_ONLY: Final = 0o600


class SealKeyError(Exception):
    """The key file is not there, cannot be used, or lies where it must not."""


def raw(key: Ed25519PublicKey) -> bytes:
    """Give a public key's 32 bytes."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id_of(public_key: bytes) -> str:
    """Name a public key by its fingerprint: the SHA-256 of its 32 bytes, in hex."""
    return hashlib.sha256(public_key).hexdigest()


class TrustedKeys:
    """The public keys whose heads count."""

    def __init__(self, keys: Iterable[Ed25519PublicKey]) -> None:
        self._keys = {key_id_of(raw(key)): key for key in keys}

    def signed(self, head: TreeHead) -> bool:
        """Tell whether one of these keys signed the head."""
        key = self._keys.get(head.key_id)
        if key is None:
            return False
        try:
            key.verify(bytes.fromhex(head.signature), head.message)
        except InvalidSignature:
            return False
        return True

    @property
    def public(self) -> dict[str, bytes]:
        """Give the raw public keys by their ids."""
        return {key_id: raw(key) for key_id, key in self._keys.items()}


class SealKey:
    """Signs heads; nothing of it is ever shown but its public key."""

    def __init__(
        self, private: Ed25519PrivateKey, retired: Iterable[Ed25519PublicKey] = ()
    ) -> None:
        self._private = private
        self.public_key = raw(private.public_key())
        self.key_id = key_id_of(self.public_key)
        self.trusted = TrustedKeys((*retired, private.public_key()))

    def __repr__(self) -> str:
        return f"SealKey({self.key_id})"

    def sign(self, head: TreeHead) -> TreeHead:
        """Sign a head that names this key."""
        assert head.key_id == self.key_id, "a head names the key that signs it"
        return head.signed(self._private.sign(head.message))


def create_key(path: Path, retired: TrustedKeys | None = None) -> SealKey:
    """Write a new key file that only its owner may read, or raise SealKeyError."""
    private = Ed25519PrivateKey.generate()
    parts = [private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())]
    olds = [Ed25519PublicKey.from_public_bytes(key) for key in (retired or _NONE).public.values()]
    parts += [old.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for old in olds]
    try:
        # Made with its mode and never over another file: a lost key cannot be had again.
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(file, "wb") as out:
            out.write(b"".join(parts))
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        message = f"The key cannot be written to {path}: {error.strerror}."
        raise SealKeyError(message) from None
    return SealKey(private, olds)


def read_key(path: Path) -> SealKey:
    """Read a key file that can sign, or raise SealKeyError."""
    privates, publics = _read(path)
    if len(privates) != 1:
        message = f"{path} holds {len(privates)} private keys; one is needed to sign."
        raise SealKeyError(message)
    return SealKey(privates[0], publics)


def read_trusted(path: Path) -> TrustedKeys:
    """Read whose heads count from a key file, with or without a private key in it."""
    privates, publics = _read(path)
    return TrustedKeys((*publics, *(key.public_key() for key in privates)))


def _read(path: Path) -> tuple[list[Ed25519PrivateKey], list[Ed25519PublicKey]]:
    try:
        text = path.read_bytes()
    except OSError as error:
        message = f"The key file {path} cannot be read: {error.strerror}."
        raise SealKeyError(message) from None
    blocks = [(match[1], match[0]) for match in _BLOCK.finditer(text)]
    privates = [_private(path, pem) for kind, pem in blocks if kind.endswith(_PRIVATE)]
    publics = [_public(path, pem) for kind, pem in blocks if kind == _PUBLIC]
    if not privates and not publics:
        message = f"{path} holds no key in PEM format."
        raise SealKeyError(message)
    return privates, publics


def _private(path: Path, pem: bytes) -> Ed25519PrivateKey:
    # The cause is not told: it might quote what the file holds.
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise _not_ed25519(path)
    return key


def _public(path: Path, pem: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise _not_ed25519(path)
    return key


def _not_ed25519(path: Path) -> SealKeyError:
    return SealKeyError(f"{path} holds something else than unencrypted Ed25519 keys.")


_NONE: Final = TrustedKeys(())
