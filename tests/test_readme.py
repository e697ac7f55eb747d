"""The README's tables come from results, and its Python example runs."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def tables():
    path = REPOSITORY / "scripts" / "readme_tables.py"
    spec = importlib.util.spec_from_file_location("readme_tables", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_number_in_the_readme_is_typed_by_hand():
    text = (REPOSITORY / "README.md").read_text("utf-8")
    assert tables().filled(text) == text, "run: python scripts/readme_tables.py"


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
