"""The component of this adapter, in a runtime of its own. The tests that want it are left out where `CAISSON_BIN`
names no caisson."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from caisson.build import build
from runtime import Runtime


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    binary = os.environ.get("CAISSON_BIN")
    if not binary:
        pytest.skip("CAISSON_BIN names no caisson to run the component in")
    serving = Runtime(Path(binary), tmp_path_factory.mktemp("caisson"))
    yield serving
    serving.close()


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("components") / "ollama.wasm"
    build("ollama_adapter:Ollama", output, [Path(__file__).parents[1] / "src"])
    return output
