"""Reading suppliers' usage and cost reports: one file a format, all into the same lines."""
