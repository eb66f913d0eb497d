"""One EDIFACT message being read: its segments, its times, its faults. Fault texts never repeat what was sent."""

from datetime import datetime

from oneplace.formats.edifact.segments import Segment, moment_of
from oneplace.formats.shape import NEVER, Moment
from oneplace.kernel.rows import Issue, Severity


class Reading:
    """What is known of the message while its segments are read."""

    __slots__ = ("issues", "segments", "sent_at")

    def __init__(self, segments: list[Segment]) -> None:
        self.segments = segments
        self.issues: list[Issue] = []
        self.sent_at: datetime | None = None

    def fault(self, path: str, code: str, text: str, severity: Severity = Severity.ERROR) -> None:
        """File an issue."""
        self.issues.append(Issue(path, code, text, severity))

    def first(self, name: str, sort: str = "") -> Segment | None:
        """The first segment of that name, whose first component says that sort."""
        found = (one for one in self.segments if one.name == name and sort in {"", one.part(0)})
        return next(found, None)

    def reference(self, sort: str) -> str:
        """What a reference (RFF) of that sort says."""
        told = self.first("RFF", sort)
        return told.part(0, 1) if told else ""

    def dated(self, sort: str) -> Moment:
        """The first time (DTM) of that sort."""
        told = self.first("DTM", sort)
        return self.moment(told) if told else NEVER

    def moment(self, dtm: Segment) -> Moment:
        """The time of a segment; NEVER, with an issue, where it can't be read."""
        try:
            return moment_of(dtm)
        except ValueError:
            self.fault(dtm.path, "date-unreadable", "this is no date that a record can hold; it was left out")
            return NEVER

    def parties(self, role: str, sort: str) -> list[Segment]:
        """Parties (NAD) of a role that the SPR after them says are of that sort: PRO, DPT, ORG."""
        pairs = zip(self.segments, self.segments[1:], strict=False)
        return [
            one
            for one, after in pairs
            if one.name == "NAD" and one.part(0) == role and (after.name, after.part(0)) == ("SPR", sort)
        ]
