"""One module per command: its NAME, HELP, `add_arguments` and `run`.

Modules import only the standard library and `cli` at their top, so that ``--help`` is instant.
"""

from napari_behaviorvlm.cli.commands import (
    behavior,
    candidates,
    check,
    demo,
    detect,
    export,
    label,
    mend,
    new,
    report,
    review,
    seed,
    status,
    triangulate,
    why,
)

COMMANDS = (
    demo, new, check, mend, detect, candidates, seed, label, triangulate, review, why, export,
    report, status, behavior,
)  # fmt: skip
