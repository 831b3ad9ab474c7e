"""The bill: prices, carbon, the boundary of a human hour, and separate lines."""

from hitl_sim.cost.afford import AffordLine as AffordLine
from hitl_sim.cost.afford import PublishedRun as PublishedRun
from hitl_sim.cost.afford import afford as afford
from hitl_sim.cost.afford import afford_lines as afford_lines
from hitl_sim.cost.afford import published_runs as published_runs
from hitl_sim.cost.boundary import BOUNDARIES as BOUNDARIES
from hitl_sim.cost.boundary import Boundary as Boundary
from hitl_sim.cost.boundary import human_hour_energy as human_hour_energy
from hitl_sim.cost.carbon import GivenCarbon as GivenCarbon
from hitl_sim.cost.engine import Market as Market
from hitl_sim.cost.engine import open_market as open_market
from hitl_sim.cost.engine import price_table as price_table
from hitl_sim.cost.engine import reprice as reprice
from hitl_sim.cost.ledger import MEASURES as MEASURES
from hitl_sim.cost.ledger import Ledger as Ledger
from hitl_sim.cost.ledger import Line as Line
from hitl_sim.cost.ledger import Measure as Measure
from hitl_sim.cost.price import LABEL_STANDINGS as LABEL_STANDINGS
from hitl_sim.cost.price import LabelStanding as LabelStanding
from hitl_sim.cost.price import Prices as Prices
from hitl_sim.cost.price import check_prices as check_prices
from hitl_sim.cost.price import price_rates as price_rates
from hitl_sim.cost.price import read_carbon as read_carbon
from hitl_sim.cost.scenario import Scenarios as Scenarios
from hitl_sim.cost.scenario import cross as cross
from hitl_sim.cost.usage import Usage as Usage
