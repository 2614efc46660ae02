"""What the client does when something fails, against a server that fails when it is told to."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import threading
import unittest
from typing import Awaitable, Callable
from unittest import mock

import numpy as np
from fake_server import FakeServer, answer_after, lose_answer, refuse, refuse_connection

from onlearn_client import Refused, TrainClient, Unavailable, aio

MODEL = "mlp"
X, Y = np.zeros((4, 3), dtype=np.float32), np.zeros(4, dtype=np.float32)
# How long a client waits in vain, where it has to.
SHORT = 0.2


def offsets(server: FakeServer) -> list[tuple[int, int]]:
    """What the server has applied."""
    return [(batch.begin, batch.end) for batch in server.applied]


def streams(server: FakeServer) -> int:
    """From how many streams the server has applied something."""
    return len({batch.source for batch in server.applied})


def client(server: FakeServer, timeout: float = 2.0) -> TrainClient:
    return TrainClient(*server.address, MODEL, timeout=timeout)


class OwnStreamTest(unittest.TestCase):
    def test_goes_on_after_a_batch_that_cannot_be_sent(self) -> None:
        with FakeServer() as server, client(server) as trainer:
            trainer.train(X, Y)
            with self.assertRaises(ValueError):
                trainer.train(X, Y[:2])
            trainer.train(X, Y)
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (4, 8)], 1))

    def test_goes_on_where_it_was_after_a_refusal_that_changed_nothing(self) -> None:
        with FakeServer(FakeServer.apply, refuse(304, detail=2)) as server, client(server) as trainer:
            trainer.train(X, Y)
            with self.assertRaises(Refused) as refused:
                trainer.train(X, Y)
            self.assertEqual((refused.exception.code, refused.exception.detail), (304, 2))
            trainer.train(X, Y)
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (4, 8)], 1))

    def test_has_a_batch_applied_once_whose_answer_was_lost(self) -> None:
        with FakeServer(lose_answer) as server, client(server) as trainer:
            self.assertTrue(trainer.train(X, Y).duplicate)
            self.assertFalse(trainer.train(X, Y).duplicate)
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (4, 8)], 1))

    def test_begins_a_new_stream_if_no_answer_came_in_time(self) -> None:
        answer = threading.Event()
        with FakeServer(answer_after(answer)) as server, client(server, timeout=2.0) as trainer:
            with self.assertRaises(Unavailable):
                trainer.train(X, Y)
            answer.set()
            self.assertFalse(trainer.train(X, Y).duplicate)
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (0, 4)], 2))

    def test_begins_a_new_stream_if_the_refused_batch_may_have_been_applied_before(self) -> None:
        with FakeServer(lose_answer, refuse(202)) as server, client(server) as trainer:
            with self.assertRaises(Refused):
                trainer.train(X, Y)
            self.assertFalse(trainer.train(X, Y).duplicate)
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (0, 4)], 2))

    def test_begins_a_new_stream_if_the_server_has_forgotten_the_old_one(self) -> None:
        with FakeServer(FakeServer.apply, refuse(407, retry=1)) as server, client(server) as trainer:
            trainer.train(X, Y)
            with self.assertRaises(Refused) as refused:
                trainer.train(X, Y)
            self.assertEqual(refused.exception.code, 407)
            trainer.train(X, Y)
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (0, 4)], 2))

    def test_is_shared_by_threads(self) -> None:
        with FakeServer() as server, client(server) as trainer:
            other = threading.Thread(target=lambda: trainer.train(X, Y))

            class Slow:
                """Examples of which another thread's batch is sent while they are read, if nothing prevents that."""

                def __len__(self) -> int:
                    return len(X)

                def __array__(self, *_: object, **__: object) -> np.ndarray:
                    other.start()
                    other.join(SHORT)
                    return X

            self.assertFalse(trainer.train(Slow(), Y).duplicate)
            other.join()
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (4, 8)], 1))


class ForkTest(unittest.TestCase):
    def test_has_a_stream_and_a_connection_of_its_own_in_a_forked_process(self) -> None:
        with FakeServer() as server, client(server) as trainer:
            trainer.train(X, Y)
            self.assertTrue(in_child(lambda: not trainer.train(X, Y).duplicate))
            self.assertFalse(trainer.train(X, Y).duplicate)
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (0, 4), (4, 8)], 2))
            self.assertEqual(server.connections, 2)

    def test_does_not_wait_in_a_forked_process_for_what_a_thread_of_the_parent_asked(self) -> None:
        answer = threading.Event()
        with FakeServer(answer_after(answer)) as server, client(server) as trainer:
            other = threading.Thread(target=lambda: trainer.train(X, Y))
            other.start()
            server.arrived.get(timeout=5)
            self.assertTrue(in_child(lambda: not trainer.train(X, Y).duplicate))
            answer.set()
            other.join()
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (0, 4)], 2))


    def test_has_them_in_a_forked_process_also_with_asyncio(self) -> None:
        async def run(server: FakeServer) -> None:
            async with aio_client(server) as trainer:
                await trainer.train(X, Y)
                self.assertTrue(in_child(lambda: not asyncio.run(trainer.train(X, Y)).duplicate))
                self.assertFalse((await trainer.train(X, Y)).duplicate)

        with FakeServer() as server:
            asyncio.run(run(server))
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (0, 4), (4, 8)], 2))


