"""The sizes of `sms_spam.py`, and what it found."""

from dataclasses import dataclass

from sms_saving import Axis, Floats

TENTHS = 10
"""Parts of a run after which test F1 is read."""
DEVICES = ("laptop-cpu", "h100")
"""Profiles that bill the runs; the first one's joules are in every table."""
RATES = (1e-3, 3e-3, 1e-2, 3e-2)
"""Learning rates whose effect on the headline is shown."""


@dataclass(frozen=True)
class Plan:
    """The sizes of the experiment.

    Attributes:
        seed: fixes every draw.
        replicates: redraws of split, share, weights and batches.
        words: TF-IDF features, the most frequent words.
        pool: messages that training may use.
        validation: held-out messages that fix and test the target; the rest is test.
        epochs: passes over the kept messages.
        steps: training steps between two checkpoints, of which there are whole tenths.
        batch: messages per step.
        trials: replicates behind each learning rate.
        shares: of the data and of the features, in whole tenths, rising to 1.
    """

    seed: int = 0
    replicates: int = 16
    words: int = 1000
    pool: int = 3200
    validation: int = 702
    epochs: int = 10
    steps: int = 25
    batch: int = 32
    trials: int = 6
    shares: tuple[float, ...] = tuple(n / TENTHS for n in range(1, TENTHS + 1))

    @property
    def cap(self) -> int:
        """Training steps on everything: all epochs."""
        return self.epochs * self.pool // self.batch

    @property
    def checkpoints(self) -> int:
        """Checkpoints until the cap."""
        return self.cap // self.steps

    def width(self, share: float) -> int:
        """Features in a share of them."""
        return round(share * self.words)

    def kept(self, share: float) -> int:
        """Messages in a share of the pool."""
        return round(share * self.pool)


@dataclass(frozen=True)
class Found:
    """All that was found.

    Attributes:
        plan: the sizes.
        source: what was done to the messages, in words.
        spam: share of spam in all messages.
        num_test: test messages.
        axes: the two axes by network.
        rates: by network, `[rates, 3, R]` test F1 at each of `RATES`: all of the
            data; a tenth at fixed epochs; a tenth trained for as many steps.
        forests: test F1 `[R]` of the published kind of forest: "full"; "data" and
            "features", a tenth of them; "cut", a tenth of the data judged by a tenth
            of the test messages, as the published one was.
    """

    plan: Plan
    source: str
    spam: float
    num_test: int
    axes: dict[str, list[Axis]]
    rates: dict[str, Floats]
    forests: dict[str, Floats]
