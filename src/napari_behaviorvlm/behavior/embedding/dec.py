"""Deep embedded clustering.

An autoencoder learns a small space in which moments can be rebuilt; clusters begin there as those
that k-means finds in the features; then encoder and centres are refined together, so that each
moment's soft assignment comes closer to a sharpened version of itself.

The paper runs k-means in the small space. What rebuilds moments well does not part them well, and
a network trained for seconds depends on its seed: beginning from the features was as good or
better on everything measured (digits, and behaviour from poses and pixels).

References
----------
Xie, Girshick, Farhadi (2016): Unsupervised deep embedding for clustering analysis. ICML.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.embedding.base import Assignment, check_values
from napari_behaviorvlm.behavior.embedding.classical import kmeans_centres
from napari_behaviorvlm.behavior.embedding.network import (
    Encoder,
    choose_device,
    reproducible,
    stack,
    taken_from,
)
from napari_behaviorvlm.behavior.embedding.soft import squared_distances, student_memberships
from napari_behaviorvlm.core.progress import Progress

if TYPE_CHECKING:
    import torch

Float32Array = NDArray[np.float32]
BATCHES_PER_EPOCH = 14
SMALLEST_BATCH, LARGEST_BATCH = 128, 1024
ASSIGN_BATCH = 8192


@dataclass(frozen=True)
class DECSettings:
    """How deep embedded clustering is fitted.

    Parameters
    ----------
    hidden : tuple of int
        Widths of the encoder's hidden layers; the decoder mirrors them. The paper's are
        (500, 500, 2000), which take several times as long.
    dimensions : int
        Size of the embedding.
    pretrain_epochs, cluster_epochs : int
        Passes over the data; clustering ends earlier once it has converged.
    learning_rate, cluster_rate : float
        Adam's step: highest of a cycle in pre-training (take 2e-3 for layers as wide as the
        paper's), constant in clustering.
    noise : float
        Share of features blanked at random in pre-training (a denoising autoencoder).
    converged : float
        Clustering ends when fewer moments than this share change their cluster in an epoch.
    seed : int
        Same seed and data, same result: bit for bit on one kind of CPU.
    device : str
        "auto" (a GPU if there is one), "cpu", "cuda".
    threads : int
        Threads on a CPU.
    """

    hidden: tuple[int, ...] = (256, 256)
    dimensions: int = 10
    pretrain_epochs: int = 15
    cluster_epochs: int = 20
    learning_rate: float = 5e-3
    cluster_rate: float = 1e-3
    noise: float = 0.0
    converged: float = 0.001
    seed: int = 0
    device: str = "auto"
    threads: int = 1


@dataclass(frozen=True, eq=False)
class FittedDEC:
    """Encoder and centres, free of torch.

    Parameters
    ----------
    encoder : Encoder
        From features to the embedding.
    centres : ndarray of float32, shape (clusters, dimensions)
        Centres in the embedding.
    history : dict of str to list of float
        "reconstruction": mean squared error per pre-training epoch; "kl": divergence per
        clustering epoch (from a target that sharpens as it goes, so that it may rise);
        "changed": share of moments that changed cluster.
    converged : bool
        Whether clustering ended because hardly any moment changed cluster.
    """

    encoder: Encoder
    centres: Float32Array
    history: dict[str, list[float]] = field(default_factory=dict)
    converged: bool = False

    @property
    def n_clusters(self) -> int:
        """Columns of the memberships."""
        return len(self.centres)

    def assign(self, values: Float32Array) -> Assignment:
        """Assign moments to clusters.

        Parameters
        ----------
        values : ndarray, shape (moments, features)
            Scaled like those fitted to.

        Returns
        -------
        Assignment
        """
        values = np.asarray(values, np.float32)
        batches = range(0, max(len(values), 1), ASSIGN_BATCH)
        embedded = np.concatenate([self.encoder(values[i : i + ASSIGN_BATCH]) for i in batches])
        return Assignment(student_memberships(embedded, self.centres), embedded)


class DEC:
    """Deep embedded clustering behind the interface of `Clusterer`.

    Parameters
    ----------
    settings : DECSettings, optional
        Network and training.
    """

    name = "dec"

    def __init__(self, settings: DECSettings | None = None) -> None:
        self.settings = settings or DECSettings()

    def fit(self, values: Float32Array, n_clusters: int) -> Generator[Progress, None, FittedDEC]:
        """Fit to the moments of all animals together.

        Parameters
        ----------
        values : ndarray, shape (moments, features)
            Scaled features.
        n_clusters : int
            Clusters.

        Yields
        ------
        Progress
            One per epoch, with the curves' last values.

        Returns
        -------
        FittedDEC

        Raises
        ------
        TableError
            If there is too little data, values are missing or torch is not installed.
        """
        values = check_values(values, n_clusters)
        device = choose_device(self.settings.device)
        training = _Training(values, n_clusters, self.settings, device)
        # Between two steps the caller may run anything: torch is set up within each step only.
        yield from training.run()
        return training.result()


class _Training:
    """State of one fit."""

    def __init__(
        self, values: Float32Array, n_clusters: int, settings: DECSettings, device: "torch.device"
    ) -> None:
        import torch

        self.settings, self.n_clusters, self.device = settings, n_clusters, device
        self.values = torch.from_numpy(values).to(device)
        self.history: dict[str, list[float]] = {"reconstruction": [], "kl": [], "changed": []}
        self.converged = False
        sizes = (values.shape[1], *settings.hidden, settings.dimensions)
        with reproducible(settings.seed, settings.threads, device):
            self.encoder, self.decoder = stack(sizes).to(device), stack(sizes[::-1]).to(device)
        self.centres = torch.nn.Parameter(torch.zeros(n_clusters, settings.dimensions))
        self.order = torch.Generator().manual_seed(settings.seed)
        count = len(values)
        self.batch = int(np.clip(count // BATCHES_PER_EPOCH, SMALLEST_BATCH, LARGEST_BATCH))

    def run(self) -> Iterator[Progress]:
        settings = self.settings
        total = settings.pretrain_epochs + settings.cluster_epochs
        for epoch, error in enumerate(self._steps(self._pretrain())):
            self.history["reconstruction"].append(error)
            yield Progress(epoch + 1, total, f"Autoencoder: mean squared error {error:.4f}")
        for epoch, kl in enumerate(self._steps(self._cluster()), start=settings.pretrain_epochs):
            self.history["kl"].append(kl)
            share = self.history["changed"][-1]
            message = f"Clusters: divergence {kl:.4f}, {share:.2%} of moments changed"
            yield Progress(epoch + 1, total, message)
        if self.converged:
            yield Progress(total, total, "Clusters have converged")

    def _steps(self, epochs: Iterator[float]) -> Iterator[float]:
        """Run each epoch seeded for itself: what the caller does in between changes nothing."""
        for number in range(10**9):
            with reproducible(self.settings.seed + 1 + number, self.settings.threads, self.device):
                loss = next(epochs, None)
            if loss is None:
                return
            yield loss

    def _batches(self, size: int) -> "Iterator[torch.Tensor]":
        import torch

        shuffled = torch.randperm(len(self.values), generator=self.order)
        yield from torch.split(shuffled.to(self.device), size)

    def _pretrain(self) -> Iterator[float]:
        import torch

        settings, count = self.settings, len(self.values)
        parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
        adam = torch.optim.Adam(parameters, lr=settings.learning_rate, fused=True)
        steps = max(1, settings.pretrain_epochs) * -(-count // self.batch)
        rate = torch.optim.lr_scheduler.OneCycleLR(
            adam, settings.learning_rate, total_steps=steps + 1, pct_start=0.2
        )
        for _ in range(settings.pretrain_epochs):
            total = 0.0
            for rows in self._batches(self.batch):
                clean = self.values[rows]
                rebuilt = self.decoder(self.encoder(self._noisy(clean)))
                loss = torch.nn.functional.mse_loss(rebuilt, clean)
                adam.zero_grad()
                torch.autograd.backward(loss)
                adam.step()
                rate.step()
                total += loss.item() * len(rows)
            yield total / count

    def _noisy(self, clean: "torch.Tensor") -> "torch.Tensor":
        import torch

        if self.settings.noise <= 0:
            return clean
        return clean * (torch.rand_like(clean) >= self.settings.noise)

    def _evened(self) -> "torch.Tensor":
        """Give every dimension of the embedding the same spread, within the last layer.

        Rebuilding leaves some dimensions many times as wide as others; k-means and the kernel, for
        which all directions are alike, would see only those.
        """
        import torch

        last = self.encoder[-1]
        assert isinstance(last, torch.nn.Linear)
        with torch.no_grad():
            width = self.encoder(self.values).std(dim=0, correction=0).clamp_min(1e-3)
            last.weight.div_(width[:, None])
            last.bias.div_(width)
            evened: torch.Tensor = self.encoder(self.values)
        return evened

    def _start_centres(self) -> "torch.Tensor":
        """Find the first centres; they are trained from here on. Returns the memberships."""
        import torch

        embedded = self._evened()
        features = self.values.cpu().numpy()
        found = kmeans_centres(features, self.n_clusters, self.settings.seed)
        labels = torch.from_numpy(squared_distances(features, found).argmin(axis=1))
        members = torch.nn.functional.one_hot(labels, self.n_clusters).float().to(self.device)
        centres = members.T @ embedded / members.sum(dim=0).clamp_min(1)[:, None]
        self.centres = torch.nn.Parameter(centres)
        with torch.no_grad():
            return self._memberships(self.values)

    def _cluster(self) -> Iterator[float]:
        import torch

        settings = self.settings
        shares = self._start_centres()
        parameters = [*self.encoder.parameters(), self.centres]
        adam = torch.optim.Adam(parameters, lr=settings.cluster_rate, fused=True)
        for _ in range(settings.cluster_epochs):
            target, labels = sharpened(shares), shares.argmax(dim=1)
            total = 0.0
            for rows in self._batches(2 * self.batch):
                goal, found = target[rows], self._memberships(self.values[rows])
                loss = (goal * (goal.log() - found.log())).sum(dim=1).mean()
                adam.zero_grad()
                torch.autograd.backward(loss)
                adam.step()
                total += loss.item() * len(rows)
            with torch.no_grad():
                shares = self._memberships(self.values)
            changed = float((shares.argmax(dim=1) != labels).float().mean())
            self.history["changed"].append(changed)
            self.converged = changed < settings.converged
            yield total / len(self.values)
            if self.converged:
                return

    def _memberships(self, values: "torch.Tensor") -> "torch.Tensor":
        """Student-t soft assignment (equation 1)."""
        z, c = self.encoder(values), self.centres
        squares = (z * z).sum(dim=1, keepdim=True) - 2 * z @ c.T + (c * c).sum(dim=1)
        kernel = 1 / (1 + squares.clamp_min(0))
        shares: torch.Tensor = kernel / kernel.sum(dim=1, keepdim=True)
        return shares

    def result(self) -> FittedDEC:
        centres = np.array(self.centres.detach().cpu().numpy(), np.float32)
        return FittedDEC(taken_from(self.encoder), centres, self.history, self.converged)


def sharpened(found: "torch.Tensor") -> "torch.Tensor":
    """Target distribution: memberships squared, each cluster weighed down by its size (eq. 3)."""
    weight = found**2 / found.sum(dim=0)
    target: torch.Tensor = weight / weight.sum(dim=1, keepdim=True)
    return target.clamp_min(1e-12)
