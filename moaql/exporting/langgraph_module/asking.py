"""What every exported graph of LangGraph asks with: one node of it, and the nodes beside it."""

ASKING = '''\
# Asking


class Shared:
    """What nodes share that run side by side: requests in flight, and stages that two of them ask for."""

    def __init__(self, state: State) -> None:
        self.replies = dict(state["replies"])
        self.stages: dict[str, list[Any]] = {}
        self.sent: dict[Any, Any] = {}
        self.nodes = 0
        for name, result in state["stages"].items():
            done = asyncio.get_running_loop().create_future()
            done.set_result(candidates_of(result))
            self.stages[name] = [done, 0]
        results = [result for result in state["stages"].values() if isinstance(result, list)]
        known = [int(each["node"]) for result in results for each in result if each and each["node"].isdecimal()]
        self.numbers = itertools.count(1 + max(known, default=0))

    async def ask(self, *request: Any) -> topology.Reply:
        """Send a request."""
        loop = asyncio.get_running_loop()
        if loop not in CLIENTS:
            CLIENTS[loop] = topology.Client()
        return await CLIENTS[loop].ask(*request)


class Run(topology.Run):
    """What one node asks. It knows all that was said before."""

    def __init__(self, state: State, shared: Shared) -> None:
        asked = state["asked"]
        history = tuple((role, text) for role, text in asked["history"])
        question = topology.Question(asked["text"], asked["system"], history, asked["fields"])
        super().__init__(question, shared, asked["seed"])
        self.stages, self._sent, self._numbers = shared.stages, shared.sent, shared.numbers
        self.known = frozenset(state["stages"])
        self.earlier = shared.replies
        self.said: dict[str, dict[str, Any]] = {}

    async def _once(
        self, model: topology.Model, messages: topology.Messages, sample: int, settings: dict[str, Any]
    ) -> topology.Reply:
        request = repr((model.url, model.id, messages, sample, sorted(settings.items())))
        key = hashlib.sha256(request.encode()).hexdigest()
        if key in self.earlier:
            return topology.Reply(**{name: self.earlier[key][name] for name in REPLY})
        reply = await super()._once(model, messages, sample, settings)
        charged = next(model for said, model in self.replies.values() if said is reply)
        self.said[key] = {**dataclasses.asdict(reply), "model": charged.name, "cost": reply.cost(charged)}
        return reply

    def update(self, results: Mapping[str, Any]) -> dict[str, Any]:
        """What goes into the state: results, and those of stages that were asked for on the way and have no node."""
        done = {name: entry[0] for name, entry in self.stages.items() if name not in builder.nodes and entry[0].done()}
        inner = {
            name: task.result()
            for name, task in done.items()
            if name not in self.known and not task.cancelled() and task.exception() is None
        }
        return {
            "stages": {name: plain(result) for name, result in {**inner, **results}.items()},
            "replies": self.said,
            "lost": self.lost,
            "notes": self.notes,
        }


REPLY = [each.name for each in dataclasses.fields(topology.Reply)]


def plain(result: Any) -> Any:
    """Candidates as data that any checkpointer keeps; a gate's decision is that already."""
    if not isinstance(result, list):
        return result
    return [
        each and {**dataclasses.asdict(each), "critiques": list(each.critiques), "shown": list(each.shown)}
        for each in result
    ]


def candidates_of(result: Any) -> Any:
    """Candidates from such data."""
    if not isinstance(result, list):
        return result
    return [
        each and topology.Candidate(**{**each, "critiques": tuple(each["critiques"]), "shown": tuple(each["shown"])})
        for each in result
    ]


SHARED: dict[tuple[str, int], Shared] = {}
"""By turn and event loop, as long as a node of it runs. Whatever is older is in the state."""


@asynccontextmanager
async def asking(state: State) -> AsyncIterator[Run]:
    """What a node asks with."""
    key = (state["asked"]["id"], id(asyncio.get_running_loop()))
    if key not in SHARED:
        SHARED[key] = Shared(state)
    shared = SHARED[key]
    shared.nodes += 1
    try:
        yield Run(state, shared)
    finally:
        shared.nodes -= 1
        if not shared.nodes:
            del SHARED[key]


CLIENTS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, topology.Client] = weakref.WeakKeyDictionary()
"""Connections are kept between nodes, and belong to an event loop."""


async def leave() -> None:
    """Close the connections, where nobody asks anything any more."""
    loop = asyncio.get_running_loop()
    if not any(of == id(loop) for _, of in list(SHARED)) and (client := CLIENTS.pop(loop, None)) is not None:
        await client.__aexit__()


# Without `await`


def both_ways(work: Callable[[State], Awaitable[dict[str, Any]]], name: str) -> Runnable[State, dict[str, Any]]:
    """A node for `ainvoke` and for `invoke`, which asks in an event loop of its own."""

    def waited(state: State) -> dict[str, Any]:
        return asyncio.run_coroutine_threadsafe(work(state), own_loop()).result()

    return RunnableLambda(waited, afunc=work, name=name)


def own_loop() -> asyncio.AbstractEventLoop:
    """An event loop in a thread, one for all who do not wait in their own."""
    with LOCK:
        return running_loop()


LOCK = threading.Lock()


@functools.cache
def running_loop() -> asyncio.AbstractEventLoop:
    """Begin it."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop'''
