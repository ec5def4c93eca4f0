"""Files that a library written in C or Rust parses, in a process of their own: damaged bytes can crash such a library.

In come a path and a request; out come an index of the file and its content as bytes, or an error of one line that names
the file, also if the process has crashed, run out of memory or hung. May call only errors, log and parallel.
"""

from .process import FileProcess
