"use strict";
(() => {
  const data = JSON.parse(document.getElementById("numbers").textContent);
  const { words, bases, rows } = data;
  const make = (tag, text, of) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (of) of.append(made);
    return made;
  };
  const kindOf = (entry) => {
    const [, , , , basis, parts] = entry;
    const weakest = words.kinds[bases[basis][0]];
    if (!parts.length) return weakest;
    return weakest + ": " + parts.map(([k, p]) => p + " % " + words.kinds[k]).join(", ");
  };
  const sourcesOf = (entry) => bases[entry[4]][3].map((place) => words.sources[place]);
  const entryOf = (cell) => {
    const row = cell.dataset.row || cell.closest("tr").dataset.row;
    const found = (rows[row] || []).find((entry) => entry[0] === +cell.dataset.n);
    return found && { row, found };
  };

  // all numbers behind a row
  const dialog = document.getElementById("behind");
  const fill = (row, title, name) => {
    document.getElementById("behind-title").textContent = title;
    const body = dialog.querySelector("tbody");
    body.replaceChildren();
    for (const entry of rows[row]) {
      const [place, value, chance, constants, basis] = entry;
      const line = make("tr", undefined, body);
      make("th", words.names[place], line).scope = "row";
      const why = words.reasons[bases[basis][2]];
      make("td", why ? value + ": " + why : value, line);
      make("td", chance, line);
      make("td", constants, line);
      make("td", kindOf(entry), line);
      make("td", words.scopes[bases[basis][1]], line);
      const list = make("ul", undefined, make("td", undefined, line));
      sourcesOf(entry).forEach((text) => make("li", text, list));
      if (place === name) line.className = "chosen";
    }
    dialog.showModal();
    const chosen = dialog.querySelector(".chosen");
    if (chosen) chosen.scrollIntoView({ block: "center" });
  };
  document.addEventListener("click", (event) => {
    const cell = event.target.closest("[data-n]");
    const button = event.target.closest("button.row");
    if (!cell && !button) return;
    const row = button ? button.closest("tr").dataset.row : (entryOf(cell) || {}).row;
    if (!row) return;
    const own = document.querySelector(`tr[data-row="${row}"] button.row`);
    fill(row, own ? own.textContent : "", cell ? +cell.dataset.n : -1);
  });
  document.getElementById("behind-close").onclick = () => dialog.close();

  // what is behind one number, while a pointer rests on it
  const tip = document.getElementById("tip");
  const hide = () => { tip.hidden = true; };
  document.addEventListener("pointerover", (event) => {
    const cell = event.target.closest("[data-n]");
    const of = cell && entryOf(cell);
    if (!of) return hide();
    const [place, , , constants] = of.found;
    tip.replaceChildren();
    make("strong", words.names[place], tip);
    make("span", kindOf(of.found), tip);
    if (constants) make("span", constants, tip);
    const told = sourcesOf(of.found);
    told.slice(0, 3).forEach((text) => make("span", text, tip));
    if (told.length > 3) make("span", "+ " + (told.length - 3), tip);
    tip.hidden = false;
    const at = cell.getBoundingClientRect(), own = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(at.left, innerWidth - own.width - 8)) + "px";
    const below = at.bottom + 6;
    const fits = below + own.height < innerHeight;
    tip.style.top = Math.max(4, fits ? below : at.top - own.height - 6) + "px";
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("scroll", hide, true);

  // sort and filter
  for (const box of document.querySelectorAll(".sorted")) {
    const body = box.querySelector("tbody"), lines = [...body.rows];
    const heads = [...box.querySelectorAll("thead th")];
    heads.forEach((head, column) => {
      const button = make("button", head.textContent);
      button.type = "button";
      head.replaceChildren(button);
      button.onclick = () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const key = (line) => {
          const cell = line.cells[column], order = cell.dataset.v;
          return order === undefined ? cell.textContent : +order;
        };
        const rank = (one) => (typeof one === "number" ? 0 : one === "" ? 2 : 1);
        const ordered = [...body.rows].sort((one, other) => {
          const [a, b] = [key(one), key(other)];
          if (rank(a) !== rank(b)) return rank(a) - rank(b);
          const away = rank(a) === 0 ? (a > b) - (a < b) : a.localeCompare(b);
          return up ? away : -away;
        });
        body.replaceChildren(...ordered);
      };
    });
    const field = box.querySelector("input"), count = box.querySelector("output");
    const show = () => {
      const asked = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      for (const line of lines) {
        const text = line.textContent.toLowerCase();
        line.hidden = !asked.every((word) => text.includes(word));
        left += !line.hidden;
      }
      count.textContent = left + " / " + lines.length;
    };
    field.oninput = show;
    show();
  }

  // print every section
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
  });
})();
