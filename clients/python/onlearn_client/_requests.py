"""What both clients have in common: which request each method makes, and when one is sent again."""

from __future__ import annotations

import os
import random
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Callable, Generic, Iterator, TypeVar

from numpy.typing import ArrayLike

from . import _messages as messages
from ._errors import Refused, Unavailable
from ._frames import ErrorCode, MessageType

Answer = TypeVar("Answer")

WORKER, ADMIN = 1, 2

# After these refusals a batch is certainly not applied, and its stream ends where it did. A gap or an overlap is none
# of them: the server knows another end of the stream than the client, as one does that has lost its latest batches.
_CHANGES_NOTHING = frozenset(
    {
        ErrorCode.FRAME_TOO_LARGE,
        ErrorCode.FORBIDDEN,
        ErrorCode.MALFORMED,
        ErrorCode.LIMIT,
        ErrorCode.UNKNOWN_MODEL,
        ErrorCode.SHAPE_MISMATCH,
        ErrorCode.NOT_FINITE,
        ErrorCode.SCHEMA_CONFLICT,
        ErrorCode.BUSY,
        ErrorCode.DRAINING,
        ErrorCode.DEADLINE,
    }
)


@dataclass(frozen=True)
class Request(Generic[Answer]):
    """A request, how its answer is read, and who has to know while it is on its way."""

    type: MessageType
    payload: bytes
    read: Callable[[bytes], Answer]
    on_its_way: Callable[[], AbstractContextManager[None]] = nullcontext


class OwnStream:
    """The stream of a client's batches without a source, so that each is applied once, however often it is sent.

    Where it ends is in doubt while a batch is on its way, and stays so if the client does not learn what became of it.
    The next batch then begins a stream of another name: in the old one it might be taken for the one in doubt.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._name = "python-" + os.urandom(8).hex()
        self._end = 0
        self._is_in_doubt = False

    def place(self) -> tuple[str, int]:
        """The name of the stream and the offset that the next batch has there."""
        if self._is_in_doubt:
            self._begin()
        return self._name, self._end

    @contextmanager
    def batch_on_its_way(self, end: int) -> Iterator[None]:
        """Surrounds one attempt to have the batch that ends at `end` applied, from its first byte to its answer."""
        # An earlier attempt whose answer was lost may have had the batch applied, whatever becomes of this one.
        was_in_doubt, self._is_in_doubt = self._is_in_doubt, True
        try:
            yield
        except Refused as error:
            if error.code in _CHANGES_NOTHING:
                self._is_in_doubt = was_in_doubt
            raise
        self._end = end
        self._is_in_doubt = False


class Requests:
    """Makes the requests about one model; batches without a source get one of the client's own.

    A batch is made when it is its turn to be sent, not before: where it begins depends on what became of the last one.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._own = OwnStream()

    def models(self) -> Request[list[messages.ModelEntry]]:
        return Request(MessageType.LIST_MODELS, b"", messages.read_models)

    def load(self) -> Request[messages.ModelDescription]:
        return Request(MessageType.LOAD_MODEL, messages.string(self._model), messages.read_description)

    def unload(self) -> Request[None]:
        return Request(MessageType.UNLOAD_MODEL, messages.string(self._model), lambda _: None)

    def freeze(self, frozen: bool) -> Request[None]:
        payload = messages.string(self._model) + bytes([frozen])
        return Request(MessageType.SET_STATE, payload, lambda _: None)

    def metrics(self) -> Request[dict[str, float]]:
        payload = messages.string(self._model)
        return Request(MessageType.METRICS, payload, lambda answer: messages.Reader(answer).figures())

    def offset(self, source: str) -> Request[int | None]:
        payload = messages.string(self._model) + messages.string(source)
        return Request(MessageType.GET_OFFSET, payload, messages.read_offset)

    def train(
        self, x: ArrayLike, y: ArrayLike, source: str | None, begin: int | None, end: int | None
    ) -> Request[messages.TrainReply]:
        on_its_way: Callable[[], AbstractContextManager[None]] = nullcontext
        rows, labels = messages.examples(x, y)
        if source is None:
            if begin is not None or end is not None:
                raise ValueError("begin and end belong to a source")
            source, begin = self._own.place()
            end = begin + len(rows)
            on_its_way = partial(self._own.batch_on_its_way, end)
        elif not source or begin is None or end is None or not begin < end:
            raise ValueError("a source needs a name, begin and end, with begin below end")
        payload = messages.train_batch(self._model, rows, labels, source, begin, end)
        return Request(MessageType.TRAIN_BATCH, payload, messages.read_train_reply, on_its_way)

    def score(self, x: ArrayLike, min_version: int) -> Request[messages.ScoreReply]:
        payload = messages.score_batch(self._model, x, min_version)
        return Request(MessageType.SCORE_BATCH, payload, messages.read_score_reply)


def ends_connection(error: Exception) -> bool:
    """Whether a request that failed with `error` leaves a connection on which nothing more can be asked."""
    return not isinstance(error, Refused) or error.closes_connection or error.retry == 2


def _may_pass(refusal: Refused) -> bool:
    """Whether the same request may succeed later."""
    # What would fill a gap can only come from the caller, who waits for the answer.
    return refusal.retry in (1, 2) and refusal.code != ErrorCode.OFFSET_GAP


class Attempts:
    """The repetitions of one request: how long to pause after each failure, and when to give up."""

    def __init__(self, now: float, timeout: float) -> None:
        self._end = now + timeout
        self._pause = 0.05
        self._timeout = timeout

    def remaining(self, now: float) -> float:
        """How much time is left, never none."""
        return max(0.001, self._end - now)

    def pause(self, error: Exception, now: float) -> float:
        """How long to wait before the request is sent again; raises if it is not to be."""
        if isinstance(error, Refused) and not _may_pass(error):
            raise error
        asked = error.retry_after if isinstance(error, Refused) else 0.0
        pause = max(asked, self._pause * random.uniform(0.5, 1.0))
        self._pause = min(2 * self._pause, 5.0)
        if now + pause >= self._end:
            problem = str(error) or "timed out"
            raise Unavailable(f"no good answer in {self._timeout:g} s: {problem}") from error
        return pause
