"""How fast the hot path is, measured: ``make bench``, or ``python -m tests.benchmarks callbacks size``.

Under gunicorn on PostgreSQL, in databases of its own, with the Ping simulator as a process of its own at zero
latency. Figures are printed beside what is promised; nothing here fails because a machine is slow.
"""
