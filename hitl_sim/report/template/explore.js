"use strict";
// The arithmetic of a bill and of its draws, as hitl_sim.analysis has it; then the page.
const explorer = (() => {
  const data = JSON.parse(document.getElementById("study").textContent);
  const floats = (text) => {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    return new Float64Array(bytes.buffer);
  };
  const kept = new Map();
  const once = (key, text) => {
    if (!kept.has(key)) kept.set(key, floats(text));
    return kept.get(key);
  };
  const num = data.draws.num;
  const half = (stream, place) =>
    once(`half ${stream} ${place}`, data.draws.halves[stream][place]);
  const weightsOf = (runs) => once(`weights ${runs}`, data.draws.weights[runs]);
  const ARM = 0, CONTROL = 1;
  const sum = (values) => values.reduce((all, one) => all + one, 0);

  // prices that come again are one object, with which all that they make is kept
  const MOST_KNOWN = 16; // a state has ten
  const recent = new Map(), made = new WeakMap();
  const known = (prices) => {
    const key = prices.join(), found = recent.get(key) ?? prices;
    recent.delete(key);
    recent.set(key, found);
    if (recent.size > MOST_KNOWN) recent.delete(recent.keys().next().value);
    return found;
  };
  const keep = (prices, key, make) => {
    if (!made.has(prices)) made.set(prices, new Map());
    const own = made.get(prices);
    if (!own.has(key)) own.set(key, make());
    return own.get(key);
  };

  // what one of everything costs
  const unitPrices = (state) => {
    const device = data.devices[state.device];
    const terms = device.prices[`${state.boundary} ${state.label_cost}`];
    const seconds = once(`seconds ${state.device}`, device.seconds);
    const joules = once(`joules ${state.device}`, device.joules);
    const numbers = data.numbers.map((name) => state[name] ?? NaN);
    const value = (some) => some === null ? NaN : some.reduce((all, [mask, by]) =>
      all + numbers.reduce((one, price, bit) => (mask >> bit) & 1 ? one * price : one, by), 0);
    const found = { device: new Float64Array(data.columns.length), training: {}, beside: {},
      label: {} };
    joules.forEach((one, unit) => { found.device[unit] = one; });
    data.measures.forEach((measure, row) => {
      const [second, joule, ...others] = terms[row].map(value);
      const training = new Float64Array(data.columns.length);
      const beside = new Float64Array(data.columns.length);
      data.units.forEach((_, unit) => {
        const timed = second === 0 ? 0 : seconds[unit] * second;
        training[unit] = timed + joules[unit] * joule;
      });
      others.forEach((price, place) => { beside[data.units.length + place] = price; });
      Object.assign(found, { training: { ...found.training, [measure]: training },
        beside: { ...found.beside, [measure]: beside } });
      found.label[measure] = others[others.length - 1];
    });
    for (const part of [found.training, found.beside]) {
      for (const measure of data.measures) part[measure] = known(part[measure]);
    }
    found.device = known(found.device);
    const kwh = 3.6e6;
    found.answer = { joules: 1, usd: (state.electricity_usd_per_kwh ?? NaN) / kwh,
      kgco2e: (state.grid_kgco2e_per_kwh ?? NaN) / kwh };
    return found;
  };

  // what runs spent, and would have spent without reaching
  const priced = (sample, prices, of = "spent") =>
    keep(prices, `${sample.key} ${of}`, () => price(sample, prices, of));
  const price = (sample, prices, of) => {
    const [places, spent, cap] = of === "spent"
      ? [sample.used, "spent", "cap"] : [sample.recurring, "again", "again_cap"];
    const runs = sample.reached.length, width = places.length;
    const dot = (text) => {
      const amounts = once(`${sample.key} ${text}`, sample[text]);
      const found = new Float64Array(runs);
      for (let run = 0, at = 0; run < runs; run += 1) {
        let all = 0;
        for (let i = 0; i < width; i += 1, at += 1) all += amounts[at] * prices[places[i]];
        found[run] = all;
      }
      return found;
    };
    return { spent: dot(spent), cap: dot(cap), reached: sample.reached };
  };
  const select = (cost, rows) => rows === null ? cost : {
    spent: rows.map((row) => cost.spent[row]), cap: rows.map((row) => cost.cap[row]),
    reached: rows.map((row) => cost.reached[row]) };
  const plus = (one, other, times = 1) => ({
    spent: one.spent.map((value, run) => value + times * other.spent[run]),
    cap: one.cap.map((value, run) => value + times * other.cap[run]),
    reached: one.reached });
  const added = (one, other, times) => {
    const found = new Float64Array(num);
    for (let at = 0; at < num; at += 1) found[at] = one[at] + times * other[at];
    return found;
  };
  const perSuccess = (cost) => {
    const hits = sum(cost.reached), all = sum(cost.spent);
    return hits ? all / hits : Number.isNaN(all) ? NaN : Infinity;
  };
  const isSure = (cost) => sum(cost.reached) === cost.reached.length;
  const isSame = (one, other) => one.spent.length === other.spent.length
    && one.spent.every((value, run) => value === other.spent[run]
      && one.reached[run] === other.reached[run]);
  const weighed = (values, weights, runs) => {
    const found = new Float64Array(num);
    let draw = 0, at = 0;
    // four sums at a time: one alone waits for each of its additions
    for (const [r2, r3] = [2 * runs, 3 * runs]; draw + 3 < num; draw += 4, at += r3) {
      let a = 0, b = 0, c = 0, d = 0;
      for (let run = 0; run < runs; run += 1, at += 1) {
        const value = values[run];
        a += weights[at] * value;
        b += weights[at + runs] * value;
        c += weights[at + r2] * value;
        d += weights[at + r3] * value;
      }
      found[draw] = a;
      found[draw + 1] = b;
      found[draw + 2] = c;
      found[draw + 3] = d;
    }
    for (; draw < num; draw += 1) {
      let all = 0;
      for (let run = 0; run < runs; run += 1, at += 1) all += weights[at] * values[run];
      found[draw] = all;
    }
    return found;
  };
  // how often a draw reached hangs on no price
  const hits = new WeakMap();
  const drawnHits = (reached, weights, runs) => {
    if (!hits.has(reached)) hits.set(reached, weighed(reached, weights, runs));
    return hits.get(reached);
  };
  // what is drawn of a control is drawn once for all that is held against it
  const drawn = new WeakMap();
  const draws = (cost, stream = ARM, mayFail = false) => {
    const own = drawn.get(cost) ?? {}, key = `${stream} ${mayFail}`;
    drawn.set(cost, own);
    own[key] ??= draw(cost, stream, mayFail);
    return own[key];
  };
  const draw = (cost, stream, mayFail) => {
    const runs = cost.spent.length, weights = weightsOf(runs);
    const failed = runs - sum(cost.reached);
    const whole = weighed(cost.spent, weights, runs);
    if (failed === 0 && !mayFail) return whole.map((one) => one / runs);
    if (failed === runs) {
      return whole.map((one) => Number.isNaN(one) ? NaN : one > 0 ? Infinity : 0);
    }
    const success = half(stream, 0), failure = half(stream, 1);
    const cap = weighed(cost.cap, weights, runs);
    const reached = drawnHits(cost.reached, weights, runs);
    const found = new Float64Array(num);
    for (let at = 0; at < num; at += 1) {
      const all = whole[at] * (1 + success[at] / runs) + failure[at] * cap[at] / runs;
      found[at] = all / (reached[at] + success[at]);
    }
    return found;
  };
  const pair = (arm, control, isOne = isSame(arm, control)) =>
    [draws(arm, ARM, !isSure(control)), draws(control, isOne ? ARM : CONTROL)];
  // what would stand at a place were it sorted: two of all are asked for
  const ordered = new Float64Array(num);
  const placed = (place, from) => {
    for (let low = from, high = num - 1; low < high;) {
      const middle = ordered[(low + high) >> 1];
      let left = low, right = high;
      while (left <= right) {
        while (ordered[left] < middle) left += 1;
        while (ordered[right] > middle) right -= 1;
        if (left > right) break;
        const one = ordered[left];
        ordered[left] = ordered[right];
        ordered[right] = one;
        left += 1;
        right -= 1;
      }
      if (place <= right) high = right;
      else if (place >= left) low = left;
      else break;
    }
    return ordered[place];
  };
  const fill = (values, worst) => {
    let unknown = 0;
    for (let at = 0; at < num; at += 1) {
      const one = values[at], isUnknown = one !== one;
      ordered[at] = isUnknown ? worst : one;
      if (isUnknown) unknown += 1;
    }
    return unknown;
  };
  const interval = (values, runs) => {
    if (runs < data.draws.least) return [-Infinity, Infinity];
    const [first, final] = data.draws.ends[runs];
    const unknown = fill(values, -Infinity), low = placed(first, 0);
    if (!unknown) return [low, placed(final, first)];
    fill(values, Infinity);
    return [low, placed(final, 0)];
  };
  const costInterval = (cost) => {
    const runs = cost.spent.length;
    if (runs < data.draws.least) return [0, Infinity];
    if (!sum(cost.reached)) {
      return [sum(cost.spent) / runs / data.draws.none_of[runs], Infinity];
    }
    const [low, high] = interval(draws(cost), runs);
    return [Math.max(low, 0), high];
  };
  const ratio = (arm, control) => {
    const runs = arm.spent.length, hits = sum(arm.reached), beside = sum(control.reached);
    const value = beside ? (hits ? perSuccess(arm) / perSuccess(control) : Infinity) : NaN;
    if (runs < data.draws.least || !(hits || beside)) return [value, 0, Infinity];
    if (!hits) {
      const floor = costInterval(arm)[0], ceiling = costInterval(control)[1];
      return [value, Number.isFinite(ceiling) ? floor / ceiling : 0, Infinity];
    }
    if (!beside) return [value, 0, costInterval(arm)[1] / costInterval(control)[0]];
    const [own, other] = pair(arm, control);
    const [low, high] = interval(own.map((one, draw) => one / other[draw]), runs);
    return [value, Math.max(low, 0), high];
  };

  // break-even size of training: E*
  const trainingSize = (arm, other, control, beside, label, trainings) => {
    const hits = (side) => sum(side.trained.reached);
    if (!hits(control) || !hits(other)) return [NaN, -Infinity, Infinity];
    if (!hits(arm)) return [Infinity, 0, Infinity];
    const over = (side) => trainings === 1 ? side.trained
      : plus(side.trained, side.recurring, trainings - 1);
    const [spent, without] = [over(arm), over(other)];
    // draws are sums of what is drawn: those of parts that stay are kept
    const overDraws = (side, stream, mayFail) => {
      const first = draws(side.trained, stream, mayFail);
      return trainings === 1 ? first
        : added(first, draws(side.recurring, stream, mayFail), trainings - 1);
    };
    const runs = spent.spent.length;
    const labels = perSuccess(arm.labelled) - perSuccess(other.labelled);
    const paid = perSuccess(beside) + (labels === 0 ? 0 : label * labels);
    const saved = perSuccess(without) - perSuccess(spent);
    if (Number.isNaN(paid) || Number.isNaN(saved)) return [NaN, -Infinity, Infinity];
    const mayFail = !isSure(other.trained);
    const drawn = overDraws(arm, ARM, mayFail);
    const beyond = overDraws(other, isSame(spent, without) ? ARM : CONTROL, false);
    const savedDraws = added(beyond, drawn, -1);
    let paidDraws = draws(beside, ARM, mayFail);
    if (label) {
      const used = draws(arm.labelled, ARM, mayFail);
      const given = draws(other.labelled, CONTROL);
      paidDraws = added(paidDraws, added(used, given, -1), label);
    }
    const size = draws(control.trained, CONTROL);
    const found = new Float64Array(num);
    for (let at = 0; at < num; at += 1) {
      const one = savedDraws[at], cost = paidDraws[at];
      found[at] = one > 0 ? cost * size[at] / one
        : one <= 0 && cost <= 0 ? NaN : Infinity;
    }
    const [low, high] = interval(found, runs).map((end) => Math.max(end, 0));
    const [least, most] = interval(savedDraws, runs);
    const isOpen = least <= 0 && 0 <= most;
    if (isOpen && Number.isFinite(low)) return [NaN, low, Infinity];
    if (isOpen || (saved <= 0 && paid >= 0)) return [Infinity, low, Infinity];
    // nothing to pay back is a size of 0
    if (paid <= 0 && saved >= 0) return [0, low, high];
    return [paid / saved * perSuccess(control.trained), low, high];
  };
  const bestMachine = (sides) => {
    const runs = sides[0].trained.spent.length;
    const rows = (odd) => Array.from({ length: runs }, (_, run) => run)
      .filter((run) => (run % 2 === 1) === odd);
    const least = (odd) => {
      const costs = sides.map((side) => perSuccess(select(side.trained, rows(odd))));
      return costs.indexOf(Math.min(...costs));
    };
    const [even, odd] = [sides[least(true)], sides[least(false)]];
    if (even === odd) return even;
    const mixed = (one, other) => {
      const mix = (name) => one[name].map((value, run) => run % 2 ? other[name][run] : value);
      return { spent: mix("spent"), cap: mix("cap"), reached: mix("reached") };
    };
    return Object.fromEntries(["trained", "recurring", "labelled"]
      .map((name) => [name, mixed(even[name], odd[name])]));
  };

  // every condition of a task in one state; no price moves rho
  const ratios = new Map();
  const scales = Array.from({ length: 49 }, (_, place) => 10 ** (place / 4));
  const compute = (state) => {
    const task = data.tasks[state.task];
    const samples = data.samples[state.fraction][state.task];
    samples.forEach((sample, place) => {
      if (sample) sample.key = `${state.fraction} ${state.task} ${place}`;
    });
    if (!samples[0]) return [];
    const prices = unitPrices(state), { measure, scale } = state;
    const only = new Float64Array(data.columns.length);
    only[data.columns.length - 1] = 1;
    const counted = known(only);
    const whole = known(data.columns.map((_, column) =>
      prices.beside[measure][column] + scale * prices.training[measure][column]));
    const unlabelled =
      known(prices.beside.joules.map((one, column) => counted[column] ? 0 : one));
    const side = (sample) => ({
      trained: priced(sample, prices.training.joules),
      recurring: priced(sample, prices.training.joules, "again"),
      labelled: priced(sample, counted) });
    const first = samples[0], control = side(first);
    const machines = task.conditions.flatMap((condition, place) => {
      const sample = samples[place];
      const isOne = place === 0 || (condition.role === "arm" && !condition.has_people
        && sample && sample.replicate.length === first.replicate.length);
      return isOne ? [place ? side(sample) : control] : [];
    });
    const machine = bestMachine(machines);
    const own = joulesOf(state, task.conditions[0]);
    const controlSpent = priced(first, prices.device), controlBill = priced(first, whole);
    const setting = `${state.fraction} ${state.task} ${state.device}`;
    return task.conditions.map((condition, place) => {
      const sample = samples[place];
      if (!sample) return { ...condition, rho: [NaN, NaN, NaN], size: null };
      const rows = sample.replicate.length === first.replicate.length ? null
        : sample.replicate.map((one) => first.replicate.indexOf(one));
      const among = (cost) => select(cost, rows);
      const cut = (one) => Object.fromEntries(
        Object.entries(one).map(([name, cost]) => [name, among(cost)]));
      const runs = sample.reached.length, arm = side(sample);
      const spent = priced(sample, prices.device);
      const beside = among(controlSpent);
      const bills = [priced(sample, whole), among(controlBill)];
      const key = `${setting} ${place}`;
      if (!ratios.has(key)) ratios.set(key, place ? ratio(spent, beside) : [1, 1, 1]);
      const answers = state.life_queries
        ? state.life_queries * prices.answer[measure] : 0;
      const later = answers ? answers * joulesOf(state, condition) : 0;
      const before = answers ? answers * own : 0;
      const isOne = place === 0;
      const isAlike = isOne || isSame(...bills);
      const part = (some, isIt) => pair(priced(sample, some[measure]),
        among(priced(first, some[measure])), isIt);
      const weighNet = () => {
        const [a, b] = [part(prices.training, isAlike), part(prices.beside, isAlike)];
        const nets = new Float64Array(num);
        let above = 0, unknown = 0;
        for (let at = 0; at < num; at += 1) {
          const one = scale * a[1][at] + b[1][at] + before
            - (scale * a[0][at] + b[0][at] + later);
          nets[at] = one;
          if (one > 0) above += 1;
          else if (one !== one) unknown += 1;
        }
        const pays = unknown === num ? NaN : above / num;
        return { pays, ends: interval(nets, runs) };
      };
      const net = keep(whole, `${setting} ${place} ${before} ${later}`, weighNet);
      const against = state.against === "control" ? control : machine;
      // E* is in joules: a wage or a tariff moves nothing of it
      const held = [sample.key, unlabelled.join(), prices.label.joules, state.against,
        state.trainings].join(" ");
      const size = condition.has_people ? keep(prices.training.joules, held, () =>
        trainingSize(arm, cut(against), cut(control), priced(sample, unlabelled),
          prices.label.joules, state.trainings)) : null;
      return { ...condition, place, runs,
        hits: sum(sample.reached), accuracy: sample.accuracy, hours: sample.worked_h,
        rho: ratios.get(key),
        joules: perSuccess(spent), bill: perSuccess(bills[0]) + later,
        net: [perSuccess(bills[1]) + before - (perSuccess(bills[0]) + later), ...net.ends],
        pays: net.pays,
        size, lines: () => {
          const [a, b] = [part(prices.training, isOne), part(prices.beside, isOne)];
          return scales.map((at) => {
            let above = 0;
            for (let draw = 0; draw < num; draw += 1) {
              const left = at * a[1][draw] + b[1][draw] + before;
              above += left - (at * a[0][draw] + b[0][draw] + later) > 0 ? 1 : 0;
            }
            return above / num;
          });
        } };
    });
  };
  const joulesOf = (state, condition) => condition.item === null ? NaN
    : once(`joules ${state.device}`, data.devices[state.device].joules)[condition.item];
  return { data, compute, scales };
})();
