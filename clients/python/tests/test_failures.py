"""What the client does when something fails, against a server that fails when it is told to."""

from __future__ import annotations

import asyncio
import pickle
import unittest
from typing import Awaitable

import numpy as np
from fake_server import FakeServer, refuse_connection

from onlearn_client import Refused, TrainClient, aio

MODEL = "mlp"
X, Y = np.zeros((4, 3), dtype=np.float32), np.zeros(4, dtype=np.float32)


def offsets(server: FakeServer) -> list[tuple[int, int]]:
    """What the server has applied."""
    return [(batch.begin, batch.end) for batch in server.applied]


def client(server: FakeServer, timeout: float = 2.0) -> TrainClient:
    return TrainClient(*server.address, MODEL, timeout=timeout)


class RefusalTest(unittest.TestCase):
    def test_raises_a_gap_in_a_stream_at_once(self) -> None:
        with FakeServer() as server, client(server) as trainer:
            trainer.train(X, Y, source="s", begin=0, end=4)
            with self.assertRaises(Refused) as refused:
                trainer.train(X, Y, source="s", begin=8, end=12)
            self.assertEqual((refused.exception.code, refused.exception.detail), (407, 4))
            self.assertEqual(len(server.batches), 2)

    def test_raises_why_the_connection_ends(self) -> None:
        with FakeServer(refuse_connection(103, detail=16)) as server, client(server) as trainer:
            with self.assertRaises(Refused) as refused:
                trainer.train(X, Y)
            self.assertEqual((refused.exception.code, refused.exception.detail), (103, 16))
            self.assertEqual(len(server.batches), 1)
            trainer.train(X, Y)
            self.assertEqual(server.connections, 2)

    def test_connects_again_if_that_helps(self) -> None:
        with FakeServer(refuse_connection(109, retry=2)) as server, client(server) as trainer:
            trainer.train(X, Y)
            self.assertEqual((offsets(server), server.connections), ([(0, 4)], 2))

    def test_does_not_send_what_is_larger_than_the_server_takes(self) -> None:
        with FakeServer(payload_limit=200) as server, client(server) as trainer:
            large = np.zeros((100, 3), dtype=np.float32)
            with self.assertRaises(Refused) as refused:
                trainer.train(large, np.zeros(100, dtype=np.float32))
            self.assertEqual((refused.exception.code, refused.exception.detail), (103, 200))
            with self.assertRaises(Refused):
                trainer.score(large)
            trainer.train(X, Y)
            self.assertEqual((len(server.batches), server.connections), (1, 1))

    def test_is_pickled_with_all_it_says(self) -> None:
        refusal = Refused(103, "no", 16, 1, 0.5, True)
        self.assertEqual(vars(pickle.loads(pickle.dumps(refusal))), vars(refusal))


class AsyncioTest(unittest.IsolatedAsyncioTestCase):
    async def test_raises_what_the_server_says(self) -> None:
        with FakeServer(refuse_connection(103), payload_limit=200) as server:
            async with aio_client(server) as trainer:
                self.assertEqual(await refused(trainer.train(X, Y)), 103)
                self.assertEqual(await refused(trainer.score(np.zeros((100, 3), dtype=np.float32))), 103)
                await trainer.train(X, Y)
            self.assertEqual((len(server.batches), server.connections), (2, 2))


def aio_client(server: FakeServer) -> aio.TrainClient:
    return aio.TrainClient(*server.address, MODEL, timeout=2.0)


async def refused(request: Awaitable[object]) -> int:
    """The number of the refusal that the request gets."""
    try:
        await request
    except Refused as refusal:
        return refusal.code
    raise AssertionError("the request was not refused")


if __name__ == "__main__":
    unittest.main()
