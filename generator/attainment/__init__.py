"""What was attained: periods, questions to a Prometheus, and the arithmetic on its answers."""
