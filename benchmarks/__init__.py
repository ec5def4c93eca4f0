"""Measurements that anyone can repeat: ``make bench``, or ``python -m benchmarks NAME``.

Each prints machine, versions, n, median and spread, keeps its result in ``benchmarks/results/`` and fails where a
promised ratio is lost.
"""
