"""Takes keys out of texts that came from outside, and makes them fit to be shown."""

from __future__ import annotations

import os
import re
import unicodedata
from urllib.parse import quote

LONGEST = 300
"""Characters of a provider's words that a message repeats."""
HIDDEN = "***"
_KEY_NAMES = re.compile(r"(?:KEY|KEY_ID|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$", re.IGNORECASE)
_SHORTEST = 4
"""Shorter keys are words, and hide nothing."""
_KEYS = re.compile(
    r"""\b(?:bearer)\s+[^\s"',;]+
    | (?<![A-Za-z0-9])(?:sk|rk|pk|gsk|xai|pplx|nvapi|csk|hf|r8|tgp|fw)[-_][A-Za-z0-9*._-]{6,}
    | \bAIza[A-Za-z0-9_-]{16,}
    | \beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9._-]+
    | (?<=[?&]key=)[^&\s"']+""",
    re.VERBOSE | re.IGNORECASE,
)
"""What looks like a key: the forms that providers give theirs, tokens of the web, and what stands behind `Bearer`."""


def scrub(text: str, key: str = "") -> str:
    """The text without keys: neither the given one nor anything that looks like one.

    Args:
        text: What came from outside.
        key: The key that was sent, or "".
    """
    if len(key) >= _SHORTEST:
        for form in {key, quote(key, safe="")}:
            text = text.replace(form, HIDDEN)
    return _KEYS.sub(HIDDEN, text)


def scrub_environment(text: str) -> str:
    """The text without any key of the environment: for libraries that read keys themselves, under names that only they know.

    Args:
        text: What came from the library.
    """
    for name, value in os.environ.items():
        if value.strip() and _KEY_NAMES.search(name):
            text = scrub(text, value.strip())
    return scrub(text)


def shown(text: str, key: str = "") -> str:
    """One line of at most 300 characters, without keys and control characters, to be repeated in a message.

    Args:
        text: What came from outside.
        key: The key that was sent, or "".
    """
    cut = scrub(text, key)[: LONGEST * 20]
    clean = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in cut)
    line = " ".join(clean.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def scrubbed_name(name: str, asked: str, key: str = "") -> str:
    """What a server calls its model, or its reason to stop, as it may be kept: one line without keys.

    Args:
        name: What came from outside.
        asked: The id that was asked for. A name that it ends with is known, whatever it looks like.
        key: The key that was sent, or "".
    """
    return name if f"/{asked}".endswith(f"/{name}") else shown(name, key)
