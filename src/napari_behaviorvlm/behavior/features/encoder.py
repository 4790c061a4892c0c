"""A pretrained encoder that the lab has in a local file."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import TableError

Float32Array = NDArray[np.float32]

BATCH = 256
SIDE = 96
"""Side, px, to which crops are brought before they are encoded."""
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Usual brightness that encoders of natural pictures are trained with."""


class LocalEncoder:
    """Codes of crops from a TorchScript module in a file.

    The module takes pictures (n, 3, side, side), float32, normalised as usual for ImageNet, and
    gives (n, ...): whatever follows the first axis is averaged over places (axes from the third
    on), so that convolutional features do as well as vectors.

    Parameters
    ----------
    path : Path
        Written by ``torch.jit.save``. Files that would run arbitrary code on loading (pickled
        modules) are refused.
    device : str
        "auto" (a GPU if there is one), "cpu", "cuda".

    Raises
    ------
    TableError
        If the file is no such module, or the module does not take such pictures.
    """

    def __init__(self, path: Path, device: str = "auto") -> None:
        from napari_behaviorvlm.behavior.embedding.network import choose_device

        self.path = Path(path)
        self._device = choose_device(device)
        self._module = self._load()
        self(np.zeros((1, 8, 8), np.uint8))

    def _load(self) -> Any:
        import torch

        if not self.path.is_file():
            raise TableError(f"There is no encoder {self.path}.")
        try:
            module: Any = torch.jit.load(str(self.path), map_location=self._device)  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError, OSError):
            raise TableError(
                f"{self.path} is no TorchScript module: save the encoder with "
                "torch.jit.save(torch.jit.trace(model, example), path)."
            ) from None
        return module.eval()

    def __call__(self, crops: NDArray[np.uint8]) -> Float32Array:
        """Encode crops.

        Parameters
        ----------
        crops : ndarray of uint8, shape (n, size, size)

        Returns
        -------
        ndarray of float32, shape (n, dimensions)
        """
        parts = [self._encode(crops[at : at + BATCH]) for at in range(0, len(crops), BATCH)]
        return np.concatenate(parts)

    def _encode(self, crops: NDArray[np.uint8]) -> Float32Array:
        import torch

        with torch.inference_mode():
            grey = torch.from_numpy(crops.astype(np.float32) / 255)[:, None].to(self._device)
            large = torch.nn.functional.interpolate(
                grey, (SIDE, SIDE), mode="bilinear", align_corners=False
            ).expand(-1, 3, -1, -1)
            mean = torch.tensor(_MEAN, device=self._device)[:, None, None]
            spread = torch.tensor(_SPREAD, device=self._device)[:, None, None]
            try:
                codes = self._module((large - mean) / spread)
            except RuntimeError as problem:
                raise TableError(
                    f"The encoder {self.path} does not take pictures of {SIDE}x{SIDE} px "
                    f"({str(problem).strip().splitlines()[-1]})."
                ) from None
        if not isinstance(codes, torch.Tensor) or codes.ndim < 2 or len(codes) != len(crops):
            raise TableError(f"The encoder {self.path} does not give one code per picture.")
        if codes.ndim > 2:
            codes = codes.flatten(2).mean(dim=2)
        return np.asarray(codes.float().cpu().numpy(), np.float32)
