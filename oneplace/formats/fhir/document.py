"""Bytes to one FHIR document, in JSON or XML; or the reason why they are none, or none that a record can hold."""

import re
from typing import Any

import orjson

from oneplace.formats.charset import decoded
from oneplace.formats.fhir import xml
from oneplace.formats.fhir.entries import NOT_ABOUT_A_PERSON, READERS
from oneplace.formats.fhir.reading import Node, Reading
from oneplace.kernel.rows import Issue, Reject

SAFE_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_\-]{1,59}")
"""Codes that may be named in a reason: no free text, which may name a person."""


_OF_OTHER_RELEASES = ("Patient", "ServiceRequest", "MedicationOrder", "DiagnosticOrder")


def is_xml(raw: bytes) -> bool:
    """True for bytes that begin as XML does, whatever their character set."""
    return raw[:400].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<")


def loaded(raw: bytes, issues: list[Issue]) -> Node | Reject:
    """The bundle that the bytes hold (a resource by itself is a bundle of one), or why there is none."""
    document = xml.loads(raw) if is_xml(raw) else _load(raw, issues)
    if isinstance(document, Reject):
        return document
    return _refusal(document) or _bundled(document)


def _bundled(document: Node) -> Node:
    if document["resourceType"] == "Bundle":
        return document
    return {"resourceType": "Bundle", "type": "single", "entry": [{"resource": document}]}


def _load(raw: bytes, issues: list[Issue]) -> Any:
    """The JSON document, in UTF-8 or in a character set that could be guessed; a Reject where it isn't JSON."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if _is_utf8(raw):
            return _broken(error)
        text = decoded(raw)
        if text is None:
            return _reject("charset", "The characters are in no known set; send the file in UTF-8.")
        if text[1]:
            issues.append(Issue("", "charset-guessed", "not UTF-8: read as Windows-1252; accents may be wrong"))
        try:
            document = orjson.loads(text[0])
        except orjson.JSONDecodeError as second:
            return _broken(second)
    return _without_nul(document) if b"\\u0000" in raw else document


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return not raw.startswith(b"\xef\xbb\xbf")


def _broken(error: orjson.JSONDecodeError) -> Reject:
    where = f"line {error.lineno}, column {error.colno}"
    return _reject(
        "json-broken",
        f"The JSON can't be read from {where} on: {error.msg}. "
        "It was cut short or written wrongly; send it again whole.",
        where,
    )


def _without_nul(document: Any) -> Any:
    """The document with NUL characters taken out of its texts: databases refuse them."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in list(pairs):
            if isinstance(value, str):
                node[key] = value.replace("\0", "")
            else:
                waiting.append(value)
    return document


def _refusal(document: Any) -> Reject | None:
    """Why this JSON isn't a structured record, if it isn't."""
    if not isinstance(document, dict):
        return _reject("not-fhir", "This is JSON, but no FHIR resource: an object with a resourceType was expected.")
    sort = document.get("resourceType")
    if sort == "OperationOutcome":
        return _error_answer(document)
    if not isinstance(sort, str) or not SAFE_CODE.fullmatch(sort):
        return _reject("not-fhir", "This is no FHIR resource: it doesn't say of what sort it is.", "resourceType")
    if sort in NOT_ABOUT_A_PERSON:
        return _reject("no-person", f"This is {sort}, which is about no one person's record; nothing was filed.")
    if sort != "Bundle":
        return None if sort in READERS or sort in _OF_OTHER_RELEASES else _not_read(sort)
    if not isinstance(document.get("entry"), list) or not document["entry"]:
        return _reject("bundle-empty", "This Bundle has no entries; ask the sender for the record again.", "entry")
    return None


def _not_read(sort: str) -> Reject:
    return _reject(
        "not-read", f"This is {sort}, which isn't read; send a record, a letter or a message.", "resourceType"
    )


def _error_answer(document: Node) -> Reject:
    codes = ", ".join(dict.fromkeys(spine_codes(document))) or "none given"
    return _reject(
        "error-answer",
        f"This is an error answer (OperationOutcome), not a record. Spine code: {codes}. "
        "Put right what the code says and ask for the record again.",
        "issue",
    )


def spine_codes(outcome: Node) -> list[str]:
    """The codes of an error answer, as far as they are codes."""
    reading = Reading()
    found = []
    for issue in reading.nodes(outcome, "issue"):
        details = reading.node(issue, "details")
        told = [reading.text(coding, "code") for coding in reading.nodes(details, "coding")]
        found += told or [reading.text(issue, "code")]
    return [code for code in found if SAFE_CODE.fullmatch(code)]


def _reject(code: str, reason: str, path: str = "") -> Reject:
    return Reject(reason, code, path)
