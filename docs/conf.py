"""Settings of the documentation site; ``make docs`` builds it into build/docs."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "extensions"))

import cutaway  # noqa: E402 (after the extensions' folder is on the path)

project = "cutaway"
author = "the authors of cutaway"
copyright = "the authors of cutaway, MIT license"  # noqa: A001 (Sphinx's name)
release = version = cutaway.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",
    "names",
    "setting_tables",
    "finding_pages",
    "result_tables",
    "examples",
    "command_pages",
    "written_pages",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["drawing", "extensions", "theme", "images"]
root_doc = "index"

myst_enable_extensions = ["dollarmath", "deflist"]
# links to headings work as they do when the Markdown files are read directly
myst_heading_anchors = 3
html_math_renderer = "mathml"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_custom_sections = [("Source", "notes_style"), ("Returns", "returns_style")]
napoleon_use_ivar = True

# Types of other libraries in signatures are not linked: looking up their pages would need the network.
nitpick_ignore_regex = [("py:.*", r"(?!cutaway\.).*"), ("py:.*", r"cutaway\.[a-z_.]+\.[A-Za-z_]+")]

html_theme = "furo"
html_title = "cutaway"
html_static_path = ["theme"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
# excerpts in search results would be fetched, which browsers refuse for pages read from disk
html_show_search_summary = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f5f99", "color-brand-content": "#1f5f99"},
    "dark_css_variables": {"color-brand-primary": "#7db8ec", "color-brand-content": "#7db8ec"},
}
# Sphinx's own highlighting, with enough contrast in both color schemes
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
