"""A channel of every kind with every key that it has, from the schema's own examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from generator.spec.model import Channel
from generator.spec.validate import schema
from tests.builders import PLACE


@cache
def definitions() -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema("tenant")["$defs"]
    return found


def kinds() -> Mapping[str, Mapping[str, Any]]:
    """Kind of channel -> its part of the schema."""
    found: Mapping[str, Mapping[str, Any]] = definitions()["channel"]["properties"]
    return {kind: part for kind, part in found.items() if kind != "people"}


def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the schema with its reference followed."""
    reference = part.get("$ref")
    return definitions()[reference.rsplit("/", 1)[1]] if reference else part


def example(kind: str) -> dict[str, Any]:
    """The least that a channel of a kind says."""
    found: dict[str, Any] = kinds()[kind]["examples"][0]
    return dict(found)


def keys(kind: str) -> Iterator[tuple[str, Any]]:
    """(key, an example of its value) of a kind."""
    for key, part in kinds()[kind]["properties"].items():
        yield key, part["examples"][0]


def with_key(kind: str, key: str, value: Any) -> dict[str, Any]:
    """The example with one key more, in place of those that it excludes."""
    alternatives = [way["required"][0] for way in kinds()[kind].get("oneOf", ())]
    found = {
        k: v for k, v in example(kind).items() if key not in alternatives or k not in alternatives
    }
    return {**found, key: value}


def channel(kind: str, fields: Mapping[str, Any], name: str = "it") -> Channel:
    return Channel(name, kind, fields, PLACE)


HTTP = (
    {"proxy_url": "http://proxy.internal:3128"},
    {"proxy_url": "http://proxy.internal:3128", "no_proxy": "localhost"},
    {"proxy_from_environment": True},
    {"tls_config": {"ca_file": "/c", "cert_file": "/d", "key_file": "/k", "server_name": "x"}},
    {"follow_redirects": False},
    {"authorization": {"type": "Bearer", "credentials_file": "/s"}},
    {"basic_auth": {"username": "u", "password_file": "/s"}},
    {
        "oauth2": {
            "client_id": "u",
            "client_secret_file": "/s",
            "token_url": "https://login.example.com/token",
            "scopes": ["a"],
        }
    },
)
"""What http_config may hold."""
