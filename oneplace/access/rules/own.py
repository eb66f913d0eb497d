"""Access of a person to their own record, and of somebody who acts for them: what may be agreed.

A person sees all that their role reads. A proxy sees the classes that were agreed, for as long as was agreed, and
chooses about sharing only where the law gives them the person's voice (record.md, Access: who made a choice).
"""

from collections.abc import Collection
from datetime import datetime

AUTHORITIES = ("self", "agreed", "attorney", "deputy", "parent")
"""On whose word: their own; the person agreed; a lasting power of attorney; the court's deputy; a parent."""
MAY_CHOOSE = frozenset({"attorney", "deputy", "parent"})
"""Who may be given the person's choices about sharing: a person with capacity makes them alone."""
CHECKS = ("photo-id", "nhs-login", "vouched")
"""How somebody proved who they are: a document with a photo; NHS login at its highest level; staff who know them."""


def proxy_fault(
    scope: Collection[str],
    allowed: Collection[str],
    authority: str,
    may_choose: bool,
    starts: datetime,
    ends: datetime | None,
) -> str:
    """Why a proxy's access can't be agreed as told, with what to do; '' where it can."""
    if not scope:
        return "Choose at least one kind of information: without any, nothing opens."
    strange = sorted(set(scope) - set(allowed))
    if strange:
        return f"A proxy may never see '{strange[0]}'. Leave it out."
    if authority not in AUTHORITIES[1:]:
        return f"Say on whose word they act: {', '.join(AUTHORITIES[1:])}."
    if may_choose and authority not in MAY_CHOOSE:
        return "Somebody with the person's agreement alone can't choose for them. The person chooses themselves."
    if ends is not None and ends <= starts:
        return "The last day must come after the first."
    return ""
