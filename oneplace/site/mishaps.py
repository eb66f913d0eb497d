"""Failures that an operator can mend, as sentences: what happened, why, what to do. Nothing of a record is in them.

An error of a database or a library may quote what it was given; so only kinds that are known here lend their words.
"""

from oneplace.gateway.files import is_full

_TRACE = "What was written before stands. Set ONEPLACE_TRACE=1 to see where it happened"


class Mendable(Exception):
    """An expected failure: its words are all that is shown."""


def words_of(error: BaseException) -> str:
    """One failure as a sentence or two for the person at the keyboard."""
    if isinstance(error, Mendable):
        return str(error)
    kind = {one.__name__ for one in type(error).__mro__}
    if "ValidationError" in kind and hasattr(error, "errors"):
        return _settings(error)
    if "SettingsError" in kind:
        return f"{str(error).splitlines()[0]}. Write lists as JSON, e.g. '[\"127.0.0.1\"]'. See: oneplace config show"
    if "TOMLDecodeError" in kind:
        return f"A TOML file can't be read: {error}. If it is oneplace.toml in the home folder, mend that line."
    if isinstance(error, SystemExit):
        return str(error)
    if isinstance(error, OSError):
        return _system(error)
    if {"OperationalError", "InterfaceError"} & kind:
        why = str(error).strip().splitlines()[0][:300]
        if is_full(error):
            return f"The disk is full: nothing of what failed was kept, and all before it was. {_CURES[28]}"
        return (
            f"The database can't be used: {why}. Look at ONEPLACE_DATABASE_URL and ONEPLACE_HOME, then: oneplace check"
        )
    if "DatabaseError" in kind:
        return f"The database refused ({type(error).__name__}). {_TRACE}, and run: oneplace check"
    return f"This is a fault of oneplace ({type(error).__name__}). {_TRACE}, and report it."


def _settings(error: BaseException) -> str:
    """Settings that can't be, without the values given: they may be secret."""
    faults = [f"ONEPLACE_{one['loc'][0]!s}".upper() + f": {one['msg']}" for one in error.errors()]  # type: ignore[attr-defined]
    return f"A setting can't be as it is. {'; '.join(faults)}. Set it right, or unset it for its default."


def _system(error: OSError) -> str:
    """What the machine refused, and where."""
    where = f" ({error.filename})" if error.filename else ""
    why = error.strerror or type(error).__name__
    return f"The machine refused: {why}{where}. {_CURES.get(error.errno or 0, _PATH)}"


_PATH = "Check the path and who may write there; the folder of this place's data is set by ONEPLACE_HOME."
_CURES = {28: "Make room on the disk and run the command again: what was taken in counts as duplicate."}
