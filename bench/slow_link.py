"""A link with a long way: each piece comes out so many seconds after it went in, however many are on their way.

`.venv/bin/python -m bench.slow_link PORT TARGET SECONDS` listens on PORT of 127.0.0.1 and passes on to TARGET until it
is ended. SECONDS is one way: half a round trip.
"""

import asyncio
import sys
from contextlib import suppress

PIECE = 262_144


async def _way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    coming: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(200)

    async def out() -> None:
        while True:
            due, piece = await coming.get()
            await asyncio.sleep(due - loop.time())
            if not piece:
                writer.close()
                return
            writer.write(piece)
            await writer.drain()

    going = asyncio.create_task(out())
    with suppress(OSError):
        while piece := await reader.read(PIECE):
            await coming.put((loop.time() + seconds, piece))
    await coming.put((loop.time() + seconds, b""))
    with suppress(OSError):
        await going


async def _main(port: int, target: int, seconds: float) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target, limit=PIECE)
        await asyncio.gather(_way(reader, far_writer, seconds), _way(far_reader, writer, seconds))

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=PIECE)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
