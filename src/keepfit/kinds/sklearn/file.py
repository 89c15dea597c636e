"""What a model of kind `sklearn` keeps beside its estimator; light, for those who only serve it."""

from __future__ import annotations

from keepfit.kinds.encoding import Encoding
from keepfit.records.base import Label, Record


class Header(Record, frozen=True, kw_only=True):
    """What is kept of the model beside the estimator."""

    estimator: tuple[str, ...]  # full names, in the order of the pipeline
    encoding: Encoding
    scale: bool = False  # numbers to mean 0 and deviation 1; scikit-learn leaves them as they are
    classes: tuple[Label, ...] = ()

    @property
    def width(self) -> int:
        """How many columns the matrix has that the estimator reads."""
        return len(self.encoding.numbers) + sum(c.size for c in self.encoding.categories)
