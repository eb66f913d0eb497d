"""What text messages may say: the reviewed list of clinical words, and the check that each text passes."""

from functools import cache
from pathlib import Path

import yaml

from oneplace.post import rules

_FILE = Path(__file__).with_name("clinical_words.yaml")


@cache
def clinical_stems() -> tuple[str, ...]:
    """Beginnings of clinical words, each once, in the order of the file."""
    groups = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return tuple(dict.fromkeys(stem for stems in groups.values() for stem in stems))


def fault_of(kind: str, subject: str, text: str) -> str:
    """Why a message may not go this way, in words; '' where it may. The subject of an e-mail is held to the same."""
    if kind == rules.Kind.SMS:
        return rules.sms_fault(text, clinical_stems())
    if kind == rules.Kind.EMAIL and subject:
        return rules.sms_fault(subject, clinical_stems()).replace("A text message", "The subject of an e-mail")
    return "" if text.strip() else "There is nothing to send: the text is empty."
