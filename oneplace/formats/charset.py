"""Bytes to text: what the sender's characters are, found from the bytes and not from what the sender says of them.

UTF-8 first (FHIR allows nothing else), UTF-16 and UTF-32 by their byte order marks, then Windows-1252, which is
what Windows systems of the NHS write where they don't write UTF-8.
"""

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the other's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decoded(raw: bytes) -> tuple[str, bool] | None:
    """The text, and whether the character set had to be guessed; None where no known one fits."""
    for mark, charset in _MARKS:
        if raw.startswith(mark):
            return _tried(raw[len(mark) :], charset, guessed=False)
    return _tried(raw, "utf-8", guessed=False) or _tried(raw, "cp1252", guessed=True)


def _tried(raw: bytes, charset: str, *, guessed: bool) -> tuple[str, bool] | None:
    try:
        return raw.decode(charset), guessed
    except UnicodeDecodeError:
        return None
