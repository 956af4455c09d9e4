// A panel: one curve of one place as SVG, a line a method.
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
function panel(place, name, methods, available, readout) {
  const curve = place.curves[name], highs = curve.x.map(ends => ends[1]);
  const lines = withGold(place, name, linesOf(place, name, methods));
  const width = Math.max(available, 240), height = Math.round(Math.min(Math.max(width * 0.6, 230), 360));
  const [right, top, bottom] = [width - 12, 10, height - 46];
  const { ticks, at: y } = vertical(name, place, lines, bottom, top);
  const left = 34 + 8 * Math.max(2, ...ticks.map(tick => written(tick).length)); // room for the ticks
  const x = horizontal(highs, left, right), xs = highs.map(x);
  const box = { left, right, top, bottom, width, height };
  const what = filled(data.curves[name].value, place), where = along(name, place);
  const shown = lines.filter(line => !line.gold).length;
  const plot = svg("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${data.curves[name].title} ${place.task}, ${place.model}: ${what} by ${where}, ${shown} methods. ` +
      "The values stand in the table below." });
  const clip = `clip${clips++}`;
  plot.append(svg("defs", {}, svg("clipPath", { id: clip },
    svg("rect", { x: left, y: top, width: right - left, height: bottom - top }))));
  const inside = svg("g", { "clip-path": `url(#${clip})` });
  inside.append(...ground(place, name, ticks, x, y, box), ...lines.map(line => drawn(line, xs, y)));
  const better = { higher: " \u2191", lower: " \u2193" }[directionOf(name, place)] ?? "";
  plot.append(inside, ...axes(ticks, y, xs, highs, box), ...titles(what, better, where, box));
  plot.addEventListener("pointermove", event => {
    const rim = plot.getBoundingClientRect();
    const at = [(event.clientX - rim.left) * width / rim.width, (event.clientY - rim.top) * height / rim.height];
    const found = nearest(lines, xs, y, at);
    if (!found) return;
    dim(plot, found.line.method);
    readout.textContent = `${place.task}, ${place.model}: ` +
      describe(found.line, found.index, curve.x[found.index], where);
  });
  plot.addEventListener("pointerleave", () => dim(plot, null));
  return plot;
}

function ground(place, name, ticks, x, y, { left, right, top, bottom }) { // what lies behind the lines
  const found = [];
  if (place.trained && !data.curves[name].along) {
    const end = Math.min(Math.max(x(place.trained[1]), left), right);
    found.push(svg("rect", { class: "trained", x: left, y: top, width: end - left, height: bottom - top }));
  }
  for (const tick of ticks) found.push(svg("path", { class: "grid", d: `M${left} ${y(tick)}H${right}` }));
  for (const control of QUALITY.includes(name) ? ["floor", "ceiling"] : []) {
    const value = place[control];
    if (value === null || value === undefined || y(value) > bottom + 1) continue; // 0 on a logarithmic axis
    found.push(svg("path", { class: `control ${control}`, d: `M${left} ${y(value)}H${right}` }));
  }
  return found;
}
function axes(ticks, y, xs, highs, { left, right, top, bottom }) {
  const found = [svg("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` })];
  for (const tick of ticks) {
    found.push(svg("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, written(tick)));
  }
  let last = -Infinity;
  xs.forEach((position, index) => {
    if (position - last < 30) return; // the numbers would touch
    last = position;
    found.push(svg("text", { x: position, y: bottom + 17, "text-anchor": "middle" }, String(highs[index])));
    found.push(svg("path", { class: "axis", d: `M${position} ${bottom}v4` }));
  });
  return found;
}
function titles(what, better, where, { left, right, top, bottom, height }) {
  const turned = `translate(13 ${(top + bottom) / 2}) rotate(-90)`;
  return [
    svg("text", { x: (left + right) / 2, y: height - 8, "text-anchor": "middle" }, where),
    svg("text", { "text-anchor": "middle", transform: turned }, fitting(what, (bottom - top) / 7 - 2) + better),
  ];
}
function drawn(line, xs, y) {
  const group = svg("g", { class: `series s${line.method}`, "data-method": line.method });
  const points = line.mean.map((value, index) => value === null ? null : [xs[index], y(value)]);
  if (!line.gold) group.append(svg("path", { class: "band", d: bandOf(line, xs, y) }));
  group.append(svg("path", { class: line.gold ? "line gold" : "line", d: pathOf(points) }));
  for (const point of line.gold ? [] : points) {
    if (point) group.append(svg("use", { class: "mark", href: `#mark${line.method}`,
      x: point[0].toFixed(1), y: point[1].toFixed(1) }));
  }
  return group;
}

function fitting(text, most) { // without its unit where there is no room; the caption has it
  const short = text.length <= most ? text : text.replace(/ \(.*\)$/, "");
  return short.length <= most ? short : `${short.slice(0, Math.max(most - 1, 8))}\u2026`;
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
