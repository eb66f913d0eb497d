"""One message being read: its segments, its times, its faults.

Fault texts never repeat what was sent: it may name a person.
"""

from datetime import datetime

from oneplace.formats.hl7v2.segments import Segment, moment_of
from oneplace.formats.shape import NEVER, Moment
from oneplace.kernel.rows import Issue, Severity

_SYSTEMS = {
    **dict.fromkeys(("SCT", "SNOMED", "SNOMEDCT", "SNOMED-CT", "SNM"), "http://snomed.info/sct"),
    **dict.fromkeys(("I10", "ICD10", "ICD-10"), "http://hl7.org/fhir/sid/icd-10"),
}


class Reading:
    """What is known of the message while its segments are read one by one.

    A message speaks of one person or of several, one after the other: `group` is what it says of the current one,
    from PID to the next PID; `header` stands before the first.
    """

    __slots__ = ("event", "group", "groups", "header", "issues", "local_id", "sent_at", "version_at", "visit")

    def __init__(self, segments: list[Segment]) -> None:
        starts = [index for index, segment in enumerate(segments) if segment.name == "PID"]
        self.header = segments[: starts[0]] if starts else segments
        self.groups = [segments[start:end] for start, end in zip(starts, [*starts[1:], None], strict=False)]
        self.group: list[Segment] = []
        self.issues: list[Issue] = []
        self.event = self.local_id = self.visit = ""
        self.sent_at: datetime | None = None
        self.version_at: datetime | None = None

    def fault(self, path: str, code: str, text: str, severity: Severity = Severity.ERROR) -> None:
        """File an issue, once."""
        issue = Issue(path, code, text, severity)
        if issue not in self.issues:
            self.issues.append(issue)

    def first(self, name: str) -> Segment | None:
        """The first segment of that name in what is said of the current person, else in the header."""
        return next((segment for segment in (*self.group, *self.header) if segment.name == name), None)

    def moment(self, segment: Segment | None, field: int) -> Moment:
        """The time in a field; NEVER, with an issue, where it can't be read."""
        text = segment.text(field) if segment else ""
        if not text:
            return NEVER
        try:
            return moment_of(text)
        except (ValueError, OverflowError):
            path = f"{segment.path}.{field}"  # type: ignore[union-attr]
            self.fault(path, "date-unreadable", "this is no date that a record can hold; it was left out")
            return NEVER


def coded(segment: Segment, field: int) -> tuple[str, str, str]:
    """Code, system and words of a coded field; SNOMED CT in its second triplet goes before a local code."""
    first = tuple(segment.text(field, component) for component in (1, 3, 2))
    second = tuple(segment.text(field, component) for component in (4, 6, 5))
    if _SYSTEMS.get(second[1].upper(), "").startswith("http://snomed"):
        first, second = second, first
    code, system, words = first
    return code, _SYSTEMS.get(system.upper(), system), words or second[2]


def clinician(segment: Segment, field: int) -> str:
    """A person of the staff as people say the name: prefix, given, family."""
    return " ".join(filter(None, (segment.text(field, component) for component in (6, 3, 2))))
