"""The bodies of a train server's messages."""

from __future__ import annotations

import operator
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._frames import ProtocolError


@dataclass(frozen=True)
class ModelEntry:
    """A model of a server; state and version say nothing while it is not loaded."""

    name: str
    loaded: bool
    frozen: bool
    version: int


@dataclass(frozen=True)
class ModelDescription:
    """What a client has to know to use a model."""

    version: int
    features: int
    labels: int
    logits: int
    batch_size: int


@dataclass(frozen=True)
class TrainReply:
    """What came of a batch: the loss is from before the update, and NaN for a duplicate."""

    version: int
    loss: float
    duplicate: bool
    step_microseconds: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class ScoreReply:
    """Probabilities `[examples, classes]`; one column, of label 1, if there are no classes."""

    version: int
    probabilities: NDArray[np.float32]


class Reader:
    """Reads a body field by field."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._offset = 0

    def take(self, format: str) -> tuple[int | float, ...]:
        """The next fields, as `struct` calls them."""
        try:
            fields = struct.unpack_from("<" + format, self._payload, self._offset)
        except struct.error as error:
            raise ProtocolError("an answer that ends too early") from error
        self._offset += struct.calcsize("<" + format)
        return fields

    def string(self) -> str:
        """The next string."""
        (count,) = self.take("H")
        text = self._payload[self._offset : self._offset + int(count)]
        self._offset += int(count)
        return text.decode()

    def figures(self) -> dict[str, float]:
        """The next list of names and numbers."""
        (count,) = self.take("I")
        return {self.string(): float(self.take("d")[0]) for _ in range(int(count))}

    def floats(self, count: int) -> NDArray[np.float32]:
        """The next array, which begins at a multiple of eight bytes."""
        self._offset = -(-self._offset // 8) * 8
        if self._offset + 4 * count > len(self._payload):
            raise ProtocolError("an answer that ends too early")
        return np.frombuffer(self._payload, "<f4", count, self._offset).copy()


def string(text: str) -> bytes:
    """A string: its bytes' number, then UTF-8."""
    data = text.encode()
    if len(data) > 0xFFFF:
        raise ValueError(f"a name of {len(data)} bytes; it may have 65,535")
    return struct.pack("<H", len(data)) + data


def _integer(value: int, name: str) -> int:
    """An integer that 64 bits hold."""
    number = operator.index(value)
    if not 0 <= number < 1 << 64:
        raise ValueError(f"{name} is {number}; expected an integer from 0 to 2^64 - 1")
    return number


def _array(body: bytearray, values: NDArray[np.float32]) -> None:
    body += bytes(-len(body) % 8)
    body += values.tobytes()


def _rows(values: ArrayLike, name: str) -> NDArray[np.float32]:
    given = np.asarray(values)
    if given.ndim == 0 or len(given) == 0:
        raise ValueError(f"{name} needs a row for each example, and at least one")
    array = np.ascontiguousarray(given, dtype="<f4")
    if given.dtype.kind in "iu" and np.any(array.astype(np.float64) != given):
        raise ValueError(f"{name} has integers that float32 does not hold exactly; ids have to be below 2^24")
    return array.reshape(len(array), -1)


def examples(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The examples `x` and their labels `y`, a row each."""
    rows, labels = _rows(x, "x"), _rows(y, "y")
    if len(rows) != len(labels):
        raise ValueError(f"{len(rows)} examples in x and {len(labels)} in y")
    return rows, labels


def train_batch(
    model: str,
    rows: NDArray[np.float32],
    labels: NDArray[np.float32],
    source: str,
    begin: int,
    end: int,
    deadline_ms: int = 0,
) -> bytes:
    """The body of TRAIN_BATCH."""
    body = bytearray(string(model) + string(source))
    body += struct.pack("<QQ", _integer(begin, "begin"), _integer(end, "end"))
    body += struct.pack("<IIII", deadline_ms, len(rows), rows.shape[1], labels.shape[1])
    _array(body, rows)
    _array(body, labels)
    return bytes(body)


def score_batch(model: str, x: ArrayLike, min_version: int, deadline_ms: int = 0) -> bytes:
    """The body of SCORE_BATCH."""
    rows = _rows(x, "x")
    body = bytearray(string(model))
    body += struct.pack("<QIII", _integer(min_version, "min_version"), deadline_ms, len(rows), rows.shape[1])
    _array(body, rows)
    return bytes(body)


def read_train_reply(payload: bytes) -> TrainReply:
    """The answer to TRAIN_BATCH."""
    reader = Reader(payload)
    version, loss, duplicate, microseconds = reader.take("QfB3xI")
    return TrainReply(int(version), float(loss), bool(duplicate), int(microseconds), reader.figures())


def read_score_reply(payload: bytes) -> ScoreReply:
    """The answer to SCORE_BATCH."""
    reader = Reader(payload)
    version, examples, classes = (int(field) for field in reader.take("QII"))
    return ScoreReply(version, reader.floats(examples * classes).reshape(examples, classes))


def read_models(payload: bytes) -> list[ModelEntry]:
    """The answer to LIST_MODELS."""
    reader = Reader(payload)
    (count,) = reader.take("I")
    entries = []
    for _ in range(int(count)):
        name = reader.string()
        loaded, frozen, version = reader.take("BBQ")
        entries.append(ModelEntry(name, bool(loaded), bool(frozen), int(version)))
    return entries


def read_description(payload: bytes) -> ModelDescription:
    """The answer to LOAD_MODEL."""
    return ModelDescription(*(int(field) for field in Reader(payload).take("QIIII")))


def read_offset(payload: bytes) -> int | None:
    """The answer to GET_OFFSET."""
    known, offset = Reader(payload).take("BQ")
    return int(offset) if known else None
