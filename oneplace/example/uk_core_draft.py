"""A UK Core bundle in the making: its resources, and the addresses of UK Core's profiles and of HL7's code systems."""

from datetime import date

from oneplace.example.gp_draft import Draft, Node

UK = "https://fhir.hl7.org.uk"
PROFILE = UK + "/StructureDefinition/UKCore-{}"
EXTENSION = UK + "/StructureDefinition/Extension-UKCore-{}"
HL7 = "http://terminology.hl7.org/CodeSystem/"


class CoreDraft(Draft):
    """A UK Core bundle in the making."""

    def add(self, sort: str, on: date | None, profile: str = "", key: str = "") -> Node:
        """A new resource of a sort, tied to the consultation of its day where there was one."""
        node = super().add(sort, on, profile, key)
        node["meta"] = {"profile": [PROFILE.format(profile or sort)]}
        visit = node.pop("context", None)
        if visit:
            node["encounter"] = visit
        return node


def coded(system: str, code: str, display: str = "") -> Node:
    """A concept with one coding."""
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}
