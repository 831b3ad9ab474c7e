"use strict";
(() => {
  const { data, compute, scales } = explorer;
  const KWH = 3.6e6;
  const UNIT = { joules: "J", usd: "USD", kgco2e: "kgCO2e" };
  const number = (one) => Number.isNaN(one) ? "unknown" : one === Infinity ? "∞"
    : one === -Infinity ? "-∞" : String(+one.toPrecision(3));
  const interval = ([value, low, high]) =>
    `${number(value)} [${number(low)}, ${number(high)}]`;
  const byId = (id) => document.getElementById(id);
  const make = (tag, text, of) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (of) of.append(made);
    return made;
  };

  // the state: what the study has, or what the address says
  const start = { task: 0, fraction: 0, device: 0, measure: "joules", against: "machine",
    scale: 1, life_queries: 0, ...data.start };
  const NUMERIC = new Set(["task", "fraction", "device", "scale", "trainings",
    "life_queries", ...data.numbers]);
  let state = { ...start };
  const read = () => {
    state = { ...start };
    for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
      if (name in start && NUMERIC.has(name)) {
        state[name] = text === "" ? null : +text;
      } else if (name in start || name.startsWith("crowd.")) state[name] = text;
    }
    const within = (name, found) => {
      if (!(state[name] in found)) state[name] = start[name];
    };
    within("task", data.tasks);
    within("fraction", data.fractions);
    within("device", data.devices);
    for (const [name, found] of CHOICES) {
      if (!found.some(([value]) => String(value) === String(state[name]))) {
        state[name] = start[name];
      }
    }
  };
  const write = () => {
    const told = new URLSearchParams();
    for (const [name, value] of Object.entries(state)) {
      if (name in start ? value !== start[name] : value !== "") told.set(name, value ?? "");
    }
    history.replaceState(null, "", `#${told}`);
  };

  // controls
  const CHOICES = [
    ["task", data.tasks.map((one, place) => [place, one.name]), "task"],
    ["fraction", data.fractions.map((one, place) =>
      [place, `${+(100 * one).toPrecision(3)} % of the pilot's best`]), "target"],
    ["device", data.devices.map((one, place) => [place, one.name]), "device"],
    ["boundary", data.boundaries.map((one) => [one, one.replaceAll("_", " ")]),
      "an hour of a person stands for"],
    ["label_cost", data.label_costs.map((one) => [one, one.replaceAll("_", " ")]),
      "labels of the pool"],
    ["measure", [["joules", "energy"], ["usd", "money"], ["kgco2e", "carbon"]],
      "bills in"],
    ["against", [["machine", "the best arm without people"], ["control", "the control"]],
      "E* beside"],
  ];
  const SLIDERS = [
    ["wage_usd_per_h", "wage, USD/h", 0, 100, 0.5],
    ["overhead_frac", "overhead on the wage", 0, 1, 0.01],
    ["electricity_usd_per_kwh", "electricity, USD/kWh", 0, 1, 0.01],
    ["device_usd_per_h", "having the device, USD/h", 0, 20, 0.1],
    ["pue", "PUE of the room", 1, 3, 0.01],
    ["grid_kgco2e_per_kwh", "carbon, kgCO2e/kWh", 0, 1.5, 0.01],
    ["label_price_usd", "price of a label bought elsewhere, USD", 0, 5, 0.01],
    ["trainings", "trainings that share the guidance", 1, 1000, 1],
    ["life_queries", "queries over the model's life (0: its training alone)", 0, 1e9, 1e6],
    ["scale", "training is this many times as dear (power of ten)", 0, 12, 0.1],
  ];
  const panel = byId("controls"), filters = byId("filters");
  const shown = {
    scale: [(value) => Math.log10(value), (value) => 10 ** value],
  };
  const same = [(value) => value, (value) => value];
  const fields = {};
  const choice = (name, found, words, of) => {
    const label = make("label", undefined, of);
    make("span", words, label);
    const field = make("select", undefined, label);
    found.forEach(([value, text]) => { make("option", text, field).value = value; });
    field.onchange = () => change(name, NUMERIC.has(name) ? +field.value : field.value);
    return field;
  };
  for (const [name, found, words] of CHOICES) {
    fields[name] = [choice(name, found, words, panel)];
  }
  for (const [name, words, low, high, step] of SLIDERS) {
    const [to, from] = shown[name] || same;
    const label = make("label", undefined, panel);
    make("span", words, label);
    const range = make("input", undefined, label), exact = make("input", undefined, label);
    Object.assign(range, { type: "range", min: low, max: high, step });
    Object.assign(exact, { type: "number", min: low, step: "any" });
    range.setAttribute("aria-label", words);
    exact.setAttribute("aria-label", `${words}, as a number; empty: unknown`);
    range.oninput = () => change(name, from(+range.value));
    exact.onchange = () => {
      const given = exact.value === "" ? null : Math.max(low, +exact.value);
      const isNeeded = ["scale", "trainings", "life_queries", "pue"].includes(name);
      change(name, given === null ? (isNeeded ? start[name] : null) : from(given));
    };
    fields[name] = [exact, range, to];
  }
  const refill = () => {
    for (const [name, [field, range, to]] of Object.entries(fields)) {
      const value = state[name];
      const text = value === null ? "" : to ? to(value) : value;
      field.value = typeof text === "number" ? +text.toPrecision(12) : text;
      if (range) range.value = text === "" ? range.min : text;
    }
  };
  const refilter = () => {
    filters.replaceChildren();
    const values = {};
    for (const condition of data.tasks[state.task].conditions) {
      for (const [name, value] of Object.entries(condition.swept)) {
        (values[name] ??= new Set()).add(String(value));
      }
    }
    for (const [name, found] of Object.entries(values)) {
      if (found.size < 2) continue;
      const words = name.slice("crowd.".length).replaceAll("_", " ");
      const every = [["", "all"], ...[...found].map((one) => [one, one])];
      choice(name, every, words, filters).value = state[name] ?? "";
    }
  };
  const isShown = (condition) => Object.entries(condition.swept).every(([name, value]) =>
    !state[name] || String(value) === state[name]);

  // figures
  const NARROW = 600;
  const ink = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
  const config = () => ({ background: null, font: "sans-serif",
    axis: { labelColor: ink("--ink"), titleColor: ink("--ink"), gridColor: ink("--line"),
      domainColor: ink("--ink"), tickColor: ink("--ink"),
      labelLimit: innerWidth < NARROW ? 150 : 320 },
    legend: { labelColor: ink("--ink"), titleColor: ink("--ink"), labelLimit: 240,
      ...(innerWidth < NARROW ? { columns: 1 } : {}) },
    view: { stroke: null } });
  const SIDES = { domain: ["saves", "cannot be told", "costs more"],
    range: ["#0072B2", "#8c8c8c", "#D55E00"] };
  const BLUE = "#0072B2";
  const NAMES = { field: "label", type: "nominal", sort: null, title: null };
  const ruled = (x, title, scale, colour, even) => ({
    width: "container", height: 200, autosize: { type: "fit-x", contains: "padding" },
    layer: [
      ...(even === undefined ? [] : [{ data: { values: [{ at: even }] },
        mark: { type: "rule", color: "#8c8c8c" },
        encoding: { x: { field: "at", type: "quantitative" } } }]),
      { data: { name: "rows" }, mark: { type: "rule", strokeWidth: 1.6 },
        encoding: { x: { field: "low", type: "quantitative", scale, title },
          x2: { field: "high" }, y: NAMES, ...colour } },
      { data: { name: "rows" }, mark: { type: "point", filled: true, size: 46, opacity: 1 },
        encoding: { x: { field: x, type: "quantitative", scale, title }, y: NAMES,
          tooltip: [{ field: "label" }, { field: "told", title }], ...colour } },
    ],
  });
  const sided = { color: { field: "side", type: "nominal", scale: SIDES, title: null,
    legend: { orient: "bottom" } } };
  const plain = { color: { value: BLUE } };
  const FIGURES = {
    rho: { title: "ρ: joules to the target beside the control's, 95 %",
      spec: ruled("value", "ρ (log scale)", { type: "log" }, sided, 1) },
    size: { title: "E*: training from which guidance pays back, 95 %",
      spec: ruled("value", "energy of one training, kWh (log scale)", { type: "log" }, plain) },
    net: { title: "Net benefit per success: the control's bill less the condition's, 95 %",
      spec: ruled("value", "net benefit, @unit (symmetric log scale)",
        { type: "symlog", constant: 1e-3 }, sided, 0) },
    pays: { title: "Acceptability: share of resamples in which the whole bill is lower",
      spec: { width: "container", height: 260, data: { name: "rows" },
        mark: { type: "line", interpolate: "monotone" },
        encoding: {
          x: { field: "scale", type: "quantitative", scale: { type: "log" },
            axis: { format: "~e", tickCount: 7 },
            title: "training is this many times as dear (log scale)" },
          y: { field: "share", type: "quantitative", scale: { domain: [0, 1] },
            title: "pays back" },
          color: { field: "label", type: "nominal", title: null,
            legend: { orient: "bottom", ...(innerWidth < NARROW ? {} : { columns: 2 }) },
            scale: { range: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00",
              "#56B4E9", "#8a7500", "#595959"] } },
          tooltip: [{ field: "label" }, { field: "scale" }, { field: "share" }] } } },
    frontier: { title: "Frontier: test accuracy and the whole bill per success",
      spec: { width: "container", height: 260, data: { name: "rows" },
        mark: { type: "point", size: 60, filled: true, opacity: 1 },
        encoding: {
          x: { field: "value", type: "quantitative", scale: { type: "log" },
            title: "bill per success, @unit (log scale)" },
          y: { field: "accuracy", type: "quantitative", scale: { zero: false },
            title: "test accuracy where runs stopped" },
          color: { field: "side", type: "nominal", title: null,
            legend: { orient: "bottom" },
            scale: { domain: ["on the frontier", "beaten"], range: [BLUE, "#8c8c8c"] } },
          tooltip: [{ field: "label" }, { field: "value" }, { field: "accuracy" }] } } },
  };
  const MOST_LINES = 8, ROW = 15, ERRORS = 1;
  const sideOf = (low, high, even, isLess) => {
    if (isLess ? high < even : low > even) return "saves";
    return (isLess ? low > even : high < even) ? "costs more" : "cannot be told";
  };
  const onLog = ([value, low, high]) => Number.isFinite(value) && value > 0
    ? { value, low: Math.max(low, value / 1e3), high: Math.min(high, value * 1e3) } : null;
  const rowsOf = (found) => {
    const of = (make) => found.flatMap((one) => make(one) || []);
    const ends = (three, by = 1) => ({ value: three[0] * by, low: three[1] * by,
      high: three[2] * by });
    const lines = found.filter((one) => one.has_people && one.hits)
      .sort((one, other) => one.rho[0] - other.rho[0]).slice(0, MOST_LINES);
    const finite = found.filter((one) => Number.isFinite(one.bill));
    // by bills, and the better first where these are equal: what is ahead is no dearer
    const inOrder = [...finite].sort((one, other) =>
      one.bill - other.bill || other.accuracy - one.accuracy);
    const beaten = new Set();
    let ahead = null;
    for (const one of inOrder) {
      if (ahead && ahead.accuracy >= one.accuracy
        && (ahead.bill < one.bill || ahead.accuracy > one.accuracy)) beaten.add(one);
      else ahead = one;
    }
    const isBeaten = (one) => beaten.has(one);
    return {
      rho: () => of((one) => one.place && onLog(one.rho) && { label: one.label,
        told: interval(one.rho), ...onLog(one.rho),
        side: sideOf(one.rho[1], one.rho[2], 1, true) }),
      size: () => of((one) => {
        const kwh = one.size && one.size.map((end) => end / KWH);
        if (!kwh) return null;
        if (Number.isNaN(kwh[0]) && Number.isFinite(kwh[1]) && kwh[1] > 0) {
          return { label: one.label, told: interval(kwh), low: kwh[1], high: kwh[1] * 1e3 };
        }
        return onLog(kwh) && { label: one.label, told: interval(kwh), ...onLog(kwh) };
      }),
      net: () => of((one) => one.place && one.net.every(Number.isFinite) && { label: one.label,
        told: interval(one.net), ...ends(one.net),
        side: sideOf(one.net[1], one.net[2], 0, false) }),
      pays: () => lines.flatMap((one) => one.lines().map((share, place) =>
        ({ label: one.label, scale: scales[place], share }))),
      frontier: () => finite.filter((one) => one.bill > 0).map((one) => ({ label: one.label,
        value: one.bill, accuracy: one.accuracy,
        side: isBeaten(one) ? "beaten" : "on the frontier" })),
    };
  };

  const views = {};
  const save = (text, type, name) => {
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const csv = (rows) => {
    const names = [...new Set(rows.flatMap(Object.keys))].filter((name) => name !== "told");
    const cell = (one) => /[",\n]/.test(one) ? `"${String(one).replaceAll('"', '""')}"` : one;
    return [names.join(","), ...rows.map((row) =>
      names.map((name) => cell(row[name] ?? "")).join(","))].join("\n") + "\n";
  };
  // rows of a figure are made when they are asked for
  let drawn = {}, makers = {};
  const rowsFor = (name) => drawn[name] ??= makers[name]();
  const box = byId("figures");
  for (const [name, { title }] of Object.entries(FIGURES)) {
    const figure = make("figure", undefined, box);
    make("figcaption", title, figure);
    const place = make("div", undefined, figure);
    const none = make("p", "Nothing here can be drawn: see the table.", figure);
    none.className = "none";
    const buttons = make("p", undefined, figure);
    const svg = make("button", "SVG", buttons), table = make("button", "CSV", buttons);
    svg.setAttribute("aria-label", `save figure as SVG: ${name}`);
    table.setAttribute("aria-label", `save data as CSV: ${name}`);
    svg.onclick = async () => {
      await last;
      save(await views[name].view.toSVG(), "image/svg+xml", `${name}.svg`);
    };
    table.onclick = () => save(csv(rowsFor(name)), "text/csv", `${name}.csv`);
    views[name] = { figure, none, place, buttons };
  }
  const heightOf = (name) =>
    ROW * Math.max(4, new Set(rowsFor(name).map((row) => row.label)).size);
  const draw = async (name) => {
    const { none, place, buttons } = views[name], rows = rowsFor(name);
    const unit = UNIT[state.measure], words = JSON.stringify(FIGURES[name].spec);
    const spec = JSON.parse(words.replaceAll("@unit", unit)), isTall = "layer" in spec;
    none.hidden = rows.length > 0;
    place.hidden = buttons.hidden = !none.hidden;
    // a scale without any value has no end
    if (!rows.length) return;
    // what an axis is called stands in the figure
    if (words.includes("@unit") && views[name].unit !== unit) {
      views[name].view?.finalize();
      views[name].view = undefined;
    }
    views[name].unit = unit;
    if (views[name].view) {
      const { view } = views[name];
      if (isTall) view.height(heightOf(name));
      await view.data("rows", rows).resize().runAsync();
      return;
    }
    const whole = { ...spec, config: config(), datasets: { rows },
      ...(isTall ? { height: heightOf(name) } : {}) };
    const { view } = await vegaEmbed(place, whole,
      { actions: false, renderer: "svg", logLevel: ERRORS });
    views[name].view = view;
  };

  const HEADINGS = ["condition", "ρ [95 %]", "reach", "J/success", "human hours",
    "E*, kWh", "bill", "net benefit", "pays back"];
  const body = byId("rows");
  HEADINGS.forEach((name) => { make("th", name, byId("heads")).scope = "col"; });
  const cells = [];
  const tabulate = (found) => {
    const unit = UNIT[state.measure];
    while (cells.length > found.length) cells.pop()[0].parentElement.remove();
    while (cells.length < found.length) {
      const line = make("tr", undefined, body);
      cells.push(HEADINGS.map((_, place) => make(place ? "td" : "th", "", line)));
      cells[cells.length - 1][0].scope = "row";
    }
    found.forEach((one, row) => {
      const size = one.size ? interval(one.size.map((end) => end / KWH)) : "";
      [one.label, interval(one.rho), `${one.hits}/${one.runs}`, number(one.joules),
        one.has_people ? number(one.hours) : "", size, `${number(one.bill)} ${unit}`,
        one.place ? `${interval(one.net)} ${unit}` : "",
        one.place ? `${number(100 * one.pays)} %` : ""]
        .forEach((text, place) => {
          const cell = cells[row][place];
          if (cell.textContent !== text) cell.textContent = text;
        });
    });
  };

  // what is seen first; the rest one by one, unless something else is set by then
  const isSeen = (part) => {
    const { top, bottom } = part.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  };
  const rest = () => new Promise((done) => { setTimeout(done); });
  const redrawNow = async () => {
    const began = performance.now();
    const found = compute(state).filter((one) => one.rho && one.runs);
    const kept = found.filter((one) => one.place === 0 || isShown(one));
    makers = rowsOf(kept);
    drawn = {};
    explorer.computed = performance.now() - began;
    const parts = Object.keys(FIGURES).map((name) =>
      ({ part: views[name].figure, show: () => draw(name) }));
    parts.push({ part: body.parentElement, show: () => tabulate(kept) });
    const seen = parts.filter(({ part }) => isSeen(part));
    for (const { show } of seen) await show();
    explorer.took = performance.now() - began;
    byId("took").textContent = `${Math.round(explorer.took)} ms`;
    for (const one of parts) {
      if (seen.includes(one)) continue;
      await rest();
      if (isWaiting) return;
      await one.show();
    }
    explorer.all = performance.now() - began;
  };
  // the address follows at once; drawings one after the other, the last state last
  let last = Promise.resolve(), isWaiting = false;
  const redraw = () => {
    write();
    if (isWaiting) return last;
    isWaiting = true;
    last = last.then(rest).then(() => {
      isWaiting = false;
      return redrawNow();
    }).catch((error) => { console.error(error); });
    return last;
  };
  const change = (name, value) => {
    state[name] = value;
    if (name === "task") refilter();
    refill();
    redraw();
  };
  byId("reset").onclick = () => {
    state = { ...start, task: state.task };
    refill();
    refilter();
    redraw();
  };
  const restore = () => {
    read();
    refill();
    refilter();
    return redraw();
  };
  addEventListener("hashchange", restore);
  explorer.state = () => ({ ...state });
  explorer.rows = () =>
    Object.fromEntries(Object.keys(FIGURES).map((name) => [name, rowsFor(name)]));
  explorer.start = start;
  explorer.settled = () => last;
  restore();
})();
