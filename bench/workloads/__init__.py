"""One module per workload. Each has ``TITLE`` and ``run(bench)``, which yields the points of the table."""
