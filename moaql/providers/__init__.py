"""Providers of models: one file a provider, named as it stands before the first `/` of a model's id.

`base` says what a provider is; `find.find_provider` knows which one answers for an id.
"""

from moaql.providers.base import Provider
from moaql.registry import Registry

PROVIDERS: Registry[Provider] = Registry(
    "moaql.providers",
    "PROVIDER",
    not_entries=frozenset(
        {
            "base",
            "completions",
            "endpoints",
            "events",
            "fields",
            "find",
            "recording",
            "replies",
            "secrets",
            "tool_calls",
            "turns",
            "wire",
        }
    ),
)
"""All providers that have a file of their own, by name."""
