"""The page of the studio: the shell, and the modules and style sheets that a server hands out."""

from .files import studio_files, studio_shell
