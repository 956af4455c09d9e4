// Figures: a curve over places, a line a method, drawn as SVG when they come near.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const QUALITY = ["free_running", "gold_prefix", "quality_by_lag", "learning"]; // in the metric's own unit
  const REFERENCE = data.methods.indexOf("teacher_forcing");

  // --- small helpers ---------------------------------------------------------------------------------------------

  function svg(name, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }
  function html(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }
  function written(value) {
    if (value === null || value === undefined) return "-";
    const size = Math.abs(value);
    if (size >= 1000) return Math.round(value).toLocaleString("en");
    return size && size < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
  }
  const span = ([low, high]) => low === high ? String(low) : `${low}\u2013${high}`;
  const known = values => values.filter(value => value !== null && value !== undefined);
  function filled(text, place) {
    return text.replace(/\{(\w+)\}/g, (_, name) => place[name] ?? "");
  }
  function curveOf(place, name) { // a curve may be called like what every object has
    return Object.hasOwn(place.curves, name) ? place.curves[name] : undefined;
  }
  const along = (name, place) => data.curves[name].along || place.along;

  // --- scales ----------------------------------------------------------------------------------------------------

  function horizontal(highs, left, right) {
    const [from, to] = [Math.log(highs[0] / 1.25), Math.log(highs[highs.length - 1] * 1.25)];
    return length => left + (right - left) * (Math.log(Math.max(length, 0.1)) - from) / (to - from);
  }

  // Values of the means and the controls decide; intervals may widen the range by a third of it at each end.
  function range(lines, controls) {
    const means = known([...lines.flatMap(line => line.mean), ...controls]);
    if (!means.length) return [0, 1];
    let [low, high] = [Math.min(...means), Math.max(...means)];
    const room = (high - low) / 3 || Math.abs(high) / 3 || 1;
    low = Math.max(low - room, Math.min(low, ...known(lines.flatMap(line => line.low))));
    high = Math.min(high + room, Math.max(high, ...known(lines.flatMap(line => line.high))));
    const margin = 0.05 * (high - low) || room;
    return [low - margin, high + margin];
  }
  function linear(low, high, bottom, top) {
    const raw = (high - low) / 5;
    const unit = 10 ** Math.floor(Math.log10(raw));
    const step = unit * [1, 2, 5, 10].find(factor => factor * unit >= raw);
    const ticks = [];
    for (let n = Math.ceil(low / step); n * step <= high; n++) ticks.push(Number((n * step).toPrecision(12)));
    return { ticks, at: value => bottom + (top - bottom) * (value - low) / (high - low) };
  }
  function logarithmic(low, high, bottom, top) {
    const [from, to] = [Math.log(low / 1.15), Math.log(high * 1.15)];
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (const factor of [1, 2, 5]) {
        const tick = Number((factor * 10 ** power).toPrecision(3));
        if (Math.log(tick) >= from && Math.log(tick) <= to) ticks.push(tick);
      }
    }
    return { ticks, at: value => bottom + (top - bottom) * (Math.log(Math.max(value, 1e-12)) - from) / (to - from) };
  }
  function vertical(name, place, lines, bottom, top) {
    const means = known(lines.flatMap(line => line.mean));
    const [least, greatest] = [Math.min(...means), Math.max(...means)];
    const controls = QUALITY.includes(name) ? known([place.floor, place.ceiling]) : [];
    if (QUALITY.includes(name) && means.length && least > 0 && greatest > 20 * least) { // as in the suite's figures
      const shown = controls.filter(value => value > 0);
      return logarithmic(Math.min(least, ...shown), Math.max(greatest, ...shown), bottom, top);
    }
    return linear(...range(lines, controls), bottom, top);
  }

  // --- a panel ---------------------------------------------------------------------------------------------------

  function linesOf(place, name, methods) {
    const curve = place.curves[name];
    return methods.filter(method => curve.series[method]).map(method => {
      const [mean, low = [], high = []] = curve.series[method];
      return { method, mean, low, high, gold: false };
    });
  }
  function withGold(place, name, lines) { // what teacher forcing would be worth without its own errors
    const gold = curveOf(place, "gold_prefix")?.series[REFERENCE];
    const same = gold && JSON.stringify(place.curves.gold_prefix.x) === JSON.stringify(place.curves[name].x);
    if (name !== "free_running" || !same || !lines.some(line => line.method === REFERENCE)) return lines;
    if (!known(gold[0]).length) return lines;
    return [...lines, { method: REFERENCE, mean: gold[0], low: [], high: [], gold: true }];
  }
  function pathOf(points) { // a missing value is a gap
    let path = "", pen = "M";
    for (const point of points) {
      if (point === null) pen = "M";
      else {
        path += `${pen}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
        pen = "L";
      }
    }
    return path;
  }
  function bandOf(line, xs, y) {
    const there = xs.map((_, index) => index).filter(index => known([line.low[index], line.high[index]]).length === 2);
    if (there.length < 2) return "";
    const upper = there.map(index => [xs[index], y(line.high[index])]);
    const lower = there.reverse().map(index => [xs[index], y(line.low[index])]);
    return `${pathOf([...upper, ...lower])}Z`;
  }

  let clips = 0;
  function panel(place, name, methods, readout) {
    const width = Math.max(panel.width, 240), height = Math.round(Math.min(Math.max(width * 0.6, 230), 360));
    const [left, right, top, bottom] = [58, width - 12, 10, height - 46];
    const curve = place.curves[name], highs = curve.x.map(ends => ends[1]);
    const lines = withGold(place, name, linesOf(place, name, methods));
    const x = horizontal(highs, left, right), xs = highs.map(x);
    const scale = vertical(name, place, lines, bottom, top), y = scale.at;
    const what = filled(data.curves[name].value, place), where = along(name, place);
    const plot = svg("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `${data.curves[name].title} ${place.task}, ${place.model}: ${what} by ${where}, ` +
        `${lines.filter(line => !line.gold).length} methods. The values stand in the table below.` });
    const clip = `clip${clips++}`;
    plot.append(svg("defs", {}, svg("clipPath", { id: clip },
      svg("rect", { x: left, y: top, width: right - left, height: bottom - top }))));
    const inside = svg("g", { "clip-path": `url(#${clip})` });
    if (place.trained && !data.curves[name].along) {
      const end = Math.min(Math.max(x(place.trained[1]), left), right);
      inside.append(svg("rect", { class: "trained", x: left, y: top, width: end - left, height: bottom - top }));
    }
    for (const tick of scale.ticks) {
      plot.append(svg("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, written(tick)));
      inside.append(svg("path", { class: "grid", d: `M${left} ${y(tick)}H${right}` }));
    }
    let last = -Infinity;
    xs.forEach((position, index) => {
      if (position - last < 30) return;
      last = position;
      plot.append(svg("text", { x: position, y: bottom + 17, "text-anchor": "middle" }, String(highs[index])));
      plot.append(svg("path", { class: "axis", d: `M${position} ${bottom}v4` }));
    });
    for (const control of QUALITY.includes(name) ? ["floor", "ceiling"] : []) {
      const value = place[control];
      if (value === null || value === undefined || y(value) > bottom + 1) continue;
      inside.append(svg("path", { class: `control ${control}`, d: `M${left} ${y(value)}H${right}` }));
    }
    plot.append(inside, svg("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }));
    plot.append(svg("text", { x: (left + right) / 2, y: height - 8, "text-anchor": "middle" }, where));
    const better = QUALITY.includes(name) ? (place.direction === "higher" ? " \u2191" : " \u2193") : "";
    plot.append(svg("text", { "text-anchor": "middle", transform: `translate(13 ${(top + bottom) / 2}) rotate(-90)` },
      shorten(what, (bottom - top) / 7 - 2) + better));
    for (const line of lines) {
      const group = svg("g", { class: `series s${line.method}`, "data-method": line.method });
      const points = line.mean.map((value, index) => value === null ? null : [xs[index], y(value)]);
      if (!line.gold) group.append(svg("path", { class: "band", d: bandOf(line, xs, y) }));
      group.append(svg("path", { class: line.gold ? "line gold" : "line", d: pathOf(points) }));
      if (!line.gold) {
        for (const point of points) {
          if (point) group.append(svg("use", { class: "mark", href: `#mark${line.method}`,
            x: point[0].toFixed(1), y: point[1].toFixed(1) }));
        }
      }
      inside.append(group);
    }
    plot.addEventListener("pointermove", event => {
      const box = plot.getBoundingClientRect();
      const at = [(event.clientX - box.left) * width / box.width, (event.clientY - box.top) * height / box.height];
      const found = nearest(lines, xs, y, at);
      if (!found) return;
      dim(plot, found.line.method);
      readout.textContent = `${place.task}, ${place.model}: ` +
        describe(found.line, found.index, curve.x[found.index], where);
    });
    plot.addEventListener("pointerleave", () => dim(plot, null));
    return plot;
  }

  function shorten(text, most) {
    return text.length <= most ? text : `${text.slice(0, Math.max(most - 1, 8))}\u2026`;
  }
  function nearest(lines, xs, y, [px, py]) {
    let best = null, least = 900;
    for (const line of lines) {
      line.mean.forEach((value, index) => {
        if (value === null) return;
        const distance = (xs[index] - px) ** 2 + (y(value) - py) ** 2;
        if (distance < least) [least, best] = [distance, { line, index }];
      });
    }
    return best;
  }
  function describe(line, index, ends, where) {
    const interval = line.low[index] === undefined || line.low[index] === null ? ""
      : ` [${written(line.low[index])}, ${written(line.high[index])}]`;
    const name = data.methods[line.method] + (line.gold ? " on gold prefixes" : "");
    return `${name}, ${where} ${span(ends)}: ${written(line.mean[index])}${interval}`;
  }
  function dim(within, method) {
    for (const group of within.querySelectorAll(".series")) {
      group.classList.toggle("dim", method !== null && Number(group.dataset.method) !== method);
    }
  }

  // --- a figure: a choice of curves, a legend of buttons, a panel a place, and the values as a table ---------------

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
      readout.textContent = caption(name, drawn);
      const figures = drawn.map(place => html("figure", {}));
      panels.replaceChildren(...figures);
      drawn.forEach((place, index) => {
        panel.width = figures[index].clientWidth;
        if (places.length > 1) figures[index].append(html("figcaption", {}, `${place.task}, ${place.model}`));
        figures[index].append(panel(place, name, shown(), readout));
      });
      if (values.open) tabulate();
    }
    function tabulate() {
      const name = select.value, target = values.querySelector("div");
      target.replaceChildren(...places.filter(place => curveOf(place, name)).map(place => valuesOf(place, name, shown())));
    }
    panels.addEventListener("pointerleave", () => {
      readout.textContent = caption(select.value, places.filter(place => hasValues(place, select.value, methods)));
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
  function caption(name, places) {
    const parts = [];
    if (!data.curves[name].along && places.some(place => place.trained)) parts.push("shaded: lengths seen in training");
    if (QUALITY.includes(name)) parts.push("dashed: ceiling", "dotted, level: floor");
    if (name === "free_running" && places.some(place => curveOf(place, "gold_prefix"))) {
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

  // --- drawn when near, and again when the width changes -----------------------------------------------------------

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
})();
