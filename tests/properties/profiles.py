"""How long Hypothesis looks: in the gate, on PostgreSQL, and at night."""

from hypothesis import HealthCheck, settings

_ALL = {
    "deadline": None,
    "report_multiple_bugs": False,
    "suppress_health_check": [HealthCheck.too_slow],
}

CI = settings(max_examples=200, stateful_step_count=50, derandomize=True, **_ALL)
POSTGRESQL = settings(max_examples=10, stateful_step_count=20, derandomize=True, **_ALL)
NIGHTLY = settings(max_examples=2_000, stateful_step_count=100, **_ALL)

settings.register_profile("ci", CI)
settings.register_profile("postgresql", POSTGRESQL)
settings.register_profile("nightly", NIGHTLY)
