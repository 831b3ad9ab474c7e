"""What counted work is for: the words that records, bills and the learner share."""

from typing import Final

PROTOCOL: Final = "protocol"
"""Work that the protocol needs, and so pays for."""
INSTRUMENT: Final = "instrument"
"""Work that only the experimenter needs."""
MACHINE: Final = "machine"
"""Phase of answers that machines give as annotators do; no work of the training's
device. A unit's name is the phase, a colon, and what the study calls the machine."""
