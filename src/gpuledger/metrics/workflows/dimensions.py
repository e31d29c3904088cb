"""What attempts of workflows can be told apart by, beside what they share with other numbers."""

from gpuledger.metrics import Dimension

DIMENSIONS: tuple[Dimension, ...] = (
    Dimension(
        "cause", "Cause", "What ended an attempt whose result was not kept, else what became of it.", workflow_column="cause"
    ),
    Dimension("node", "Node", "Node of a workflow, by its name.", workflow_column="node_name"),
    Dimension(
        "node_type", "Job type", "A node's name without its numbers, `no node` for a job outside a workflow.",
        workflow_column="node_type",
    ),
    Dimension("workflow_step", "Step", "The step (epoch) in a node's name or variables.", workflow_column="step"),
    Dimension("resource_name", "Part of site", "The part of an overlay (OSPool) that gave the slot.", workflow_column="resource_name"),
)  # fmt: skip
