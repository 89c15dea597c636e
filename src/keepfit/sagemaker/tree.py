"""Where SageMaker puts what a container reads, and looks for what it writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/opt/ml")  # in every container


@dataclass(frozen=True, slots=True)
class Tree:
    """The folders of one container."""

    root: Path

    @property
    def hyperparameters(self) -> Path:
        """The job's settings: an object of strings."""
        return self.root / "input" / "config" / "hyperparameters.json"

    @property
    def channels(self) -> Path:
        """What each channel holds, told by the job."""
        return self.root / "input" / "config" / "inputdataconfig.json"

    @property
    def resources(self) -> tuple[Path, Path]:
        """The machines of the job; SageMaker and its samples spell the name in two ways."""
        config = self.root / "input" / "config"
        return config / "resourceconfig.json", config / "resourceConfig.json"

    @property
    def data(self) -> Path:
        """Below it a folder a channel."""
        return self.root / "input" / "data"

    @property
    def model(self) -> Path:
        """What training leaves, and serving finds."""
        return self.root / "model"

    @property
    def failure(self) -> Path:
        """Why a job failed: its first 1,024 characters are shown to whoever started it."""
        return self.root / "output" / "failure"

    @property
    def scratch(self) -> Path:
        """What a job needs for itself; gone when it ends."""
        return self.root / "keepfit-scratch"
