"""How the documentation becomes a site: `make docs`.

Sphinx with MyST reads the Markdown that is there already, in place, and docstrings as
they are; a link that leads nowhere is an error. MkDocs-Material would need its pages in
one folder, and its own makers end its fixes. MyST-NB runs the pages that are notebooks,
Markdown as well, anew each time: a cell that fails is an error.
"""

from hitl_sim import __version__

project = "hitl_sim"
author = "the authors of hitl_sim"
version = release = __version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
root_doc = "docs/index"
include_patterns = ["docs/*.md", "experiments/**.md", "*.md"]
exclude_patterns = ["README.md", "build", "dist", ".venv", "results", "**/results/**"]
source_suffix = {".md": "myst-nb"}
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
html_theme = "furo"
html_title = "hitl_sim"
html_show_sourcelink = False
html_show_copyright = False
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
napoleon_use_ivar = True
napoleon_google_docstring = True
python_use_unqualified_type_names = True
suppress_warnings = [
    # pages of Markdown are read by themselves too, from their title on or below it
    "myst.header",
    # a fence may say that its code is not run
    "misc.highlighting_failure",
]
