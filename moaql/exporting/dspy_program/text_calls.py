"""How the module answers a question: calls go through DSPy's predictors and models to the client of topology.py; as text.

It is written for DSPy 3.4: engines and explicit requests, which stay in 3.5, and none of the interfaces that end with 3.4.
"""

QUESTIONS = r'''
# Questions


async def answered(module: dspy.Module, question: topology.Question) -> dspy.Prediction:
    """Answer a question. Nothing is asked with instructions that cannot be sent: the answer is empty then, and a note says why."""
    named = [(name, prompt, getattr(module, name).signature.instructions) for name, prompt in PROMPTS.items()]
    refused = [f"{name}: {reason}" for name, prompt, text in named if (reason := refusal(prompt, text))]
    if refused:
        logger.warning("nothing is asked with the instructions of %s", "; ".join(refused))
        return dspy.Prediction(answer="", candidates=[], calls=0, cost=0.0, lost=[], notes=refused)
    started = perf_counter()
    async with topology.Client() as client:
        run = Run(module, question, client)
        found = run.answer(await topology.{topology}(run).outputs(), started)
    return dspy.Prediction(
        answer=found.text,
        candidates=list(found.outputs),
        calls=found.calls - run.calls.kept,
        cost=found.cost,
        lost=list(found.lost),
        notes=list(found.notes),
    )


class Rendered(list):  # type: ignore[type-arg]
    """Messages that a predictor asks with."""

    def __init__(
        self, messages: topology.Messages, prompt: Prompt, predict: dspy.Predict, inputs: dict[str, Any]
    ) -> None:
        super().__init__(messages)
        self.prompt, self.predict, self.inputs = prompt, predict, inputs


class Run(topology.Run):
    """A question on its way, with the instructions of the module's predictors."""

    def __init__(self, module: dspy.Module, question: topology.Question, client: topology.Client) -> None:
        self.calls = Calls(module, client)
        super().__init__(question, self.calls, module.seed)
        self._predictors = {prompt.function: (prompt, getattr(module, name)) for name, prompt in PROMPTS.items()}

    async def ask(self, model: topology.Model, prompt: Any, *rest: Any, **more: Any) -> topology.Candidate | None:
        """As topology.py asks, with the messages of the predictor where the prompt has one."""
        own, predict = self._predictors.get(prompt, (None, None))

        def rendered(question: topology.Question, seen: Sequence[topology.Candidate]) -> Rendered:
            inputs = {"question": question, **({"candidates": list(seen)} if own.reads else {})}
            messages = messages_of(own, predict.signature.instructions, question, seen)
            return Rendered(messages, own, predict, inputs)

        return await super().ask(model, prompt if own is None else rendered, *rest, **more)


class Calls:
    """Sends the calls of a question: through the predictor of the prompt, or through its model's `dspy.LM` where it has none.

    Attributes:
        kept: How many replies DSPy's cache had.
    """

    def __init__(self, module: dspy.Module, client: topology.Client) -> None:
        self.kept = 0
        self._models, self._client = module.models, client

    async def ask(
        self, model: topology.Model, messages: topology.Messages, sample: int, settings: Mapping[str, Any]
    ) -> topology.Reply:
        """As `topology.Client.ask`."""
        sending, lm = Sending(self._client), self._models.of(model)
        # DSPy's cache knows requests by what they hold: so they hold what tells models of one name, and samples, apart.
        config = {**settings, "sample": sample, "id": model.id, "url": model.url}
        token = SENDING.set(sending)
        try:
            if isinstance(messages, Rendered):
                with dspy.context(adapter=TemplateAdapter(messages.prompt), send_stream=None):
                    await messages.predict.acall(lm=lm, config=config, **messages.inputs)
            else:
                with dspy.context(send_stream=None):
                    await asked(lm, [{"role": role, "content": text} for role, text in messages], config)
        except Exception as error:
            raise reason_of(error) from None
        finally:
            SENDING.reset(token)
        self.kept += not sending.sent
        return sending.reply()


def reason_of(error: BaseException) -> BaseException:
    """The error of topology.py behind one of DSPy's; the error itself where there is none."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, topology.Failed | topology.NoKey):
            return cause
        cause = cause.__cause__ or cause.__context__
    return error
'''

