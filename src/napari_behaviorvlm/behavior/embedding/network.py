"""The autoencoder: trained in torch, applied without it.

A trained encoder is a list of matrices. Kept as arrays it can be saved, sent to another process
and applied where torch is not installed.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import TableError

if TYPE_CHECKING:
    import torch

Float32Array = NDArray[np.float32]
Layers = tuple[tuple[Float32Array, Float32Array], ...]


@dataclass(frozen=True, eq=False)
class Encoder:
    """Fully connected layers with ReLU between them.

    Parameters
    ----------
    layers : tuple of (weight, bias)
        Shapes (out, in) and (out,).
    """

    layers: Layers

    def __call__(self, values: Float32Array) -> Float32Array:
        """Embed moments, shape (moments, features) to (moments, dimensions)."""
        for number, (weight, bias) in enumerate(self.layers):
            if number:
                values = np.maximum(values, 0)
            values = values @ weight.T + bias
        return values

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths from the features to the embedding."""
        return (self.layers[0][0].shape[1], *(len(bias) for _, bias in self.layers))


def stack(sizes: tuple[int, ...]) -> "torch.nn.Sequential":
    """Build linear layers of these widths with ReLU between them.

    Weights begin as those of He, Zhang, Ren and Sun (2015): what goes through the layers keeps its
    spread. With torch's own, several times smaller ones, deep and wide stacks take many epochs
    only to grow, and end in worse clusters.
    """
    from torch import nn

    modules: list[nn.Module] = []
    last = len(sizes) - 2
    for number in range(len(sizes) - 1):
        if number:
            modules.append(nn.ReLU())
        layer = nn.Linear(sizes[number], sizes[number + 1])
        nn.init.kaiming_normal_(layer.weight, nonlinearity="linear" if number == last else "relu")
        nn.init.zeros_(layer.bias)
        modules.append(layer)
    return nn.Sequential(*modules)


def taken_from(encoder: "torch.nn.Sequential") -> Encoder:
    """Copy trained layers out of torch."""
    from torch import nn

    linear = [module for module in encoder if isinstance(module, nn.Linear)]
    return Encoder(tuple((_array(layer.weight), _array(layer.bias)) for layer in linear))


def _array(tensor: "torch.Tensor") -> Float32Array:
    return np.array(tensor.detach().cpu().numpy(), np.float32)


def choose_device(wanted: str) -> "torch.device":
    """Find the device: "auto" takes a GPU if there is one.

    Raises
    ------
    TableError
        If torch is missing or the device asked for is not there.
    """
    try:
        import torch
    except ImportError as problem:
        raise TableError(
            "Deep embedded clustering needs torch, which is not installed; install "
            '"napari-behaviorvlm[behavior]" or choose another method (kmeans, gmm).'
        ) from problem
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise TableError(f"The device {wanted!r} was asked for, but torch finds no GPU here.")
    try:
        return torch.device(wanted)
    except RuntimeError as problem:
        raise TableError(f"{wanted!r} is not a device that torch knows.") from problem


@contextlib.contextmanager
def reproducible(seed: int, threads: int, device: "torch.device") -> Iterator[None]:
    """Seed torch and fix its threads for a while; nobody else's random numbers are touched.

    Sums over several threads depend on their number: one thread gives the same bits everywhere.
    """
    import torch

    before = torch.get_num_threads()
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        torch.set_num_threads(max(1, threads))
        try:
            yield
        finally:
            torch.set_num_threads(before)
