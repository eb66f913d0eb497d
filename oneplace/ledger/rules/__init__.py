"""The ledger's rules, pure: `chain` proves that nothing was changed, `patterns` says what is unusual in it."""

from oneplace.ledger.rules.chain import (
    ORIGIN,
    Fault,
    Line,
    Tip,
    Verdict,
    canonical,
    chain_hash,
    check_chain,
    detail_text,
    faults_of_mentions,
    read_anchors,
    shown_in,
    was_refused,
    with_faults,
)

__all__ = [
    "ORIGIN",
    "Fault",
    "Line",
    "Tip",
    "Verdict",
    "canonical",
    "chain_hash",
    "check_chain",
    "detail_text",
    "faults_of_mentions",
    "read_anchors",
    "shown_in",
    "was_refused",
    "with_faults",
]
