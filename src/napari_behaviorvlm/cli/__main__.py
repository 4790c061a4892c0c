"""`python -m napari_behaviorvlm.cli` does what `behaviorvlm` does."""

import sys

from napari_behaviorvlm.cli.main import main

sys.exit(main())
