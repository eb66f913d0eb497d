"""`oneplace config`. Settings and where each came from."""

from oneplace.access.commands import anyone
from oneplace.site.commands.talk import Json, group, told

app = group("Settings and where each came from.")


@app.command("show")
@anyone
def config_show(as_json: Json = False) -> None:
    """Each setting, its value and where it came from. Secrets are masked."""
    from oneplace.site.config import origins

    rows = origins()
    words = "\n".join(f"{name:14} {value!s:40} {origin:12} {about}" for name, value, origin, about in rows)
    told([dict(zip(("name", "value", "origin", "about"), row, strict=True)) for row in rows], as_json, words)
