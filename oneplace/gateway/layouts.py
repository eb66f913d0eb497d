"""A place's own layouts of extracts: read and checked in its folder, and as they are kept for reading messages.

Formats knows no place, so whoever reads messages hands it these beside the layouts that are shipped.
"""

from functools import lru_cache
from pathlib import Path

from oneplace.formats import tables
from oneplace.formats.tables import Layout, LayoutFault
from oneplace.gateway.models import OwnLayout

FOLDER = "layouts"


def of_folder(folder: Path) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The texts of a place folder's layouts/*.yaml by file name, and its faults: file, what is wrong with its cure."""
    texts: dict[str, str] = {}
    faults: list[tuple[str, str]] = []
    found: list[Layout] = []
    for path in sorted((folder / FOLDER).glob("*.y*ml")):
        try:
            texts[path.name] = path.read_text("utf-8-sig")
            layout = tables.layout_of(texts[path.name], path.name)
            tables.check_together([*tables.shipped(), *found, layout])
            found.append(layout)
        except (OSError, UnicodeDecodeError) as fault:
            faults.append((path.name, f"it can't be read ({type(fault).__name__}); save it as plain text in UTF-8"))
        except LayoutFault as fault:
            faults.append((path.name, str(fault).removeprefix(path.name).removeprefix(":").strip()))
    return texts, faults


def own() -> tuple[Layout, ...]:
    """The layouts of the place that is loaded."""
    return _parsed(tuple(OwnLayout.objects.order_by("file").values_list("file", "text")))


@lru_cache(maxsize=4)
def _parsed(kept: tuple[tuple[str, str], ...]) -> tuple[Layout, ...]:
    return tuple(tables.layout_of(text, file) for file, text in kept)
