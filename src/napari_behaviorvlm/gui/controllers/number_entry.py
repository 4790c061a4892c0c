"""Typing the number of a dot."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass
class NumberEntry:
    """Digits typed so far.

    Parameters
    ----------
    text : str
    """

    text: str = ""

    def type(self, digit: int, numbers: Collection[int]) -> int | None:
        """Add a digit.

        Parameters
        ----------
        digit : int
            0 to 9.
        numbers : collection of int
            Numbers that there are.

        Returns
        -------
        int or None
            The number, once no longer one can be meant; None while more digits may come. A leading
            0 says that one digit follows ("04").
        """
        text = self.text + str(digit)
        longer = any(
            str(number).startswith(text) and len(str(number)) > len(text) for number in numbers
        )
        if text == "0" or (longer and not text.startswith("0")):
            self.text = text
            return None
        self.text = ""
        return int(text)
