"""The rules of the house: who may import whom, and what `import emofuse` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "emofuse"
HEAVY = {"torch", "pandas", "sklearn", "matplotlib", "lightning", "transformers", "librosa"}
LIGHT_ROOMS = ("core", "media", "perception", "bundle", "fusion", "analysis", "export")
MAY_USE = {
    "core": set(),
    "media": {"core"},
    "perception": {"core", "media"},
    "bundle": {"core"},
    "fusion": {"core"},
    "posteriors": {"core"},
    "evaluation": {"core"},
    "analysis": {"core", "media", "perception", "bundle", "fusion"},
    "export": {"core", "media"},
    "corpora": {"core", "media"},
    "protocols": {"core"},
}


def rooms() -> list[str]:
    return sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file())


def imports(file: Path, *, top_level: bool) -> set[str]:
    """Modules that a file imports: at the top only, or anywhere; relative ones made absolute."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    package = ("emofuse", *file.relative_to(PACKAGE).parts[:-1])
    nodes = tree.body if top_level else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            found.add(".".join(part for part in (base, node.module) if part))
    return found


@pytest.mark.parametrize("room", [room for room in rooms() if room in MAY_USE])
def test_a_room_speaks_only_to_its_neighbours(room):
    for file in (PACKAGE / room).rglob("*.py"):
        for name in imports(file, top_level=False):
            parts = name.split(".")
            if parts[0] == "emofuse" and len(parts) > 1 and parts[1] != room:
                assert parts[1] in MAY_USE[room], f"{file.relative_to(PACKAGE)} imports {name}"


@pytest.mark.parametrize("room", [room for room in LIGHT_ROOMS if room in rooms()])
def test_the_using_wing_stays_light(room):
    for file in (PACKAGE / room).rglob("*.py"):
        heavy = {name.split(".")[0] for name in imports(file, top_level=True)} & HEAVY
        assert not heavy, f"{file.relative_to(PACKAGE)} imports {heavy} when it is loaded"


def test_only_the_front_doors_import_analysis():
    for room in rooms():
        if room in {"analysis", "cli", "serve", "scale"}:
            continue
        for file in (PACKAGE / room).rglob("*.py"):
            names = imports(file, top_level=False)
            assert not any(n.startswith("emofuse.analysis") for n in names), file


def test_no_import_runs_in_a_circle():
    """Rooms, by what their files import at load time, form a graph without cycles."""
    graph = {
        room: {
            name.split(".")[1]
            for file in (PACKAGE / room).rglob("*.py")
            for name in imports(file, top_level=True)
            if name.startswith("emofuse.") and name.split(".")[1] != room
        }
        for room in rooms()
    }
    done: set[str] = set()
    while ready := {room for room in graph if room not in done and graph[room] <= done}:
        done |= ready
    assert done == set(graph), f"a circle among {sorted(set(graph) - done)}"


FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "joblib"}
FORBIDDEN_CALLS = {"eval", "exec", "os.system", "os.popen", "sys.path.append", "sys.path.insert"}


@pytest.mark.parametrize("room", rooms())
def test_what_must_never_be(room):
    """No pickle, no evaluated strings, no shell strings, no `sys.path` edits."""
    for file in (PACKAGE / room).rglob("*.py"):
        assert not imports(file, top_level=False) & FORBIDDEN_MODULES, file
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in FORBIDDEN_CALLS, file
                shell = [k for k in node.keywords if k.arg == "shell"]
                assert not shell, f"{file}: shell strings"


def test_import_emofuse_loads_numpy_and_nothing_heavier():
    code = "import sys, emofuse; print(' '.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in out.stdout.split()}
    assert not loaded & (HEAVY | {"cv2", "av", "onnxruntime", "scipy", "typer", "rich"})
