"""Which requests are the same request."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from bank.examples import ASKED

from moaql.bank.key import key_of
from moaql.errors import UsageError
from moaql.providers.base import Item, Request

GOLDEN = json.loads((Path(__file__).parent / "keys.json").read_text(encoding="utf-8"))


def request_of(fields):
    pairs = {name: tuple(tuple(pair) for pair in fields[name]) for name in ("messages", "settings", "connection")}
    return Request(fields["provider"], fields["model"], sample=fields["sample"], **pairs)


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["why"])
def test_keys_never_change_since_banks_are_full_of_them(golden):
    assert key_of(request_of(golden["request"])).hex() == golden["key"]


def test_keys_are_the_same_in_another_process():
    code = (
        f"from moaql.bank.key import key_of; from moaql.providers.base import Request; print(key_of({ASKED!r}).hex())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == key_of(ASKED).hex()


@pytest.mark.parametrize(
    "same",
    [
        replace(ASKED, item=Item("another", "q1", {"target": "Paris"})),
        replace(ASKED, connection=(("api_key_env", "MY_KEY"),)),
        replace(ASKED, connection=(("prices", "/nowhere.json"),)),
        replace(ASKED, settings=(("stop", None), ("temperature", 0.7))),
        replace(ASKED, messages=(["user", "What is the capital of France?"],)),
    ],
    ids=["item", "key variable", "prices", "a setting that is not sent", "a list"],
)
def test_what_is_not_sent_makes_no_difference(same):
    assert key_of(same) == key_of(ASKED)


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, provider="azure"),
        replace(ASKED, model="gpt-4o-mini"),
        replace(ASKED, provider="openai/gpt", model="4o"),
        replace(ASKED, messages=()),
        replace(ASKED, messages=(("system", "What is the capital of France?"),)),
        replace(ASKED, messages=(*ASKED.messages, ("user", ""))),
        replace(ASKED, settings=()),
        replace(ASKED, settings=(("temperature", 0.70000001),)),
        replace(ASKED, settings=(("temperature", "0.7"),)),
        replace(ASKED, settings=(("top_p", 0.7),)),
        replace(ASKED, settings=(("stop", "7"), ("temperature", 0.7))),
        replace(ASKED, sample=1),
        replace(ASKED, connection=(("base_url", "http://localhost:8000/v1"),)),
    ],
    ids=str,
)
def test_what_is_sent_makes_a_difference(other):
    assert key_of(other) != key_of(ASKED)


def test_settings_that_are_equal_are_one():
    def key(**settings):
        return key_of(replace(ASKED, settings=tuple(settings.items())))

    assert key(temperature=1) == key(temperature=1.0)
    assert key(temperature=0) == key(temperature=-0.0)
    assert key(temperature=1, top_p=0.5) == key(top_p=0.5, temperature=1)
    assert key(stop=("a", "b")) == key(stop=["a", "b"])
    assert key(logprobs=True) != key(logprobs=1)
    assert key(stop=("a", "b")) != key(stop=("a, b",)) != key(stop=("b", "a"))


def test_an_address_with_and_without_a_slash_at_its_end_is_one():
    def key(url):
        return key_of(replace(ASKED, connection=(("base_url", url),)))

    assert key("http://localhost/v1") == key("http://localhost/v1/") != key("http://localhost/v2")


def test_texts_cannot_run_into_each_other():
    keys = {
        key_of(replace(ASKED, messages=messages))
        for messages in [
            (("user", "ab"),),
            (("user", "a"), ("user", "b")),
            (("usera", "b"),),
            (("user", 'a"],["user","b'),),
            (("user", "ab\0"),),
            (("user", "\\u0000"),),
            (("user", "\0"),),
            (("user", "\ud83d\ude00"),),  # two halves, which some JSON readers give
            (("user", "\ud83d"),),
        ]
    }
    assert len(keys) == 9


def test_of_a_file_its_content_counts(tmp_path):
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_text("world")
    other.write_text("world")

    def key(path):
        return key_of(replace(ASKED, connection=(("file", str(path)),)))

    first = key(one)
    assert first == key(other) != key_of(ASKED)
    one.write_text("another world")
    assert key(one) != first
    one.write_text("world")
    assert key(one) == first


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read `.*gone.json`: no such file"):
        key_of(replace(ASKED, connection=(("file", str(tmp_path / "gone.json")),)))
