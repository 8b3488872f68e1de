"""Tocsin: a config-as-code compiler for monitoring."""