MODELS = r'''
# Models


class Models:
    """A `dspy.LM` for each model. Copies of a module share them."""

    def __init__(self, cache: bool) -> None:
        self._cache, self._found = cache, {}

    def __deepcopy__(self, memo: object) -> Models:
        return self

    def of(self, model: topology.Model) -> dspy.LM:
        """The model as DSPy sees it. Retries are the client's, and so is what a model is sent by default."""
        if model not in self._found:
            engine = Engine(model)
            made = dspy.LM(
                f"moaql/{model.name}", engine=engine, async_engine=AsyncEngine(engine), cache=self._cache, num_retries=0
            )
            self._found.setdefault(model, made)
        return self._found[model]


@dataclass(frozen=True)
class Kept(topology.Reply):
    """A reply that DSPy's cache had."""

    def cost(self, model: topology.Model) -> float | None:
        """Nothing."""
        return 0.0


class Sending:
    """A call on its way through DSPy: the client that sends it, and what came back."""

    def __init__(self, client: topology.Client) -> None:
        self.client = client
        self.sent = False
        self.response: lm15.Response | None = None

    def reply(self) -> topology.Reply:
        """What came back, as topology.py knows it."""
        response, usage = self.response, self.response.usage
        told = response.provider_data
        return (topology.Reply if self.sent else Kept)(
            response.text or "", told["finish"], usage.input_tokens, usage.output_tokens, told["confidence"]
        )


SENDING: ContextVar[Sending | None] = ContextVar("sending", default=None)


def asking(lm: dspy.LM, messages: Sequence[Mapping[str, str]], config: Mapping[str, Any]) -> lm15.Request:
    """The request for messages and settings. What it has no field for stands in its extensions."""
    system = "\n\n".join(each["content"] for each in messages if each["role"] == "system") or None
    others = [(each["role"], each["content"]) for each in messages if each["role"] != "system"]
    turns = [lm15.Message(role, (lm15.TextPart(text),)) for role, text in others]
    if not turns:
        turns, system = [lm15.Message("developer", (lm15.TextPart(system or ""),))], None
    own: dict[str, Any] = {}
    extensions: dict[str, Any] = {}
    for name, value in config.items():
        if name in SETTINGS and back(getattr(lm15.Config(**{name: value}), name)) == repr(value):
            own[name] = value
        elif name != "rollout_id" and value is not None:
            extensions[name] = value
    return lm15.Request(lm.model, tuple(turns), system, config=lm15.Config(**own, extensions=extensions or None))


def back(value: Any) -> str:
    """How a value of a request is written: 0 becomes 0.0 in it, which is another request."""
    return repr(list(value) if isinstance(value, tuple) else value)


def kept_apart(config: Mapping[str, Any]) -> dict[str, Any]:
    """What tells DSPy's cache to answer anew."""
    return {name: config[name] for name in ("rollout_id",) if config.get(name) is not None}


async def asked(lm: dspy.LM, messages: Sequence[Mapping[str, str]], config: Mapping[str, Any]) -> lm15.Response:
    """Ask a model, and note its response."""
    response = await lm.acall(asking(lm, messages, config), **kept_apart(config))
    if sending := SENDING.get():
        sending.response = response
    return response


class Engine:
    """Answers DSPy's requests by the client of topology.py, which tries again where that makes sense."""

    def __init__(self, model: topology.Model) -> None:
        self.model = model

    def complete(self, request: lm15.Request) -> lm15.Response:
        """Answer a request, with a client of its own."""
        return waited(self.answer(request, None))

    async def answer(self, request: lm15.Request, sending: Sending | None) -> lm15.Response:
        """Answer a request.

        Raises:
            lm15.LM15Error: from the error of topology.py.
        """
        if sending is None:
            async with topology.Client() as client:
                return await self.answer(request, Sending(client))
        settings = {name: value for name in SETTINGS if (value := getattr(request.config, name)) not in (None, ())}
        more = request.config.extensions or {}
        settings |= {name: value for name, value in more.items() if name not in ("sample", "id", "url")}
        if "stop" in settings:
            settings["stop"] = list(settings["stop"])
        messages = [(each.role, each.text or "") for each in request.messages]
        if request.system is not None:
            messages.insert(0, ("system", request.system))
        elif messages[0][0] == "developer":
            messages[0] = ("system", messages[0][1])
        try:
            reply = await sending.client.ask(self.model, messages, more.get("sample", 0), settings)
        except topology.NoKey as error:
            raise lm15.NotConfiguredError(str(error)) from error
        except topology.Failed as error:
            raise lm15.ServerError(str(error)) from error
        sending.sent = True
        return lm15.Response(
            None,
            request.model,
            lm15.Message.assistant(reply.text),
            reply.finish if reply.finish in FINISHES else "stop",
            lm15.Usage(reply.prompt_tokens, reply.completion_tokens, reply.prompt_tokens + reply.completion_tokens),
            provider_data={"finish": reply.finish, "confidence": reply.confidence},
        )


class AsyncEngine:
    """The same for DSPy's asynchronous calls, with the client of the question that they are made for."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def complete(self, request: lm15.Request) -> lm15.Response:
        """Answer a request."""
        return await self.engine.answer(request, SENDING.get())


def waited(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives, also inside of a running loop, such as a notebook's."""
    try:
        running: object = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is None:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, work).result()
'''

OPTIMIZING = r'''
# Optimizing


def writer(lm: dspy.LM) -> dspy.LM:
    """A model that writes instructions, told which placeholders they have to keep: `dspy.COPRO(prompt_model=writer(lm))`."""
    kept = {name: lm.kwargs[name] for name in ("temperature", "max_tokens") if lm.kwargs.get(name) is not None}
    return dspy.LM(lm.model, engine=Writer(lm), cache=False, num_retries=0, **kept)


class Writer:
    """Passes requests on, with a note on placeholders behind the system message."""

    def __init__(self, lm: dspy.LM) -> None:
        self.lm = lm

    def complete(self, request: lm15.Request) -> lm15.Response:
        """Answer a request."""
        names = dict.fromkeys(
            name for prompt in PROMPTS.values() for name in placeholders(prompt.messages[prompt.place][1])
        )
        note = (
            "An instruction that you propose is sent as a template. Whatever stands in braces in the current one has to stay, "
            f"exactly as it is written there ({', '.join(names)}): data is put in there. Write {{{{ and }}}} for other braces."
        )
        system = f"{request.system}\n\n{note}" if request.system else note
        return self.lm(replace(request, system=system), cache=False)
'''
