"""Programs for asyncio, each with what it evaluates to."""

from __future__ import annotations

__all__ = ["POLLABLES", "PROGRAMS", "REFUSED"]

# Each sets `result`; the second part is its repr.
PROGRAMS = {
    "gather": (
        """
start = time.monotonic()
async def main():
    return await asyncio.gather(*(asyncio.sleep(0.05, number) for number in range(5)))
result = asyncio.run(main()), 0.04 < time.monotonic() - start < 0.2
""",
        "([0, 1, 2, 3, 4], True)",
    ),
    "order of timers": (
        """
async def main():
    said = []
    async def say(delay):
        await asyncio.sleep(delay)
        said.append(delay)
    await asyncio.gather(say(0.06), say(0.02), say(0.04), say(0))
    return said
result = asyncio.run(main())
""",
        "[0, 0.02, 0.04, 0.06]",
    ),
    "timeout": (
        """
async def main():
    try:
        async with asyncio.timeout(0.02):
            await asyncio.sleep(5)
    except TimeoutError:
        return "timeout"
result = asyncio.run(main())
""",
        "'timeout'",
    ),
    "wait_for": (
        """
async def main():
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.02)
    except TimeoutError:
        return await asyncio.wait_for(asyncio.sleep(0, "in time"), 1)
result = asyncio.run(main())
""",
        "'in time'",
    ),
    "task group": (
        """
async def main():
    seen = []
    async def fail():
        await asyncio.sleep(0.01)
        raise KeyError("x")
    async def slow():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(slow())
            group.create_task(fail())
    except* KeyError as errors:
        seen.append(errors.exceptions)
    return seen
result = asyncio.run(main())
""",
        "['cancelled', (KeyError('x'),)]",
    ),
    "queue": (
        """
async def main():
    queue, got = asyncio.Queue(2), []
    async def produce():
        for number in [*range(5), None]:
            await queue.put(number)
    async def consume():
        while (number := await queue.get()) is not None:
            got.append((number, queue.qsize() <= 2))
            await asyncio.sleep(0)
    await asyncio.gather(produce(), consume())
    return len(got), all(fits for _, fits in got)
result = asyncio.run(main())
""",
        "(5, True)",
    ),
    "lock": (
        """
async def main():
    lock, said = asyncio.Lock(), []
    async def work(name):
        async with lock:
            said.append(name)
            await asyncio.sleep(0.005)
            said.append(name)
    await asyncio.gather(work("a"), work("b"))
    return said
result = asyncio.run(main())
""",
        "['a', 'a', 'b', 'b']",
    ),
    "semaphore": (
        """
async def main():
    semaphore, inside, most = asyncio.Semaphore(2), 0, 0
    async def work():
        nonlocal inside, most
        async with semaphore:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1
    await asyncio.gather(*(work() for _ in range(6)))
    return most
result = asyncio.run(main())
""",
        "2",
    ),
    "event and condition": (
        """
async def main():
    event, condition, said = asyncio.Event(), asyncio.Condition(), []
    async def wait():
        await event.wait()
        async with condition:
            await condition.wait()
            said.append("notified")
    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    event.set()
    await asyncio.sleep(0.001)
    async with condition:
        condition.notify_all()
    await task
    return said
result = asyncio.run(main())
""",
        "['notified']",
    ),
    "asynchronous generators": (
        """
said = []
async def numbers():
    try:
        for number in range(9):
            yield number
            await asyncio.sleep(0)
    finally:
        await asyncio.sleep(0)
        said.append("closed")
async def main():
    said.append([number async for number in numbers() if number % 2])
    left.append(numbers())
    said.append(await anext(left[0]))
left = []
asyncio.run(main())
result = said
""",
        "['closed', [1, 3, 5, 7], 0, 'closed']",
    ),
    "leftover tasks": (
        """
said = []
async def forever():
    try:
        await asyncio.sleep(99)
    finally:
        said.append("cancelled")
async def main():
    tasks.append(asyncio.create_task(forever()))
    await asyncio.sleep(0)
tasks = []
asyncio.run(main())
result = said, tasks[0].cancelled()
""",
        "(['cancelled'], True)",
    ),
    "cancellation": (
        """
async def main():
    task = asyncio.create_task(asyncio.sleep(99))
    await asyncio.sleep(0)
    task.cancel("enough")
    try:
        await task
    except asyncio.CancelledError as error:
        return error.args
result = asyncio.run(main())
""",
        "('enough',)",
    ),
    "shield": (
        """
async def main():
    inner = asyncio.ensure_future(asyncio.sleep(0.03, "kept"))
    try:
        await asyncio.wait_for(asyncio.shield(inner), 0.01)
    except TimeoutError:
        return await inner
result = asyncio.run(main())
""",
        "'kept'",
    ),
    "as_completed": (
        """
async def main():
    coroutines = [asyncio.sleep(delay, delay) for delay in (0.05, 0.01, 0.03)]
    return [await each for each in asyncio.as_completed(coroutines)]
result = asyncio.run(main())
""",
        "[0.01, 0.03, 0.05]",
    ),
    "wait for the first": (
        """
async def main():
    tasks = [asyncio.create_task(asyncio.sleep(delay, delay)) for delay in (0.01, 9)]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    return [task.result() for task in done], len(pending)
result = asyncio.run(main())
""",
        "([0.01], 1)",
    ),
    "runner": (
        """
with asyncio.Runner() as runner:
    first = runner.run(asyncio.sleep(0, 1))
    second = runner.run(asyncio.sleep(0.001, 2))
    loop = runner.get_loop()
result = first, second, loop.is_closed()
""",
        "(1, 2, True)",
    ),
    "new_event_loop": (
        """
loop = asyncio.new_event_loop()
said = []
loop.call_later(0.01, said.append, "later")
loop.call_later(0.02, loop.stop)
loop.call_soon_threadsafe(said.append, "soon")
loop.run_forever()
result = said, loop.run_until_complete(asyncio.sleep(0, "done"))
loop.close()
result = *result, loop.is_closed()
""",
        "(['soon', 'later'], 'done', True)",
    ),
    "debug mode": (
        """
async def main():
    await asyncio.sleep(0.001)
    return asyncio.get_running_loop().get_debug()
result = asyncio.run(main(), debug=True)
""",
        "True",
    ),
    "a run inside a run": (
        """
async def main():
    inner = asyncio.sleep(0)
    try:
        asyncio.run(inner)
    except RuntimeError as error:
        inner.close()
        return str(error)
result = asyncio.run(main())
""",
        "'asyncio.run() cannot be called from a running event loop'",
    ),
    "functions given to threads": (
        """
async def main():
    loop = asyncio.get_running_loop()
    try:
        await asyncio.to_thread(int, "x")
    except ValueError as error:
        return await loop.run_in_executor(None, max, 3, 7), await asyncio.to_thread(len, "abc"), str(error)
result = asyncio.run(main())
""",
        """(7, 3, "invalid literal for int() with base 10: 'x'")""",
    ),
    "context variables": (
        """
import contextvars
variable = contextvars.ContextVar("variable", default=0)
async def work(number):
    variable.set(number)
    await asyncio.sleep(0.001)
    return variable.get()
async def main():
    return await asyncio.gather(work(1), work(2)), variable.get()
result = asyncio.run(main())
""",
        "([1, 2], 0)",
    ),
    "exceptions": (
        """
seen = []
async def fail(error):
    raise error
for error in (KeyError("k"), KeyboardInterrupt("stop")):
    try:
        asyncio.run(fail(error))
    except BaseException as caught:
        seen.append(caught is error)
result = seen, asyncio.run(asyncio.sleep(0, "again"))
""",
        "([True, True], 'again')",
    ),
}
POLLABLES = {
    "pollables and timers together": """
start = time.monotonic()
async def main():
    after = clock.subscribe_duration
    await asyncio.gather(aio.ready(after(60_000_000)), asyncio.sleep(0.05), *(aio.ready(after(1)) for _ in range(3)))
{run}(main())
result = 0.05 < time.monotonic() - start < 0.2
""",
    "a pollable that is cancelled": """
async def main():
    try:
        async with asyncio.timeout(0.02):
            await aio.ready(clock.subscribe_duration(5_000_000_000))
    except TimeoutError:
        await aio.ready(clock.subscribe_duration(1))
        return True
result = {run}(main())
""",
    "a pollable beside a busy task": """
async def main():
    waiting = asyncio.create_task(aio.ready(clock.subscribe_duration(10_000_000)))
    while not waiting.done():
        await asyncio.sleep(0)
    return True
result = {run}(main())
""",
}
REFUSED = {
    "asyncio.open_connection('127.0.0.1', 9)": "use asyncio's sockets: for HTTP use wasi:http",
    "asyncio.start_server(print, port=0)": "listen: its host calls its exports",
    "asyncio.create_subprocess_exec('ls')": "start programs: let its host do so",
    "asyncio.create_subprocess_shell('ls')": "start programs: let its host do so",
    "asyncio.get_running_loop().getaddrinfo('localhost', 80)": "use asyncio's sockets: for HTTP use wasi:http",
    "asyncio.get_running_loop().add_signal_handler(2, print)": "receive signals: its host ends its calls",
    "asyncio.get_running_loop().add_reader(0, print)": "wait for file descriptors: await a pollable",
}
