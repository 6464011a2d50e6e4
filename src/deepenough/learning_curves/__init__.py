"""Would more data help, or a deeper model? Learning curves of the best simpler model and of the best network."""

from ._learn import learn

__all__ = ["learn"]
