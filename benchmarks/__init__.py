"""What is fast, each beside its limit: `make bench`.

A case is one line of the performance budget. Its data is made here, without the network. Our way and the limit (the
least any program could do with the same bytes) run in turn, A B A B, each in a process of its own; the table shows the
medians and their ratio, and `benchmarks/results/<commit>.json` keeps them for comparison between commits.
"""
