"""One training by several processes: how they find each other, agree, and end together.

In come an address or what a cluster tells its jobs; out comes a `World`, through which the processes of a training
compare what they were given, follow the first one's decisions, and hear of each other's end. JAX moves the arrays.
May call errors and progress only. JAX is loaded with the first call: `join_processes` must choose before how much it
prints.
"""
