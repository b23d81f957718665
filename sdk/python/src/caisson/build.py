"""Makes a component of an adapter: writes the module that exports it, and runs componentize-py on that.

Installs nothing. The contract comes with this package; the Python inside the component is componentize-py's.
"""

import importlib.util
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from caisson import native_wait

COMPONENTIZE_PY = "0.25.1"
"""The version that this package is tested with."""

WORLDS = ("adapter", "adapter-async")
"""The worlds of the contract: on WASI 0.2, and on WASI 0.3."""

_ENTRIES = {
    "adapter": """\
from caisson.guest.component import component
from {module} import {name}

Provider, Events = component({name})
""",
    "adapter-async": """\
from caisson.guest.component_async import component
from {module} import {name}

ProviderAsync = component({name})
""",
}
# So that a module of the bindings has the same name in both worlds.
_RENAMED = {"adapter": [], "adapter-async": ["--import-interface-name", "wasi:http/types@0.3.0=types"]}


class BuildError(Exception):
    """Why there is no component, and what to do about it."""


def build(adapter: str, output: Path, paths: Sequence[Path], world: str = "adapter") -> None:
    """Builds `module:Class`, found in one of the paths, into the file `output`, for a world of the contract."""
    module, _, name = adapter.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), name]):
        raise BuildError(f"{adapter!r} is no adapter: write MODULE:CLASS, as in my_adapter:MyAdapter")
    tool = _componentize_py()
    _find_module(module, paths)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as entry:
        Path(entry, "caisson_entry.py").write_text(_ENTRIES[world].format(module=module, name=name))
        if world == "adapter-async":
            Path(entry, native_wait.FILE_NAME).write_bytes(native_wait.module())
        target = ["--wit-path", str(contract(world)), "--world", world, *_RENAMED[world]]
        command = [tool, "--quiet", *target, "componentize"]
        for path in (Path(entry), *paths, *_packages()):
            command += ["--python-path", str(path)]
        ran = subprocess.run([*command, "--output", str(output), "caisson_entry"], capture_output=True, text=True)
    if ran.returncode != 0:
        raise BuildError(_reason(ran.stderr or ran.stdout))


def contract(world: str) -> Path:
    """The folder of the contract's world: the copy in this package, or the one of the checkout it lies in."""
    here = Path(__file__).resolve().parent
    for folder in (here / "wit" / world, here.parents[3] / "wit" / world):
        if (folder / "world.wit").is_file():
            return folder
    raise BuildError(f"the contract's WIT files are missing in {here / 'wit'}: install this package anew")


def _componentize_py() -> str:
    beside = Path(sys.executable).parent
    found = shutil.which("componentize-py", path=str(beside)) or shutil.which("componentize-py")
    if found is None:
        raise BuildError(f"componentize-py is missing: pip install componentize-py=={COMPONENTIZE_PY}")
    return found


def _find_module(module: str, paths: Sequence[Path]) -> None:
    file = Path(*module.split("."))
    for path in paths:
        if (path / file).with_suffix(".py").is_file() or (path / file / "__init__.py").is_file():
            return
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        places = ", ".join(str(path) for path in paths)
        raise BuildError(f"there is no module {module} in {places}: name its folder with --path")


def _packages() -> list[Path]:
    """Where this package lies, and what the adapter may import beside it."""
    places = [Path(__file__).resolve().parents[1], Path(sysconfig.get_path("purelib"))]
    return list(dict.fromkeys(place for place in places if place.is_dir()))


def _reason(output: str) -> str:
    """The traceback of the adapter's module, without the tool's own around it."""
    text = output.strip()
    marker = "AssertionError:"
    if marker in text:
        text = text.partition(marker)[2].strip()
    return f"the adapter could not be built:\n{text}"
