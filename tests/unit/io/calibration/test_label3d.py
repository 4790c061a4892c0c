"""MATLAB files: transposed matrices, pixels from 1, versions 7 and 7.3, names."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.geometry.projection import project as ours
from napari_behaviorvlm.io.calibration import read_calibration

SESSION = Path(__file__).parents[5] / "shared" / "data" / "dannce_mouse_6cam"


@pytest.fixture(scope="module")
def mouse():
    """The real rig and its labels: textbook K and R, 2D as exact reprojections."""
    if not SESSION.exists():
        pytest.skip("the recording dannce_mouse_6cam is not here")
    return dict(np.load(SESSION / "mouse1_81frames.npz"))


def made_up():
    rng = np.random.default_rng(0)
    K = np.array(
        [[[900.0 + c, 2.5 - c, 640 + c], [0, 910 + c, 512 - c], [0, 0, 1]] for c in range(6)]
    )
    R = np.array([np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(6)])
    R *= np.sign(np.linalg.det(R))[:, None, None]
    return {"K": K, "R": R, "t": rng.normal(size=(6, 3)), "dist": rng.normal(size=(6, 5)) / 10}


def matlab_camera(rig, at, radial=3):
    """What MATLAB's calibrator puts into the struct of a camera."""
    K = rig["K"][at].copy()
    K[:2, 2] += 1
    k1, k2, p1, p2, k3 = rig["dist"][at]
    return {
        "K": K.T,
        "RDistort": np.array([[k1, k2, k3][:radial]]),
        "TDistort": np.array([[p1, p2]]),
        "r": rig["R"][at].T,
        "t": rig["t"][at].reshape(1, 3),
    }


def cell(items):
    array = np.empty((len(items), 1), dtype=object)
    array[:, 0] = items
    return array


def write_v7(path, rig, key="camParams", **more):
    structs = [matlab_camera(rig, at) for at in range(len(rig["K"]))]
    savemat(path, {key: cell(structs), **more}, do_compression=True)


