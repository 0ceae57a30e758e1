"""What goes wrong with datasets."""

from __future__ import annotations


class DatasetError(ValueError):
    """A dataset cannot be used; the message names the file, what is wrong and what to do."""


class SplitsError(DatasetError):
    """Splits cannot be made or used."""
