"""Pictures of the behaviour report for the manual, of the three-mice sample.

Needs a Chromium on the path (Debian: ``apt install chromium``)::

    python scripts/shoot_behavior_report.py
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2

from napari_behaviorvlm.cli.main import main
from napari_behaviorvlm.io.samples import three_mice

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SHOTS = {
    "behavior_report": ("timeline", 1400, 1010),
    "behavior_report_clusters": ("clusters", 1400, 760),
    "behavior_report_figures": ("transitions", 1400, 900),
}
"""Section at the top of each picture, and its size."""


def shoot(browser: str, page: Path, target: Path, size: tuple[int, int]) -> None:
    """Take a picture of a page."""
    subprocess.run(
        [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--virtual-time-budget=9000", f"--window-size={size[0]},{size[1]}",
         f"--screenshot={target}", page.as_uri()],
        check=True, capture_output=True,
    )  # fmt: skip


def only(text: str, section: str) -> str:
    """Leave out everything above a section; the header stays above the timeline."""
    if section == "timeline":
        return text
    at = text.index(f'<section id="{section}">')
    if section == "transitions":
        at = text.rindex('<div class="columns">', 0, at)
    return f"{text[: text.index('<header>')]}<main>{text[at:]}"


def run(place: Path, browser: str) -> None:
    """Analyse the sample and photograph its report."""
    folder = place / "three_mice.behavior"
    main(["behavior", "run", str(three_mice().video), "--animals", "3", "--project", str(folder)])
    page = folder / "report" / "index.html"
    text = page.read_text("utf-8")
    for name, (section, *size) in SHOTS.items():
        shown = page.with_name(f"{name}.html")
        shown.write_text(only(text, section), "utf-8")
        shoot(browser, shown, IMAGES / f"{name}.png", (size[0], size[1]))
        picture = cv2.imread(str(IMAGES / f"{name}.png"))
        cv2.imwrite(str(IMAGES / f"{name}.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
        print(f"{name}.png: {(IMAGES / f'{name}.png').stat().st_size // 1024} KB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", default=shutil.which("chromium") or "google-chrome")
    found = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(run(Path(folder), found.browser))
