"""Recorded answers as the calibration of the simulated models needs them: figures, and the questions to draw answers to."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FAMILIES = {"gsm8k": "arithmetic", "math_l5": "math", "crux": "code", "mmlu_pro": "knowledge"}
"""Recorded families, and the categories of the world that they calibrate."""

HOSTS = ("Llama-3.1-405B-Inst@hyperbolic", "Llama-3.1-405B-Inst@sambanova", "Llama-3.1-405B-Inst-fp8@together")
"""One model on three hosts: what it differs in from host to host is its own noise. Only the first stands for the model."""

NAMES = {
    HOSTS[0]: "llama-3.1-405b",
    "Meta-Llama-3-70B-Instruct": "llama-3-70b-chat",
    "Meta-Llama-3-8B-Instruct": "llama-3-8b-chat",
    "Meta-Llama-3.1-70B-Instruct": "llama-3.1-70b",
    "Meta-Llama-3.1-8B-Instruct": "llama-3.1-8b",
    "Meta-Llama-3-70B": "llama-3-70b-base",
    "Meta-Llama-3-8B": "llama-3-8b-base",
    "Meta-Llama-3.1-70B": "llama-3.1-70b-base",
    "Meta-Llama-3.1-8B": "llama-3.1-8b-base",
    "Mistral-Nemo-Instruct-2407": "mistral-nemo",
    "Mixtral-8x7B-Instruct-v0.1": "mixtral-8x7b-instruct",
    "Mixtral-8x7B-v0.1": "mixtral-8x7b-base",
    "Mistral-7B-v0.2-hf": "mistral-7b-v0.2-base",
    "Mistral-7B-v0.1": "mistral-7b-v0.1-base",
    "Qwen2-72B-Instruct": "qwen2-72b",
    "Qwen2-7B-Instruct": "qwen2-7b",
    "Qwen1.5-110B": "qwen1.5-110b-base",
    "claude-3-5-haiku-20241022": "claude-3.5-haiku",
    "claude-3-5-sonnet-20240620": "claude-3.5-sonnet-20240620",
    "claude-3-5-sonnet-20241022": "claude-3.5-sonnet",
    "claude-3-haiku-20240307": "claude-3-haiku",
    "claude-3-opus-20240229": "claude-3-opus",
    "claude-3-sonnet-20240229": "claude-3-sonnet",
    "deepseek-v2-chat-0628": "deepseek-v2-chat",
    "deepseek-v2-coder-0724": "deepseek-coder-v2",
    "deepseek-v2-coder-0614": "deepseek-coder-v2-0614",
    "deepseek-v2.5-0908": "deepseek-v2.5",
    "gpt-4o-2024-08-06": "gpt-4o",
    "gpt-4o-mini-2024-07-18": "gpt-4o-mini",
    "gpt-3.5-turbo-0125": "gpt-3.5-turbo",
    "gpt-4-1106-preview@routellm": "gpt-4-turbo",
    "gemini-1.5-flash-002": "gemini-1.5-flash",
    "gemini-1.5-pro-002": "gemini-1.5-pro",
    "reka-core-20240501": "reka-core",
    "reka-flash-20240226": "reka-flash",
    "c4ai-command-r-v01": "command-r",
}
"""Short names; the others are the recorded ones in lower case."""


_FIELDS = ("target", "category", "choices")


@dataclass(frozen=True)
class Recorded:
    """One family.

    Attributes:
        family: Its name.
        models: Short names.
        questions: (question, fields) pairs.
        answers: For each question, what each model answered; None where nothing could be read.
        right: The same as 1, 0, or nan where a model was not asked.
        tokens: Mean tokens of each model's answers.
    """

    family: str
    models: list[str]
    questions: list[tuple[str, dict[str, object]]]
    answers: list[list[str | None]]
    right: np.ndarray
    tokens: np.ndarray


def short(name: str) -> str:
    """The short name of a recorded model."""
    return NAMES.get(name, name.lower())


def load(folder: Path, family: str, limit: int | None = None) -> Recorded:
    """A family from its file; with a limit, only its first questions."""
    with gzip.open(folder / f"{family}.dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = rows[:limit]
    count = Counter(name for row in rows for name in row["responses"])
    recorded = sorted(name for name in count if name not in HOSTS[1:])
    answers = [[_answer(row, name) for name in recorded] for row in rows]
    right = np.array(
        [
            [float(_answer(row, name) == row["target"]) if name in row["responses"] else np.nan for name in recorded]
            for row in rows
        ]
    )
    tokens = np.array(
        [
            np.mean([row["responses"][name][0]["completion_tokens"] for row in rows if name in row["responses"]])
            for name in recorded
        ]
    )
    questions = [
        (row["question"], {"category": FAMILIES[family], **{key: row[key] for key in _FIELDS if key in row}})
        for row in rows
    ]
    return Recorded(family, [short(name) for name in recorded], questions, answers, right, tokens)


def _answer(row: dict[str, dict[str, list[dict[str, str]]]], name: str) -> str | None:
    said = row["responses"].get(name)
    return said[0]["answer"] if said else None
