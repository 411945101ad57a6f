"""What instructions ask for: the form of the reply, and how critically candidates are to be weighed.

Several wordings of each are recognised, so that a prompt in a user's own words works like the default ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Asks:
    """What instructions ask for.

    Attributes:
        form: `answer`, `ranking`, `better`, `score`, `verdict`, `critiques`, `tests`, `grades` or `label`.
        style: How the final answer is to be written, as `texts.finished` names it; "" where nothing is said.
        features: Names of the instructions that are there, as in `world.Instructions`.
        count: How many tests are wanted.
        scale: Highest score.
        labels: The labels to choose from.
        compares: Whether it speaks of answers that others gave.
    """

    form: str = "answer"
    style: str = ""
    features: frozenset[str] = frozenset()
    count: int = 5
    scale: int = 10
    labels: tuple[str, ...] = ()
    compares: bool = False


_FEATURES: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for name, pattern in {
        "doubt": r"\b(?:may|might|can|could|are|be)\b[^.]{0,40}\b(?:wrong|incorrect|biased|mistaken|flawed|"
        r"errors?|unreliable|misleading|"
        r"deceptive)\b|\bdo not trust\b|\bdon't trust\b|\bnot all\b[^.]{0,30}\b(?:right|correct|reliable)\b|"
        r"\bsceptical|\bskeptical|"
        r"\bcritically (?:evaluat|assess|examin|review)|\bany of them may\b",
        "majority": r"\bmajority\b[^.]{0,40}\b(?:wrong|mistaken|incorrect|err)\b|\b(?:do not|don't|"
        r"never)\b[^.]{0,40}\bmajority\b|"
        r"\bnot (?:by|a) (?:counting|vote|popularity)\b|\bdo not (?:just |simply )?(?:count|vote)\b|\bon (?:its|"
        r"their) merits\b|"
        r"\bmost of them\b[^.]{0,20}\bwrong\b|\beven if (?:only one|few|a minority)\b|"
        r"\bminority\b[^.]{0,30}\b(?:right|correct)\b",
        "check": r"\b(?:check|verify|validate|scrutini[sz]e|cross-check|double-check|examine|"
        r"test)\b[^.]{0,60}\b(?:claims?|steps?|facts?|"
        r"conflicts?|reasoning|arithmetic|calculations?|each|every|them|results?|answers?)\b|\b(?:claims?|"
        r"answers?|places)\b[^.]{0,60}"
        r"\b(?:agree|disagree|conflict|differ|contradict)\b|\bfind (?:the )?(?:mistakes|errors)\b|"
        r"\bcompare\b[^.]{0,40}\bdisagree",
        "work": r"\b(?:work|solve|figure|reason|think|derive|answer|compute)\b[^.]{0,30}\b(?:yourself|"
        r"on your own|independently|from scratch|"
        r"out first)\b|\bown (?:solution|derivation|working|calculation)\b|\bindependent(?:ly)? (?:solve|"
        r"solution|answer)",
        "steps": r"\bstep[- ]by[- ]step\b|\bshow your (?:work|reasoning)\b|\bone step at a time\b|"
        r"\bthink (?:carefully|it through|aloud)\b|"
        r"\b(?:short )?plan first\b|\breason(?:ing)? (?:first|before)\b|\bexplain your reasoning\b",
        "data": r"\bdata (?:to (?:judge|compare|sort)|, not|, and not)|\bare data\b|\bis data\b|"
        r"\bnot (?:as )?instructions\b|\bignore any "
        r"instructions\b|\bdo not follow\b[^.]{0,30}\binstructions\b|\buntrusted\b",
        "plain_end": r"\b(?:end|finish|conclude|close)\b[^.]{0,40}\b(?:answer|result|line)\b|\bfinal answer\b|"
        r"\banswer (?:only|alone)\b|"
        r"\bonly (?:the|one|your) (?:final )?(?:answer|number|letter|result)\b|\b(?:last|final) line\b|"
        r"\bplain answer\b|"
        r"\bgive the answer\b|\band nothing else\b",
    }.items()
}  # fmt: skip

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("grades", r"\btests?\b[\s\S]{0,400}\bpassed\b|\bpassed\b[\s\S]{0,400}\btests?\b"),
        ("critiques", r"\bstrengths?\b[\s\S]{0,200}\bweakness(?:es)?\b"),
        ("tests", r"\bwrite (?:exactly |about |up to )?(?:\d+ |an? list of |some )?(?:short |unit |"
        r"numbered )*tests\b|\bwrite tests\b|"
                  r"\bgenerate (?:exactly )?(?:\d+ )?(?:unit )?tests\b|\bwrite exactly \d+ tests\b"),
        ("verdict", r"\bverdict\s*:|\bwhether\b[^.\n]{0,60}\b(?:is )?correct\b[^.\n]{0,40}\bincorrect\b|"
                    r"`correct` or `incorrect`|\bcorrect or incorrect\b"),
        ("better", r"\bbetter\s*:\s*`?(?:1|2|tie|a\b)|\bwhich (?:one |answer |response |of (?:the two|"
        r"them) )?is (?:the )?better\b"),
        ("ranking", r"\branking\s*:|\brank (?:the|all|these|them|answers|responses|candidates|every)\b|"
        r"\bfrom (?:the )?best to "
                    r"(?:the )?worst\b|\border (?:the|these) (?:answers|responses|candidates)\b"),
        ("score", r"\bscore\s*:|\brate\b[^.]{0,120}\bfrom (?:0|1) to \d|\b(?:score|rating|"
        r"grade)\b[^.]{0,60}\b(?:from |between )?[01]\s*"
                  r"(?:to|and|-|–)\s*\d|\brate (?:the|this|one|it)\b"),
        ("label", r"\bone of (?:these|the following) (?:words|labels|classes|categories|names)\b|"
        r"\bname of one (?:class|category|label)\b|"
                  r"\binto one of\b|\bclassify\b|\bone of the (?:labels|classes|categories)\b"),
    )
)  # fmt: skip
"""In the order in which they are looked for: an earlier form often names a later one in passing."""

_STYLES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("boxed", r"\\boxed"),
        ("json", r"\bjson\b"),
        ("line", r"[`\"']?Answer:\s*[`\"'.]?\s*(?:…|\.\.\.|<|\{|X\b|[`\"'])"),
        ("bare", r"\b(?:answer|reply|respond|write)\b[^.\n]{0,50}\b(?:and nothing else|only|alone)\b|"
        r"\bonly (?:the|with the|a) "
                 r"(?:number|letter|answer|result|word|name)\b|\bno (?:explanation|reasoning)\b"),
    )
)  # fmt: skip
COMPARES = re.compile(
    r"\b(?:answers|responses|candidates?|drafts?|proposals|opinions|solutions|references)\b|\b(?:assistants|"
    r"models)\b[^.]{0,30}\b"
    r"(?:answered|gave|wrote|said)\b|\b(?:rate|judge|grade|score|say whether)\b[^.]{0,40}\b(?:the|this|one|"
    r"an) (?:answer|response|candidate)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\b(\d{1,3}) (?:\w+ ){0,2}tests?\b", re.IGNORECASE)
_SCALE = re.compile(r"\b(?:from )?[01](?:\s*\([^)]*\))?\s*(?:to|and|-|–)\s*(\d{1,3})\b")
_LABELS = re.compile(
    r"(?:words|labels|class(?:es)?|categor(?:y|ies)|names)\b[^:\n]{0,80}:\s*(?P<listed>[\s\S]+)", re.IGNORECASE
)
_JUDGED = frozenset({"verdict", "better", "ranking", "score", "grades", "critiques"})
NO_ASKS = Asks()


@lru_cache(maxsize=2048)
def asks_of(instructions: str) -> Asks:
    """What instructions ask for. They hold neither the question nor candidates."""
    if not instructions:
        return NO_ASKS
    form = next((name for name, pattern in _FORMS if pattern.search(instructions)), "answer")
    labels = _labels(instructions) if form == "label" else ()
    if form == "label" and not labels:
        form = "answer"
    count, scale = _COUNT.search(instructions), _SCALE.search(instructions)
    return Asks(
        form,
        next((name for name, pattern in _STYLES if pattern.search(instructions)), "") if form == "answer" else "",
        frozenset(name for name, pattern in _FEATURES.items() if pattern.search(instructions)),
        int(count[1]) if count else 5,
        int(scale[1]) if scale and int(scale[1]) > 0 else 10,
        labels,
        form in _JUDGED or COMPARES.search(instructions) is not None,
    )


def _labels(instructions: str) -> tuple[str, ...]:
    """The labels in a list behind a colon: one a line, or separated by commas."""
    match = _LABELS.search(instructions)
    if match is None:
        return ()
    block = match["listed"].strip().split("\n\n")[0]
    lines = [line for line in block.split("\n") if line.strip()]
    if len(lines) == 1:
        lines = re.split(r",|;|\||\bor\b", lines[0])
    cleaned = (re.sub(r"^\s*(?:[-*•]|\d+[.)])?\s*", "", line) for line in lines)
    labels = [each.split(":")[0].strip(" `\"'.") for each in cleaned]
    return tuple(dict.fromkeys(each for each in labels if each and len(each) <= 60))
