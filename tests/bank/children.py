"""What child processes of the survival tests do: `python children.py TASK BANK …`."""

import asyncio
import resource
import signal
import sys

from moaql.bank.base import Entry
from moaql.bank.key import key_of
from moaql.bank.open import open_bank
from moaql.errors import BankError
from moaql.providers.base import Request, Response


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def numbered(number: int, text: str) -> tuple[bytes, Entry]:
    """A request of that number, and an answer to it."""
    request = Request("openai", "gpt-4o", (("user", f"question {number // 3}"),), (), number % 3)
    return key_of(request), Entry(
        request, Response(text, prompt_tokens=1, completion_tokens=1), 0.01, 1.0, float(number)
    )


async def store_for_ever(where: str) -> None:
    """Print each key when `store` has returned, 20 stores at a time."""
    bank = open_bank(where)

    async def store(number: int) -> None:
        key, entry = numbered(number, f"answer {number} " * 200)
        await bank.store(key, entry)
        say(key.hex())

    number = 0
    while True:
        await asyncio.gather(*(store(number + step) for step in range(20)))
        number += 20


async def store_range(where: str, name: str, first: str, last: str) -> None:
    """Store the numbers from first to last as somebody of that name."""
    bank = open_bank(where)
    say("ready")
    sys.stdin.readline()
    for number in range(int(first), int(last), 10):
        some = range(number, min(number + 10, int(last)))
        await asyncio.gather(*(bank.store(*numbered(each, f"{name}: {each}")) for each in some))
    await bank.close()


async def fill_the_disk(where: str, limit: str) -> None:
    """Store until no file may grow further; print what was stored, and how it failed."""
    bank = open_bank(where)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    number = 0
    try:
        while number < 10_000:
            key, entry = numbered(number, f"answer {number} " * 2000)
            await bank.store(key, entry)
            say(key.hex())
            number += 1
    except BankError as error:
        say(f"BankError: {error.message}")
        found = await bank.find(numbered(0, "")[0])
        say(f"the first is there: {found is not None}")
    await bank.close()


if __name__ == "__main__":
    task = {"store_for_ever": store_for_ever, "store_range": store_range, "fill_the_disk": fill_the_disk}[sys.argv[1]]
    asyncio.run(task(*sys.argv[2:]))