class WrongRequestTest(unittest.TestCase):
    def test_is_a_value_error_before_anything_is_sent(self) -> None:
        with FakeServer() as server, client(server) as trainer:
            wrong: list[Callable[[], object]] = [
                lambda: trainer.train(np.float32(1), np.float32(1)),
                lambda: trainer.score(3),
                lambda: trainer.train(X, Y, source="s", begin=-1, end=4),
                lambda: trainer.train(X, Y, source="s", begin=0, end=1 << 64),
                lambda: trainer.train(X, Y, source="", begin=0, end=4),
                lambda: trainer.train(X, Y, source="s" * 65_536, begin=0, end=4),
                lambda: trainer.offset("s" * 65_536),
                lambda: trainer.score(X, min_version=-1),
            ]
            for ask in wrong:
                with self.assertRaises(ValueError):
                    ask()
            self.assertEqual(server.connections, 0)
            trainer.train(X, Y)
            self.assertEqual((offsets(server), streams(server)), ([(0, 4)], 1))


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
            self.assertEqual((offsets(server), len(server.batches), server.connections), ([(0, 4)], 1, 1))

    def test_is_pickled_with_all_it_says(self) -> None:
        refusal = Refused(103, "no", 16, 1, 0.5, True)
        self.assertEqual(vars(pickle.loads(pickle.dumps(refusal))), vars(refusal))


class AsyncioTest(unittest.IsolatedAsyncioTestCase):
    async def test_begins_a_new_stream_after_a_batch_that_was_cancelled_on_its_way(self) -> None:
        answer = threading.Event()
        with FakeServer(answer_after(answer)) as server:
            async with aio_client(server) as trainer:
                cancelled = asyncio.create_task(trainer.train(X, Y))
                await arrival(server)
                cancelled.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await cancelled
                answer.set()
                self.assertFalse((await trainer.train(X, Y)).duplicate)
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (0, 4)], 2))

    async def test_takes_nothing_for_a_batch_that_was_cancelled_before_its_turn(self) -> None:
        answer = threading.Event()
        with FakeServer(answer_after(answer)) as server:
            async with aio_client(server) as trainer:
                first, cancelled, last = (asyncio.create_task(trainer.train(X, Y)) for _ in range(3))
                await arrival(server)
                cancelled.cancel()
                answer.set()
                self.assertFalse((await first).duplicate)
                self.assertFalse((await last).duplicate)
            self.assertTrue(cancelled.cancelled())
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (4, 8)], 1))

    async def test_goes_on_after_batches_that_failed(self) -> None:
        with FakeServer(lose_answer, refuse(304)) as server:
            async with aio_client(server) as trainer:
                self.assertEqual(await refused(trainer.train(X, Y)), 304)
                self.assertFalse((await trainer.train(X, Y)).duplicate)
                with self.assertRaises(ValueError):
                    await trainer.train(X, Y[:2])
                self.assertFalse((await trainer.train(X, Y)).duplicate)
            self.assertEqual((offsets(server), streams(server)), ([(0, 4), (0, 4), (4, 8)], 2))

    async def test_raises_what_the_server_says(self) -> None:
        with FakeServer(refuse_connection(103), refuse(407, retry=1), payload_limit=200) as server:
            async with aio_client(server) as trainer:
                self.assertEqual(await refused(trainer.train(X, Y)), 103)
                self.assertEqual(await refused(trainer.train(X, Y, source="s", begin=8, end=12)), 407)
                self.assertEqual(await refused(trainer.score(np.zeros((100, 3), dtype=np.float32))), 103)
                await trainer.train(X, Y)
            self.assertEqual((len(server.batches), server.connections), (3, 2))


    async def test_connects_again_if_the_system_gives_a_connection_up(self) -> None:
        connect = asyncio.open_connection

        async def fail_once(*address: object) -> object:
            asyncio.open_connection = connect
            raise TimeoutError(110, "Connection timed out")

        with FakeServer() as server, mock.patch("asyncio.open_connection", fail_once):
            async with aio_client(server) as trainer:
                await trainer.train(X, Y)
            self.assertEqual(offsets(server), [(0, 4)])


def in_child(body: Callable[[], bool]) -> bool:
    """Whether `body` says yes in a forked process."""
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        status = 1
        try:
            status = 0 if body() else 1
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def aio_client(server: FakeServer) -> aio.TrainClient:
    return aio.TrainClient(*server.address, MODEL, timeout=2.0)


async def arrival(server: FakeServer) -> None:
    """Waits until a batch has come."""
    await asyncio.to_thread(server.arrived.get, timeout=5)


async def refused(request: Awaitable[object]) -> int:
    """The number of the refusal that the request gets."""
    try:
        await request
    except Refused as refusal:
        return refusal.code
    raise AssertionError("the request was not refused")


if __name__ == "__main__":
    unittest.main()
