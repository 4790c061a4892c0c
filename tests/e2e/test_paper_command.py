"""`label --strategy paper` as a person runs it: processes, real HTTP, a simulated VLM."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from simulated_vlm import ErrorModel, Fault, SimulatedServer, sample_truth
from tests.e2e.commands import command_line, run_here
from tests.unit.workflows.paper_session import PROBE, asked, paper_project, serving
from tests.unit.workflows.small_session import small_project

from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.state import load_state

KEY = "sk-ant-api03-Zx9Qw8Er7Ty6Ui5Op4As3Df2Gh1Jk0"
PAPER = ("--strategy", "paper", "--frames", "2:5")
OFTEN_WRONG = ErrorModel(independent=0.3)


class Runner:
    """Runs `behaviorvlm` with an environment in which only the test's server and key exist."""

    def __init__(self, folder):
        self.folder = folder
        self.said = ""

    def __call__(self, *arguments, **environ):
        done = run_here(arguments, self.folder, self.environ(environ))
        self.said += done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def works(self, *arguments, **environ):
        done = self(*arguments, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *arguments, **environ):
        return json.loads(self.works(*arguments, "--json", **environ))

    def fails(self, *arguments, **environ):
        """The sentence; notes while waiting may come before it."""
        done = self(*arguments, **environ)
        assert done.returncode == 1, done.stdout + done.stderr
        notes = done.stderr.strip().splitlines()
        assert all(line.startswith("Note: ") for line in notes[:-1]), done.stderr
        return notes[-1]

    @staticmethod
    def environ(more):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ANTHROPIC_")}
        return {**kept, **more}


@pytest.fixture
def run(tmp_path):
    return Runner(tmp_path)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    return paper_project(tmp_path_factory.mktemp("paper") / "mouse")


