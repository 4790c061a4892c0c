"""Say what is wrong with a project.

Looks for missing or changed files, unequal frame counts, a calibration that does not fit its own
seeds, and a camera that disagrees with the others. Exits with 1 if something must be mended.
"""

import argparse
from pathlib import Path

from napari_behaviorvlm.cli.arguments import add_project
from napari_behaviorvlm.cli.output import Output

NAME = "check"
HELP = "say what is wrong with a project"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_project(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Run the command."""
    from napari_behaviorvlm.io.project import Project
    from napari_behaviorvlm.workflows.check import check_project

    with Project(args.project, writable=False) as project:
        findings = output.follow(check_project(project), "Checking")
    serious = [finding for finding in findings if finding.serious]
    output.result({"ok": not serious, "findings": [vars(finding) for finding in findings]})
    for finding in findings:
        output.say(f"{'Problem' if finding.serious else 'Note'}: {finding.sentence}")
    if not findings:
        output.say("Nothing is wrong.")
    if not serious:
        return 0
    output.fail(_summary(args.project, [finding.sentence for finding in serious]))
    return 1


def _summary(project: Path, sentences: list[str]) -> str:
    if len(sentences) == 1:
        return f"{project} must be mended: {sentences[0]}"
    return f"{project} has {len(sentences)} problems that must be mended; first: {sentences[0]}"
