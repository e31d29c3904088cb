"""gpuledger: one ledger for every GPU.

Read the packages in the order the data flows: `model` (what a row means), `sources` and `raw` (what outside
systems said), `store` (the ledger), `metrics` (each number once), `reports` (numbers to a Document), `render`
(Document to bytes), `actions` (one file per verb), `cli` (what people type).
"""

__version__ = "0.1.0"
