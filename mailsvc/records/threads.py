"""A thread that is there from the start, so that a shortage of threads later ends nobody who needs it."""

from concurrent.futures import ThreadPoolExecutor


def one_thread(name: str) -> ThreadPoolExecutor:
    """An executor of one thread that runs already. Raises RuntimeError where the machine has none left."""
    executor = ThreadPoolExecutor(1, name)
    executor.submit(int).result()
    return executor
