"""FHIR in XML: a bundle of resources told as dictionaries in the order of the schema, written as elements."""

from typing import Any
from xml.sax.saxutils import escape, quoteattr

Node = dict[str, Any]

_XHTML = "http://www.w3.org/1999/xhtml"


def bundle_xml(bundle: Node) -> bytes:
    """The bundle as an XML document in UTF-8."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<Bundle xmlns="http://hl7.org/fhir">']
    for key, value in bundle.items():
        if key != "resourceType":
            _element(parts, key, value)
    parts.append("</Bundle>\n")
    return "".join(parts).encode()


def paragraphs(*words: str) -> Node:
    """A narrative of paragraphs, as a section of a letter has it."""
    inside = "".join(f"<p>{escape(line)}</p>" for line in words if line)
    return {"status": "generated", "div": f'<div xmlns="{_XHTML}">{inside}</div>'}


def _element(parts: list[str], name: str, value: Any) -> None:
    if value.__class__ is list:
        for one in value:
            _element(parts, name, one)
    elif value.__class__ is not dict:
        told = str(value).lower() if value.__class__ is bool else str(value)
        parts.append(told if name == "div" else f"<{name} value={quoteattr(told)}/>")
    elif "resourceType" in value:
        sort = value["resourceType"]
        inner = f"<{sort}>", f"</{sort}>"
        wrapped = (f"<{name}>{inner[0]}", f"{inner[1]}</{name}>")
        _children(parts, value, wrapped, skip="resourceType")
    elif "url" in value and name == "extension":
        _children(parts, value, (f"<extension url={quoteattr(value['url'])}>", "</extension>"), skip="url")
    else:
        _children(parts, value, (f"<{name}>", f"</{name}>"))


def _children(parts: list[str], node: Node, around: tuple[str, str], skip: str = "") -> None:
    parts.append(around[0])
    for key, inner in node.items():
        if key != skip:
            _element(parts, key, inner)
    parts.append(around[1])
