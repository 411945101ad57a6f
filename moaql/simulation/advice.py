"""Sentences that a writer of instructions may think of: plausible ones, of which few help, and which those are differs by world.

Each belongs to a theme. What a theme is about can be seen in wrong answers; which of its sentences helps cannot.
"""

from __future__ import annotations

ADVICE: dict[str, tuple[str, ...]] = {
    "weighing": (
        "Some of them may be wrong.",
        "Do not trust an answer because it sounds sure of itself.",
        "The majority may be mistaken too.",
        "Judge each on its merits, even if only one of them says so.",
        "Verify each claim before you use it.",
        "Compare where they disagree.",
        "Merge what all of them say into one text.",
        "Prefer the candidate that goes into most detail.",
        "Begin with the first candidate and improve it.",
        "Keep to the tone that most candidates have.",
        "Use the strongest phrases of each candidate.",
        "Name what the candidates have in common.",
    ),
    "working": (
        "Work the question out yourself.",
        "Compare your own solution with what is there.",
        "Go through it step by step.",
        "Write a short plan first.",
        "Keep in mind what the user wants to achieve.",
        "Be confident in what you write.",
        "Use plain words for every idea.",
        "Recall what is commonly taught about the subject.",
        "Think of an example for the user.",
        "Treat the question as an expert would.",
    ),
    "form": (
        "End with the result on a line of its own.",
        "Finish with the plain answer.",
        "Use short paragraphs.",
        "Write in Markdown.",
        "State the units.",
        "Begin with a summary.",
        "Keep it under two hundred words.",
        "Use a friendly tone.",
        "Do not apologise.",
        "Write for a general reader.",
    ),
}
"""By theme."""
