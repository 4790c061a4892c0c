"""Skeleton files."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_behaviorvlm.core.errors import SkeletonError
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.io.skeleton import read_skeleton, write_skeleton


def write(folder, text):
    path = folder / "skeleton.toml"
    path.write_bytes(text.encode())
    return path


def test_as_the_contract_has_it(tmp_path):
    path = write(
        tmp_path,
        'keypoints = ["nose", "ear_L", "ear_R"]\nedges = [["nose","ear_L"], ["nose","ear_R"]]\n'
        'regions = {ears = ["ear_L", "ear_R"]}\nsymmetric = [["ear_L","ear_R"]]\n'
        'description = "ours"\n',
    )
    skeleton = read_skeleton(path)
    assert skeleton == Skeleton(
        ("nose", "ear_L", "ear_R"),
        (("nose", "ear_L"), ("nose", "ear_R")),
        {"ears": ("ear_L", "ear_R")},
        (("ear_L", "ear_R"),),
    )


def test_keypoints_are_enough_and_a_byte_order_mark_is_no_obstacle(tmp_path):
    assert read_skeleton(write(tmp_path, '\ufeffkeypoints = ["a"]')) == Skeleton(("a",))


def test_names_are_composed(tmp_path):
    loose = unicodedata.normalize("NFD", "Schnäuzchen")
    path = write(tmp_path, f'keypoints = ["{loose}", "b"]\nedges = [["Schnäuzchen", "b"]]')
    assert read_skeleton(path).keypoints == ("Schnäuzchen", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no list of keypoints"),
        ("keypoints = []", "no keypoints"),
        ('keypoints = ["a", "a"]', "a more than once"),
        ('keypoints = ["a", " "]', "without a name"),
        ('keypoints = "a"', "list of names"),
        ('keypoints = ["a", 1]', "list of names"),
        ('keypoints = ["a"]\nedges = [["a", "b"]]', "unknown keypoint 'b'"),
        ('keypoints = ["a", "b"]\nedges = [["a"]]', "list of pairs"),
        ('keypoints = ["a", "b"]\nedges = [["a", "b", "a"]]', "list of pairs"),
        ('keypoints = ["a", "b"]\nedges = ["ab"]', "list of pairs"),
        ('keypoints = ["a", "b"]\nedges = {a = "b"}', "list of pairs"),
        ('keypoints = ["a", "b"]\nedges = [["a", "a"]]', "'a' with itself"),
        ('keypoints = ["a"]\nregions = ["a"]', "must be a table"),
        ('keypoints = ["a"]\nregions = {r = "a"}', "region 'r'"),
        ('keypoints = ["a"]\nregions = {r = ["c"]}', "'c'"),
        ('keypoints = ["a"]\nsymmetric = [["a", "c"]]', "'c'"),
        ('keypoints = ["a", "b"]\nedge = [["a", "b"]]', "did you mean 'edges'"),
        ("keypoints = [", "not a skeleton file in TOML"),
        ("frame,camera\n", "not a skeleton file in TOML"),
    ],
)
def test_malformed(tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(SkeletonError, match=words) as caught:
        read_skeleton(path)
    assert str(path) in str(caught.value)


def test_missing_and_binary(tmp_path):
    with pytest.raises(SkeletonError, match="No such file"):
        read_skeleton(tmp_path / "none.toml")
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SkeletonError, match="not a skeleton"):
        read_skeleton(tmp_path / "a.toml")


def test_mouse_round_trip(tmp_path):
    mouse = Skeleton.quantum_dot_mouse()
    write_skeleton(mouse, tmp_path / "a.toml")
    assert read_skeleton(tmp_path / "a.toml") == mouse


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=9)
visible = names.map(lambda name: unicodedata.normalize("NFC", name)).filter(str.strip)


@settings(max_examples=40, deadline=None)
@given(keypoints=st.lists(visible, min_size=2, max_size=6, unique=True), data=st.data())
def test_round_trip(keypoints, data, tmp_path_factory):
    pair = st.permutations(keypoints).map(lambda order: tuple(order[:2]))
    some = st.lists(st.sampled_from(keypoints), max_size=4).map(tuple)
    skeleton = Skeleton(
        tuple(keypoints),
        tuple(data.draw(st.lists(pair, max_size=4))),
        data.draw(st.dictionaries(visible, some, max_size=3)),
        tuple(data.draw(st.lists(pair, max_size=2))),
    )
    path = tmp_path_factory.mktemp("skeleton") / "a.toml"
    write_skeleton(skeleton, path)
    assert read_skeleton(path) == skeleton
    assert list(read_skeleton(path).regions) == list(skeleton.regions)
