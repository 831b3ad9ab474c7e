"""A strategy: ask about what the model doubts most, at a temperature of one's own."""

from scaling import sharpened

from hitl_sim import part


@part.strategy(version=1, params={"temperature": 1.0})
def doubt(shape):
    """Score an item by how improbable its most probable class is."""
    del shape

    def score(key, view, params):
        del key
        return 1.0 - sharpened(view.logits, params["temperature"]).max(axis=1)

    return score
