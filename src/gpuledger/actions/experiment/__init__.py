"""An experiment's files → the CSV of its attempts, its report, and how two experiments differ.

The files are read into a ledger (one of their own that is discarded, or a given one), so everything here is asked of a
ledger as any report is: there is one reading of a log and one definition of a number.
"""
