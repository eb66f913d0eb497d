"""The ADT triggers that are read, and what each says of the visit: a table, nothing else.

Source: HL7 v2.5.1 chapter 3, and v2.3 for the older merges A18, A30 and A34 to A36.
"""

from typing import NamedTuple

from oneplace.kernel.rows import Move


class Trigger(NamedTuple):
    """What a trigger says of the visit: its status where the trigger alone decides it, and where its time stands."""

    move: Move | None = None
    status: str = ""
    time_field: int = 0  # of PV1; 0: the event's own time


VISITS = {
    "A01": Trigger(Move.ADMITTED, "", 44),
    "A02": Trigger(Move.TRANSFERRED),
    "A03": Trigger(Move.DISCHARGED, "finished", 45),
    "A04": Trigger(Move.ATTENDED, "", 44),
    "A05": Trigger(None, "planned"),
    "A06": Trigger(Move.ADMITTED),  # an outpatient becomes an inpatient
    "A07": Trigger(Move.ATTENDED),  # and the other way about
    "A08": Trigger(),
    "A11": Trigger(Move.ADMISSION_CANCELLED, "cancelled"),
    "A12": Trigger(Move.TRANSFER_CANCELLED),  # back to where PV1-3 says
    "A13": Trigger(Move.DISCHARGE_CANCELLED, "in-progress"),
    "A14": Trigger(None, "planned"),
    "A17": Trigger(Move.TRANSFERRED),  # two people, each in the other's bed by their own PV1-3
    "A23": Trigger(Move.ADMISSION_CANCELLED, "entered-in-error"),  # the sender deleted the visit
    "A27": Trigger(None, "cancelled"),
    "A38": Trigger(None, "cancelled"),
}
MERGES = frozenset({"A18", "A30", "A34", "A36", "A39", "A40", "A47"})
ACCOUNTS = frozenset({"A35", "A41"})
RENUMBERED = frozenset({"A42", "A50"})
MOVED = "A45"
LINKS = {"A24": Move.MERGED, "A37": Move.UNMERGED}
PEOPLE = frozenset({"A28", "A29", "A31"})
TRIGGERS = frozenset(VISITS) | MERGES | ACCOUNTS | RENUMBERED | {MOVED} | frozenset(LINKS) | PEOPLE
