# pyright: reportUnusedImport=false
"""What the page needs to run the model of a run: as plain data and arrays, or the reason why it cannot.

In comes a `RunContext`; out comes `cutaway.page.NetworkData`, which the modules in cutaway/page/network read. May call
`cutaway.topics.prediction`, `cutaway.context` and the packages below.
"""

from .model import network_data
