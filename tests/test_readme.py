"""README and model cards come from results, and the README's Python example runs."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from emofuse.bundle import CARD, find_bundle, shipped_names

REPOSITORY = Path(__file__).resolve().parents[1]


def script(name: str):
    path = REPOSITORY / "scripts" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_number_in_the_readme_is_typed_by_hand():
    text = (REPOSITORY / "README.md").read_text("utf-8")
    assert script("readme_tables").filled(text) == text, "run: python scripts/readme_tables.py"


@pytest.mark.parametrize("name", shipped_names())
def test_no_number_in_a_card_is_typed_by_hand(name):
    bundle = find_bundle(name)
    stored = (bundle.folder / CARD).read_text("utf-8")
    assert stored == script("model_cards").card(bundle), "run: python scripts/model_cards.py"
    assert (bundle.folder / "calibration.svg").read_text("utf-8").startswith("<svg")


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    from emofuse.media import write_example

    write_example(tmp_path / "clip.mp4")
    monkeypatch.chdir(tmp_path)
    text = (REPOSITORY / "README.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})  # our own text, not a user's
    assert (tmp_path / "clip.png").stat().st_size > 10_000
    assert "person-1" in capsys.readouterr().out


def test_files_the_readme_links_to_exist():
    text = (REPOSITORY / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert (REPOSITORY / target).exists(), target
