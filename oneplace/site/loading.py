"""What several commands share: files into the gateway with a progress bar, a place folder into its rooms."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from oneplace.access import actions as access
from oneplace.access import classes
from oneplace.access import queries as access_queries
from oneplace.access.agreements import install_templates
from oneplace.access.commands import OPERATOR
from oneplace.access.explaining import Explanation
from oneplace.access.rules import Actor
from oneplace.frontdoor.actions import beds
from oneplace.gateway import actions as gateway
from oneplace.gateway import layouts
from oneplace.gateway.files import opened
from oneplace.gateway.receive import Fate, Item, receive
from oneplace.gateway.rules import Tally
from oneplace.gateway.watch import watch as watching
from oneplace.place import actions as place
from oneplace.place import folder as folders
from oneplace.place import queries
from oneplace.record.shapes import Opened
from oneplace.site.bar import bar
from oneplace.site.mishaps import Mendable


def load(paths: list[Path], feed: str, say: Callable[[str], None]) -> tuple[Tally, int]:
    """Take in files, a message at a time, with a bar on stderr; returns also how many files could not be opened."""
    refused = Refusals()
    sizes = {path: _size(path) for path in paths}
    unread: list[Path] = []
    with bar("Taking in bytes", sum(sizes.values())) as advance:

        def items() -> Iterator[Item]:
            for path in paths:
                try:
                    with opened(path) as raw:
                        yield Item(path.name, raw, "file", feed, passed=advance)
                except OSError as fault:
                    unread.append(path)
                    say(f"{path} could not be read ({fault.strerror or type(fault).__name__}); the rest goes on.")

        tally = receive(items(), by=OPERATOR, answer=refused.note)
    refused.tell(say)
    return tally, len(unread)


_NAMED = 5


class Refusals:
    """What was refused in one run: the first few by file and reason, of the rest how many."""

    def __init__(self) -> None:
        self.first: list[str] = []
        self.count = 0

    def note(self, item: Item, fate: Fate) -> None:
        """One message's fate."""
        if fate.outcome != "quarantined" or fate.refusal is None:
            return
        self.count += 1
        if len(self.first) < _NAMED:
            where = f", {fate.refusal.path}" if fate.refusal.path else ""
            self.first.append(f"Refused: {item.name}{where}: {fate.refusal.reason}")

    def tell(self, say: Callable[[str], None]) -> None:
        """The refusals in words, and where all of them are."""
        for words in self.first:
            say(words)
        more = self.count - len(self.first)
        if self.count:
            rest = f"and {more:,} more. " if more else ""
            say(f"{rest}{self.count:,} could not be read; their bytes are kept. See them: oneplace feeds quarantine")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def watch(folder: Path, feed: str, say: Callable[[str], None]) -> None:
    """Take in what comes into a folder until stopped."""
    say(f"Watching {folder}. Files go to done/ or quarantined/ when they are safe. Stop with Ctrl-C.")
    try:
        for tally in watching(folder, by=OPERATOR, feed_code=feed, trouble=say):
            say(words(tally))
    except KeyboardInterrupt:
        say("Stopped watching.")


def read_place(path: Path) -> tuple[folders.PlaceFolder, dict[str, str]]:
    """A place folder and the texts of its own layouts. Raises FolderFault with every fault of either."""
    texts, faults = layouts.of_folder(path)
    wrong = [
        folders.Fault(f"{layouts.FOLDER}/{file}", 0, f"{words}.", "See docs/how-to/describe-an-extract.md.")
        for file, words in faults
    ]
    try:
        told = folders.read(path)
    except folders.FolderFault as fault:
        raise folders.FolderFault([*fault.faults, *wrong]) from fault
    wrong += _unknown_words(told)
    if wrong:
        raise folders.FolderFault(wrong)
    return told, texts


def _unknown_words(told: folders.PlaceFolder) -> list[folders.Fault]:
    """Purposes and classes of information in the folder that nothing declares: what names them would share nothing."""
    known = {"purposes": ("purpose", classes.purposes()), "classes": ("class of information", classes.classes())}
    found = [
        folders.Fault("agreements.csv", row["line"], f"'{word}' is no {what}.", _write_some(words))
        for row in (*told.agreements, *told.pending_agreements)
        for column, (what, words) in known.items()
        for word in row[column]
        if word not in words
    ]
    what, words = known["classes"]
    odd = [name for name in told.consent_models if name and name not in words]
    said = (f"[access.classes] '{name}' is no {what}." for name in odd)
    return found + [folders.Fault("place.toml", 0, text, _write_some(words)) for text in said]


