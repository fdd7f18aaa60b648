"""What to do: decomposition, plan, gate, verdict."""
