"""FHIR in XML as the same nodes as FHIR in JSON, so that one reader serves both.

What the bytes can't tell (a lone element that is a list in JSON, `true` that is a word and not a boolean) is told by
the tables here, written from FHIR's own rules (hl7.org/fhir, "XML Representation of Resources"). No entities, no DTD,
no network: a document that declares any is refused.
"""

import re
from typing import Any

from lxml import etree

from oneplace.kernel.rows import Reject

Node = dict[str, Any]

_FHIR = "{http://hl7.org/fhir}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_DEEPEST = 120
_LISTS = frozenset(
    {
        "coding",
        "contained",
        "entry",
        "extension",
        "modifierExtension",
        "given",
        "prefix",
        "suffix",
        "line",
        "identifier",
    }
    | {"telecom", "profile", "performer", "participant", "note", "component", "dosageInstruction", "result", "item"}
    | {"answer", "basedOn", "section", "content", "referenceRange", "reaction", "manifestation", "contact", "link"}
)
"""Elements that are lists in JSON even when there is one. A reader that wants one of a list takes the first."""
_NAMED_LISTS = frozenset({"Patient", "Practitioner", "RelatedPerson"})  # their name and address repeat
_NUMBERS = frozenset({"valueInteger", "valueDecimal", "valueUnsignedInt", "valuePositiveInt", "size", "total", "rank"})
_QUANTITIES = frozenset({"quantity", "low", "high", "numerator", "denominator", "dose", "duration", "origin"})
_WORDS = frozenset({"valueString", "valueCode", "text", "display", "code", "value", "title", "description"})


def loads(raw: bytes) -> Node | Reject:
    """The resource of a FHIR document in XML; a Reject where it can't be read or is no FHIR."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(raw.lstrip(b"\xef\xbb\xbf \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        return _wrong_charset(raw) or _broken(error)
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]
        return _refused("xml-doctype", "The XML declares a DOCTYPE, which FHIR forbids; send it without.")
    if not str(root.tag).startswith(_FHIR):
        return _refused("not-fhir", "This is XML, but not FHIR: a resource of hl7.org/fhir was expected.")
    try:
        return _resource(root, 0)
    except RecursionError:
        return _refused(
            "xml-too-deep", "The XML is nested deeper than any FHIR resource; ask the sender to look at it."
        )


def _wrong_charset(raw: bytes) -> Reject | None:
    """The refusal of a document that isn't in the character set which it names, or names one that nobody knows."""
    declared = _ENCODING.search(raw[:400].replace(b"\0", b""))
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    name = declared[1].decode() if declared else "UTF-16" if wide else "UTF-8"
    try:
        raw.decode("UTF-16" if wide else name)
    except LookupError:
        return _refused(
            "charset", f"The XML says that it is in {name}, which is no character set that is known; {_RIGHT}"
        )
    except UnicodeError as error:
        line = raw.count(b"\n", 0, getattr(error, "start", 0)) + 1
        says = f"The XML says that it is in {name}" if declared else f"The XML names no character set, so it is {name}"
        return _refused(
            "charset", f"{says}, but there are characters of another set in line {line}; {_RIGHT}", f"line {line}"
        )
    return None


_ENCODING = re.compile(rb"""^[^<]*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,39})["']""")
_RIGHT = "ask the sender to write it in UTF-8 and to say so in its first line."


def _broken(error: Exception) -> Reject:
    line, column = getattr(error, "position", (0, 0))
    where = f"line {line}, column {column}" if line else ""
    from_there = f" from {where} on" if where else ""
    return _refused(
        "xml-broken", f"The XML can't be read{from_there}: it was cut short or written wrongly; send it again.", where
    )


def _refused(code: str, reason: str, path: str = "") -> Reject:
    return Reject(reason, code, path)


def _resource(element: Any, depth: int) -> Node:
    sort = etree.QName(element).localname
    return {"resourceType": sort} | _children(element, sort, depth)


def _children(element: Any, parent: str, depth: int) -> Node:
    """The elements inside one, by name; those that come again, or always may, as lists."""
    if depth > _DEEPEST:
        raise RecursionError
    node: Node = {}
    for child in element:
        name = etree.QName(child).localname
        value = _value(child, name, parent, depth + 1)
        if value is None:
            continue
        if name in node:
            held = node[name]
            node[name] = [*held, value] if held.__class__ is list else [held, value]
        else:
            node[name] = [value] if name in _LISTS or _repeats(name, parent) else value
    for key in ("id", "url"):  # of elements and extensions: attributes in XML
        if key in element.attrib:
            node.setdefault(key, element.attrib[key])
    return node


def _repeats(name: str, parent: str) -> bool:
    return name in ("name", "address") and parent in _NAMED_LISTS


def _value(element: Any, name: str, parent: str, depth: int) -> Any:
    """What one element says: a primitive's value, a resource inside, the narrative as text, else a node."""
    if element.tag == f"{_XHTML}div":
        return etree.tostring(element, encoding="unicode", with_tail=False)
    if name in ("resource", "contained") and len(element):
        return _resource(element[0], depth)
    told = element.attrib.get("value")
    if told is None:
        return _children(element, name, depth) if len(element) or element.attrib else None
    return _typed(told, name, parent)


def _typed(told: str, name: str, parent: str) -> Any:
    """A primitive with its type: numbers and booleans where FHIR has them, else text."""
    if name in _NUMBERS or (name == "value" and (parent in _QUANTITIES or parent.endswith("Quantity"))):
        try:
            return float(told) if "." in told or "e" in told.lower() else int(told)
        except ValueError:
            return told
    if told in ("true", "false") and name not in _WORDS:
        return told == "true"
    return told