def _write_some(words: Iterable[str]) -> str:
    return f"Write some of: {'; '.join(words)}."


def load_place(path: Path, by: str) -> str:
    """Load a place folder into place, access, gateway and beds; returns what was loaded, in words."""
    told, texts = read_place(path)
    loaded = place.load_folder(told, by=by)
    access.load_agreements(told.agreements, by=by)
    install_templates(by)
    access.set_consent_models(told.consent_models, by=by)
    gateway.declare_feeds(told.feeds, by=by, whole=True)
    gateway.keep_layouts(texts, by=by)
    beds.load_units(told.bed_units, by=by)
    queries.forget_names()
    words = f"{told.name}: {loaded.total:,} rows, {len(told.agreements)} agreements, {len(told.feeds)} feeds"
    return words + (f", {len(texts)} layouts of its own." if texts else ".")


def plain(tally: Tally) -> dict[str, Any]:
    """A tally as outside checks read it."""
    names = ("received", "filed", "quarantined", "duplicate")
    by_format = {name: asdict(count) for name, count in sorted(tally.by_format.items())}
    return {name: getattr(tally, name) for name in names} | {"by_format": by_format}


def words(tally: Tally) -> str:
    """A tally as a sentence and a line a format."""
    lines = [
        f"{tally.received:,} received = {tally.filed:,} filed + {tally.quarantined:,} quarantined"
        f" + {tally.duplicate:,} duplicate"
    ]
    lines += [
        f"  {name}: {one.received:,} = {one.filed:,} + {one.quarantined:,} + {one.duplicate:,}"
        for name, one in sorted(tally.by_format.items())
    ]
    return "\n".join(lines)


def actor(told: str) -> Actor:
    """The member of staff told as USER, or as USER:ORGANISATION:ROLE where there are several hats. Raises Mendable."""
    username, _, hat = told.partition(":")
    user = access_queries.users().filter(username=username).first()
    if user is None:
        raise Mendable(f"No user is called '{username}'. The demo prints its users when it starts.")
    hats = {f"{one.organisation_code}:{one.role}": one.key for one in access_queries.hats_of(user)}
    user.chosen_hat = hats.get(hat, "")
    if hat not in hats and (hat or len(hats) != 1):
        named = ", ".join(f"{username}:{name}" for name in sorted(hats)) or "none is in force"
        raise Mendable(f"Say in which employment '{username}' asks: {named}.")
    return access_queries.actor_of(user)


def explanation_words(found: Explanation) -> str:
    """Why somebody may see what, as plain lines."""
    lines = [f"{found.outcome}: {found.basis}" + (f" (rule: {found.rule})" if found.rule else "")]
    lines += [f"role: {found.role}; purpose: {found.purpose}"]
    for tie in found.ties:
        until = f" until {tie.ends:%Y-%m-%d %H:%M}" if tie.ends else ""
        state = "open" if tie.is_open else "not open"
        lines.append(f"relationship: {tie.label}, {tie.holder}, since {tie.starts:%Y-%m-%d}{until}: {state}")
    lines += [f"emergency access: {found.declaration}"] if found.declaration else []
    for one in found.classes:
        where = f"; open at {', '.join(one.controllers)}" if one.controllers else ""
        lines.append(f"  {one.name:22} {one.model:12} {one.why}{where}")
    return "\n".join(lines)


def record_words(opened: Opened) -> str:
    """A record as plain lines."""
    banner = opened.banner
    lines = [f"{banner.family.upper()}, {banner.given}  born {banner.birth_date}  NHS number {banner.nhs_number}"]
    for panel in opened.windowlets:
        lines.append(f"\n{panel.title} ({panel.state})" + (f": {panel.note}" if panel.note else ""))
        items = panel.items or tuple(trend.latest for trend in panel.trends)
        lines += [
            f"  {item.happened_at:%Y-%m-%d}  {item.display} {item.value_text} {item.unit}  [{item.source_name}]"
            if item.happened_at
            else f"  no date     {item.display}  [{item.source_name}]"
            for item in items
        ]
    return "\n".join(lines)
