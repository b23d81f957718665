"""The command `python -m caisson build MODULE:CLASS -o FILE.wasm`."""

import argparse
import sys
import time
from pathlib import Path

from caisson.build import WORLDS, BuildError, build


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m caisson", description="Work on an adapter for Caisson.")
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("build", help="make a component of an adapter")
    make.add_argument("adapter", metavar="MODULE:CLASS", help="the adapter, as in my_adapter:MyAdapter")
    make.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="the component")
    make.add_argument(
        "-p", "--path", metavar="DIR", type=Path, action="append", help="where modules lie; default: here"
    )
    make.add_argument(
        "-w",
        "--world",
        choices=WORLDS,
        default="adapter",
        help="the contract's world; adapter-async is on WASI 0.3, which is experimental",
    )
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        build(chosen.adapter, chosen.output, chosen.path or [Path()], chosen.world)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    size = chosen.output.stat().st_size / (1 << 20)
    print(f"{chosen.output}: {size:.1f} MiB in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
