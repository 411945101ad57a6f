"""How the module reads templates, refuses instructions that cannot be sent, and sends the others, as text."""

INSTRUCTIONS = r'''
FIELDS = {fields}
SETTINGS = ("temperature", "top_p", "max_tokens", "seed", "stop")
"""What DSPy's requests have fields for."""
FINISHES = ("stop", "length", "content_filter")
LONGEST = 20_000
"""Characters of instructions."""
logger = logging.getLogger("dspy.topology")


# Instructions


def predictor(prompt: Prompt) -> dspy.Predict:
    """A predictor whose instructions are those of a prompt."""
    signature: dict[str, Any] = {"question": (topology.Question, dspy.InputField(desc=FIELDS["question"]))}
    if prompt.reads:
        signature["candidates"] = (list[topology.Candidate], dspy.InputField(desc=FIELDS["candidates"]))
    signature["answer"] = (str, dspy.OutputField(desc=FIELDS["answer"]))
    return dspy.Predict(dspy.Signature(signature, prompt.messages[prompt.place][1]))


PART = re.compile(
    r"\{\{|\}\}|\{\s*(?P<name>[A-Za-z_]\w*(?:\.[\w\-]+)*)\s*"
    r'(?::\s*(?P<format>\w*)\s*(?:sep="(?P<separator>(?:[^"\\]|\\.)*)"\s*)?)?\}|\{'
)


def parts(template: str) -> Iterator[tuple[str, str]]:
    """The parts of a template in order: (text, "") or ("", placeholder)."""
    done = 0
    for match in PART.finditer(template):
        yield template[done : match.start()], ""
        yield (match[0][0], "") if match["name"] is None else ("", placeholder(match))
        done = match.end()
    yield template[done:], ""


def placeholder(match: re.Match[str]) -> str:
    """A placeholder in its usual spelling."""
    form = f":{match['format']}" if match["format"] else ""
    separator = (match["separator"] or "").replace("\n", r"\n").replace("\t", r"\t")
    if match["format"] == "plain" and separator not in ("", r"\n\n"):
        form += f' sep="{separator}"'
    return f"{{{match['name']}{form}}}"


def placeholders(template: str) -> list[str]:
    """The placeholders of a template, each once."""
    return list(dict.fromkeys(name for _, name in parts(template) if name))


def text_of(prompt: Prompt, instructions: str) -> str:
    """The template that instructions stand for: DSPy takes indentation and outer blank lines out of the one in this file."""
    own = prompt.messages[prompt.place][1]
    return own if instructions == inspect.cleandoc(own) else instructions


def refusal(prompt: Prompt, instructions: str) -> str:
    """Why instructions cannot be sent, or "". They have to show what they showed before."""
    text = text_of(prompt, instructions)
    if not text.strip():
        return "they are empty"
    if len(text) > LONGEST:
        return f"they have {len(text):,} characters, and at most {LONGEST:,} are allowed"
    if any(match[0] == "{" for match in PART.finditer(text)):
        return "a brace opens no placeholder; write {{ and }} for braces that are meant as such"
    wanted, found = placeholders(prompt.messages[prompt.place][1]), placeholders(text)
    if lost := [each for each in wanted if each not in found]:
        return f"they have lost {', '.join(lost)}; every placeholder has to stay, character by character"
    new = [each for each in found if each not in wanted]
    return f"nothing is put in for {', '.join(new)}" if new else ""


def messages_of(
    prompt: Prompt, instructions: str, question: topology.Question, seen: Sequence[topology.Candidate]
) -> topology.Messages:
    """The messages of a prompt with these instructions."""

    def filled(template: str) -> str:
        if template == "{question}":
            return question.text
        shown = (prompt.shown[name](question, seen) if name else text for text, name in parts(template))
        return "".join(shown).strip("\n")

    templates = list(prompt.messages)
    templates[prompt.place] = (templates[prompt.place][0], text_of(prompt, instructions))
    messages = [(role, filled(template)) for role, template in templates]
    return topology.conversation(question, messages, with_history=not prompt.history)


class TemplateAdapter(dspy.Adapter):
    """Sends the instructions as the template that they are, with nothing around it; the answer is all that the model says."""

    def __init__(self, prompt: Prompt) -> None:
        super().__init__()
        self.prompt = prompt

    def format(self, signature: Any, demos: Sequence[Any], inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The messages."""
        if demos:
            logger.warning("examples (demos) are not shown: only instructions are sent")
        messages = messages_of(self.prompt, signature.instructions, inputs["question"], inputs.get("candidates", ()))
        return [{"role": role, "content": text} for role, text in messages]

    def parse(self, signature: Any, completion: str) -> dict[str, Any]:
        """The completion, as it is."""
        return {"answer": completion}

    async def acall(
        self, lm: Any, lm_kwargs: dict[str, Any], signature: Any, demos: Any, inputs: Any
    ) -> list[dict[str, Any]]:
        """Ask the model once."""
        response = await asked(lm, self.format(signature, demos, inputs), lm_kwargs)
        return [self.parse(signature, response.text or "")]
'''
