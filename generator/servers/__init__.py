"""Speak HTTP with running Prometheus and Alertmanager servers: ask, reload, say what failed."""
