"""Number formats of a product of matrices: int8, and multipliers that err a little.

Whatever the format, weights stay float32 and gradients are those of the plain product
(straight through), so a network trains with any of them.
"""

from hitl_sim.learn.arithmetic.build import build_product as build_product
from hitl_sim.learn.arithmetic.config import ArithmeticConfig as ArithmeticConfig
from hitl_sim.learn.arithmetic.error_model import fit_error_model as fit_error_model
from hitl_sim.learn.arithmetic.feature import RANGE_BYTES as RANGE_BYTES
from hitl_sim.learn.arithmetic.feature import decode_features as decode_features
from hitl_sim.learn.arithmetic.feature import encode_features as encode_features
from hitl_sim.learn.arithmetic.feature import quantise_features as quantise_features
from hitl_sim.learn.arithmetic.int8 import int8_product as int8_product
from hitl_sim.learn.arithmetic.int8 import runs_in_int8 as runs_in_int8
from hitl_sim.learn.arithmetic.int8 import simulated_product as simulated_product
from hitl_sim.learn.arithmetic.lookup import lookup_product as lookup_product
from hitl_sim.learn.arithmetic.multiplier import find_multiplier as find_multiplier
from hitl_sim.learn.arithmetic.multiplier import multiplier_names as multiplier_names
from hitl_sim.learn.arithmetic.quantise import MissingQwixError as MissingQwixError
from hitl_sim.learn.arithmetic.quantise import fake_quantise as fake_quantise
from hitl_sim.learn.arithmetic.quantise import quantise_kernel as quantise_kernel
from hitl_sim.learn.arithmetic.quantise import quantise_rows as quantise_rows
from hitl_sim.learn.arithmetic.table import error_figures as error_figures
from hitl_sim.learn.arithmetic.table import product_table as product_table
