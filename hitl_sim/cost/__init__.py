"""The bill: prices, carbon, the boundary of a human hour, and separate lines."""

from hitl_sim.cost.boundary import (
    BOUNDARIES as BOUNDARIES,
    Boundary as Boundary,
    human_hour_energy as human_hour_energy,
)
from hitl_sim.cost.carbon import GivenCarbon as GivenCarbon
from hitl_sim.cost.engine import (
    Pricing as Pricing,
    open_pricing as open_pricing,
    price_table as price_table,
    reprice as reprice,
)
from hitl_sim.cost.equivalents import (
    EquivalentLine as EquivalentLine,
    PublishedRun as PublishedRun,
    equivalent_lines as equivalent_lines,
    equivalents_of as equivalents_of,
    nearest_run as nearest_run,
    published_runs as published_runs,
)
from hitl_sim.cost.ledger import (
    MEASURES as MEASURES,
    Ledger as Ledger,
    Line as Line,
    Measure as Measure,
)
from hitl_sim.cost.price import (
    LABEL_COSTS as LABEL_COSTS,
    LabelCost as LabelCost,
    Prices as Prices,
    check_prices as check_prices,
    price_rates as price_rates,
    read_carbon as read_carbon,
)
from hitl_sim.cost.scenario import Scenarios as Scenarios, cross as cross
from hitl_sim.cost.usage import Usage as Usage
