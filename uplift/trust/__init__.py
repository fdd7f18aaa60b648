"""How far each number can be trusted."""

from uplift.trust.evalue import EValue, find_e_value, find_e_value_of_difference
from uplift.trust.robustness import Benchmark, Robustness, benchmark_confounder, find_robustness
from uplift.trust.rosenbaum import RosenbaumBounds, ShiftBounds, bound_mcnemar, bound_shift, bound_signed_rank

__all__ = [
    "Benchmark",
    "EValue",
    "Robustness",
    "RosenbaumBounds",
    "ShiftBounds",
    "benchmark_confounder",
    "bound_mcnemar",
    "bound_shift",
    "bound_signed_rank",
    "find_e_value",
    "find_e_value_of_difference",
    "find_robustness",
]
