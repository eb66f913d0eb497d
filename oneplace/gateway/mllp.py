"""A listener for HL7 v2 over MLLP: one port for one organisation's feed; each message is answered once it is durable.

Source: HL7 v2 transport specification, MLLP release 1: <VT> message <FS> <CR>. The protocol has no encryption and no
sign-in: it listens on this machine alone unless told otherwise, and belongs behind a TLS tunnel.
Messages that wait, of whatever connection, are taken in together, by one thread with a database connection of its own.
A sender that hangs up before its answer finds its message filed: sent again it is a duplicate with the same answer.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import close_old_connections, connection

from oneplace import formats
from oneplace.formats.hl7v2 import FORMAT, ack
from oneplace.gateway.receive import Fate, Item, receive
from oneplace.kernel import clock
from oneplace.kernel.rows import Reject

START, END = b"\x0b", b"\x1c"
LARGEST_BYTES = 20 * 1024 * 1024
MOST_CONNECTIONS = 100
MOST_WAITING = 500
"""Messages read and not yet filed, over all connections: beyond that, reading stops and senders wait."""
STALLED_SECONDS, IDLE_SECONDS = 60, 24 * 3600
"""How long a half-sent message and a silent connection are waited for."""
_RETRY = "It could not be stored and nothing of it was kept; send it again later."
_TOO_LONG = f"The message is longer than {LARGEST_BYTES // 1024 // 1024} MB and was not kept; send it in parts."

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Frames:
    """Bytes as they come, taken apart into messages. What stands outside a frame is dropped and counted."""

    largest: int = LARGEST_BYTES
    strays: int = 0
    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that these bytes complete. Raises ValueError for one that grows too long."""
        self._buffer += data
        found = []
        while True:
            start = self._buffer.find(START)
            self._drop(len(self._buffer) if start < 0 else start)
            end = self._buffer.find(END)
            if end < 0:
                break
            # A start within a message: its sender broke off and began again; half a message is no message.
            begin = self._buffer.rfind(START, 0, end)
            found.append(bytes(self._buffer[begin + 1 : end]))
            del self._buffer[: end + 1]
        if len(self._buffer) > self.largest:
            raise ValueError("message too long")
        return found

    def _drop(self, count: int) -> None:
        self.strays += len(self._buffer[:count].strip(b"\r\n\x1c"))
        del self._buffer[:count]

    @property
    def half(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer)


def outcomes(raws: list[bytes], *, feed_code: str, processing: str = "P") -> list[list[bytes]]:
    """Take in messages together; returns for each the answers that its sender is to get.

    Where storing fails, what was not yet durable is tried once more message by message; then its sender is told.
    """
    pieces = [(number, raw) for number, frame in enumerate(raws) for raw in formats.split(frame)]
    items = [_item(raw, feed_code, processing) for _, raw in pieces]
    refusals: list[Reject | None] = []

    def note(_: Item, fate: Fate) -> None:
        refusals.append(fate.refusal)

    try:
        receive(items, by=f"feed:{feed_code}", answer=note)
    except Exception as error:
        log.error("storing failed (%s): %d of %d messages are tried again", type(error).__name__,
                  len(items) - len(refusals), len(items))  # fmt: skip
        connection.close()
        refusals += [_alone(item, feed_code) for item in items[len(refusals) :]]
    told: list[list[bytes]] = [[] for _ in raws]
    for (number, raw), refusal in zip(pieces, refusals, strict=True):
        told[number] += ack.answers(ack.header_of(raw), refusal, clock.real_now())
    return told


def _item(raw: bytes, feed_code: str, processing: str) -> Item:
    header = ack.header_of(raw)
    refusal = None
    if header.processing and header.processing != processing:
        reason = f"This port takes messages with processing id {processing} alone; send tests to a place for tests."
        refusal = Reject(reason, "processing-id", "MSH-11", FORMAT)
    return Item("", raw, "mllp", feed_code, refusal=refusal)


def _alone(item: Item, feed_code: str) -> Reject | None:
    """The fate of one message taken in by itself."""
    fates: list[Fate] = []
    try:
        receive([item], by=f"feed:{feed_code}", answer=lambda _, fate: fates.append(fate))
        return fates[0].refusal
    except Exception as error:
        log.error("storing failed (%s): its sender is told to send again", type(error).__name__)
        connection.close()
        return Reject(_RETRY, ack.NOT_KEPT, "", FORMAT)


