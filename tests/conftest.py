"""What all tests share."""

import os
import shutil
from tempfile import mkdtemp


def pytest_configure(config):
    """Keep tests away from the settings and folders of whoever runs them."""
    folder = mkdtemp(prefix="behaviorvlm-test-settings-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ.update(XDG_CONFIG_HOME=folder, APPDATA=folder)
    os.environ["NAPARI_CONFIG"] = f"{folder}/napari.yaml"
    os.environ["BEHAVIORVLM_SAMPLE_FOLDER"] = f"{folder}/samples"
