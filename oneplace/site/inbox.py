"""In-app messages of one user as pages show them: never about a person whom the reader may not see at this moment."""

from oneplace.access.addressing import people_to_tell
from oneplace.post import queries as post
from oneplace.post.queries import Note


def unread_count(user_key: str) -> int:
    """How many messages wait to be read."""
    about = post.unread_about(user_key)
    told = people_to_tell(user_key, {person for person in about if person})
    return sum(not person or person in told for person in about)


def notes(user_key: str, limit: int = 100) -> list[Note]:
    """The messages, the newest first."""
    found = post.inbox(user_key, limit=limit)
    told = people_to_tell(user_key, {note.about for note in found if note.about})
    return [note for note in found if not note.about or note.about in told]
