"""How fast a model can be asked, and what that takes, with one that answers at once.

    python -m benchmarks.asking                 # 10 and 40 frames of the sample
    python -m benchmarks.asking --frames 5 10

The installed command on the sample's videos against the simulated server in a process of its own:
what is measured is everything but a model (reading, drawing, encoding, HTTP, checking, keeping).
Two lengths tell what grows with frames: memory should not. Processor time is the client's alone.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from napari_behaviorvlm.io.samples import six_view_mouse
from napari_behaviorvlm.workflows.sample import make_sample_project

ROOT = Path(__file__).parents[1]
FIRST = 40


def serve() -> tuple[subprocess.Popen, str]:
    """Start the simulated server; returns it and its address."""
    command = [sys.executable, "-m", "simulated_vlm", "--port", "0"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    return server, line.split("=")[1].split()[0]


def ask(project: Path, address: str, frames: int) -> dict:
    """Label some frames; what the command says, with seconds, processor time and memory."""
    command = [
        sys.executable, "-m", "napari_behaviorvlm.cli", "label", str(project), "--json",
        "--strategy", "paper", "--model", "simulated", "--base-url", address,
        "--frames", f"{FIRST}:{FIRST + frames}", "--concurrency", "8",
    ]  # fmt: skip
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, _, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    processor = used.ru_utime + used.ru_stime
    return json.loads(said) | {
        "seconds": seconds, "processor": processor, "memory": used.ru_maxrss / 1024
    }  # fmt: skip


def main() -> None:
    """Print a line for each length."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, nargs="+", default=[10, 40])
    given = parser.parse_args()
    print(f"{'frames':>7} {'calls':>6} {'calls/s':>8} {'CPU ms a call':>14} {'peak MiB':>9} "
          f"{'kept, MB a frame':>17}")  # fmt: skip
    with tempfile.TemporaryDirectory() as home:
        make_sample_project(Path(home) / "sample", six_view_mouse())
        server, address = serve()
        try:
            for frames in given.frames:
                project = Path(home) / f"{frames}"
                shutil.copytree(Path(home) / "sample", project)
                done = ask(project, address, frames)
                size = (project / "answers.sqlite").stat().st_size / 1e6 / frames
                print(f"{frames:7} {done['calls']:6} {done['calls'] / done['seconds']:8.1f} "
                      f"{1000 * done['processor'] / done['calls']:14.1f} {done['memory']:9.0f} "
                      f"{size:17.2f}", flush=True)  # fmt: skip
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
