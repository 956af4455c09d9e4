// Figures: a choice of curves, a legend of buttons, a panel a place, and the values as a table. They are drawn when they
// come near, and again when their width changes.
function figure(box) {
  const places = box.dataset.places.split(" ").map(number => data.places[number]);
  const methods = box.dataset.methods.split(" ").map(Number);
  const select = box.querySelector("select"), legend = box.querySelector(".legend");
  const panels = box.querySelector(".panels"), readout = box.querySelector(".readout");
  const values = box.querySelector(".values");
  const hidden = new Set();
  const names = Object.keys(data.curves).filter(name => places.some(place => hasValues(place, name, methods)));
  if (!names.length) {
    box.replaceChildren(html("p", { class: "note" }, "The records of these cells hold no curve."));
    return null;
  }
  for (const name of names) select.append(html("option", { value: name }, titled(name)));
  select.value = box.dataset.curves.split(" ").find(name => names.includes(name)) ?? names[0]; // the first there is
  panels.classList.toggle("one", places.length === 1);

  for (const method of methods) {
    const button = html("button", { type: "button", "aria-pressed": "true" });
    const swatch = svg("svg", { class: `swatch s${method}`, viewBox: "-6 -6 12 12", "aria-hidden": "true" },
      svg("use", { href: `#mark${method}` }));
    button.append(swatch, data.methods[method]);
    button.addEventListener("click", () => {
      hidden.has(method) ? hidden.delete(method) : hidden.add(method);
      button.setAttribute("aria-pressed", String(!hidden.has(method)));
      draw();
    });
    for (const [event, found] of [["pointerenter", method], ["focus", method], ["pointerleave", null], ["blur", null]]) {
      button.addEventListener(event, () => dim(panels, found));
    }
    legend.append(button);
  }

  function shown() {
    return methods.filter(method => !hidden.has(method));
  }
  function draw() {
    const name = select.value;
    const drawn = places.filter(place => hasValues(place, name, methods));
    readout.textContent = caption(name, drawn, shown());
    const figures = drawn.map(place => html("figure", {}));
    panels.replaceChildren(...figures);
    drawn.forEach((place, index) => {
      const what = filled(data.curves[name].value, place);
      if (places.length > 1) {
        figures[index].append(html("figcaption", {}, html("b", {}, `${place.task}, ${place.model}`), `: ${what}`));
      }
      figures[index].append(panel(place, name, shown(), figures[index].clientWidth, readout));
    });
    if (values.open) tabulate();
  }
  function tabulate() {
    const name = select.value, target = values.querySelector("div");
    target.replaceChildren(...places.filter(place => curveOf(place, name)).map(place => valuesOf(place, name, shown())));
  }
  panels.addEventListener("pointerleave", () => {
    const drawn = places.filter(place => hasValues(place, select.value, methods));
    readout.textContent = caption(select.value, drawn, shown());
  });
  values.addEventListener("toggle", () => values.open && tabulate());
  select.addEventListener("change", draw);
  return draw;
}

function hasValues(place, name, methods) {
  const series = curveOf(place, name)?.series ?? {};
  return methods.some(method => series[method] && known(series[method][0]).length);
}
function titled(name) {
  const title = data.curves[name].title;
  return title.replaceAll("_", " ").replaceAll(" ", "") === name.replaceAll("_", "") ? title : `${title} (${name})`;
}
function caption(name, places, methods) {
  const parts = [];
  if (places.length === 1) {
    const direction = directionOf(name, places[0]);
    parts.push(filled(data.curves[name].value, places[0]) + (direction ? `, ${direction} is better` : ""));
  }
  if (!data.curves[name].along && places.some(place => place.trained)) parts.push("shaded: lengths seen in training");
  if (QUALITY.includes(name)) parts.push("dashed: ceiling", "dotted, level: floor");
  const far = places.flatMap(place => {
    const means = known(methods.flatMap(method => curveOf(place, name)?.series[method]?.[0] ?? []));
    return farOff(name, place, means).map(one => `the ${one}, ${written(place[one])}, is far off`);
  });
  if (far.length) parts.push(...places.length === 1 ? far : ["a floor or ceiling that is far off is not drawn"]);
  const reference = methods.filter(method => method === REFERENCE);
  if (name === "free_running" && places.some(place => hasValues(place, "gold_prefix", reference))) {
    parts.push("dotted curve: teacher forcing on gold prefixes");
  }
  parts.push("bands: 95 % t intervals over seeds, cut where they leave the figure");
  const text = parts.join("; ");
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
function valuesOf(place, name, methods) {
  const curve = place.curves[name];
  const label = `${data.curves[name].title} ${place.task}, ${place.model}`;
  const head = html("tr", {}, html("th", { scope: "col" }, along(name, place)),
    ...curve.x.map(ends => html("th", { scope: "col" }, span(ends))));
  const lines = linesOf(place, name, methods).map(line => html("tr", {},
    html("th", { scope: "row" }, data.methods[line.method]),
    ...line.mean.map((value, index) => html("td", {}, written(value) +
      (known([line.low[index]]).length ? ` [${written(line.low[index])}, ${written(line.high[index])}]` : "")))));
  return html("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": label },
    html("table", {}, html("caption", { class: "unseen" }, label), html("thead", {}, head), html("tbody", {}, ...lines)));
}

const waiting = new Map();
function drawNow(box) {
  const draw = waiting.get(box);
  if (!draw) return;
  waiting.delete(box);
  near.unobserve(box);
  let width = 0;
  new ResizeObserver(() => {
    if (Math.abs(box.clientWidth - width) > 1) {
      width = box.clientWidth;
      draw();
    }
  }).observe(box);
}
const near = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) drawNow(entry.target);
}, { rootMargin: "600px" });
for (const box of document.querySelectorAll(".figure")) {
  const draw = figure(box);
  if (!draw) continue;
  waiting.set(box, draw);
  near.observe(box);
}
addEventListener("beforeprint", () => [...waiting.keys()].forEach(drawNow));
