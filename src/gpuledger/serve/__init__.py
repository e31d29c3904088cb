"""The service: reports, rows and uploads by HTTP, for the page, for programs and for monitoring (DESIGN §11).

Nothing is computed here. A route reads what was asked, has the action make the answer off the event loop, and says it
in the form that was asked for.
"""
