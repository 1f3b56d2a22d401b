"""The benchmark: workloads measured against floors that run in the same process, interleaved.

==============  =========================================================================================
sizes           how large a world is: S, M, L, and ``mini`` for the tests
generator       fills a database with such a world, from a seed, by INSERT … SELECT
measure         rounds, medians, verdicts: the arithmetic of the table
stopwatch       one timed call with its statements; the memory of a process
people          who asks: signed-in browsers and actors
floors          the bare pages and statements that the product is measured against
workloads       one file per workload (B1, B2, …), by the numbers of the performance page
run             all of it in order; prints the table and writes it as JSON
==============  =========================================================================================

Started by ``bin/bench``, which brings a PostgreSQL cluster of its own and throws it away.
"""
