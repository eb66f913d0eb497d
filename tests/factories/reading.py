"""What `formats` makes of messages that a test builds: the rows, the one entry, the refusal."""

from typing import Any

from factories import wire
from factories.wire import patient, practice

from oneplace import formats
from oneplace.kernel.rows import Message, Reject


def read(*resources: Any, **more: Any) -> Message:
    """These resources as one bundle, read."""
    message = formats.read(wire.wrapped([{"resource": one} for one in resources], **more))
    assert isinstance(message, Message), message
    return message


def entry(resource: Any, **more: Any) -> Any:
    """The one entry that a resource of a patient of a practice comes to."""
    (found,) = read(patient(), practice(), resource, **more).entries
    return found


def refused(raw: bytes) -> Reject:
    """Why these bytes are refused."""
    answer = formats.read(raw)
    assert isinstance(answer, Reject)
    return answer
