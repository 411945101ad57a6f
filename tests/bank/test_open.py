"""How a bank is named."""

import asyncio
import os

import pytest

from moaql.bank.memory import MemoryBank
from moaql.bank.open import open_bank
from moaql.bank.sqlite import SqliteBank
from moaql.errors import BankError, MissingPackage, UsageError


def opened(where=None, **options):
    bank = open_bank(where, **options)
    asyncio.run(bank.close())
    return bank


def test_by_default_it_is_in_a_private_folder_here_that_git_passes_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert opened().where == os.path.join(".moaql", "bank.db")
    assert (tmp_path / ".moaql").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / ".moaql" / "bank.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / ".moaql" / ".gitignore").read_text() == "*\n"


def test_the_log_of_a_bank_is_as_private_as_the_bank(tmp_path):
    bank = open_bank(str(tmp_path / "bank.db"))
    for file in tmp_path.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
    asyncio.run(bank.close())


def test_a_folder_of_another_name_gets_no_further_file(tmp_path):
    opened(str(tmp_path / "shared" / "bank.db"))
    assert os.listdir(tmp_path / "shared") == ["bank.db"]


@pytest.mark.parametrize("where", ["bank.db", "sqlite:///bank.db", "./bank.db"])
def test_a_path_here(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert isinstance(opened(where), SqliteBank)
    assert os.listdir(tmp_path) == ["bank.db"]


def test_an_absolute_path_and_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    opened(f"sqlite:///{tmp_path}/one.db")
    opened("~/other.db")
    assert sorted(os.listdir(tmp_path)) == ["one.db", "other.db"]


def test_memory():
    assert isinstance(opened(":memory:"), MemoryBank)
    assert isinstance(opened("sqlite:///:memory:"), MemoryBank)


@pytest.mark.parametrize("where", ["mysql://u:secret@h/d", "redis://:secret@h", "sqlite://bank.db", "http://h", ""])
def test_other_places_are_refused_with_help_and_without_their_passwords(where):
    with pytest.raises(UsageError) as caught:
        open_bank(where)
    assert "postgresql://" in caught.value.next_step
    assert "secret" not in str(caught.value)


def test_who_only_reads_makes_no_bank(tmp_path):
    with pytest.raises(UsageError, match="there is no bank at"):
        open_bank(str(tmp_path / "bank.db"), create=False)
    assert os.listdir(tmp_path) == []


def test_postgresql_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(MissingPackage, match=r"pip install psycopg\[binary\]"):
        open_bank("postgresql://u:secret@localhost/d")


def test_a_folder_is_no_bank(tmp_path):
    with pytest.raises(BankError, match="is a directory"):
        open_bank(str(tmp_path))


@pytest.mark.skipif(os.name == "nt", reason="rights of folders are different there")
def test_a_folder_that_may_not_be_written_is_told(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(BankError, match=r"cannot open the bank .*: file exists"):
        open_bank(str(file / "bank.db"))
    with pytest.raises(BankError, match="cannot open the bank"):
        open_bank("/proc/bank.db")
