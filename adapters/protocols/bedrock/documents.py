"""Pictures, sounds and files as Converse takes them: bytes only, files under a neutral name."""

import base64
import re
from typing import Any, Final

from adapters.protocols.bedrock.families import hears
from adapters.protocols.canonical.blocks import Audio, Document, Image
from adapters.protocols.canonical.conversation import Conversation
from adapters.protocols.canonical.distinct import Distinct

Written = dict[str, Any]

_IMAGES: Final = frozenset({"png", "jpeg", "gif", "webp"})
_SOUNDS: Final = frozenset({"wav", "mp3", "aac", "flac", "opus"})
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_FILES: Final = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    f"{_OFFICE}.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    f"{_OFFICE}.spreadsheetml.sheet": "xlsx",
    "text/csv": "csv",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
_NAME_MAX: Final = 180
"""Of the 200 characters that a name may have; the rest is for its number."""
_UNSPEAKABLE: Final = re.compile(r"[^A-Za-z0-9()\[\]-]+", re.ASCII)


class FileWriter:
    """Writes what one conversation shows, for one model."""

    def __init__(self, conversation: Conversation, model: str) -> None:
        self._conversation = conversation
        self._hears = hears(model)
        self._names = Distinct(" ")

    def write(self, file: Image | Audio | Document) -> Written:
        """Write one of them, or refuse it by its kind."""
        if isinstance(file, Image):
            return {"image": self._image(file)}
        if isinstance(file, Audio):
            return {"audio": self._audio(file)}
        return {"document": self._document(file)}

    def _image(self, image: Image) -> Written:
        kind = image.media_type.removeprefix("image/")
        if image.url:
            self._conversation.refuse("image", "must be sent as data to this model's provider")
        if kind not in _IMAGES:
            self._conversation.refuse("image", "is of a type that this model cannot see")
        return {"format": kind, "source": {"bytes": image.data}}

    def _audio(self, audio: Audio) -> Written:
        if not self._hears or audio.format not in _SOUNDS:
            self._conversation.refuse("audio", "is beyond what this model is known to hear")
        return {"format": audio.format, "source": {"bytes": audio.data}}

    def _document(self, document: Document) -> Written:
        if document.url:
            self._conversation.refuse("document", "must be sent as data to this model's provider")
        kind, data = _FILES.get(document.media_type), document.data
        if document.text:
            kind, data = "txt", base64.b64encode(document.text.encode()).decode()
        if kind is None:
            self._conversation.refuse("document", "is of a type that this model cannot read")
        return {"format": kind, "name": self._name(document.title), "source": {"bytes": data}}

    def _name(self, title: str) -> str:
        """Name a file by its title, as far as names may go; no two of them alike."""
        plain = _UNSPEAKABLE.sub(" ", title).strip()[:_NAME_MAX].strip() or "document"
        return self._names.take(plain)
