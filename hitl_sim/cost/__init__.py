"""The bill: prices, carbon, the boundary of a human hour, and separate lines."""

from hitl_sim.cost.afford import Affordance as Affordance
from hitl_sim.cost.afford import AffordLine as AffordLine
from hitl_sim.cost.afford import PublishedRun as PublishedRun
from hitl_sim.cost.afford import afford as afford
from hitl_sim.cost.afford import afford_lines as afford_lines
from hitl_sim.cost.afford import human_joules as human_joules
from hitl_sim.cost.afford import published_runs as published_runs
from hitl_sim.cost.bill import DeviceWork as DeviceWork
from hitl_sim.cost.bill import HumanBill as HumanBill
from hitl_sim.cost.bill import WorkBill as WorkBill
from hitl_sim.cost.bill import simulated_seconds as simulated_seconds
from hitl_sim.cost.boundary import BOUNDARIES as BOUNDARIES
from hitl_sim.cost.boundary import Boundary as Boundary
from hitl_sim.cost.boundary import human_hour_carbon as human_hour_carbon
from hitl_sim.cost.boundary import human_hour_energy as human_hour_energy
from hitl_sim.cost.carbon import carbon_intensity as carbon_intensity
from hitl_sim.cost.carbon import grid_regions as grid_regions
from hitl_sim.cost.ledger import Ledger as Ledger
from hitl_sim.cost.ledger import build_ledger as build_ledger
from hitl_sim.cost.line import Line as Line
from hitl_sim.cost.price import LabelStanding as LabelStanding
from hitl_sim.cost.price import Prices as Prices
from hitl_sim.cost.price import Rates as Rates
from hitl_sim.cost.price import check_prices as check_prices
from hitl_sim.cost.price import price_rates as price_rates
