"""A place folder that can't be loaded: each fault with its file, line, word and cure, and nothing loaded."""

import shutil
from pathlib import Path

import pytest
from factories.places import FOLDER

from oneplace.access.models import Agreement
from oneplace.place.table import FolderFault
from oneplace.site import loading


@pytest.mark.django_db
def test_words_that_nothing_declares_are_the_folders_fault(tmp_path: Path):
    folder = tmp_path / "place"
    shutil.copytree(FOLDER, folder)
    path = folder / "agreements.csv"
    first, second, *rest = path.read_text().splitlines()
    second = second.replace("hospital;", "hospitals;").replace("own record", "a look")
    path.write_text("\n".join([first, second, *rest]))
    about = folder / "place.toml"
    about.write_text(about.read_text() + '\n[access.classes]\nsecrets = "explicit"\n')

    with pytest.raises(FolderFault) as found:
        loading.load_place(folder, "test")

    told = sorted(map(str, found.value.faults))
    assert len(told) == 3
    assert told[0].startswith("agreements.csv, line 2: 'a look' is no purpose. Write some of: direct care")
    assert told[1].startswith("agreements.csv, line 2: 'hospitals' is no class of information. Write some of: identity")
    assert told[2].startswith("place.toml: [access.classes] 'secrets' is no class of information.")
    assert not Agreement.objects.exists()
