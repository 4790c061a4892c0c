"""Money: prices without a network, estimates, and a budget that is never passed."""

from dataclasses import dataclass, field
from threading import Lock

from napari_behaviorvlm.vlm.endpoint import Endpoint
from napari_behaviorvlm.vlm.failures import BudgetError
from napari_behaviorvlm.vlm.request import Usage

BATCH_DISCOUNT = 0.5

SAFETY = 1.3
"""What is reserved for the input of a call, relative to its estimate."""


@dataclass(frozen=True)
class Price:
    """USD per million tokens.

    Parameters
    ----------
    input, output, cache_read, cache_write : float
    """

    input: float
    output: float
    cache_read: float
    cache_write: float

    def of(self, usage: Usage, *, batch: bool = False) -> float:
        """USD that some tokens cost."""
        total = (
            usage.input * self.input + usage.output * self.output
            + usage.cache_read * self.cache_read + usage.cache_write * self.cache_write
        )  # fmt: skip
        return total * (BATCH_DISCOUNT if batch else 1.0) / 1e6

    def most(self, estimate: float, max_tokens: int) -> float:
        """USD that a call can cost at most, for input tokens as estimated."""
        dearest = max(self.input, self.cache_write)
        return (SAFETY * estimate * dearest + max_tokens * self.output) / 1e6


FREE = Price(0.0, 0.0, 0.0, 0.0)


def price_of(endpoint: Endpoint) -> Price | None:
    """Price of a model: free on this machine and network, from offline tables elsewhere.

    Returns
    -------
    Price or None
        None where nobody knows.
    """
    if endpoint.free:
        return FREE
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    model = endpoint.model.removeprefix("anthropic/")
    rates = []
    for counted in (
        Tokens(input_tokens=1000), Tokens(output_tokens=1000),
        Tokens(input_tokens=1000, cache_read_tokens=1000),
        Tokens(input_tokens=1000, cache_write_tokens=1000),
    ):  # fmt: skip
        try:
            found = calc_price(counted, model_ref=model, provider_id="anthropic")
        except LookupError:
            return None
        rates.append(float(found.total_price) * 1000)
    return Price(*rates)


@dataclass
class Budget:
    """Money that may be spent; a call is reserved before it goes out and settled after.

    Parameters
    ----------
    limit : float, optional
        USD; unlimited by default.
    spent : float
        USD spent so far.
    """

    limit: float | None = None
    spent: float = 0.0
    reserved: float = field(default=0.0, init=False)
    calls_open: int = field(default=0, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    @property
    def left(self) -> float:
        """USD that are neither spent nor reserved."""
        return float("inf") if self.limit is None else self.limit - self.spent - self.reserved

    def fits(self, amount: float) -> bool:
        """Whether a call of at most this price may go out now."""
        return amount <= self.left + 1e-12

    def reserve(self, amount: float) -> None:
        """Set the most that a call can cost aside.

        Raises
        ------
        BudgetError
            If spent, reserved and this together pass the limit.
        """
        with self._lock:
            if not self.fits(amount):
                raise BudgetError(
                    f"The budget of {self.limit:.2f} USD is used up ({self.spent:.4f} USD spent; "
                    f"the next call could cost {amount:.4f} USD). Answers so far are kept: give a "
                    "higher --budget to go on."
                )
            self.reserved += amount
            self.calls_open += 1

    def settle(self, reserved: float, actual: float) -> None:
        """Replace a reservation by what the call cost."""
        with self._lock:
            self.calls_open -= 1
            # Sums of fractions leave crumbs behind; with nothing open there is nothing reserved.
            self.reserved = self.reserved - reserved if self.calls_open else 0.0
            self.spent += actual
