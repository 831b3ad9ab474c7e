"""Worker process: builds, compiles and runs the programs of a study.

This package is imported only in a worker, after the environment is set.
"""

from hitl_sim.study.program import run_config as run_config
from hitl_sim.study.worker.count import (
    count_halves as count_halves,
    count_unit as count_unit,
)
from hitl_sim.study.worker.leaves import (
    data_of as data_of,
    hyper_of as hyper_of,
    seeds_of as seeds_of,
)
from hitl_sim.study.worker.process import (
    compiler_options as compiler_options,
    environment as environment,
)
from hitl_sim.study.worker.run import (
    ChunkReport as ChunkReport,
    probe_chunks as probe_chunks,
    run_chunk as run_chunk,
    run_chunks as run_chunks,
    time_vmap_sizes as time_vmap_sizes,
)