def write_v73(path, rig, names=None):
    """Lay a file out as MATLAB's ``save -v7.3`` does: transposed data, cells of references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        refs = file.create_group("#refs#")

        def put(group, name, value):
            data = group.create_dataset(name, data=np.asarray(value, dtype=float).T)
            data.attrs["MATLAB_class"] = np.bytes_("double")

        def put_cell(name, references):
            data = file.create_dataset(name, (1, len(references)), dtype=h5py.ref_dtype)
            data[0] = references
            data.attrs["MATLAB_class"] = np.bytes_("cell")

        structs = []
        for at in range(len(rig["K"])):
            group = refs.create_group(f"s{at}")
            group.attrs["MATLAB_class"] = np.bytes_("struct")
            for key, value in matlab_camera(rig, at).items():
                put(group, key, value)
            structs.append(group.ref)
        put_cell("params", structs)
        if names:
            texts = []
            for at, name in enumerate(names):
                codes = np.array([[ord(letter)] for letter in name], dtype=np.uint16)
                data = refs.create_dataset(f"n{at}", data=codes)
                data.attrs["MATLAB_class"] = np.bytes_("char")
                texts.append(data.ref)
            put_cell("camnames", texts)
    with path.open("r+b") as handle:
        handle.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")


def assert_is(read, rig):
    for at, camera in enumerate(read):
        np.testing.assert_allclose(camera.matrix, rig["K"][at], rtol=0, atol=1e-9)
        np.testing.assert_allclose(camera.rotation_matrix, rig["R"][at], atol=1e-9)
        np.testing.assert_allclose(camera.translation, rig["t"][at])
        np.testing.assert_array_equal(camera.distortion, rig["dist"][at])
        assert not camera.fisheye


def project(camera, points):
    """Textbook pinhole with Brown distortion and skew, written out for this test."""
    X = points @ camera.rotation_matrix.T + camera.translation
    x, y = X[..., 0] / X[..., 2], X[..., 1] / X[..., 2]
    k1, k2, p1, p2, k3 = camera.distortion
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    xd = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    yd = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    return (np.stack([xd, yd, np.ones_like(x)], -1) @ camera.matrix.T)[..., :2]


def test_real_rig_projects_its_labels(mouse, tmp_path):
    """Skew, transposition and the shift by a pixel: any one wrong and this is off by 0.1 px."""
    path = tmp_path / "label3d.mat"
    write_v7(path, mouse)
    rig = read_calibration(path)
    assert rig.names == tuple(f"Camera{number}" for number in range(1, 7))
    assert_is(rig, mouse)
    assert np.abs(mouse["K"][:, 0, 1]).max() > 1
    for at, camera in enumerate(rig):
        for projected in (project(camera, mouse["points3d"]), ours(camera, mouse["points3d"])):
            seen = np.isfinite(mouse["points2d"][at]).all(-1)
            off = np.linalg.norm(projected - mouse["points2d"][at], axis=-1)[seen]
            assert off.max() < 1e-4


def test_names_and_sizes_of_a_dannce_session(tmp_path):
    names = ["Camera1", "Caméra 2", "c3", "c44", "c5", "c6"]
    sizes = np.array([[512 + at, 640] for at in range(6)])
    for shape in ((6, 1), (1, 6)):
        path = tmp_path / "20240101_dannce.mat"
        labels = cell([{"data_frame": np.arange(3)}])
        cells = cell(names).reshape(shape)
        write_v7(path, made_up(), "params", camnames=cells, imageSize=sizes, labelData=labels)
        rig = read_calibration(path)
        assert rig.names == tuple(names)
        assert [camera.size for camera in rig] == [(640, 512 + at) for at in range(6)]
        assert_is(rig, made_up())


def test_names_of_equal_length(tmp_path):
    """SciPy turns a cell of equally long texts into another kind of array."""
    path = tmp_path / "a.mat"
    write_v7(path, made_up(), camnames=cell([f"cam{at}" for at in range(6)]))
    assert read_calibration(path).names == tuple(f"cam{at}" for at in range(6))


def test_struct_array_instead_of_cells(tmp_path):
    rig = made_up()
    structs = [matlab_camera(rig, at) for at in range(6)]
    array = np.empty((1, 6), dtype=[(key, object) for key in structs[0]])
    for at, struct in enumerate(structs):
        array[0, at] = tuple(struct.values())
    savemat(tmp_path / "a.mat", {"camParams": array})
    assert_is(read_calibration(tmp_path / "a.mat"), rig)


def test_version_7_3(tmp_path):
    path = tmp_path / "a.mat"
    write_v73(path, made_up(), [f"Käfig {at}" for at in range(6)])
    rig = read_calibration(path)
    assert rig.names == tuple(f"Käfig {at}" for at in range(6))
    assert_is(rig, made_up())


def test_version_7_3_struct_array(tmp_path):
    path, rig = tmp_path / "a.mat", made_up()
    with h5py.File(path, "w", userblock_size=512) as file:
        refs = file.create_group("#refs#")
        group = file.create_group("camParams")
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        for key in matlab_camera(rig, 0):
            column = group.create_dataset(key, (6, 1), dtype=h5py.ref_dtype)
            for at in range(6):
                value = np.asarray(matlab_camera(rig, at)[key], dtype=float).T
                column[at, 0] = refs.create_dataset(f"{key}{at}", data=value).ref
    assert_is(read_calibration(path), rig)


def test_two_radial_coefficients(tmp_path):
    rig = made_up()
    savemat(tmp_path / "a.mat", {"camParams": cell([matlab_camera(rig, 0, radial=2)] * 2)})
    camera = read_calibration(tmp_path / "a.mat").cameras[1]
    np.testing.assert_array_equal(camera.distortion, [*rig["dist"][0][:4], 0])


def test_folder_with_a_file_per_camera(tmp_path):
    rig = made_up()
    for at in range(6):
        number = (1, 2, 3, 10, 11, 12)[at]
        savemat(tmp_path / f"hires_cam{number}_params.mat", matlab_camera(rig, at))
    savemat(tmp_path / "com3d.mat", {"com": np.zeros((5, 3))})
    read = read_calibration(tmp_path)
    assert read.names == ("cam1", "cam2", "cam3", "cam10", "cam11", "cam12")
    assert_is(read, rig)


def test_folder_with_two_sessions(tmp_path):
    write_v7(tmp_path / "a.mat", made_up())
    write_v7(tmp_path / "b.mat", made_up())
    with pytest.raises(CalibrationError, match="more than one calibration"):
        read_calibration(tmp_path)


def changed(**changes):
    camera = matlab_camera(made_up(), 0) | changes
    return {key: value for key, value in camera.items() if value is not None}


@pytest.mark.parametrize(
    ("camera", "words"),
    [
        (changed(K=made_up()["K"][0]), "K is not stored transposed"),
        (changed(K=np.eye(2)), r"K has shape \(2, 2\)"),
        (changed(K=None), "K is missing"),
        (changed(r=None), "r is missing"),
        (changed(t=None), "t is missing"),
        (changed(r=np.eye(3) * 2), "not a rotation"),
        (changed(r=-np.eye(3)), "not a rotation"),
        (changed(r=np.full((3, 3), np.nan)), "rotation holds a non-number"),
        (changed(t=np.array([[1, np.inf, 2]])), "translation holds a non-number"),
        (changed(RDistort=np.zeros((1, 6))), "RDistort"),
    ],
)
def test_impossible_camera(tmp_path, camera, words):
    path = tmp_path / "a.mat"
    savemat(path, {"params": cell([matlab_camera(made_up(), 1), camera])})
    with pytest.raises(CalibrationError, match=words) as caught:
        read_calibration(path)
    assert str(path) in str(caught.value)
    assert "'Camera2'" in str(caught.value)


def test_wrong_number_of_names(tmp_path):
    write_v7(tmp_path / "a.mat", made_up(), camnames=cell(["a", "bb"]))
    with pytest.raises(CalibrationError, match="6 cameras but 2 names"):
        read_calibration(tmp_path / "a.mat")


def test_other_matlab_file(tmp_path):
    savemat(tmp_path / "a.mat", {"predictions": np.zeros(3)})
    with pytest.raises(CalibrationError, match="holds no cameras"):
        read_calibration(tmp_path / "a.mat")


@pytest.mark.parametrize("version", ["v7", "v73"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_truncated(tmp_path, version, share):
    path = tmp_path / "a.mat"
    (write_v7 if version == "v7" else write_v73)(path, made_up())
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CalibrationError) as caught:
        read_calibration(path)
    assert str(path) in str(caught.value)
