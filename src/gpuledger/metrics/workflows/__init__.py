"""Attempts of workflows: nodes joined to attempts, the attempt whose result was kept, why time was lost.

Definitions: an attempt is one match; it *executed* when it has a start. A *node* is one (access point, workflow, node name);
a job outside a workflow is a node of its own. See `tries` for what is kept, checkpointed and lost.
"""
