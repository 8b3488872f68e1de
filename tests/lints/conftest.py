"""One repository of small specs for each module."""

from tests.lints.tenants import specs

__all__ = ["specs"]