Waiting = tuple[bytes, "asyncio.Future[list[bytes]]"]


class Listener:
    """One port. `serve` runs until `stop` is called, and answers whatever was read before it returns."""

    def __init__(self, *, feed_code: str, host: str, port: int, processing: str = "P") -> None:
        self.feed_code, self.host, self.port, self.processing = feed_code, host, port, processing
        self._stopping = asyncio.Event()
        self._waiting: asyncio.Queue[Waiting] = asyncio.Queue(MOST_WAITING)
        self._open: set[asyncio.Task[None]] = set()
        self._thread = ThreadPoolExecutor(1, "mllp")

    def stop(self) -> None:
        """Take nothing more in; what was read is still filed and answered."""
        self._stopping.set()

    async def serve(self, ready: Callable[[int], None]) -> None:
        """Listen; `ready` is told the port once it is open."""
        server = await asyncio.start_server(self._accept, self.host, self.port)
        filing = asyncio.create_task(self._file())
        ready(server.sockets[0].getsockname()[1])
        await self._stopping.wait()
        server.close()
        if self._open:
            await asyncio.wait(self._open)
        filing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await filing
        await asyncio.get_running_loop().run_in_executor(self._thread, lambda: connection.close())
        self._thread.shutdown()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= MOST_CONNECTIONS or self._stopping.is_set():
            log.warning("a connection more than %d was refused", MOST_CONNECTIONS)
            writer.close()
            return
        self._open.add(task)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, TimeoutError, asyncio.CancelledError) as error:
            log.info("a connection ended: %s", type(error).__name__)
        finally:
            self._open.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames()
        while not self._stopping.is_set():
            data = await self._read(reader, STALLED_SECONDS if frames.half else IDLE_SECONDS)
            if not data:
                break
            try:
                complete = frames.feed(data)
            except ValueError:
                too_long = Reject(_TOO_LONG, "too-long", "", FORMAT)
                await self._write(writer, ack.answers(ack.Header(), too_long, clock.real_now()))
                break
            answers = [await self._ask(raw) for raw in complete]
            for answer in answers:
                await self._write(writer, await answer)
        if frames.strays:
            log.warning("%d bytes stood outside any message and were dropped", frames.strays)

    async def _read(self, reader: asyncio.StreamReader, seconds: float) -> bytes:
        """The next bytes; none at the end of the connection or of the listener."""
        reading = asyncio.ensure_future(reader.read(65536))
        stopping = asyncio.ensure_future(self._stopping.wait())
        done, _ = await asyncio.wait({reading, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if reading in done:
            return reading.result()
        reading.cancel()
        if not done:
            raise TimeoutError
        return b""

    async def _ask(self, raw: bytes) -> "asyncio.Future[list[bytes]]":
        answer: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
        await self._waiting.put((raw, answer))
        return answer

    @staticmethod
    async def _write(writer: asyncio.StreamWriter, answers: list[bytes]) -> None:
        for answer in answers:
            writer.write(START + answer + END + b"\r")
        await asyncio.wait_for(writer.drain(), STALLED_SECONDS)

    async def _file(self) -> None:
        """File what waits, all of it together, again and again."""
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                told = await loop.run_in_executor(self._thread, self._outcomes, [raw for raw, _ in batch])
            except Exception as error:  # a fault of ours: nobody is answered, so everybody sends again
                log.error("%d messages could not be answered (%s)", len(batch), type(error).__name__)
                for _, answer in batch:
                    answer.cancel()
                continue
            for (_, answer), answers in zip(batch, told, strict=True):
                if not answer.done():
                    answer.set_result(answers)

    def _outcomes(self, raws: list[bytes]) -> list[list[bytes]]:
        close_old_connections()
        return outcomes(raws, feed_code=self.feed_code, processing=self.processing)


def listen(*, feed_code: str, host: str, port: int, processing: str, ready: Callable[[int], None]) -> None:
    """Listen until TERM or an interrupt. Raises OSError where the port can't be opened."""

    async def run() -> None:
        listener = Listener(feed_code=feed_code, host=host, port=port, processing=processing)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, listener.stop)
        await listener.serve(ready)

    asyncio.run(run())
