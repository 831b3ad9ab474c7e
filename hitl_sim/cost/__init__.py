"""The bill: prices, carbon, the boundary of a human hour, and separate lines."""

from hitl_sim.cost.boundary import BOUNDARIES as BOUNDARIES
from hitl_sim.cost.boundary import Boundary as Boundary
from hitl_sim.cost.boundary import human_hour_energy as human_hour_energy
from hitl_sim.cost.carbon import GivenCarbon as GivenCarbon
from hitl_sim.cost.engine import Pricing as Pricing
from hitl_sim.cost.engine import open_pricing as open_pricing
from hitl_sim.cost.engine import price_table as price_table
from hitl_sim.cost.engine import reprice as reprice
from hitl_sim.cost.equivalents import EquivalentLine as EquivalentLine
from hitl_sim.cost.equivalents import PublishedRun as PublishedRun
from hitl_sim.cost.equivalents import equivalent_lines as equivalent_lines
from hitl_sim.cost.equivalents import equivalents_of as equivalents_of
from hitl_sim.cost.equivalents import published_runs as published_runs
from hitl_sim.cost.ledger import MEASURES as MEASURES
from hitl_sim.cost.ledger import Ledger as Ledger
from hitl_sim.cost.ledger import Line as Line
from hitl_sim.cost.ledger import Measure as Measure
from hitl_sim.cost.price import LABEL_COSTS as LABEL_COSTS
from hitl_sim.cost.price import LabelCost as LabelCost
from hitl_sim.cost.price import Prices as Prices
from hitl_sim.cost.price import check_prices as check_prices
from hitl_sim.cost.price import price_rates as price_rates
from hitl_sim.cost.price import read_carbon as read_carbon
from hitl_sim.cost.scenario import Scenarios as Scenarios
from hitl_sim.cost.scenario import cross as cross
from hitl_sim.cost.usage import Usage as Usage
