"""How many calls a provider gets at once and a minute, and the pauses that it asks for."""

import asyncio
import time
from pathlib import Path

import pytest
from servers.faults import Asked, FaultServer, Later, Silent, Status, ask, session

import moaql
from moaql.run.limits import Gatekeeper, Limit, Limits
from moaql.run.session import limits_here


def times(server: FaultServer) -> list[float]:
    """When each request came, in seconds behind the first."""
    return [each.at - server.asked[0].at for each in server.asked]


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_calls_at_once_than_allowed(most: int) -> None:
    with FaultServer(a=Later(0.02, "fine"), b=Later(0.02, "fine")) as server:
        answer = ask(server, "layer [a x6, b x6] temperature=1", limits=Limits(default=Limit(most)))
    assert len(answer.outputs) == 12
    assert server.most_at_once == most


def test_all_calls_at_once_where_there_is_room() -> None:
    with FaultServer(a=Later(0.3, "fine")) as server:
        assert ask(server, "a x12 temperature=1").elapsed_s < 1
        assert server.most_at_once == 12


def test_calls_a_minute_are_spread_evenly() -> None:
    with FaultServer(a="fine") as server:
        ask(server, "a")  # imports what the first call of all imports
        server.asked.clear()
        ask(server, "a x6 temperature=1", limits=Limits({"openai": Limit(per_minute=1200)}))
    for number, came in enumerate(times(server)):
        assert came >= 0.05 * number - 0.03


def test_each_endpoint_has_limits_of_its_own() -> None:
    """Two servers under the name of one provider do not wait for each other."""
    with FaultServer(a=Silent()) as hanging, FaultServer(b="fine") as free:
        program = hanging.program("", "api_key_env=none timeout=500ms") + free.program("topology t = layer [a, b]")

        async def run() -> float:
            async with session(limits=Limits(default=Limit(1))) as caller:
                await moaql.parse(program).topology().arun("Q", session=caller)
            return free.asked[0].at - hanging.asked[0].at

        assert asyncio.run(run()) < 0.4


def test_a_pause_that_is_asked_for_holds_for_calls_that_have_not_begun() -> None:
    """One is refused with a time to wait; those that wait for their turn are not sent into the same wall."""

    def first_is_refused(asked: Asked) -> Later | Status:
        refused = asked is server.asked[0]
        return Status(429, b"", {"retry-after": "0.5"}) if refused else Later(0.01, "fine")

    with FaultServer(a=first_is_refused) as server:
        ask(server, "a x6 temperature=1", limits=Limits(default=Limit(1)))
    came = times(server)
    assert len(came) == 7
    assert min(came[1:]) >= 0.5


def test_a_pause_also_holds_for_calls_whose_turn_was_set_before() -> None:
    async def turns() -> list[float]:
        gate, begun = Gatekeeper(Limit(10, per_minute=3000)), []
        start = time.perf_counter()

        async def call() -> None:
            await gate.enter()
            begun.append(time.perf_counter() - start)
            gate.leave()

        calls = [asyncio.create_task(call()) for _ in range(4)]
        await asyncio.sleep(0.03)  # the first two have begun; the others have their turns at 40 and 60 ms
        gate.pause(0.3)
        await asyncio.gather(*calls)
        return sorted(begun)

    first, second, third, fourth = asyncio.run(turns())
    assert second - first < 0.03
    assert third >= 0.33
    assert fourth - third >= 0.015


def test_calls_that_are_given_up_while_they_wait_leave_their_place_to_others() -> None:
    async def take_turns() -> int:
        gate = Gatekeeper(Limit(1))
        await gate.enter()
        waiting = [asyncio.create_task(gate.enter()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        gate.leave()
        waiting[1].cancel()  # it has just been given the slot, and does not want it any more
        await asyncio.wait_for(waiting[2], 1)
        gate.leave()
        gate.pause(10)
        paused = asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        paused.cancel()
        await asyncio.gather(*waiting, paused, return_exceptions=True)
        return gate._free

    assert asyncio.run(take_turns()) == 1


def test_limits_are_those_of_the_nearest_file(tmp_path: Path) -> None:
    (tmp_path / "moaql.toml").write_text("[limits.openai]\nconcurrency = 2\nper_minute = 500\n[limits.ollama]\n")
    below = tmp_path / "one" / "two"
    below.mkdir(parents=True)
    assert limits_here(str(below)) == {"openai": Limit(2, 500), "ollama": Limit()}
    (tmp_path / "one" / "moaql.toml").write_text('[models]\nfile = "x.moaql"\n')
    assert limits_here(str(below)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "[limits.openai]\nconcurrency = 0\n",
        "[limits.openai]\nconcurrency = 2.5\n",
        "[limits.openai]\nper_minute = true\n",
        "[limits.openai]\nat_once = 3\n",
        "[limits]\nopenai = 3\n",
        "limits = 3\n",
        "limits = [",
    ],
)
def test_limits_that_make_no_sense_are_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "moaql.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    with FaultServer(a="fine") as server, pytest.raises(moaql.UsageError, match="cannot read the limits"):
        moaql.parse(server.program("a")).topology().run("Q", bank="none")
    assert server.asked == []
