"""Cost of the behaviour report and of exports for recordings of growing length.

    python benchmarks/behavior_report.py --minutes 1 20 60

The three-mice sample is analysed once; longer recordings are the same video and the same results,
put behind each other. Each length runs in a process of its own: processor time of all threads, and
the process's peak memory. The report's pictures must cost the same for all of them.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import av
import numpy as np

from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.io.samples import three_mice

FORMATS = ("csv", "boris", "nwb", "sleap", "moseq")


def finish(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def sample(place):
    folder = place / "sample.behavior"
    # In a process of its own: a child's peak memory counts that of who starts it.
    subprocess.run(
        [sys.executable, "-m", "napari_behaviorvlm.cli", "behavior", "run", three_mice().video,
         "--animals", "3", "--project", folder, "--no-report", "--quiet"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


def repeated_video(target, times):
    """Put the sample's packets behind each other, again and again."""
    with av.open(str(target), "w") as out:
        copy, begin = None, 0
        for _ in range(times):
            with av.open(str(three_mice().video)) as source:
                stream = source.streams.video[0]
                copy = copy or out.add_stream_from_template(stream)
                end = 0
                for packet in source.demux(stream):
                    if packet.dts is None:
                        continue
                    end = max(end, packet.pts + packet.duration)
                    packet.pts, packet.dts = packet.pts + begin, packet.dts + begin
                    packet.stream = copy
                    out.mux(packet)
            begin += end
    return target


def repeated(sampled, place, times):
    """Make a behaviour folder with everything of the sample, so many times."""
    shutil.copytree(sampled, place)
    video = repeated_video(place.with_suffix(".mp4"), times)
    with BehaviorFolder.open(place) as folder:
        (one,) = folder.recordings
        frames = one.n_frames
        bouts = folder.store.bouts(one.name)
        for kind in ("bodies", "features", "clusters"):
            (results,) = folder.derived(one.name).glob(f"{kind}-*")
            _repeat_arrays(results, kind, frames, times)
        folder.set_recordings([replace(one, video=video, n_frames=frames * times)])
        from napari_behaviorvlm.workflows.behavior.segmenting import read_clips

        clips = read_clips(folder, one.name)
        folder.store.use_clips(one.name, clips)
        folder.store.replace_bouts(one.name, [
            replace(bout, start_frame=bout.start_frame + at * frames,
                    end_frame=bout.end_frame + at * frames, clips=(), id=0)
            for bout in bouts for at in range(times)
        ])  # fmt: skip
    return place


def _repeat_arrays(results, kind, frames, times):
    facts = json.loads((results / "facts.json").read_text())
    for path in results.glob("*.npy"):
        values = np.load(path)
        if path.stem.startswith("clip_"):
            continue
        if path.stem == "scatter_frame":
            values = np.concatenate([values + at * frames for at in range(times)])[::times]
        elif path.stem.startswith("scatter"):
            values = np.concatenate([values] * times)[::times]
        else:
            values = np.concatenate([values] * times)
        np.save(path, values)
    if kind == "clusters":
        _repeat_clips(results, frames, times)
        facts["n_frames"], facts["clips"] = frames * times, facts["clips"] * times
    (results / "facts.json").write_text(json.dumps(facts))


def _repeat_clips(results, frames, times):
    names = ("animal", "start", "end", "cluster", "confidence")
    clips = {name: np.load(results / f"clip_{name}.npy") for name in names}
    whole = {name: np.concatenate([values] * times) for name, values in clips.items()}
    shift = np.repeat(np.arange(times) * frames, len(clips["start"]))
    whole["start"], whole["end"] = whole["start"] + shift, whole["end"] + shift
    order = np.lexsort((whole["start"], whole["animal"]))
    for name, values in whole.items():
        np.save(results / f"clip_{name}.npy", values[order])


def one(place):
    from napari_behaviorvlm.workflows.behavior.exporting import BehaviorExport, export_behavior
    from napari_behaviorvlm.workflows.behavior.reporting import report_behavior

    told = {}
    with BehaviorFolder.open(place, writable=False) as folder:
        began = time.process_time()
        page = finish(report_behavior(folder, place / "report"))
        told["report"] = time.process_time() - began
        told["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        told["page"] = page.stat().st_size / 2**20
        files = page.parent.rglob("*")
        told["size"] = sum(path.stat().st_size for path in files if path.is_file()) / 2**20
        for name in FORMATS:
            began = time.process_time()
            finish(export_behavior(folder, BehaviorExport(name, place / "out" / name)))
            told[name] = time.process_time() - began
        told["peak all"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        told["bouts"] = len(folder.store.bouts(folder.recordings[0].name))
    print(json.dumps(told))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, nargs="+", default=[1, 20, 60])
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(given.one)
        return
    columns = ("minutes", "bouts", "report s", "peak MB", "page MB", "all MB", *FORMATS, "peak MB")
    print("".join(f"{name:>10}" for name in columns))
    with tempfile.TemporaryDirectory() as temporary:
        sampled = sample(Path(temporary))
        for minutes in given.minutes:
            place = repeated(sampled, Path(temporary) / f"{minutes}.behavior", minutes)
            done = subprocess.run(
                [sys.executable, __file__, "--one", place], capture_output=True, text=True,
                check=True,
            )  # fmt: skip
            told = json.loads(done.stdout)
            row = [minutes, told["bouts"], told["report"], told["peak"], told["page"], told["size"],
                   *(told[name] for name in FORMATS), told["peak all"]]  # fmt: skip
            print("".join(f"{value:10.1f}" if isinstance(value, float) else f"{value:10d}"
                          for value in row), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
