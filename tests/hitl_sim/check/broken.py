"""Parts that break one promise each, for checks to find, and two that are sound."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from hitl_sim.energy import Kind, Scope, exact
from hitl_sim.energy.meters import Capability
from hitl_sim.learn.efficiency import Around
from oracles import FEEDBACK, Oracle, part

LABEL = FEEDBACK["label"]
COUNT = itertools.count()


def changed(change):
    """Build an oracle that changes what a sound one answers."""

    def answer(key, params, state, query):
        after, response = LABEL.answer(key, params, state, query)
        return after, change(response, query)

    return Oracle(LABEL.check, LABEL.init, answer)


@part.annotator()
def sound():
    return LABEL


@part.annotator()
def off_shape():
    return changed(lambda r, q: r._replace(answer=r.answer.astype(jnp.float32)))


@part.annotator()
def python_value():
    return changed(lambda r, q: r._replace(seconds=r.seconds * float(q.size[0, 0])))


@part.annotator()
def drawn_from_numpy():
    def change(response, query):
        noise = np.random.default_rng(next(COUNT)).random(response.seconds.shape)
        return response._replace(seconds=response.seconds * (1 + noise))

    return changed(change)


@part.annotator()
def by_hash():
    number = float(hash("some text") % 1000)
    return changed(lambda r, q: r._replace(seconds=r.seconds * (1 + number)))


@part.annotator()
def on_the_host():
    def change(response, query):
        jax.debug.print("asked {}", response.seconds.sum())
        return response

    return changed(change)


@part.annotator()
def reads_padding():
    def change(response, query):
        return response._replace(seconds=response.seconds * (1 + query.item.sum()))

    return changed(change)


@part.annotator()
def without_key():
    def answer(key, params, state, query):
        return LABEL.answer(jax.random.key(0), params, state, query)

    def init(key, params):
        return LABEL.init(jax.random.key(0), params)

    return Oracle(LABEL.check, init, answer)


@part.annotator()
def overflows():
    return changed(lambda r, q: r._replace(seconds=r.seconds * jnp.exp(q.size)))


@part.annotator()
def answers_all():
    return changed(lambda r, q: r._replace(is_answered=jnp.ones_like(r.is_answered)))


@part.annotator()
def keeps_place():
    def answer(key, params, state, query):
        after, response = LABEL.answer(key, params, state, query)
        late = jnp.arange(query.item.shape[0])[:, None]
        return after, response._replace(seconds=response.seconds * (1 + late))

    return Oracle(LABEL.check, LABEL.init, answer)


@part.annotator()
def forgets_occasions():
    def answer(key, params, state, query):
        return LABEL.answer(key, params, state, query._replace(occasion=query.item * 0))

    return Oracle(LABEL.check, LABEL.init, answer)


@part.annotator()
def never_errs():
    return changed(
        lambda r, q: r._replace(answer=jnp.where(r.is_answered, q.truth, -1))
    )


@part.annotator()
def no_oracle():
    return LABEL.answer


@part.annotator()
def raises():
    raise RuntimeError("no luck today")


@part.meter()
def power():
    return None


@part.optimiser(params={"rate": 0.1})
def uphill(total_steps):
    return lambda params: optax.scale(params["rate"])


@part.metric()
def share_right():
    return lambda logits, label, params: (logits.argmax(axis=1) == label).mean()


@part.metric()
def the_worse_the_better():
    return lambda logits, label, params: (logits.argmax(axis=1) != label).mean()


@part.method()
def not_around(host):
    return host


@part.method()
def loses_weights(host):
    def settle(trained, state, params):
        return jax.tree.leaves(trained), state

    return Around(settle=settle)


@part.task()
def no_arrays():
    return 3


@part.task()
def other_each_time():
    features = np.arange(40.0).reshape(20, 2) ** next(COUNT)
    return {"features": features, "labels": np.arange(20) % 2}


class Debt:
    name = "debt"

    def probe(self):
        return [Capability("debt", True, "host/debt", Scope.BOARD, Kind.ASSUMED)]

    def read(self):
        return None

    def delta(self, start, end):
        return [exact(-1.0, "J", Kind.ASSUMED, Scope.BOARD, "none", of="host/debt")]


@part.meter()
def below_nothing():
    return Debt()
