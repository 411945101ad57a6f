"""No key of the machine that the tests run on is used, and none is missing."""

import pytest

from moaql.providers.endpoints import ENDPOINTS


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for endpoint in ENDPOINTS.values():
        for name in (endpoint.key_variable, *endpoint.other_variables):
            if name:
                monkeypatch.delenv(name, raising=False)
        if endpoint.key_variable:
            monkeypatch.setenv(endpoint.key_variable, f"key-of-{endpoint.key_variable.lower()}")
