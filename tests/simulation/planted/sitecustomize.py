"""Planted into the gateway's children by PYTHONPATH; idle without TOLLBOOK_TEST_CRASH."""

import os
import sys

if os.environ.get("TOLLBOOK_TEST_CRASH") and {"worker", "background"} & set(sys.orig_argv):
    import planted_crashes  # noqa: F401  # importing it changes the product's classes
