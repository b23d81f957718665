"""Components and a runtime for the tests here. They want the binary that `CAISSON_BIN` names, and are left
out without it: the rest of the tests needs neither."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from runtime import Runtime

from caisson.build import WORLDS, build

_HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    binary = os.environ.get("CAISSON_BIN")
    if not binary:
        pytest.skip("CAISSON_BIN names no caisson to run the component in")
    serving = Runtime(Path(binary), tmp_path_factory.mktemp("caisson"))
    yield serving
    serving.close()


@pytest.fixture(scope="session", params=WORLDS)
def probe(request: pytest.FixtureRequest, runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same adapter for each world."""
    component = tmp_path_factory.mktemp("components") / "probe.wasm"
    build("probe:Probe", component, [_HERE], str(request.param))
    return component
