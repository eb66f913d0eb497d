"""Tables of the front door, a topic a file."""

from oneplace.frontdoor.models.beds import Bed, BedDelay, BedMove, BedNight, BedRequest, BedStay, BedUnit

__all__ = ["Bed", "BedDelay", "BedMove", "BedNight", "BedRequest", "BedStay", "BedUnit"]
