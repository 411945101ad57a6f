"""The files of a batch: questions in, answers out, a line each; an interrupted batch goes on from the answers that are there."""

from __future__ import annotations

import json
import os
from typing import IO, TYPE_CHECKING, Any

from moaql.datasets import read_rows
from moaql.errors import UsageError
from moaql.run.question import Question

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from moaql.run.result import Answer

USUAL_FIELDS = ("input", "question")
_BEGINNING = b'{"id": "'
"""Of each line of answers."""


def read_questions(path: str, field: str | None = None, limit: int | None = None) -> list[Question]:
    """The questions of a data set. One without an `id` is called by its line number.

    Raises:
        UsageError: if the file cannot be read, a question is missing or empty, or two have one id.
    """
    questions: list[Question] = []
    lines: dict[str, int] = {}
    for row in read_rows(path):
        id = str(row.fields.get("id", row.line))
        if id in lines:
            raise UsageError(
                f"{row.file}:{row.line}: the id `{id}` is that of line {lines[id]} too", "Give every item its own id."
            )
        lines[id] = row.line
        text = row.text(field, USUAL_FIELDS)
        if not text.strip():
            raise UsageError(f"{row.file}:{row.line}: the question is empty", "Remove the line, or fill it.")
        questions.append(Question(text, id=id, fields=row.fields))
        if limit is not None and len(questions) >= limit:
            break
    if not questions:
        raise UsageError(
            f"`{path}` is empty: it holds no question", "Write one JSON object a line, with a field `input`."
        )
    return questions


class AnswersFile:
    """The answers of a batch. Each is on disk before the next is counted.

    Args:
        path: Of the file; answers in it are kept, a line that was cut off is removed.
        fingerprint: Of the topology that gives the answers.
        seed: Of what is drawn.

    Attributes:
        answered: The question of each item that is answered, by its id.
        cost: List price in dollars of all answers; None where one is unknown.
        simulated: Whether simulated models took part.

    Raises:
        UsageError: if the file is none of answers, or those of another topology, or cannot be written.
    """

    def __init__(self, path: str, fingerprint: str, seed: int = 0) -> None:
        self.path = path
        self.answered: dict[str, str] = {}
        self.cost: float | None = 0.0
        self.simulated = False
        self._fingerprint = fingerprint[:12] + (f"-{seed}" if seed else "")
        try:
            # Halves of surrogate pairs, which models do write, are no UTF-8: they become `?`.
            self._file: IO[str] = open(path, "a", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed by __exit__
        except OSError as error:
            raise _unwritable(path, error) from None
        try:
            self._lock()
            self._read()
        except BaseException:
            self._file.close()
            raise

    def left(self, questions: Sequence[Question]) -> list[Question]:
        """The questions that are not answered yet.

        Raises:
            UsageError: if one was answered, and was another question then: a line was changed, or one was put in between.
        """
        for each in questions:
            if self.answered.get(each.id, each.text) != each.text:
                raise UsageError(
                    f"`{self.path}` holds the answer to another question of the id `{each.id}`",
                    "The questions have changed. Give another file with `-o`; what was paid for is in the bank.",
                )
        return [each for each in questions if each.id not in self.answered]

    def add(self, id: str, answer: Answer) -> None:
        """Keep one answer."""
        line = {
            "id": id,
            "question": answer.question,
            "answer": answer.text,
            "cost": answer.cost,
            "paid": answer.paid,
            "latency_s": answer.latency_s,
            "calls": len(answer.said),
            "lost": [each.node for each in answer.losses],
            "notes": list(answer.notes),
            "simulated": answer.simulated,
            "topology": answer.topology,
            "fingerprint": self._fingerprint,
        }
        try:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise _unwritable(self.path, error) from None
        self._count(line)

    def sort(self, ids: Sequence[str]) -> None:
        """Put the lines in the order of the questions. The file is replaced in one step."""
        order = {id: position for position, id in enumerate(ids)}
        try:
            os.fsync(self._file.fileno())
            with open(self.path, encoding="utf-8") as file:
                lines = sorted(file, key=lambda line: order.get(str(json.loads(line)["id"]), len(order)))
            new = f"{self.path}.part"
            with open(new, "w", encoding="utf-8") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def __enter__(self) -> AnswersFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:
            raise _unwritable(self.path, failure) from None

    def _lock(self) -> None:
        """Keep other batches out of the file, where the system can; the lock ends with the process, however that ends."""
        try:
            import fcntl
        except ImportError:  # Windows has none
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another batch is writing `{self.path}`", "Wait until it is done, or give another file with `-o`."
            ) from None
        except OSError:  # a file system without locks
            return

    def _read(self) -> None:
        try:
            with open(self.path, "rb+") as file:
                data = file.read()
                whole = data.rfind(b"\n") + 1
                lines = [self._line(number, line) for number, line in enumerate(data[:whole].splitlines(), 1)]
                # A batch may have been killed while it wrote the last line: in the middle, or in front of the line break.
                last = data[whole:]
                if last and _BEGINNING.startswith(last[: len(_BEGINNING)]) and not _is_json(last):
                    file.truncate(whole)
                elif last:
                    lines.append(self._line(len(lines) + 1, last))
                    file.write(b"\n")
        except OSError as error:
            raise _unwritable(self.path, error) from None
        for line in lines:
            self._count(line)

    def _line(self, number: int, text: bytes) -> dict[str, Any]:
        try:
            line = json.loads(text)
            theirs = line["fingerprint"]
            _ = line["id"], line["answer"], line["cost"]
        except (ValueError, KeyError, TypeError):
            raise self._foreign(number) from None
        if theirs != self._fingerprint:
            raise UsageError(
                f"`{self.path}` holds answers of another topology (`{line.get('topology', '?')}`), or by another seed",
                "Give another file with `-o`, or remove this one.",
            )
        return dict(line)

    def _foreign(self, number: int) -> UsageError:
        return UsageError(
            f"`{self.path}` is there already, and its line {number} is no answer of a batch",
            "Give another file with `-o`; nothing was changed.",
        )

    def _count(self, line: dict[str, Any]) -> None:
        self.answered[str(line["id"])] = str(line.get("question", ""))
        self.simulated = self.simulated or bool(line.get("simulated"))
        cost = line["cost"]
        self.cost = None if self.cost is None or cost is None else self.cost + cost


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _unwritable(path: str, error: OSError) -> UsageError:
    reason = (error.strerror or str(error)).lower()
    return UsageError(f"cannot write `{path}`: {reason}", "Check the path and the space left; what is done is kept.")
