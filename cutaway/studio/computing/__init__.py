"""Work for pages: what is not there yet is computed in a process of its own, and kept as files.

In comes a task, such as the sections of a run; out come parts, which a page fetches as they are made. The server queues
(`Desk`), a child process computes (`process`, `making`), and the store holds what came out. A task that several pages
ask for is done once, and one that nobody waits for any more is canceled.
"""

from .desk import Desk
from .store import PartFile, PartStore
from .tasks import SheetTask, Task, TaskBox

__all__ = ["Desk", "PartFile", "PartStore", "SheetTask", "Task", "TaskBox"]
