"""What public files were found to say, before a place folder is made of it. Filled by published.py. Pure."""

from collections import Counter
from dataclasses import dataclass, field

from oneplace.place.table import Faults


@dataclass
class Practice:
    """What the files say of one practice; an area code is of a commissioner: ICB, sub-ICB or an older CCG."""

    name: str = ""
    address: str = ""
    postcode: str = ""
    phone: str = ""
    status: str = ""
    areas: set[str] = field(default_factory=set)
    network: str = ""
    list_size: int | None = None
    point: tuple[float, float] | None = None  # latitude, longitude


@dataclass
class SmallArea:
    """What the files say of one small area, besides its deprivation."""

    name: str = ""
    district: str = ""
    residents: int | None = None
    point: tuple[float, float] | None = None
    boundary: str = ""


@dataclass
class Trust:
    """What the files say of one NHS trust; `beds` are general and acute ones in the month `counted`."""

    name: str = ""
    kind: str = "acute-trust"
    address: str = ""
    postcode: str = ""
    phone: str = ""
    areas: set[str] = field(default_factory=set)
    beds: int | None = None
    counted: str = ""


@dataclass(frozen=True, slots=True)
class TrustSite:
    """A building of a trust."""

    trust: str
    name: str
    address: str
    postcode: str


@dataclass
class Found:
    """All that was read. `used` says of each file what it was taken for; `deciles` has a table a file.

    `registers` has, for a practice and register, the period and how many in a thousand; `broken` names the files that
    could not be read to their end.
    """

    practices: dict[str, Practice] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)
    area_names: dict[str, str] = field(default_factory=dict)
    living: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)  # practice, small area: sex: people
    ages: dict[str, dict[tuple[int, int, str], int]] = field(default_factory=dict)  # practice: from, to, sex: people
    small: dict[str, SmallArea] = field(default_factory=dict)
    deciles: dict[str, dict[str, int]] = field(default_factory=dict)
    homes: set[str] = field(default_factory=set)  # small areas where somebody registered lives
    postcodes: dict[str, str] = field(default_factory=dict)  # of those small areas
    registers: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    trusts: dict[str, Trust] = field(default_factory=dict)
    sites: dict[str, TrustSite] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    suppressed: int = 0
    nowhere: Counter[str] = field(default_factory=Counter)  # practice: people without a small area
    twice: int = 0
    halved: bool = False  # a file told ages without sex
    faults: Faults = field(default_factory=Faults)

    def practice(self, code: str) -> Practice:
        """The practice of this code, made at its first naming."""
        return self.practices.setdefault(code, Practice())

    def area(self, code: str) -> SmallArea:
        """The small area of this code, made at its first naming."""
        return self.small.setdefault(code, SmallArea())

    def trust(self, code: str) -> Trust:
        """The trust of this code, made at its first naming."""
        return self.trusts.setdefault(code, Trust())
