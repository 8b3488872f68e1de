"""Tocsin: a config-as-code compiler for monitoring."""

__version__ = "0.1.0"
