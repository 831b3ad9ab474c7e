"""What counted work is for: the words that records, bills and the learner share."""

from typing import Final

PROTOCOL: Final = "protocol"
"""Work that the protocol needs, and so pays for."""
INSTRUMENT: Final = "instrument"
"""Work that only the experimenter needs."""
