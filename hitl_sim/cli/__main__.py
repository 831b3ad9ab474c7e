"""`python -m hitl_sim.cli`."""

from hitl_sim.cli import main

if __name__ == "__main__":
    main()