@pytest.fixture
def mouse(untouched, tmp_path):
    """A private copy of the small project, beside its pictures."""
    shutil.copytree(untouched.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "mouse"


def reach(server):
    return ("--base-url", server.url, "--model", "simulated", "--patience", "2")


def tables(project):
    with Project(project, writable=False) as opened:
        state = load_state(opened)
    return [state.labels.xy, state.labels.candidate, state.labels.confidence, state.poses.points]


def assert_same(one, other):
    for old, new in zip(tables(one), tables(other), strict=True):
        np.testing.assert_array_equal(old, new)


def files_of(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def unstopped(untouched, tmp_path_factory):
    """What a model that errs often leaves when nothing stops it."""
    folder = tmp_path_factory.mktemp("unstopped")
    shutil.copytree(untouched.parent, folder, dirs_exist_ok=True)
    with serving(OFTEN_WRONG) as server:
        Runner(folder).works("label", folder / "mouse", *PAPER, *reach(server))
    return folder / "mouse"


# A whole run -----------------------------------------------------------------------------------


def test_the_sample_through_the_environment_and_what_it_would_cost(project, run):
    """Everything as with Anthropic's own tools; the dry run is right within ten per cent."""
    frames = ("--strategy", "paper", "--frames", "150:152", "--model", "simulated")
    price = ("--price", "3:15", "--budget", "5")
    with SimulatedServer(sample_truth()) as server:
        server.can = type(server.can)(key=KEY)
        where = {"ANTHROPIC_BASE_URL": f"{server.url}/v1", "ANTHROPIC_API_KEY": KEY}
        planned = run.json("label", project, *frames, *price, "--dry-run", **where)
        assert not server.calls
        done = run.json("label", project, *frames, *price, **where)
        counted = np.array([call.usage for call in server.answered]).sum(0)
        assert done["calls"] == len(server.answered) == len(asked(server)) + PROBE > 50
        assert [done["input_tokens"], done["output_tokens"]] == counted.tolist()
        assert planned["vlm_calls"] == pytest.approx(done["calls"], rel=0.1)
        assert planned["input_tokens"] == pytest.approx(counted[0], rel=0.1)
        assert planned["tokens"] == pytest.approx(counted.sum(), rel=0.1)
        assert planned["cost_usd"] == pytest.approx(done["cost_usd"], rel=0.1)
        assert server.answered[-1].headers["authorization"] == f"Bearer {KEY}"
    status = run.json("status", project)
    assert status["cost_usd"] == pytest.approx(done["cost_usd"])
    assert status["strategies"] == ["geometric", "paper"]
    with np.load(sample_truth_file()) as truth:
        points = truth["points3d"][150:152]
    found = tables(project)[3][150:152]
    error = np.linalg.norm(found - points, axis=-1)
    assert np.nanmedian(error) < 1
    picture = project.parent / "why.png"
    said = run.works("why", project, "--frame", "150", "--camera", "cam1", "--keypoint",
                     "tail_base", "--picture", picture)  # fmt: skip
    assert "said: " in said
    assert "because: " in said
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert KEY.encode() not in files_of(project)
    assert KEY not in run.said


def sample_truth_file():
    from simulated_vlm.truth import SAMPLE

    return SAMPLE / "truth.npz"


# Stops -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [2, 20])
def test_killed_and_run_again_no_call_is_repeated(mouse, unstopped, run, answers):
    with serving(OFTEN_WRONG, latency=0.05) as server:
        arguments = ("label", mouse, *PAPER, *reach(server))
        process = subprocess.Popen(command_line(arguments), env=Runner.environ({}))
        while len(asked(server)) < answers:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        status = run.json("status", mouse)
        run.works(*arguments)
        repeated = len(asked(server)) - len(set(asked(server)))
    # At most the calls that were in the air; status has told about them.
    assert repeated <= status["uncertain_calls"] <= 4
    assert_same(mouse, unstopped)


def test_interrupted_by_the_keyboard_no_call_is_repeated(mouse, tmp_path):
    run = Runner(tmp_path)
    with serving(latency=0.05) as server:
        arguments = ("label", mouse, *PAPER, *reach(server))
        process = subprocess.Popen(
            command_line(arguments), env=Runner.environ({}), stderr=subprocess.PIPE, text=True
        )
        while len(asked(server)) < 14:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
        assert process.returncode == 130
        assert said.strip().splitlines()[-1].startswith("Interrupted; run the same command again")
        assert "Traceback" not in said
        doubtful = run.json("status", mouse)["uncertain_calls"]
        assert run.json(*arguments)["frames"] == 3
        repeated = len(asked(server)) - len(set(asked(server)))
    assert repeated <= doubtful <= 4


@pytest.mark.skipif(sys.platform == "win32", reason="files are limited in another way there")
def test_a_full_disk_is_told_and_costs_nothing(mouse, tmp_path):
    """Files that may not grow beyond a limit stand for a disk that is full."""
    import resource

    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    run = Runner(tmp_path)
    with serving() as server:
        arguments = ("label", mouse, *PAPER, *reach(server))
        done = subprocess.run(
            command_line(arguments), env=Runner.environ({}), capture_output=True, text=True,
            preexec_fn=full, timeout=60, check=False,
        )  # fmt: skip
        sentence = done.stderr.strip().splitlines()[-1]
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "answers of the model) cannot be used" in sentence
        assert "Nothing more is sent" in sentence
        before = len(asked(server))
        assert 0 < before < 36
        status = run.json("status", mouse)
        assert run.json(*arguments)["frames"] == 3
        repeated = len(asked(server)) - len(set(asked(server)))
    # At most what was in the air when the disk was full.
    assert repeated <= status["uncertain_calls"] <= 4


def test_the_budget_stops_it_with_one_sentence_and_more_goes_on(mouse, run):
    price = ("--price", "3:15")
    with serving() as server:
        command = ("label", mouse, *PAPER, *reach(server), *price)
        sentence = run.fails(*command, "--budget", "0.2")
        assert "budget of 0.20 USD is used up" in sentence
        assert "of 3 frames are labelled so far" in sentence
        status = run.json("status", mouse)
        assert 0 < status["cost_usd"] <= 0.2
        assert status["labels"]["proposed"] > 0
        run.works(*command, "--budget", "5")
        assert len(asked(server)) == len(set(asked(server)))


def test_batches_by_command(mouse, run):
    with serving() as server:
        server.batches.hold = True
        command = ("label", mouse, *PAPER, *reach(server), "--batch")
        for _ in range(2):
            assert "3 of 3 frames wait for their batches" in run.works(*command)
            assert run.json("status", mouse)["waiting_calls"] > 0
            server.batches.finish()
        assert run.json(*command)["frames"] == 3
        assert not asked(server)


# Faults ----------------------------------------------------------------------------------------


def test_a_server_with_every_fault_loses_nothing(mouse, tmp_path, run):
    kinds = (
        "overloaded", "server_error", "reset", "html", "empty", "null_content", "thinking",
        "truncated", "wrong_shape", "unknown_number", "twice", "confidence", "missing", "hang",
    )  # fmt: skip
    with serving() as server:
        run.works("label", mouse, "--strategy", "paper", "--frames", "8:9", *reach(server))
        other = shutil.copytree(mouse, tmp_path / "other")
        run.works("label", other, *PAPER, *reach(server))
        server.fail(Fault("rate_limit", retry_after=900), *(Fault(kind) for kind in kinds))
        done = run("label", mouse, *PAPER, *reach(server), "--timeout", "1")
    assert done.returncode == 0
    assert "Note: " in done.stderr
    assert "it asks for 15 min" in done.stderr
    assert "did not answer within" in done.stderr
    assert_same(mouse, other)
    status = run.json("status", mouse)
    assert status["uncertain_calls"] == 2  # the reset and the silent one may have been billed


def test_a_refusal_leaves_its_keypoints_open_and_is_told(mouse, run):
    with serving() as server:
        run.works("label", mouse, "--strategy", "paper", "--frames", "8:9", *reach(server))
        server.fail(Fault("refusal"))
        done = run("label", mouse, *PAPER, "--no-regions", *reach(server))
    assert "1 questions got no usable answer" in done.stderr
    assert "9 of 9 keypoints in 3D" in done.stdout  # three of four views are enough


def test_a_server_that_goes_and_comes_back(mouse, tmp_path, run):
    with serving() as server:
        run.works("label", mouse, "--strategy", "paper", "--frames", "2:3", *reach(server))
        before = len(asked(server))
        server.go_away()
        sentence = run.fails("label", mouse, *PAPER, *reach(server))
        assert "cannot be reached" in sentence
        assert "1 of 3 frames are labelled so far" in sentence
        threading.Timer(2.5, server.come_back).start()
        arguments = ("label", mouse, *PAPER, *reach(server)[:-1], "30")
        assert "9 of 9 keypoints" in run.works(*arguments)
        assert before < len(asked(server)) == len(set(asked(server)))


# What people get wrong -------------------------------------------------------------------------


def test_keys(mouse, run):
    with serving(key=KEY) as server:
        command = ("label", mouse, *PAPER, *reach(server))
        for environ in (
            {}, {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": KEY[:-3] + "abc"},
        ):  # fmt: skip
            sentence = run.fails(*command, **environ)
            assert "does not accept the key" in sentence
            assert "--api-key-env" in sentence
        sentence = run.fails(*command, "--api-key-env", "MY_KEY")
        assert "MY_KEY, which should hold the key, is not set" in sentence
        run.works(*command, "--api-key-env", "MY_KEY", MY_KEY=KEY)
    assert KEY.encode() not in files_of(mouse)
    assert KEY[:-3] not in run.said


def test_an_account_that_cannot_pay(mouse, run):
    with serving() as server:
        command = ("label", mouse, *PAPER, *reach(server))
        run.works("label", mouse, "--strategy", "paper", "--frames", "8:9", *reach(server))
        before = len(server.calls)
        server.fail(Fault("billing", 40))
        sentence = run.fails(*command)
        assert "the account cannot pay (402): Your credit balance is too low" in sentence
        assert len(server.calls) - before <= 4  # those that were sent at once, and no waiting
        assert run.json("status", mouse)["uncertain_calls"] == 0
        server.faults.clear()
        assert run.json(*command)["frames"] == 3


def test_no_key_for_anthropic(mouse, run):
    sentence = run.fails("label", mouse, *PAPER, "--model", "claude-sonnet-5")
    assert "ANTHROPIC_API_KEY" in sentence
    assert "--api-key-env" in sentence


def test_no_such_model_and_no_model(mouse, run):
    with serving(models=("one", "two")) as server:
        where = ("--base-url", f"{server.url}/v1/", "--patience", "1")
        sentence = run.fails("label", mouse, *PAPER, *where)
        assert "Choose one with --model; it has one, two" in sentence
        server.fail(Fault("not_found", 40))
        sentence = run.fails("label", mouse, *PAPER, *where, "--model", "nonsense")
        assert "knows no such model" in sentence
        server.faults.clear()
        assert run.json("label", mouse, *PAPER, *where, "--model", "two")["frames"] == 3


class _Page(BaseHTTPRequestHandler):
    def do_GET(self):
        page = b"<html><body>It works!</body></html>"
        self.send_response(200)
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


def test_a_server_that_is_no_model(mouse, run):
    server = HTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    where = ("--base-url", f"http://127.0.0.1:{server.server_port}", "--patience", "1")
    sentence = run.fails("label", mouse, *PAPER, *where, "--model", "x")
    server.shutdown()
    assert "web page" in sentence
    assert "check that the address is that of a model server" in sentence


def test_an_address_that_is_none_and_a_server_that_is_not_there(mouse, run):
    assert "http://host:port" in run.fails("label", mouse, *PAPER, "--base-url", "ftp://x")
    sentence = run.fails("label", mouse, *PAPER, "--model", "x", "--patience", "0.5",
                         "--base-url", "http://127.0.0.1:9")  # fmt: skip
    assert "cannot be reached" in sentence


def test_a_project_without_pictures(tmp_path, run):
    small_project(tmp_path / "dots").close()
    from tests.unit.workflows.small_session import seed_rows, small_rig

    (tmp_path / "seeds.csv").write_text(seed_rows((0, 5, 11), small_rig()))
    run.works("seed", tmp_path / "dots", tmp_path / "seeds.csv")
    for more in ((), ("--dry-run",)):
        sentence = run.fails("label", tmp_path / "dots", *PAPER, *more)
        assert "needs pictures" in sentence
        assert "cam0" in sentence


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_project_that_cannot_be_written(mouse, run):
    with serving() as server:
        run.works("label", mouse, *PAPER, *reach(server))
        mouse.chmod(0o500)
        try:
            assert run.json("status", mouse)["calls"] > 0
            assert "cannot be written" in run.fails("label", mouse, *PAPER, *reach(server))
        finally:
            mouse.chmod(0o700)


def test_numbers_that_are_none(mouse, run):
    for wrong in (("--budget", "much"), ("--price", "3"), ("--concurrency", "0")):
        done = run("label", mouse, *PAPER, *wrong)
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1
