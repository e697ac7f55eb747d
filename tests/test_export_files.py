"""Saving: whole or not at all, and one line of explanation when it cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from emofuse.core import InputError, MissingExtra
from emofuse.export import FORMATS, find_format, load, save
from timelines import talk


@pytest.mark.parametrize("name", FORMATS)
def test_format_is_chosen_by_suffix_in_any_case(name: str) -> None:
    for suffix in FORMATS[name].suffixes:
        assert find_format(Path("x" + suffix)) is FORMATS[name]
        assert find_format(Path("x" + suffix.upper())) is FORMATS[name]
    assert find_format(Path("x.json"), name.upper()) is FORMATS[name]


@pytest.mark.parametrize(("path", "format"), [("x.mp3", None), ("x", None), ("x.json", "xlsx")])
def test_unknown_formats_list_the_known(path: str, format: str | None) -> None:
    with pytest.raises(InputError, match="choose one of json, csv, parquet, vtt"):
        save(talk(seconds=3), path, format=format)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_only_its_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "new" / "folder" / f"t{FORMATS[name].suffix}"
    assert save(talk(seconds=4), path) == path
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert path.stat().st_size > 100


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_is_left_behind(tmp_path: Path, monkeypatch, name: str, error) -> None:
    path = tmp_path / f"t{FORMATS[name].suffix}"
    path.write_text("the former file")

    def half(timeline, scratch: Path) -> None:
        scratch.write_text("half")
        raise error

    monkeypatch.setitem(FORMATS, name, type(FORMATS[name])(FORMATS[name].suffixes, half))
    wanted = InputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(wanted) as caught:
        save(talk(seconds=3), path)
    if wanted is InputError:
        assert "No space left on device" in str(caught.value) and "free some space" in str(
            caught.value
        )
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "the former file"


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    (tmp_path / "t.json").mkdir()
    with pytest.raises(InputError, match="Is a directory"):
        save(talk(seconds=3), tmp_path / "t.json")


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save(talk(seconds=3), tmp_path / "out" / "t.json")


def test_loading_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load(tmp_path / "t.json")


@pytest.mark.parametrize(("module", "suffix"), [("pyarrow", ".parquet"), ("matplotlib", ".png")])
def test_missing_extras_say_what_to_install(tmp_path, monkeypatch, module, suffix) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match="pip install 'emofuse"):
        save(talk(seconds=3), tmp_path / f"t{suffix}")
    assert not list(tmp_path.iterdir())


def test_importing_the_room_loads_nothing_heavy() -> None:
    code = (
        "import sys, emofuse.export; "
        "print({'matplotlib', 'pyarrow', 'pandas', 'cv2', 'av', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
