"""Trains and scores models of an onlearn train server."""

from ._errors import OnlearnError, Refused, Unavailable
from ._messages import ModelDescription, ModelEntry, ScoreReply, TrainReply
from ._sync import TrainClient

__all__ = [
    "ModelDescription",
    "ModelEntry",
    "OnlearnError",
    "Refused",
    "ScoreReply",
    "TrainClient",
    "TrainReply",
    "Unavailable",
]
