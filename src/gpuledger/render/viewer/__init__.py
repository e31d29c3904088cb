"""The viewer: one page of plain ES modules that draws any Document, live from the API, from static files, or in one file.

The sources under `static/` are what a browser could load as they are; `bundle` joins them, so that all three modes run
the same two files. Nothing is fetched from elsewhere, and text from data only ever becomes text.
"""

from gpuledger.render.viewer.page import csp, files, page
from gpuledger.render.viewer.report_info import report_info
from gpuledger.render.viewer.single_file import page_of

__all__ = ["csp", "files", "page", "page_of", "report_info"]
