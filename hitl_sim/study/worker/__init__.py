"""Worker process: builds, compiles and runs the programs of a study.

This package is imported only in a worker, after the environment is set.
"""

from hitl_sim.study.program import run_config as run_config
from hitl_sim.study.worker.count import count_halves as count_halves
from hitl_sim.study.worker.count import count_unit as count_unit
from hitl_sim.study.worker.leaves import data_of as data_of
from hitl_sim.study.worker.leaves import hyper_of as hyper_of
from hitl_sim.study.worker.leaves import seeds_of as seeds_of
from hitl_sim.study.worker.process import compiler_options as compiler_options
from hitl_sim.study.worker.process import environment as environment
from hitl_sim.study.worker.run import ChunkReport as ChunkReport
from hitl_sim.study.worker.run import probe_chunks as probe_chunks
from hitl_sim.study.worker.run import run_chunk as run_chunk
from hitl_sim.study.worker.run import run_chunks as run_chunks
from hitl_sim.study.worker.run import time_vmap_sizes as time_vmap_sizes
