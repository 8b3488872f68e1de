"""A dashboard drawn without a Grafana: its JSON and the answers to its queries make one page."""
