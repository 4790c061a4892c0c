"""Run the simulated VLM by itself: ``python -m simulated_vlm --port 8199``."""

import argparse
import dataclasses
import threading

from simulated_vlm import Abilities, ErrorModel, SimulatedServer, sample_truth


def main() -> None:
    """Serve the sample session until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8199)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds per answer")
    names = ", ".join(field.name for field in dataclasses.fields(ErrorModel))
    parser.add_argument("errors", nargs="*", metavar="NAME=VALUE", help=f"mistakes: {names}")
    given = parser.parse_args()
    errors = ErrorModel.from_words(given.errors)
    can = Abilities(latency=given.latency)
    with SimulatedServer(sample_truth(), errors, can, given.port) as server:
        print(f"ANTHROPIC_BASE_URL={server.url}  (model: simulated)", flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main()
