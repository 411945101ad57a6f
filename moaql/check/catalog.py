"""What each code means, for `moaql explain` and the reference page.

Errors stand here; warnings are explained by their rule's own file. Where a wrong and a right program can stand alone, a test checks that
the one gives just this code and the other gives nothing.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Entry:
    """One code.

    Attributes:
        title: A few words.
        text: Why it is a mistake and what to do.
        bad: A program that has it, or "".
        good: The same without it, or "".
    """

    title: str
    text: str
    bad: str = ""
    good: str = ""


@cache
def codes() -> tuple[str, ...]:
    """All codes, sorted."""
    return tuple(sorted([*ERRORS, *_rules()]))


def entry(code: str) -> Entry:
    """The entry of a code that exists."""
    return ERRORS[code] if code in ERRORS else _rules()[code]


@cache
def _rules() -> dict[str, Entry]:
    from moaql.check.rules import RULES

    entries = {}
    for name in RULES.built_in:
        module = importlib.import_module(f"moaql.check.rules.{name}")
        text = (module.__doc__ or "").strip()
        entries[module.CODE] = Entry(module.TITLE, text, module.BAD, module.GOOD)
    return entries


_A = 'model a = "sim/a"\n'
_AB = _A + 'model b = "sim/b"\n'
_EVAL = 'eval e = "e.jsonl" metric=exact\n'


def _search(body: str) -> str:
    return f"{_AB}{_EVAL}search s {{\n{body}\n}}\n"


_GOOD_SEARCH = _search("  topology a x?(1..5) -> ?(vote | agg b)\n  eval e\n  maximize quality")

ERRORS: dict[str, Entry] = {
    "E101": Entry("the file cannot be read", "There is no such file, it is a folder, or reading it is not allowed."),
    "E102": Entry("the file is not UTF-8", "Programs are UTF-8 text. Save the file with that encoding."),
    "E103": Entry("the file is too large", "A program has at most 1 MB; this is some other file."),
    "E104": Entry(
        "brackets are nested too deep",
        "At most 60 brackets may stand inside each other. Give the inner part a name: `topology NAME = …`.",
    ),
    "E110": Entry(
        "the text does not fit the grammar",
        "What stands here cannot stand here; the message says what could.",
        "-> vote\n",
        _A + "a x3 -> vote\n",
    ),
    "E111": Entry(
        "a string is not closed",
        'A string ends on its line; `"""` opens one of several lines.',
        'model a = "sim/a\n',
        _A + "a\n",
    ),
    "E112": Entry(
        "a character means nothing here",
        "The language has no use for it outside strings and comments.",
        _A + "a ; \n",
        _A + "a\n",
    ),
    "E113": Entry(
        "a number cannot be read",
        "Numbers are `3`, `0.7`, `2/3`, `80%`, `$0.01`, `250ms`, `8s`, `2m`, `4k`.",
        _A + "a temperature=0.7px\n",
        _A + "a temperature=0.7\n",
    ),
    "E114": Entry(
        "a reserved word is used as a name",
        "Words of the grammar name nothing else.",
        _A + "topology model = a\n",
        _A + "topology one = a\n",
    ),
    "E115": Entry(
        "a repeat repeats nothing",
        "`xN` follows a name, a list, a stage or a parenthesis, once, and N is a whole number.",
        _A + "layer [a]x2 x3\n",
        _A + "layer [a]x6\n",
    ),
    "E116": Entry(
        "brackets do not match", "Each bracket is closed by its own kind.", _A + "layer [a\n", _A + "layer [a]\n"
    ),
    "E117": Entry(
        r"an escape means nothing",
        r"Escapes are `\n`, `\t`, `\r`, `\0`, `\"`, `\\` and `\uXXXX`.",
        'model a = "sim/\\a"\na\n',
        _A + "a\n",
    ),
    "E201": Entry(
        "a name is defined twice",
        "In one file, and with all that it imports, a name means one thing.",
        _A + _A + "a\n",
        _A + "a\n",
    ),
    "E202": Entry(
        "a name is taken by a stage",
        "A model or topology cannot have the name of a stage.",
        'model vote = "sim/a"\n',
        'model voter = "sim/a"\n',
    ),
    "E203": Entry(
        "a parameter does not exist",
        "The stage or statement has no such parameter; `moaql explain STAGE` lists them.",
        _A + "a temprature=1\n",
        _A + "a temperature=1\n",
    ),
    "E204": Entry(
        "a model is not known",
        "No statement, import or model file of yours defines it. Define it, or write its id as a string.",
        _AB + "layer [a, lama] -> agg b\n",
        _AB + "layer [a] -> agg b\n",
    ),
    "E205": Entry(
        "a step is not known", "No stage, model or topology has this name.", _A + "a x3 -> vot\n", _A + "a x3 -> vote\n"
    ),
    "E206": Entry(
        "a prompt is not known",
        "No `prompt` block has this name. `default` is the stage's own.",
        _A + "a prompt=short\n",
        _A + 'prompt short { user "{question} Be brief." }\na prompt=short\n',
    ),
    "E207": Entry(
        "an eval set is not known",
        "No `eval` statement has this name.",
        _GOOD_SEARCH.replace("eval e\n", "eval tickets\n"),
        _GOOD_SEARCH,
    ),
    "E209": Entry(
        "a name means another kind of thing",
        "For example a prompt where a model must stand.",
        _A + 'prompt p { user "{question}" }\nlayer [a, p]\n',
        _AB + "layer [a, b]\n",
    ),
    "E210": Entry("an import cannot be found", "Paths are relative to the importing file.", 'import "modles.moaql"\n'),
    "E211": Entry("files import each other", "The message shows the cycle. Move what both need into a third file."),
    "E212": Entry("imports are nested too deep", "At most 50 files may import one another in a row."),
    "E213": Entry(
        "models derive from each other",
        "The message shows the cycle.",
        "model a = b\nmodel b = a\n",
        _A + "model b = a\n",
    ),
    "E214": Entry(
        "a topology contains itself",
        "A topology is written out where it is used, so one that contains itself would never end. Loops are written `until … max N { … }`.",
        _A + "topology t = a -> t\n",
        _A + "topology t = a\n",
    ),
    "E301": Entry(
        "a value has the wrong type",
        "The message says what the parameter takes.",
        _A + 'a temperature="hot"\n',
        _A + "a temperature=1\n",
    ),
    "E302": Entry(
        "a value is out of range", "The message says the range.", _A + "a temperature=3\n", _A + "a temperature=1\n"
    ),
    "E303": Entry(
        "an id or address has the wrong form",
        'A model id is "provider/model", an address begins with http:// or https://, and holds no user, password or key.',
        'model a = "gpt-4o"\na\n',
        'model a = "openai/gpt-4o"\na\n',
    ),
    "E304": Entry(
        "something is missing",
        "A required parameter, or a required part of a statement.",
        _A + "a x3 -> agg\n",
        _AB + "a x3 -> agg b\n",
    ),
    "E305": Entry(
        "something is said twice",
        "A setting, a case, a goal or a search's part may stand once.",
        _A + "a temperature=1 temperature=0.5\n",
        _A + "a temperature=1\n",
    ),
    "E306": Entry(
        "a stage cannot be repeated",
        "`xN` behind a stage asks for more answers, which only `layer` and `agg` give. Parentheses run a pipeline several times in a row.",
        _AB + "a x3 -> rank b x2 top=1\n",
        _AB + "a x3 -> rank b top=1\n",
    ),
    "E307": Entry(
        "a value too many",
        "The stage takes fewer values. If the value is meant to begin a new pipeline, give that pipeline a name.",
        _AB + "a x3 -> agg b b\n",
        _AB + "a x3 -> agg b\n",
    ),
    "E308": Entry(
        "a template names what is not there",
        "Each stage provides some placeholders; `moaql explain STAGE` lists them.",
        _A + 'prompt p { user "{question} {labels}" }\na prompt=p\n',
        _A + 'prompt p { user "{question}" }\na prompt=p\n',
    ),
    "E309": Entry(
        "a brace opens no placeholder",
        "`{{` is a brace. `candidates` takes a format: `numbered`, `xml` or `plain`.",
        _A + 'prompt p { user "{question} { }" }\na prompt=p\n',
        _A + 'prompt p { user "{question} {{ }}" }\na prompt=p\n',
    ),
    "E310": Entry(
        "a hole is empty",
        "Its range holds nothing, or its subset is larger than its list.",
        _search("  topology a x?(5..2) -> ?(vote | agg b)\n  eval e\n  maximize quality"),
        _GOOD_SEARCH,
    ),
    "E311": Entry(
        "a hole stands where it cannot be filled",
        "A range is no step, and a subset gives several values where one is wanted.",
        _search("  topology a x3 -> ?(1..2) -> ?(vote | agg b)\n  eval e\n  maximize quality"),
        _GOOD_SEARCH,
    ),
    "E313": Entry(
        "a message has an unknown role",
        "Roles are `system`, `user` and `assistant`.",
        _A + 'prompt p { usr "{question}" }\na prompt=p\n',
        _A + 'prompt p { user "{question}" }\na prompt=p\n',
    ),
    "E314": Entry(
        "a signal is not known",
        "Conditions compare `agreement`, `count`, `score`, `confidence`, `tokens` and `field.NAME`.",
        _A + "a x3 -> when agrement >= 0.5 { vote } else { a }\n",
        _A + "a x3 -> when agreement >= 0.5 { vote } else { a }\n",
    ),
    "E315": Entry(
        "a search has nothing to choose",
        "Its topology has no hole.",
        _search("  topology layer [a x3, b x2] -> vote\n  eval e\n  maximize quality"),
        _GOOD_SEARCH,
    ),
    "E316": Entry(
        "a goal or limit makes no sense",
        "Goals are `maximize quality`, `minimize cost`, `minimize latency`, and limits bound them from the other side.",
        _GOOD_SEARCH.replace("maximize", "minimize"),
        _GOOD_SEARCH,
    ),
    "E317": Entry(
        "a ratio without a floor or a cap",
        "`quality per dollar` alone is won by the cheapest model, however bad: half the quality at a tenth of the price looks five times as good. Say "
        "how good it must be, or what it may cost.",
        _GOOD_SEARCH.replace("maximize quality", "maximize quality per dollar")
        .replace('"sim/a"', '"sim/a" price_in=1 price_out=1')
        .replace('"sim/b"', '"sim/b" price_in=1 price_out=1'),
        _GOOD_SEARCH.replace("maximize quality", "maximize quality per dollar\n  where quality >= 80%")
        .replace('"sim/a"', '"sim/a" price_in=1 price_out=1')
        .replace('"sim/b"', '"sim/b" price_in=1 price_out=1'),
    ),
    "E319": Entry(
        "settings exclude each other",
        "The message says which.",
        _AB + "a x3 -> score b -> best b by=score\n",
        _AB + "a x3 -> best b\n",
    ),
    "E320": Entry(
        "a router file cannot be used",
        "The file that `route with=` names is there, and is no router of a format that is understood. The message names the field. "
        "Fit it again: `moaql tune FILE --fit router`. A file that is not there is no mistake before the program is to run.",
    ),
    "E321": Entry(
        "a router does not fit its cases",
        "A router chooses among the labels that it was fitted to. A label without a `case` goes to `else`; here there is none, or a `case` has a "
        "label that the router never says. Fit it again, or change the cases.",
    ),
    "E401": Entry(
        "a stage has no candidates",
        "Something must be asked before it can be judged, merged or counted.",
        _A + "agg a\n",
        _AB + "a x3 -> agg b\n",
    ),
    "E402": Entry(
        "a hole is left",
        "A program with holes is a search space: `moaql search` fills them. Only one without holes can be planned, drawn and run.",
    ),
    "E403": Entry(
        "there may be no answer",
        "A `when` or `route` at the start needs an `else`, or some questions get no answer.",
        _A + "when tokens > 100 { a }\n",
        _AB + "when tokens > 100 { a } else { b }\n",
    ),
    "E404": Entry("a pipeline asks nobody", "`skip` alone is no answer.", "skip\n", _A + "a\n"),
    "E405": Entry(
        "a topology is too large",
        "It would make more than 20,000 calls for one question. `( … )xN` inside `( … )xN` multiplies.",
    ),
    "E407": Entry(
        "an endpoint has no key",
        "A model with an address of its own must say which environment variable holds its key, so that no other key is sent there.",
        'model a = "openai/x" base_url="https://llm.example.org/v1"\na\n',
        'model a = "openai/x" base_url="https://llm.example.org/v1" api_key_env="EXAMPLE_KEY"\na\n',
    ),
    "E408": Entry(
        "a price is missing",
        "Where cost is a goal or a limit, every model needs a price. An unknown price is unknown, not zero.",
        _GOOD_SEARCH.replace("maximize quality", "maximize quality\n  minimize cost"),
        _GOOD_SEARCH,
    ),
    "E410": Entry("topologies are nested too deep", "At most 40 topologies may use one another in a row."),
    "E411": Entry(
        "something that a stage goes by is missing",
        "`grade` needs tests, `best by=score` and the signal `score` need scores, and some signals need candidates.",
        _A + "a x3 -> best by=score\n",
        _AB + "a x3 -> score b -> best by=score\n",
    ),
}
